import LanguageModel
import Numerics
import Testing
import Training

@Suite struct OptimiserTests {
  private let compute = Compute(threads: 2)

  private func model(_ hidden: Int = 16) -> Transformer {
    let configuration = ModelConfiguration(
      vocabularySize: 17, hidden: hidden, layers: 2, heads: 2, intermediate: 2 * hidden,
      isTied: false, maximumPositions: 16)
    return Transformer(configuration, seed: 6, on: compute)
  }

  private func gradients(_ model: Transformer) -> Floats {
    let gradients = Floats(count: model.parameters.count)
    RandomStream(seed: 3, purpose: "gradients").fillNormal(gradients, deviation: 1, on: compute)
    return gradients
  }

  @Test(arguments: [true, false])
  func `measuring an update does not change it`(isElementwise: Bool) {
    let rule: any UpdateRule = isElementwise ? AdamW() : RMSProp()
    let (plain, measured) = (model(), model())
    let views = plain.layout.views
    let one = Optimiser(rule, weightDecay: 0.1, for: plain.layout)
    let other = Optimiser(rule, weightDecay: 0.1, for: plain.layout)
    let before = plain.copy()
    one.update(
      plain.parameters, gradients: gradients(plain), step: 1, learningRate: 0.01, on: compute)
    let changes = other.measuredUpdate(
      measured.parameters, gradients: gradients(plain), step: 1, learningRate: 0.01, on: compute)
    #expect(plain.parameters.array == measured.parameters.array)
    #expect(one.secondMoments.array == other.secondMoments.array)
    for (view, change) in zip(views, changes) {
      let (now, then) = (plain.parameters[view.range].array, before.parameters[view.range].array)
      let moved = zip(now, then).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
      let size = now.reduce(0.0) { $0 + Double($1) * Double($1) }
      #expect(abs(change.parameterNorm - size.squareRoot()) < 1e-9 * size.squareRoot())
      #expect(abs(change.updateRatio - (moved / size).squareRoot()) < 1e-6)
    }
  }

  @Test func `independent decay follows the schedule and not the rate`() throws {
    let model = model()
    let optimiser = Optimiser(
      AdamW(), weightDecay: 0.25, form: .independent, for: model.layout)
    let before = model.copy()
    // No gradient: only decay moves anything.
    optimiser.update(
      model.parameters, gradients: Floats(count: model.parameters.count), step: 1,
      learningRate: 123, factor: 0.5, on: compute)
    for view in model.layout.views {
      let kept: Float = view.role == .norm ? 1 : 0.875
      #expect(
        model.parameters[view.range].array
          == before.parameters[view.range].array.map { $0 * kept })
    }
  }

  @Test func `of the base width, µParam changes no bit`() {
    let (plain, scaled) = (model(), model())
    let widths = WidthScaling(base: 16, width: 16)
    widths.scaleInitial(scaled, on: compute)
    #expect(scaled.parameters.array == plain.parameters.array)
    let one = Optimiser(AdamW(), weightDecay: 0.1, for: plain.layout)
    let other = Optimiser(AdamW(), weightDecay: 0.1, widths: widths, for: plain.layout)
    one.update(
      plain.parameters, gradients: gradients(plain), step: 1, learningRate: 0.01, on: compute)
    other.update(
      scaled.parameters, gradients: gradients(plain), step: 1, learningRate: 0.01, on: compute)
    #expect(scaled.parameters.array == plain.parameters.array)
  }

  @Test func `µParam scales the blocks' matrices and nothing else`() {
    let model = model(64)
    let widths = WidthScaling(base: 16, width: 64)
    for view in model.layout.views {
      let isLinear = view.name.hasSuffix("_proj.weight")
      #expect(widths.rateMultiplier(view) == (isLinear ? 0.25 : 1), "\(view.name)")
      #expect(widths.deviationMultiplier(view) == (isLinear ? 0.5 : 1), "\(view.name)")
    }
    #expect(model.layout.views.count { widths.rateMultiplier($0) != 1 } == 14)
  }

  /// The coordinate check of Yang et al. 2022: what one update of a given rate does to the blocks'
  /// outputs must not depend on the width; with one rate for all, it grows with it.
  @Test func `with µParam an update moves a wide model as far as a narrow one`() throws {
    let plain = try [32, 256].map { try change($0, nil) }
    let scaled = try [32, 256].map { try change($0, WidthScaling(base: 32, width: $0)) }
    #expect(plain[0] == scaled[0])
    #expect(plain[1] > 4 * plain[0], "without: \(plain)")
    #expect(scaled[1] < 2 * scaled[0] && scaled[0] < 2 * scaled[1], "with: \(scaled)")
  }

  /// How far an AdamW update of the blocks' matrices alone moves some coordinates of the residual
  /// stream's norm: the output matrix is made to show them as logits.
  private func change(_ hidden: Int, _ widths: WidthScaling?) throws -> Double {
    let model = model(hidden)
    widths?.scaleInitial(model, on: compute)
    let head = try #require(model.tensor("lm_head.weight"))
    head.fill(0)
    for row in 0..<17 { head[row * hidden + row] = 1 }
    let batch = TokenBatch(
      documents: (0..<8).map { first in (0..<12).map { (first * 5 + $0 * 3) % 17 } })
    let pass = TrainingPass(model, on: compute)
    let before = pass.logits(of: batch).floats.array
    let values = pass.forward(batch)
    pass.beginBatch()
    pass.backward(batch, slopes: NextToken().slopes(values, of: batch))
    pass.endBatch()
    for view in model.layout.views where !view.name.contains("_proj.") {
      pass.gradients[view.range].fill(0)
    }
    Optimiser(AdamW(), weightDecay: 0, widths: widths, for: model.layout).update(
      model.parameters, gradients: pass.gradients, step: 1, learningRate: 1e-4, on: compute)
    let after = pass.logits(of: batch).floats.array
    let squares = zip(before, after).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
    return (squares / Double(before.count)).squareRoot()
  }
}

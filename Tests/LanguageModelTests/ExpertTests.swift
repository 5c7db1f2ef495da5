import LanguageModel
import Numerics
import Testing

/// Qwen2-MoE with a dense layer between two of experts.
private func makeExperts(
  lossWeight: Double = 0.3, normalises: Bool = false
) -> ModelConfiguration {
  ModelConfiguration(
    architecture: .qwen2MoE, vocabularySize: 19, hidden: 12, layers: 3, heads: 4, keyValueHeads: 2,
    headSize: 6, intermediate: 10, isTied: false,
    experts: ExpertConfiguration(
      count: 5, active: 2, intermediate: 7, sharedIntermediate: 9, normalises: normalises,
      lossWeight: lossWeight, denseLayers: [1]),
    maximumPositions: 64)
}

private let batch = TokenBatch(documents: [
  makeTokens(9, below: 19), makeTokens(1, below: 19, seed: 2), makeTokens(14, below: 19, seed: 3),
])

@Suite struct ExpertTests {
  private let compute = Compute(threads: 2)

  /// All parts go forward, then each goes forward again and backward, as the balancing loss needs.
  private func gradients(
    _ model: Transformer, rows: Int, threads: Int, _ options: PassOptions = PassOptions()
  ) -> (bits: [UInt32], loss: Double) {
    let pass = TrainingPass(model, on: Compute(threads: threads), options)
    pass.beginBatch()
    let parts = batch.parts(rows: rows)
    let values = parts.flatMap { pass.forward($0) }
    let loss = nextTokenLoss(values, batch) + pass.balancingLoss
    for part in parts {
      _ = pass.forward(part)
      let slope = -1 / Float(batch.targetCount)
      pass.backward(part, slopes: part.targets.map { $0 < 0 ? 0 : slope })
    }
    pass.endBatch()
    return (bits(pass.gradients.array), loss)
  }

  @Test(arguments: [true, false])
  func `gradients of experts and their balancing agree with finite differences`(
    normalises: Bool
  ) {
    let model = makeModel(makeExperts(normalises: normalises))
    let pass = TrainingPass(model, on: compute)
    _ = pass.forward(batch)
    pass.beginBatch()
    pass.backward(batch, slopes: nextTokenSlopes(batch))
    pass.endBatch()
    // A step that moves no token to another expert.
    checkDifferences(
      model.layout, model.parameters, gradients: pass.gradients, step: 2e-3, tolerance: 1e-3
    ) { nextTokenLoss(pass.forward(batch), batch) + pass.balancingLoss }
  }

  @Test func `the balancing loss is the mean over all rows of all layers with experts`() {
    let model = makeModel(makeExperts())
    let pass = TrainingPass(model, on: compute)
    #expect(pass.needsWholeBatch)
    _ = pass.forward(batch)
    // Even use gives `active`; uneven use more.
    #expect(pass.balancingLoss > 0.3 * 2 && pass.balancingLoss < 0.3 * 5)
    let none = TrainingPass(makeModel(makeExperts(lossWeight: 0)), on: compute)
    _ = none.forward(batch)
    #expect(!none.needsWholeBatch && none.balancingLoss == 0)
  }

  @Test func `micro-batches and threads change no bit, balancing included`() {
    let model = makeModel(makeExperts())
    let whole = gradients(model, rows: 100, threads: 1)
    for (rows, threads) in [(100, 2), (1, 1), (1, 2), (11, 7)] {
      let other = gradients(model, rows: rows, threads: threads)
      #expect(other.bits == whole.bits && other.loss == whole.loss)
    }
  }

  @Test func `layers of experts computed twice give the same bits`() {
    let model = makeModel(makeExperts())
    let kept = gradients(model, rows: 100, threads: 2)
    let again = gradients(model, rows: 100, threads: 2, PassOptions(activationBytes: 0))
    #expect(again.bits == kept.bits && again.loss == kept.loss)
  }

  @Test func `a row's experts are its most likely, the lowest index winning ties`() {
    let p = Matrix(
      Floats([0.1, 0.3, 0.3, 0.2, 0.1, 0.2, 0.2, 0.2, 0.2, 0.2, 0, 0, 0.5, 0, 0.5]), rows: 3,
      columns: 5)
    let routing = Routing(p, active: 3, on: compute)
    #expect(routing.choices == [1, 2, 3, 0, 1, 2, 0, 2, 4])
    #expect(routing.counts == [2, 2, 3, 1, 1])
    #expect(routing.rows == [1, 2, 0, 1, 0, 1, 2, 0, 2])
    #expect((0..<9).allSatisfy { routing.rows[Int(routing.places[$0])] == $0 / 3 })
  }

  @Test func `a text's logits do not depend on its neighbours' experts`() throws {
    let model = makeModel(makeExperts())
    let pass = TrainingPass(model, on: compute)
    let packed = pass.forward(batch)
    let alone = try model.logProbabilities(of: makeTokens(9, below: 19), on: compute)
    #expect(bits(packed.prefix(8)) == bits(alone))
    let last = try model.logProbabilities(of: makeTokens(14, below: 19, seed: 3), on: compute)
    #expect(bits(packed[10..<23]) == bits(last))
  }

  @Test func `cached decoding through experts equals the full pass`() throws {
    let model = makeModel(makeExperts())
    let prompt = makeTokens(7, below: 19)
    let options = SamplingOptions(temperature: 0.8, maximumTokens: 20, seed: 4)
    let sample = try Sampler(model, threads: 2).sample([prompt], options)[0][0]
    let full = try model.logProbabilities(of: prompt + sample.tokens, on: compute).suffix(20)
    #expect(bits(sample.logProbabilities) == bits(full))
  }

  @Test func `parameters are counted, those that a token meets too`() throws {
    let configuration = makeExperts()
    let model = makeModel(configuration)
    #expect(
      configuration.bodyParameterCount(activeOnly: false) + 2 * 19 * 12 == model.layout.count)
    let idle = 2 * 3 * 3 * 7 * 12  // layers · unused experts · matrices · width · hidden
    #expect(try configuration.activeParameterCount() == model.layout.count - idle)
  }
}

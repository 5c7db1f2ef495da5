import LanguageModel
import Numerics
import Testing
import Training

/// Something whose slopes depend on the whole batch: the square of the mean negative log-probability.
struct SquaredMean: TokenObjective {
  var isSeparable: Bool { false }

  func loss(_ logProbabilities: [Float], of batch: Batch) -> Double {
    let mean = NextToken().loss(logProbabilities, of: batch)
    return mean * mean
  }

  func slopes(_ logProbabilities: [Float], of batch: Batch) -> [Float] {
    let mean = Float(NextToken().loss(logProbabilities, of: batch))
    return NextToken().slopes(logProbabilities, of: batch).map { 2 * mean * $0 }
  }
}

@Suite struct GradientTests {
  private let compute = Compute(threads: 2)
  private let yarn = RotaryScaling.yarn(
    factor: 2, originalPositions: 8, betaFast: 2, betaSlow: 0.25)

  private func makeModel(
    isTied: Bool, _ architecture: ModelConfiguration.Architecture = .llama
  ) -> Transformer {
    var configuration = ModelConfiguration(
      architecture: architecture, vocabularySize: 19, hidden: 12, layers: 2, heads: 4,
      keyValueHeads: 2, headSize: 6,
      intermediate: 20, isTied: isTied, ropeScaling: architecture == .llama ? nil : yarn,
      maximumPositions: 32)
    if architecture == .gemma2 {
      (configuration.queryScalar, configuration.slidingWindow) = (3, 4)
      (configuration.scoreCap, configuration.logitCap) = (1.5, 4)
    }
    if architecture == .qwen2MoE {
      configuration.experts = ExpertConfiguration(
        count: 4, active: 2, intermediate: 8, sharedIntermediate: 10, lossWeight: 0)
    }
    let model = Transformer(configuration, seed: 9, deviation: 0.3, on: compute)
    // Gains of 1 would hide a missing factor, biases of 0 a missing sum.
    for view in model.layout.views where view.shape.count == 1 {
      RandomStream(seed: 1, purpose: view.name)
        .fillNormal(
          model.parameters[view.range], mean: view.role == .norm ? 1 : 0, deviation: 0.3,
          on: compute)
    }
    return model
  }

  private let batch: TokenBatch = {
    let stream = RandomStream(seed: 4, purpose: "test tokens")
    func document(_ count: Int, from start: Int) -> [Int] {
      (start..<start + count).map { Int(stream.integer(at: UInt64($0), below: 19)) }
    }
    return TokenBatch(documents: [
      document(7, from: 0), document(1, from: 7), document(12, from: 8),
    ])
  }()

  @Test(arguments: ModelConfiguration.Architecture.allCases, [true, false])
  func `every family's gradients agree with finite differences`(
    architecture: ModelConfiguration.Architecture, isTied: Bool
  ) {
    checkDifferences(NextToken(), makeModel(isTied: isTied, architecture))
  }

  @Test func `gradients of a loss of the whole batch agree with finite differences`() {
    for isTied in [true, false] { checkDifferences(SquaredMean(), makeModel(isTied: isTied)) }
  }

  /// Along a random direction in every tensor, the loss changes as the gradient says. The differences
  /// are of float32 losses, so a step of 1e-2 and central differences leave about three digits.
  private func checkDifferences(_ objective: some TokenObjective, _ model: Transformer) {
    let pass = TrainingPass(model, on: compute)
    let values = pass.forward(batch)
    pass.beginBatch()
    pass.backward(batch, slopes: objective.slopes(values, of: batch))
    pass.endBatch()
    for view in model.layout.views {
      let direction = Floats(count: view.count)
      RandomStream(seed: 2, purpose: view.name)
        .fillNormal(direction, deviation: 1, on: compute)
      let length = compute.sumOfSquares(direction).squareRoot()
      let expected = compute.dot(direction, pass.gradients[view.range]) / length
      let place = model.parameters[view.range]
      let kept = Floats(place.array)
      func loss(_ step: Double) -> Double {
        place.copy(from: kept)
        compute.add(direction, times: Float(step / length), to: place)
        return objective.loss(pass.forward(batch), of: batch)
      }
      let step = 1e-2
      // Richardson's extrapolation of two central differences.
      let coarse = (loss(step) - loss(-step)) / (2 * step)
      let fine = (loss(step / 2) - loss(-step / 2)) / step
      let found = (4 * fine - coarse) / 3
      place.copy(from: kept)
      #expect(
        abs(found - expected) < 2e-4 + 5e-3 * abs(expected),
        "\(view.name): gradient \(expected), differences \(found)")
    }
  }

  @Test(arguments: ModelConfiguration.Architecture.allCases, [true, false])
  func `micro-batches and threads change no bit of a gradient`(
    architecture: ModelConfiguration.Architecture, isTied: Bool
  ) {
    let model = makeModel(isTied: isTied, architecture)
    func gradients(rows: Int, threads: Int) -> [UInt32] {
      let pass = TrainingPass(model, on: Compute(threads: threads))
      pass.beginBatch()
      for part in batch.parts(rows: rows) {
        pass.backward(part, slopes: NextToken().slopes(pass.forward(part), of: part))
      }
      pass.endBatch()
      return pass.gradients.array.map(\.bitPattern)
    }
    let whole = gradients(rows: 100, threads: 1)
    for (rows, threads) in [(100, 2), (100, 7), (1, 1), (1, 2), (8, 7)] {
      #expect(gradients(rows: rows, threads: threads) == whole)
    }
  }
}

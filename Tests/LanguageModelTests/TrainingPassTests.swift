import LanguageModel
import Numerics
import Testing

/// Every family, with what only some have.
private func configuration(
  _ architecture: ModelConfiguration.Architecture, isTied: Bool = true
) -> ModelConfiguration {
  var c = ModelConfiguration(
    architecture: architecture, vocabularySize: 19, hidden: 12, layers: 3, heads: 4,
    keyValueHeads: 2, headSize: 6, intermediate: 20, isTied: isTied, maximumPositions: 64)
  if architecture == .gemma2 {
    (c.queryScalar, c.slidingWindow, c.scoreCap, c.logitCap) = (3, 4, 1.5, 4)
  }
  if architecture == .llama { (c.attentionBias, c.mlpBias) = (true, true) }
  if architecture == .qwen2 { (c.slidingWindow, c.slidingLayers) = (5, [1, 2]) }
  return c
}

private let batch = TokenBatch(documents: [
  makeTokens(7, below: 19), makeTokens(1, below: 19, seed: 2), makeTokens(16, below: 19, seed: 3),
])

private func run(
  _ model: Transformer, _ options: PassOptions, rows: Int = 100, threads: Int = 2, step: Int = 0
) -> (values: [UInt32], gradients: [UInt32]) {
  let pass = TrainingPass(model, on: Compute(threads: threads), options)
  var values: [Float] = []
  pass.beginBatch(step: step)
  for part in batch.parts(rows: rows) {
    values += pass.forward(part)
    let slope = -1 / Float(batch.targetCount)
    pass.backward(part, slopes: part.targets.map { $0 < 0 ? 0 : slope })
  }
  pass.endBatch()
  return (bits(values), bits(pass.gradients.array))
}

@Suite struct TrainingPassTests {
  private let compute = Compute(threads: 2)

  @Test(arguments: ModelConfiguration.Architecture.allCases, [true, false])
  func `layers computed twice and logits in parts change no bit`(
    architecture: ModelConfiguration.Architecture, isTied: Bool
  ) {
    let model = makeModel(configuration(architecture, isTied: isTied))
    let plain = run(model, PassOptions())
    #expect(run(model, PassOptions(activationBytes: 0)) == plain)
    #expect(run(model, PassOptions(logitBytes: 0)) == plain)
    #expect(run(model, PassOptions(activationBytes: 0, logitBytes: 0), rows: 8) == plain)
  }

  @Test(arguments: [ModelConfiguration.Architecture.llama, .qwen2])
  func `biases and windows of every kind agree with finite differences`(
    architecture: ModelConfiguration.Architecture
  ) {
    let model = makeModel(configuration(architecture))
    let pass = TrainingPass(model, on: compute)
    pass.beginBatch()
    _ = pass.forward(batch)
    pass.backward(batch, slopes: nextTokenSlopes(batch))
    pass.endBatch()
    checkDifferences(model.layout, model.parameters, gradients: pass.gradients) {
      nextTokenLoss(pass.forward(batch), batch)
    }
  }

  @Test func `all logits and first choices are those that targets are scored by`() throws {
    let model = makeModel(configuration(.gemma2))
    let pass = TrainingPass(model, on: compute, PassOptions(logitBytes: 0))
    let logits = pass.logits(of: batch)
    let alone = try model.logits(of: makeTokens(7, below: 19), on: compute)
    #expect(bits(logits[rows: 0..<7].floats.array) == bits(alone.floats.array))
    let choices = pass.firstChoices(of: batch)
    for (row, choice) in choices.enumerated() {
      let values = logits[row: row].array
      #expect(values.firstIndex(of: try #require(values.max())) == Int(choice))
    }
  }
}

@Suite struct DropoutTests {
  private let compute = Compute(threads: 2)
  private let options = PassOptions(dropout: 0.3, seed: 5)

  @Test(arguments: [ModelConfiguration.Architecture.llama, .gemma2])
  func `micro-batches, threads and recomputation change no bit of a dropped pass`(
    architecture: ModelConfiguration.Architecture
  ) {
    let model = makeModel(configuration(architecture))
    let whole = run(model, options)
    for (rows, threads) in [(100, 1), (1, 2), (8, 7)] {
      #expect(run(model, options, rows: rows, threads: threads) == whole)
    }
    let again = PassOptions(dropout: 0.3, seed: 5, activationBytes: 0)
    #expect(run(model, again) == whole)
    #expect(run(model, options, step: 1) != whole)
    #expect(run(model, PassOptions(dropout: 0.3, seed: 6)) != whole)
    #expect(run(model, PassOptions(seed: 5)) != whole)
  }

  @Test(arguments: [ModelConfiguration.Architecture.llama, .gemma2])
  func `gradients through dropout agree with finite differences`(
    architecture: ModelConfiguration.Architecture
  ) {
    let model = makeModel(configuration(architecture))
    let pass = TrainingPass(model, on: compute, options)
    pass.beginBatch(step: 3)
    _ = pass.forward(batch)
    pass.backward(batch, slopes: nextTokenSlopes(batch))
    pass.endBatch()
    let gradients = Floats(pass.gradients.array)
    checkDifferences(model.layout, model.parameters, gradients: gradients) {
      // A batch reads the parameters when it begins.
      pass.beginBatch(step: 3)
      return nextTokenLoss(pass.forward(batch), batch)
    }
  }

  @Test func `nothing is dropped outside a batch`() {
    let model = makeModel(configuration(.qwen3))
    let dropping = TrainingPass(model, on: compute, options)
    let plain = TrainingPass(model, on: compute).forward(batch)
    #expect(dropping.forward(batch) == plain)
    dropping.beginBatch()
    #expect(dropping.forward(batch) != plain)
    dropping.endBatch()
    #expect(dropping.forward(batch) == plain)
  }

  @Test func `elements are dropped at the rate, and the mean is kept`() {
    let x = Matrix(rows: 200, columns: 101)
    x.floats.fill(1)
    DropoutMask(rate: 0.2, stream: RandomStream(seed: 1, purpose: "test"), firstRow: 7)
      .apply(to: x, on: compute)
    let dropped = x.floats.array.count { $0 == 0 }
    #expect(abs(Double(dropped) / 20_200 - 0.2) < 0.01)
    #expect(x.floats.array.allSatisfy { $0 == 0 || $0 == 1.25 })
    let part = Matrix(rows: 3, columns: 101)
    part.floats.fill(1)
    DropoutMask(rate: 0.2, stream: RandomStream(seed: 1, purpose: "test"), firstRow: 12)
      .apply(to: part, on: compute)
    #expect(part.floats.array == x[rows: 5..<8].floats.array)
  }
}

@Suite struct SoftTargetTests {
  private let compute = Compute(threads: 2)

  private func teacher() -> Matrix {
    let pass = TrainingPass(makeModel(configuration(.qwen3), seed: 77), on: compute)
    return pass.probabilities(of: batch, temperature: 2)
  }

  private func score(_ scores: [DistributionScore]) -> Double {
    scores.enumerated().reduce(0) { $0 + Double($1.element.crossEntropy) * weight($1.offset) }
  }

  /// Rows weigh differently, so that a mixed-up row is seen.
  private func weight(_ row: Int) -> Double { 0.02 * Double(1 + row % 3) }

  @Test(arguments: [ModelConfiguration.Architecture.llama, .gemma2], [true, false])
  func `gradients by soft targets agree with finite differences`(
    architecture: ModelConfiguration.Architecture, isFull: Bool
  ) {
    let model = makeModel(configuration(architecture))
    let choices = (0..<batch.tokens.count).map { Int32($0 * 5 % 19) }
    let targets: SoftTargets =
      isFull ? .full(teacher()) : .firstChoice(choices, weight: 0.9)
    let pass = TrainingPass(model, on: compute, PassOptions(logitBytes: 0))
    pass.beginBatch()
    _ = pass.forward(batch, targets: targets)
    pass.backward(
      batch, targets: targets, weights: batch.tokens.indices.map { Float(weight($0)) })
    pass.endBatch()
    checkDifferences(model.layout, model.parameters, gradients: pass.gradients) {
      score(pass.forward(batch, targets: targets))
    }
  }

  @Test func `cross-entropy, entropy and divergence are what their formulas say`() {
    let model = makeModel(configuration(.llama))
    let pass = TrainingPass(model, on: compute)
    let (t, p) = (teacher(), pass.probabilities(of: batch))
    let scores = pass.forward(batch, targets: .full(t))
    for (row, score) in scores.enumerated() where batch.targets[row] >= 0 {
      var (cross, entropy, own) = (0.0, 0.0, 0.0)
      for token in 0..<19 {
        let (a, b) = (Double(t[row, token]), Double(p[row, token]))
        cross -= a * Elementary.log(b)
        entropy -= b * Elementary.log(b)
        own -= a * Elementary.log(a)
      }
      #expect(abs(Double(score.crossEntropy) - cross) < 1e-5)
      #expect(abs(Double(score.entropy) - entropy) < 1e-5)
      #expect(abs(Double(score.divergence) - (cross - own)) < 1e-5)
    }
    #expect(scores[6] == DistributionScore(crossEntropy: 0, entropy: 0, divergence: 0))
  }

  @Test func `all weight on the label is next-token training`() {
    let model = makeModel(configuration(.llama))
    let pass = TrainingPass(model, on: compute)
    let choices = batch.tokens.map { _ in Int32(3) }
    let values = pass.forward(batch)
    let scores = pass.forward(batch, targets: .firstChoice(choices, weight: 0))
    for (value, score) in zip(values, scores) {
      #expect(abs(value + score.crossEntropy) < 1e-5)
    }
  }
}

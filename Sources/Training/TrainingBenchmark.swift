package import LanguageModel
package import Numerics

/// Rates of training and sampling with small models on this machine, for `script/bench`.
package enum TrainingBenchmark {
  /// A Llama and its batch.
  package struct Shape: Sendable {
    package let name: String
    package let configuration: ModelConfiguration
    /// Tokens per sequence, and sequences per step.
    package let sequence: Int
    package let batch: Int

    init(
      _ name: String, hidden: Int, layers: Int, heads: Int, keyValueHeads: Int, intermediate: Int,
      vocabularySize: Int, sequence: Int, batch: Int
    ) {
      self.name = name
      self.sequence = sequence
      self.batch = batch
      configuration = ModelConfiguration(
        vocabularySize: vocabularySize, hidden: hidden, layers: layers, heads: heads,
        keyValueHeads: keyValueHeads, intermediate: intermediate, maximumPositions: sequence)
    }

    /// A model of any kind.
    package init(_ configuration: ModelConfiguration, sequence: Int, batch: Int) {
      name = ""
      self.configuration = configuration
      self.sequence = sequence
      self.batch = batch
    }

    /// The same model with another batch.
    package func with(sequence: Int, batch: Int) -> Shape {
      let c = configuration
      return Shape(
        name, hidden: c.hidden, layers: c.layers, heads: c.heads, keyValueHeads: c.keyValueHeads,
        intermediate: c.intermediate, vocabularySize: c.vocabularySize, sequence: sequence,
        batch: batch)
    }
  }

  package static let shapes = [
    Shape(
      "A", hidden: 256, layers: 6, heads: 8, keyValueHeads: 4, intermediate: 688,
      vocabularySize: 4096, sequence: 256, batch: 16),
    Shape(
      "B", hidden: 512, layers: 8, heads: 8, keyValueHeads: 4, intermediate: 1376,
      vocabularySize: 4096, sequence: 512, batch: 8),
    Shape(
      "C", hidden: 128, layers: 4, heads: 4, keyValueHeads: 2, intermediate: 344,
      vocabularySize: 1024, sequence: 128, batch: 16),
  ]

  /// A rate and the arithmetic that it stands for.
  package struct Rate: Sendable {
    package let tokensPerSecond: Double
    /// Multiplications and additions a token: six per parameter, and attention's twelve per visible key
    /// and element of the width, halved by causality.
    package let operationsPerToken: Double

    /// 10⁹ operations a second.
    package var billions: Double { tokensPerSecond * operationsPerToken * 1e-9 }
  }

  /// Where the time of some steps goes, after a first one, which makes memory.
  package static func profile(
    _ shape: Shape, steps: Int, on compute: Compute
  ) throws -> [String] {
    guard let profile = compute.profile else { return [] }
    let trainer = trainer(shape, steps: steps + 1, nil, on: compute)
    try trainer.advance()
    profile.isOn = true
    let time = try ContinuousClock().measure {
      for _ in 0..<steps { try trainer.advance() }
    }
    profile.isOn = false
    return profile.table(
      of: "\(steps) steps", time / .seconds(1), steps * shape.sequence * shape.batch, on: compute)
  }

  /// Whole optimiser steps; the shortest of some counts.
  package static func training(
    _ shape: Shape, steps: Int, microBatchRows: Int? = nil, on compute: Compute
  ) throws -> Rate {
    let c = shape.configuration
    let trainer = trainer(shape, steps: steps + 1, microBatchRows, on: compute)
    try trainer.advance()
    let clock = ContinuousClock()
    let times = try (0..<steps).map { _ in try clock.measure { try trainer.advance() } }
    let seconds = (times.min() ?? .zero) / .seconds(1)
    let attention = 12 * Double(c.layers * c.queryWidth * shape.sequence) / 2
    return Rate(
      tokensPerSecond: Double(shape.sequence * shape.batch) / seconds,
      operationsPerToken: 6 * Double(trainer.model.parameters.count) + attention)
  }

  private static func trainer(
    _ shape: Shape, steps: Int, _ microBatchRows: Int?, teacher: ModelConfiguration? = nil,
    on compute: Compute
  ) -> Trainer {
    let plan = TrainingPlan(
      phases: [.init(steps: steps, schedule: Schedule(peak: 1e-3, steps: steps))],
      weightDecay: 0.1)
    return Trainer(
      Transformer(shape.configuration, seed: 1, on: compute), source: RandomTokens(shape),
      plan: plan,
      objective: teacher.map {
        Distillation(Teacher(Transformer($0, seed: 2, on: compute), on: compute), .full, weight: 1)
      } ?? NextToken(),
      microBatchRows: microBatchRows ?? TrainingPass.comfortableRows(shape.configuration),
      on: compute)
  }

  /// Tokens a second of whole optimiser steps, the first left out, over about so many seconds but at least
  /// three steps: what a training takes on the machine as it is now.
  /// - Parameter teacher: a model whose whole distribution is learned; nil for next-token training.
  package static func meanTraining(
    _ shape: Shape, teacher: ModelConfiguration? = nil, seconds: Double, on compute: Compute
  ) throws -> Double {
    let trainer = trainer(shape, steps: 1 << 20, nil, teacher: teacher, on: compute)
    try trainer.advance()
    let clock = ContinuousClock()
    let start = clock.now
    var (steps, passed) = (0, 0.0)
    while steps < 3 || passed < seconds {
      try trainer.advance()
      steps += 1
      passed = (clock.now - start) / .seconds(1)
    }
    return Double(steps * shape.sequence * shape.batch) / passed
  }

  /// Tokens a second of sampling `samples` continuations of each prompt.
  package static func sampling(
    _ shape: Shape, prompts: Int, promptLength: Int, samples: Int, tokens: Int, threads: Int
  ) throws -> Double {
    let c = shape.configuration
    let model = Transformer(c, seed: 1, on: Compute(threads: threads))
    let texts = (0..<prompts).map { prompt in
      (0..<promptLength).map { RandomTokens.token(prompt * promptLength + $0, c.vocabularySize) }
    }
    let sampler = Sampler(model, threads: threads)
    let clock = ContinuousClock()
    let time = try clock.measure {
      _ = try sampler.sample(
        texts, samples: samples, SamplingOptions(maximumTokens: tokens, seed: 3))
    }
    return Double(prompts * samples * tokens) / (time / .seconds(1))
  }
}

/// Batches of tokens drawn evenly: what is learned does not matter here.
private struct RandomTokens: BatchSource {
  private let shape: TrainingBenchmark.Shape

  init(_ shape: TrainingBenchmark.Shape) { self.shape = shape }

  static func token(_ index: Int, _ vocabularySize: Int) -> Int {
    let draw = RandomStream(seed: 5, purpose: "benchmark").uniformDouble(at: UInt64(index))
    return Int(draw * Double(vocabularySize))
  }

  func batch(after step: Int) -> Batch {
    let count = shape.sequence
    let rows = (0..<shape.batch).map { row in
      (0..<count).map {
        Self.token((step * shape.batch + row) * count + $0, shape.configuration.vocabularySize)
      }
    }
    return Batch(TokenBatch(documents: rows))
  }
}

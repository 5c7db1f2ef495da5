import ContentStore
import LanguageModel
import Numerics
import Testing
import Training

@Suite struct AverageTests {
  private func plan(_ averages: [(kind: Average.Kind, window: StepWindow)]) -> TrainingPlan {
    var plan = makePlan()
    plan.averages = averages
    return plan
  }

  private let both: [(kind: Average.Kind, window: StepWindow)] = [
    (.exponential(decay: 0.9), StepWindow(first: 3, last: 12)),
    (.uniform, StepWindow(first: 4, last: 10, every: 2)),
  ]

  private func averages(_ trainer: Trainer) -> [String: [Float]] {
    Dictionary(
      uniqueKeysWithValues: trainer.averagedModels().map { ($0.name, $0.model.parameters.array) })
  }

  @Test func `they are the averages of the parameters of their steps`() throws {
    let trainer = try makeTrainer(plan(both))
    var states: [Int: [Float]] = [:]
    try trainer.run { states[$0.step] = trainer.model.parameters.array }
    let found = averages(trainer)
    let window = try [4, 6, 8, 10].map { try #require(states[$0]) }
    let mean = window[0].indices.map { i in
      Float(window.reduce(0.0) { $0 + Double($1[i]) } / 4)
    }
    #expect(found["average"] == mean)
    var ema = try #require(states[3]).map(Double.init)
    for step in 4...12 {
      let state = try #require(states[step])
      ema = zip(ema, state).map { $0 + 0.1 * (Double($1) - $0) }
    }
    let close = zip(try #require(found["ema"]), ema).allSatisfy { abs(Double($0) - $1) < 1e-6 }
    #expect(close)
    // Averaging looks on: the model is what it would have been.
    let plain = try makeTrainer()
    try plain.run { _ in }
    #expect(plain.model.parameters.array == trainer.model.parameters.array)
    #expect(plain.rollingDigest == trainer.rollingDigest)
  }

  @Test(arguments: [1, 2, 3, 4, 5, 9, 11])
  func `stopped at any step and resumed, the averages are the same`(stop: Int) throws {
    let plain = try makeTrainer(plan(both))
    try plain.run { _ in }
    let first = try makeTrainer(plan(both))
    for _ in 0..<stop { try first.advance() }
    let second = try makeTrainer(plan(both), threads: 2)
    try second.restore(first.snapshot())
    try second.run { _ in }
    #expect(averages(second) == averages(plain))
    #expect(try second.snapshot() == plain.snapshot())
  }

  @Test func `a state from within the window of an average it lacks is refused`() throws {
    let plain = try makeTrainer()
    for _ in 0..<5 { try plain.advance() }
    let state = try plain.snapshot()
    #expect(throws: CheckpointError.self) { try makeTrainer(plan(both)).restore(state) }
    let later = try makeTrainer(plan([(.uniform, StepWindow(first: 6, last: 12))]))
    try later.restore(state)
    try later.run { _ in }
    #expect(averages(later).keys.sorted() == ["average"])
    let other = try makeTrainer(plan([(.uniform, StepWindow(first: 4, last: 12))]))
    #expect(throws: CheckpointError.self) { try other.restore(state) }
  }

  @Test func `validation with other parameters leaves the model its own`() throws {
    let trainer = try makeTrainer(plan(both))
    try trainer.run { _ in }
    let own = trainer.model.parameters.array
    let average = try #require(trainer.averagedModels().last?.model)
    let loss = try #require(try trainer.validate(with: average.parameters)[0])
    #expect(trainer.model.parameters.array == own)
    let other = try makeTrainer(model: average)
    #expect(try other.validate()[0] == loss)
  }

  /// `Fixtures/make_ema.py`
  @Test func `the arithmetic is that of torch's AveragedModel`() throws {
    let json = try fixture("ema.json")
    let vectors = (json["vectors"]?.arrayValue ?? []).map { Floats($0.numbers.map { Float($0) }) }
    let expected = (json["ema"]?.arrayValue ?? []).map { $0.numbers.map { Float($0) } }
    let compute = Compute(threads: 2)
    let ema = Floats(vectors[0].array)
    let (high, low) = (Floats(count: 13), Floats(count: 13))
    for (step, vector) in vectors.enumerated() {
      if step > 0 { compute.interpolate(ema, towards: vector, by: Float(1 - 0.9)) }
      let distances = zip(ema.array, expected[step]).map { abs($0 - $1) / abs($1).ulp }
      #expect(distances.allSatisfy { $0 <= 2 }, "step \(step): \(distances)")
      compute.add(vector, high: high, low: low)
    }
    let mean = Floats(count: 13)
    compute.divide(high: high, low: low, by: vectors.count, into: mean)
    #expect(mean.array == (json["mean"]?.numbers ?? []).map { Float($0) })
  }
}

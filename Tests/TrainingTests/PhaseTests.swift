import ContentStore
import LanguageModel
import Numerics
import Testing
import Training

/// Two sources, three phases: batch, length, mix, rotary base and learning rate all change.
private let phases = [
  DataPhase(steps: 4, batch: 4, sequence: 8),
  DataPhase(steps: 3, batch: 3, sequence: 16, mix: SourceMix(["tokens": 2, "math": 1])),
  DataPhase(steps: 4, batch: 2, sequence: 32, mix: SourceMix(["math": 1])),
]

private func phasedPlan() -> TrainingPlan {
  let whole = Schedule(peak: 0.01, decay: .cosine, warmup: 2, steps: 11)
  let own = Schedule(peak: 0.004, decay: .linear, warmup: 0, steps: 4)
  return TrainingPlan(
    phases: [
      .init(steps: 4, schedule: whole), .init(steps: 3, schedule: whole, ropeBase: 20_000),
      .init(steps: 4, schedule: own, scheduleStart: 7, ropeBase: 500_000),
    ], weightDecay: 0.1, validationEvery: 3, traceEvery: 2, tensorMetricsEvery: 2,
    averages: [(.uniform, StepWindow(first: 6, last: 11))])
}

private func phasedTrainer(threads: Int = 1, rows: Int = 2048) throws -> Trainer {
  let streams = ["tokens": try makeStream(60), "math": try makeStream(40, seed: 3)]
  return try makeTrainer(
    phasedPlan(), threads: threads, rows: rows,
    source: TokenMixture(streams, phases: phases, seed: 21))
}

@Suite struct PhaseTests {
  @Test func `phases change batch, rotary base and learning rate at their steps`() throws {
    let trainer = try phasedTrainer()
    var bases: [Double] = []
    try trainer.run { _ in bases.append(trainer.model.configuration.ropeBase) }
    #expect(
      bases == [10_000, 10_000, 10_000, 10_000, 20_000, 20_000, 20_000] + [
        500_000, 500_000, 500_000, 500_000,
      ])
    #expect(trainer.history.map(\.tokens) == [32, 64, 96, 128, 176, 224, 272, 336, 400, 464, 528])
    #expect(trainer.history[7...].map(\.learningRate) == [0.004, 0.003, 0.002, 0.001])
    #expect(trainer.history[6].learningRate < trainer.history[4].learningRate)
    #expect(trainer.history.map { !$0.tensors.isEmpty }.prefix(4) == [false, true, false, true])
  }

  @Test(arguments: [(2, 2048), (7, 16)])
  func `threads and micro-batches change no bit of any phase`(threads: Int, rows: Int) throws {
    let (plain, other) = (try phasedTrainer(), try phasedTrainer(threads: threads, rows: rows))
    for trainer in [plain, other] { try trainer.run { _ in } }
    #expect(try other.snapshot() == plain.snapshot())
  }

  @Test(arguments: 1...10)
  func `stopped after any step and resumed, it ends the same`(stop: Int) throws {
    let plain = try phasedTrainer()
    try plain.run { _ in }
    let first = try phasedTrainer()
    for _ in 0..<stop { try first.advance() }
    let second = try phasedTrainer(threads: 2)
    try second.restore(first.snapshot())
    #expect(second.model.configuration == first.model.configuration)
    #expect(try second.snapshot() == first.snapshot())
    try second.run { _ in }
    #expect(second.history == plain.history)
    #expect(try second.snapshot() == plain.snapshot())
  }

  @Test func `a state is refused by other data, and by another optimiser`() throws {
    let first = try phasedTrainer()
    for _ in 0..<5 { try first.advance() }
    let state = try first.snapshot()
    let streams = ["tokens": try makeStream(60), "math": try makeStream(40, seed: 3)]
    func trainer(_ data: [DataPhase], _ plan: TrainingPlan) throws -> Trainer {
      try makeTrainer(plan, source: TokenMixture(streams, phases: data, seed: 21))
    }
    var changed = phases
    changed[0].batch = 5
    #expect {
      try trainer(changed, phasedPlan()).restore(state)
    } throws: { "\($0)".contains("4 steps of 5 sequences of 8 tokens") }
    changed = phases
    changed[2].batch = 5
    try trainer(changed, phasedPlan()).restore(state)
    var plan = phasedPlan()
    plan.optimiser = RMSProp()
    #expect {
      try trainer(phases, plan).restore(state)
    } throws: { "\($0)".contains("adamw") }
  }

  @Test func `RMSProp trains, and resumes to the same bits`() throws {
    var plan = makePlan(steps: 40)
    plan.optimiser = RMSProp()
    plan.weightDecayForm = .independent
    plan.weightDecay = 3e-4
    let plain = try makeTrainer(plan)
    try plain.run { _ in }
    let first = try #require(plain.history.first?.loss)
    #expect(try #require(plain.history.last?.loss) < 0.8 * first)
    let half = try makeTrainer(plan)
    for _ in 0..<17 { try half.advance() }
    let rest = try makeTrainer(plan, threads: 2)
    try rest.restore(half.snapshot())
    try rest.run { _ in }
    #expect(try rest.snapshot() == plain.snapshot())
  }

  @Test func `an objective's columns reach it in parts, and its metrics the history`() throws {
    /// Next-token, each row weighted by a column.
    struct Weighted: TokenObjective {
      var isSeparable: Bool { true }
      var metricNames: [String] { ["weight"] }

      func loss(_ logProbabilities: [Float], of batch: Batch) -> Double {
        zip(logProbabilities, batch.columns["weight"] ?? [])
          .reduce(0) { $0 - Double($1.0) * Double($1.1) }
      }
      func slopes(_ logProbabilities: [Float], of batch: Batch) -> [Float] {
        zip(batch.tokens.targets, batch.columns["weight"] ?? []).map { $0 < 0 ? 0 : -$1 }
      }
      func metrics(_ logProbabilities: [Float], of batch: Batch) -> [Double] {
        [(batch.columns["weight"] ?? []).reduce(0) { $0 + Double($1) }]
      }
    }
    struct Source: BatchSource {
      var mixture: TokenMixture
      func batch(after step: Int) -> Batch {
        var batch = mixture.batch(after: step)
        let rows = 0..<batch.tokens.tokens.count
        batch.columns["weight"] = rows.map { Float($0 % 7) / Float(rows.count) }
        return batch
      }
    }
    let phase = DataPhase(steps: 6, batch: 4, sequence: 16)
    let source = Source(
      mixture: try TokenMixture(["tokens": makeStream(60)], phases: [phase], seed: 21))
    let trainers = [16, 2048].map { rows in
      Trainer(
        makeModel(), source: source, plan: makePlan(steps: 6), objective: Weighted(),
        microBatchRows: rows, on: Compute(threads: 2))
    }
    for trainer in trainers { try trainer.run { _ in } }
    #expect(try trainers[0].snapshot() == trainers[1].snapshot())
    #expect(trainers[0].history[3].metrics == trainers[0].history[0].metrics)
    #expect(abs(trainers[0].history[0].metrics[0] - 2.953125) < 1e-6)
    let resumed = Trainer(
      makeModel(), source: source, plan: makePlan(steps: 6), objective: Weighted(),
      on: Compute(threads: 1))
    try resumed.restore(trainers[0].snapshot())
    #expect(resumed.history == trainers[0].history)
  }

  /// A mixture of experts with dropout: the router's loss is a matter of the whole batch, dropout of the
  /// step's number.
  private func mixedTrainer(threads: Int = 1, rows: Int = 2048) throws -> Trainer {
    let experts = ExpertConfiguration(
      count: 4, active: 2, intermediate: 8, sharedIntermediate: 12, lossWeight: 0.1)
    let configuration = ModelConfiguration(
      architecture: .qwen2MoE, vocabularySize: 17, hidden: 16, layers: 2, heads: 2,
      keyValueHeads: 1, intermediate: 24, experts: experts, maximumPositions: 16)
    let phase = DataPhase(steps: 6, batch: 4, sequence: 16)
    return Trainer(
      Transformer(configuration, seed: 6, on: Compute(threads: threads)),
      source: try TokenMixture(["tokens": makeStream(60)], phases: [phase], seed: 21),
      validation: [try makeValidation()], plan: makePlan(steps: 6),
      options: PassOptions(dropout: 0.2, seed: 3), microBatchRows: rows,
      on: Compute(threads: threads))
  }

  @Test func `experts with dropout train to the same bits in parts, and after a stop`() throws {
    let plain = try mixedTrainer()
    try plain.run { _ in }
    let split = try mixedTrainer(threads: 2, rows: 16)
    try split.run { _ in }
    #expect(try split.snapshot() == plain.snapshot())
    let stopped = try mixedTrainer()
    for _ in 0..<3 { try stopped.advance() }
    let resumed = try mixedTrainer(threads: 7, rows: 32)
    try resumed.restore(stopped.snapshot())
    try resumed.run { _ in }
    #expect(try resumed.snapshot() == plain.snapshot())
    // Validation knows no dropout: twice the same, whatever step it is.
    #expect(try plain.validate() == plain.validate())
  }
}

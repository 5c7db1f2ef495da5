import ContentStore
import LanguageModel
import Numerics
import Testing
import Training

/// Documents that repeat patterns, so that a small model can learn something of them.
private func makeStream(_ documents: Int, seed: UInt64 = 1) throws -> TokenStream {
  let stream = RandomStream(seed: seed, purpose: "test text")
  var tokens: [Int32] = []
  var starts: [Int] = []
  for document in 0..<documents {
    starts.append(tokens.count)
    let first = Int(stream.integer(at: UInt64(3 * document), below: 10))
    let stride = 1 + Int(stream.integer(at: UInt64(3 * document + 1), below: 2))
    let length = 5 + Int(stream.integer(at: UInt64(3 * document + 2), below: 20))
    tokens += (0..<length).map { Int32(1 + (first + stride * $0) % 16) } + [0]
  }
  return try TokenStream(tokens: tokens, documentStarts: starts, vocabularySize: 17)
}

private func makeModel() -> Transformer {
  let configuration = ModelConfiguration(
    vocabularySize: 17, hidden: 16, layers: 2, heads: 2, keyValueHeads: 1, intermediate: 24,
    maximumPositions: 16)
  return Transformer(configuration, seed: 6, on: Compute(threads: 1))
}

private func makePlan(steps: Int = 12) -> TrainingPlan {
  TrainingPlan(
    steps: steps, batch: 4, sequence: 16,
    schedule: Schedule(
      peak: 0.01, decay: .cosine, warmup: 2, steps: steps, minimumRatio: 0.1),
    weightDecay: 0.1, clip: 1, seed: 21, validationEvery: 5, validationSequences: 6, traceEvery: 4)
}

private func makeTrainer(
  _ plan: TrainingPlan = makePlan(), threads: Int = 1, rows: Int = 2048,
  objective: any Objective = NextToken(), model: Transformer? = nil
) throws -> Trainer {
  try Trainer(
    model ?? makeModel(), data: makeStream(60), validation: makeStream(8, seed: 2), plan: plan,
    objective: objective, microBatchRows: rows, on: Compute(threads: threads))
}

@Suite struct TrainerTests {
  @Test(arguments: [(1, 16), (2, 2048), (7, 40)])
  func `threads and micro-batches change no digest`(threads: Int, rows: Int) throws {
    let plain = try makeTrainer()
    try plain.run { _ in }
    let other = try makeTrainer(threads: threads, rows: rows)
    try other.run { _ in }
    #expect(other.rollingDigest == plain.rollingDigest)
    #expect(other.traceLines == plain.traceLines)
    #expect(other.history == plain.history)
    #expect(try other.snapshot() == plain.snapshot())
  }

  @Test func `a joint objective is the same in one part and in many`() throws {
    let plain = try makeTrainer(objective: SquaredMean())
    let split = try makeTrainer(rows: 16, objective: SquaredMean())
    for trainer in [plain, split] { try trainer.run { _ in } }
    #expect(split.rollingDigest == plain.rollingDigest)
    #expect(plain.history[0].loss > 7)
  }

  @Test(arguments: [1, 4, 7, 11])
  func `a resumed run equals an uninterrupted one`(stop: Int) throws {
    let plain = try makeTrainer()
    try plain.run { _ in }
    let first = try makeTrainer()
    for _ in 0..<stop { try first.advance() }
    let resumed = try makeTrainer(threads: 2)
    let notes = try resumed.restore(first.snapshot(notes: ["kept": "none"]))
    #expect(notes["kept"] == "none" && resumed.step == stop)
    try resumed.run { _ in }
    #expect(resumed.rollingDigest == plain.rollingDigest)
    #expect(resumed.traceLines == plain.traceLines)
    #expect(resumed.history == plain.history)
    #expect(try resumed.snapshot() == plain.snapshot())
  }

  @Test func `a stop inside a step leaves the state of the step before`() throws {
    struct Stop: Error {}
    let plain = try makeTrainer()
    try plain.run { _ in }
    let trainer = try makeTrainer(rows: 16)
    var checks = 0
    #expect(throws: Stop.self) {
      try trainer.run {
        checks += 1
        if checks == 11 { throw Stop() }
      } _: { _ in
      }
    }
    #expect(trainer.step == 3)
    try trainer.run { _ in }
    #expect(try trainer.snapshot() == plain.snapshot())
  }

  @Test func `a snapshot of another model is refused`() throws {
    let bytes = try makeTrainer().snapshot()
    let configuration = ModelConfiguration(
      vocabularySize: 17, hidden: 8, layers: 2, heads: 2, intermediate: 24, maximumPositions: 16)
    let other = try makeTrainer(
      model: Transformer(configuration, seed: 6, on: Compute(threads: 1)))
    #expect(throws: CheckpointError.self) { try other.restore(bytes) }
    #expect(throws: CheckpointError.self) { try other.restore(Array(bytes.dropLast())) }
    var writer = SafetensorsWriter()
    writer.add("a", shape: [1], Floats([1]))
    let stranger = try writer.encode()
    #expect(throws: CheckpointError.self) { try other.restore(stranger) }
  }

  @Test func `training learns what a unigram model cannot`() throws {
    let trainer = try makeTrainer(makePlan(steps: 60))
    try trainer.run { _ in }
    let unigram = try #require(
      Unigram(makeStream(60), vocabularySize: 17).loss(targets: trainer.validationTokens))
    let loss = try #require(trainer.history.last?.validationLoss)
    #expect(loss < 0.7 * unigram)
    #expect(trainer.history.map(\.step) == Array(1...60))
    #expect(trainer.history.last?.tokens == 60 * 64)
    #expect(
      trainer.history.filter { $0.validationLoss != nil }.map(\.step)
        == Array(stride(from: 5, through: 60, by: 5)))
  }

  @Test func `the validation loss is the mean over all validation targets`() throws {
    let (trainer, stream) = (try makeTrainer(), try makeStream(8, seed: 2))
    let compute = Compute(threads: 1)
    var (sum, count) = (0.0, 0)
    for row in 0..<6 {
      let batch = stream.batch([row * 16..<min((row + 1) * 16, stream.tokens.count)])
      for value in TrainingPass(trainer.model, on: compute).forward(batch) { sum += Double(value) }
      count += batch.targetCount
    }
    let loss = try #require(trainer.validationLoss())
    #expect(abs(loss + sum / Double(count)) < 1e-12)
  }

  @Test func `numbers that are none stop training at their step and tensor`() throws {
    let trainer = try makeTrainer()
    try trainer.advance()
    let gain = try #require(trainer.model.tensor("model.norm.weight"))
    gain[3] = .nan
    do {
      try trainer.advance()
      Issue.record("training went on")
    } catch let error as TrainingError {
      #expect(error.message.hasPrefix("step 2: the loss is nan"))
      #expect(error.message.contains("the gradient of model."))
    }
    #expect(trainer.step == 1)
  }

  @Test func `the trace names the first step and tensor that differ`() throws {
    let (a, b) = (try makeTrainer(), try makeTrainer())
    for step in 0..<12 {
      if step == 6, let tensor = b.model.tensor("model.layers.1.mlp.down_proj.weight") {
        tensor[5] = tensor[5].nextUp
      }
      try a.advance()
      try b.advance()
    }
    func lines(_ trainer: Trainer) throws -> [JSON] {
      try trainer.traceLines.split(separator: 10).map { try JSON(parsing: Array($0)) }
    }
    let (first, second) = (try lines(a), try lines(b))
    #expect(first.map { $0["step"] } == [4, 8, 12])
    #expect(first[0] == second[0])
    #expect(first[1]["rolling"] != second[1]["rolling"])
    #expect(first[1]["batch"] == second[1]["batch"])
    let name = "model.layers.1.mlp.down_proj.weight"
    #expect(first[1]["parameters"]?[name] != second[1]["parameters"]?[name])
    #expect(first[1]["parameters"]?.objectValue?.count == 20)
    #expect(first[2]["rolling"]?.stringValue == a.rollingDigest.hex)
  }
}

@Suite struct ScheduleTests {
  /// transformers 5.23 `get_cosine_with_min_lr_schedule_with_warmup(10 warm-up, 110 steps, ratio 0.1)`.
  @Test func `cosine falls to the minimum ratio after the warm-up`() {
    let schedule = Schedule(peak: 2, decay: .cosine, warmup: 10, steps: 110, minimumRatio: 0.1)
    #expect(schedule.rate(after: 0) == 0)
    #expect(schedule.rate(after: 5) == 1)
    #expect(schedule.rate(after: 10) == 2)
    #expect(abs(schedule.rate(after: 60) - 2 * (0.5 * 0.9 + 0.1)) < 1e-12)
    #expect(abs(schedule.rate(after: 35) - 2 * (0.853_553_390_593_273_8 * 0.9 + 0.1)) < 1e-12)
    #expect(abs(schedule.rate(after: 110) - 0.2) < 1e-12)
    #expect(abs(schedule.rate(after: 500) - 0.2) < 1e-12)
  }

  @Test func `linear and constant`() {
    let linear = Schedule(peak: 1, decay: .linear, warmup: 2, steps: 12)
    #expect((0...3).map { linear.rate(after: $0) } == [0, 0.5, 1, 0.9])
    #expect(linear.rate(after: 12) == 0)
    let constant = Schedule(peak: 3, decay: .constant, warmup: 0, steps: 5, minimumRatio: 0.1)
    #expect((0...5).allSatisfy { constant.rate(after: $0) == 3 })
  }
}

@Suite struct DataOrderTests {
  @Test func `every epoch is another permutation of all rows`() throws {
    let stream = try makeStream(60)
    let order = try DataOrder(stream, batch: 3, sequence: 16, seed: 5)
    #expect(order.rows == stream.tokens.count / 16)
    let drawn = (0..<order.rows).flatMap { order.ranges(after: $0) }
    let epochs = (0..<3).map { Array(drawn[$0 * order.rows..<($0 + 1) * order.rows]) }
    let all = (0..<order.rows).map { $0 * 16..<($0 + 1) * 16 }
    for epoch in epochs {
      #expect(epoch.sorted { $0.lowerBound < $1.lowerBound } == all)
      #expect(epoch != all)
    }
    #expect(epochs[0] != epochs[1])
    let other = try DataOrder(stream, batch: 3, sequence: 16, seed: 6)
    #expect(other.ranges(after: 0) + other.ranges(after: 1) != Array(drawn.prefix(6)))
  }

  @Test func `fewer tokens than a sequence are refused`() throws {
    let stream = try TokenStream(tokens: [1, 2], documentStarts: [0], vocabularySize: 3)
    #expect(throws: TrainingError.self) { try DataOrder(stream, batch: 1, sequence: 3, seed: 0) }
  }
}

@Suite struct TokenStreamTests {
  private func stream() throws -> TokenStream {
    try TokenStream(
      tokens: [10, 11, 12, 20, 21, 30, 31, 32, 33], documentStarts: [0, 3, 3, 5, 9],
      vocabularySize: 40)
  }

  @Test func `rows are cut where documents start, and look one token ahead`() throws {
    let batch = try stream().batch([0..<4, 4..<8])
    #expect(batch.tokens == [10, 11, 12, 20, 21, 30, 31, 32])
    #expect(batch.targets == [11, 12, -1, 21, -1, 31, 32, 33])
    #expect(batch.documents == [0..<3, 3..<4, 4..<5, 5..<8])
    #expect(batch.sequences == [0..<4, 4..<8])
    #expect(batch.positions == [0, 1, 2, 0, 0, 0, 1, 2])
    #expect(batch.targetCount == 6)
  }

  @Test func `a token's document is found`() throws {
    let stream = try stream()
    #expect((0..<9).map { stream.document(at: $0) } == [0, 0, 0, 2, 2, 3, 3, 3, 3])
    #expect(stream.pieces(of: 2..<6) == [2..<3, 3..<5, 5..<6])
  }

  @Test func `ids beyond the vocabulary and unordered starts are refused`() {
    #expect(throws: TrainingError.self) {
      try TokenStream(tokens: [1, 5], documentStarts: [0], vocabularySize: 5)
    }
    #expect(throws: TrainingError.self) {
      try TokenStream(tokens: [1, 2], documentStarts: [1, 0], vocabularySize: 5)
    }
    #expect(throws: TrainingError.self) {
      try TokenStream(tokens: [1, 2], documentStarts: [0, 3], vocabularySize: 5)
    }
  }
}

@Suite struct UnigramTests {
  @Test func `counts plus one are the distribution`() throws {
    let stream = try TokenStream(
      tokens: [0, 0, 0, 1], documentStarts: [0], vocabularySize: 4)
    let unigram = Unigram(stream, vocabularySize: 4)
    let loss = try #require(unigram.loss(targets: [0, -1, 3]))
    // −(ln 4/8 + ln 1/8) / 2
    #expect(abs(loss - 2 * 0.693_147_180_559_945_3) < 1e-12)
    #expect(unigram.loss(targets: [-1]) == nil)
  }
}

import ContentStore
import LanguageModel
import Numerics
import Testing
import Training

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
      Unigram(makeStream(60), vocabularySize: 17).loss(targets: trainer.validationTokens()))
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
    let loss = try #require(try trainer.validate()[0])
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

import ContentStore
import Corpus
import LanguageModel
import Ledger
import Numerics
import Pipeline
import Testing
import Text
import Training

@testable import Stages

/// The tasks `conversations` and `preferences`.
@Suite struct EvaluateRecordsTests {
  private func evaluate(
    _ kind: String, _ records: [UInt8], _ with: [String: JSON] = [:],
    checkpoint: [String: [UInt8]]? = nil, reference: [String: [UInt8]]? = nil, threads: Int = 2
  ) throws -> FakeContext {
    let context = try FakeContext(threads: threads)
    try context.connect("checkpoint", tree: checkpoint ?? sampleCheckpoint())
    try context.connect("records", file: records)
    if let reference { try context.connect("reference", tree: reference) }
    let tasks: JSON = ["held": ["kind": .string(kind)]]
    try AnyStage(Evaluate.self).decode(with.merging(["tasks": tasks]) { $1 }, connected: [])
      .run(context)
    return context
  }

  /// A copy of the sample checkpoint, tuned.
  private func tuned<S: Stage>(_ op: S.Type, _ records: [UInt8]) throws -> FakeContext {
    let context = try FakeContext()
    try context.connect("checkpoint", tree: sampleCheckpoint())
    try context.connect("records", file: records)
    try context.connect("validation", file: records)
    try AnyStage(op).decode(["learningRate": 0.01, "batch": 8, "epochs": 3], connected: [])
      .run(context)
    return context
  }

  private func checkpoint(_ context: FakeContext) throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for path in try context.outputPaths("checkpoint") {
      files[path] = try context.output("checkpoint", path)
    }
    return files
  }

  @Test func `the loss of conversations is the validation loss of sft`() throws {
    let records = try sampleConversations(24)
    let sft = try tuned(FineTune.self, records)
    let context = try evaluate("conversations", records, checkpoint: checkpoint(sft))
    let loss = try #require(context.scores["held"])
    #expect(loss.higherIsBetter == false)
    #expect(abs(loss.value - (try #require(sft.scores["loss/validation"]).value)) < 1e-6)
    #expect(try context.output("outcomes").split(separator: 10).count == 24)
    let before = try #require(try evaluate("conversations", records).scores["held"])
    #expect(before.value > loss.value)
  }

  @Test func `preferences are ranked by likelihood, and against a reference as DPO's reward does`()
    throws
  {
    let records = try samplePreferences(24)
    let dpo = try tuned(PreferenceTuning.self, records)
    let after = try evaluate(
      "preferences", records, checkpoint: checkpoint(dpo), reference: sampleCheckpoint()
    ).scores
    #expect(
      after["held/impliedAccuracy"]?.value == dpo.scores["rewards/accuracy/validation"]?.value)
    #expect(try #require(after["held/impliedMargin"]).value > 0)
    let before = try evaluate("preferences", records, reference: sampleCheckpoint()).scores
    // A policy has no reward over itself.
    #expect(before["held/impliedAccuracy"]?.value == 0.5)
    #expect(before["held/impliedMargin"]?.value == 0)
    #expect(try #require(after["held/margin"]).value > (try #require(before["held/margin"]).value))
    #expect(after["held"]?.value == after["held/accuracy"]?.value)
    let alone = try evaluate("preferences", records).scores
    #expect(alone["held/impliedAccuracy"] == nil && alone["held"] == before["held"])
  }

  @Test func `threads change nothing, and what is too long is cut and counted`() throws {
    let records = try sampleConversations(12)
    let (one, two) = (
      try evaluate("conversations", records, threads: 1), try evaluate("conversations", records)
    )
    #expect(one.outputs == two.outputs && one.scores == two.scores)
    let files = try sampleCheckpoint()
    var codec = try ChatCodec(
      Checkpoint(paths: files.keys) { files[$0] ?? [] }, template: "", maximumLength: nil)
    // All are of one length.
    let whole = try codec.conversation([.user("Say a."), .assistant("aaa")]).tokens.count
    let short = try evaluate("conversations", records, ["maxLength": .integer(whole - 1)])
    #expect(short.scores["held/truncated"]?.value == 12)
    #expect(
      short.logLines.contains(
        "12 sequences of \"records\" are longer than \(whole - 1) tokens: cut there"))
    let error = #expect(throws: StageError.self) { try evaluate("preferences", records) }
    #expect(error?.message.contains("\"c0\", which is no preference") == true)
  }
}

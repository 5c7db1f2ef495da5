import ContentStore
import LanguageModel
import Ledger
import Numerics
import Pipeline
import Stages
import Testing
import Text

/// The ops that change models without training them, but for `merge`.
@Suite struct UpcycleStageTests {
  private func run(
    _ with: [String: JSON], threads: Int = 2, seed: UInt64 = 17
  ) throws -> FakeContext {
    let context = try FakeContext(seed: seed, threads: threads)
    try context.connect("checkpoint", tree: MergeTests.folder(4))
    try AnyStage(Upcycle.self).decode(with).run(context)
    return context
  }

  private let with: [String: JSON] = [
    "experts": 6, "perToken": 2, "expertIntermediate": 5, "sharedIntermediate": 16,
  ]

  @Test func `a dense model becomes a mixture of experts that is read back`() throws {
    let context = try run(with)
    let model = try MergeTests.model(context)
    #expect(model.configuration.architecture == .qwen2MoE)
    #expect(
      model.configuration.experts
        == ExpertConfiguration(count: 6, active: 2, intermediate: 5, sharedIntermediate: 16))
    #expect(try context.output("checkpoint", "tokenizer.json") == Array("{}".utf8))
    #expect(context.scores["copies"]?.value == 3)
    #expect(context.scores["parameters"]?.value == Double(model.parameters.count))
    let active = try #require(context.scores["parameters/active"]).value
    #expect(active < Double(model.parameters.count))
    #expect(Compute(threads: 1).firstNonFinite(model.parameters) == nil)
  }

  @Test func `threads change nothing and the seed does`() throws {
    let one = try run(with, threads: 1)
    #expect(try one.outputs == run(with).outputs)
    #expect(try one.outputs != run(with, seed: 18).outputs)
  }

  @Test func `impossible experts are refused`() {
    var wrong = with
    wrong["perToken"] = 7
    #expect(throws: ParameterError.self) { try run(wrong) }
    #expect(throws: FakeInterruption.self) {
      let context = try FakeContext(stopAfter: 0)
      try context.connect("checkpoint", tree: MergeTests.folder(4))
      try AnyStage(Upcycle.self).decode(with).run(context)
    }
  }
}

@Suite struct QuantiseStageTests {
  private func run(
    _ with: [String: JSON], _ files: [String: [UInt8]], threads: Int = 2
  ) throws -> FakeContext {
    let context = try FakeContext(threads: threads)
    try context.connect("checkpoint", tree: files)
    try AnyStage(Quantise.self).decode(with).run(context)
    return context
  }

  private func fault(_ with: [String: JSON]) -> String {
    do {
      _ = try run(with, MergeTests.folder(4))
      return "no error"
    } catch let error as ParameterError {
      return "\(error.path) \(error.message)"
    } catch { return "\(error)" }
  }

  /// Wide enough for tables to be a small part.
  private let configuration = ModelConfiguration(
    architecture: .qwen2, vocabularySize: 40, hidden: 64, layers: 2, heads: 4, keyValueHeads: 2,
    intermediate: 128, maximumPositions: 32)

  @Test func `the quantised folder and the ordinary one are the same model`() throws {
    let context = try run(["dequantise": true], MergeTests.folder(4))
    let (codes, whole) = (
      try MergeTests.model(context, "quantised"), try MergeTests.model(context, "checkpoint")
    )
    #expect(codes.configuration == MergeTests.configuration)
    #expect(codes.parameters.array == whole.parameters.array)
    #expect(try context.outputPaths("checkpoint").contains("model.safetensors"))
    #expect(try !context.outputPaths("quantised").contains("model.safetensors"))
    #expect(try run([:], MergeTests.folder(4)).outputs.keys.sorted() == ["quantised"])
  }

  @Test func `bits per weight and sizes are those of the files, and errors are by kind`() throws {
    let files = try MergeTests.folder(4, configuration)
    let context = try run(["twoBitLayers": [1]], files, threads: 1)
    let bytes = try context.outputPaths("quantised")
      .reduce(0) { try $0 + context.output("quantised", $1).count }
    #expect(context.scores["bytes"]?.value == Double(bytes))
    let inMatrices = try #require(context.scores["bitsPerWeight/matrices"]).value
    // Tables of 16 rows: 16 · 16 bits over 16 · 64 weights or more, and a quarter of that with 2 bits.
    #expect((3...3.3).contains(inMatrices))
    let tensors = try #require(context.scores["bytes/tensors"]).value
    #expect(
      context.scores["bitsPerWeight"]?.value
        == 8 * tensors / (try #require(context.scores["parameters"]).value))
    let error = try #require(context.scores["error"]).value
    #expect((0.05...0.35).contains(error))
    let embedding = try #require(context.scores["error/embed_tokens"]).value
    #expect((0.001...0.01).contains(embedding))
    #expect(context.scores["error/down_proj"] != nil)
    #expect(try context.outputs == run(["twoBitLayers": [1]], files, threads: 2).outputs)
  }

  @Test func `what is to be kept is, and a mixture's routers are by custom`() throws {
    let files = try MergeTests.folder(4)
    let none = try run(["keep": ["weight"]], files)
    let original = Transformer(MergeTests.configuration, seed: 4, on: Compute(threads: 1))
    #expect(try MergeTests.model(none, "quantised").parameters.array == original.parameters.array)
    let upcycled = try FakeContext()
    try upcycled.connect("checkpoint", tree: files)
    try AnyStage(Upcycle.self).decode([
      "experts": 4, "perToken": 2, "expertIntermediate": 6, "sharedIntermediate": 12,
    ]).run(upcycled)
    let model = try MergeTests.model(upcycled)
    let context = try run(
      ["method": "integers", "bits": 8], Checkpoint(model, tokenizerFiles: [:]).files())
    let back = try MergeTests.model(context, "quantised")
    for view in model.layout.views {
      let isKept =
        view.shape.count == 1 || view.name.contains("mlp.gate.weight")
        || view.name.contains("shared_expert_gate")
      #expect(
        (back.parameters[view.range].array == model.parameters[view.range].array) == isKept,
        "\(view.name)")
    }
  }

  @Test func `eight bits change a model's logits less than four, and four than two`() throws {
    let files = try MergeTests.folder(4, configuration)
    let original = Transformer(configuration, seed: 4, on: Compute(threads: 1))
    let compute = Compute(threads: 2)
    func distance(_ with: [String: JSON]) throws -> Double {
      let model = try MergeTests.model(run(with, files), "quantised")
      let (a, b) = (
        try model.logits(of: [3, 1, 4, 1, 5], on: compute),
        try original.logits(of: [3, 1, 4, 1, 5], on: compute)
      )
      return compute.sumOfSquares(Merging(on: compute).difference(a.floats, b.floats))
    }
    for method in ["palette", "integers"] {
      let distances = try [8, 4, 2].map {
        try distance(["method": .string(method), "bits": .integer($0), "embeddings": false])
      }
      #expect(distances == distances.sorted() && distances[0] < 0.01 * distances[2])
    }
  }

  @Test func `evaluate takes the quantised model as any other`() throws {
    var trainer = TokenizerTrainer(vocabularySize: 260, pattern: .gpt2)
    trainer.add("some text to learn from, some text")
    let tokenizer = try trainer.train()
    var small = MergeTests.configuration
    small.vocabularySize = tokenizer.vocabularySize
    small.endTokens = [0]
    let model = Transformer(small, seed: 1, on: Compute(threads: 1))
    let files = try Checkpoint(model, tokenizerFiles: ["tokenizer.json": tokenizer.json()]).files()
    let quantised = try run(["dequantise": true], files)
    func scores(_ port: String) throws -> [String: Score] {
      let context = try FakeContext(store: quantised.store)
      context.connect("checkpoint", try #require(quantised.outputs[port]))
      try context.connect(
        "documents", file: Array(#"{"id":"a","source":"s","text":"some text"}"#.utf8) + [10])
      try AnyStage(Evaluate.self).decode([:]).run(context)
      return context.scores
    }
    let codes = try scores("quantised")
    #expect(codes["perplexity/token"] != nil)
    #expect(try codes == scores("checkpoint"))
  }

  @Test func `wrong calls name what is wrong`() {
    #expect(fault(["bits": 3]).contains("must be one of 1, 2, 4, 8"))
    #expect(fault(["method": "integers", "bits": 1]).contains("must be one of 2, 4, 8"))
    #expect(fault(["twoBitLayers": [2]]).contains("must be from 0 to 1"))
    #expect(fault(["twoBit": ["c_attn"]]).contains("is in no tensor's name"))
  }
}

import ContentStore
import LanguageModel
import Ledger
import Numerics
import Pipeline
import Stages
import Testing

/// The op that merges models. The arithmetic has tests of its own beside it.
@Suite struct MergeTests {
  static let configuration = ModelConfiguration(
    architecture: .qwen2, vocabularySize: 11, hidden: 8, layers: 2, heads: 4, keyValueHeads: 2,
    intermediate: 12, maximumPositions: 32)

  static func folder(
    _ seed: UInt64, _ configuration: ModelConfiguration = configuration, tokenizer: String = "{}"
  ) throws -> [String: [UInt8]] {
    let model = Transformer(configuration, seed: seed, on: Compute(threads: 1))
    return try Checkpoint(model, tokenizerFiles: ["tokenizer.json": Array(tokenizer.utf8)]).files()
  }

  static func model(_ context: FakeContext, _ port: String = "checkpoint") throws -> Transformer {
    try Checkpoint(paths: context.outputPaths(port)) { try context.output(port, $0) }.model
  }

  private func merge(
    _ with: [String: JSON], _ inputs: [(String, [String: [UInt8]])], seed: UInt64 = 17,
    threads: Int = 2
  ) throws -> FakeContext {
    let context = try FakeContext(seed: seed, threads: threads)
    for (port, files) in inputs { try context.connect(port, tree: files) }
    try AnyStage(Merge.self).decode(with).run(context)
    return context
  }

  private func fault(
    _ with: [String: JSON], _ inputs: [(String, [String: [UInt8]])]
  ) -> String {
    do {
      _ = try merge(with, inputs)
      return "no error"
    } catch let error as ParameterError {
      return "\(error.path) \(error.message)"
    } catch { return "\(error)" }
  }

  @Test
  func `a soup is the mean of its inputs, named or in a list, with the first one's tokenizer`()
    throws
  {
    let named = try merge([:], [("a", Self.folder(1)), ("b", Self.folder(2))])
    let list = try merge(
      ["method": "warm"], [("runs", Self.folder(1)), ("runs", Self.folder(2))])
    #expect(try named.output("checkpoint", "tokenizer.json") == Array("{}".utf8))
    let (a, b) = (
      Transformer(Self.configuration, seed: 1, on: Compute(threads: 1)).parameters.array,
      Transformer(Self.configuration, seed: 2, on: Compute(threads: 1)).parameters.array
    )
    let mean = zip(a, b).map { Float((Double($0) + Double($1)) / 2) }
    #expect(try Self.model(named).parameters.array == mean)
    #expect(named.outputs == list.outputs)
    #expect(named.scores.keys.sorted() == ["distance/a", "distance/b", "parameters"])
    #expect(list.scores.keys.sorted() == ["distance/runs[0]", "distance/runs[1]", "parameters"])
  }

  @Test(
    arguments: [
      ["method": "ema", "order": ["c", "a", "b"]], ["method": "task-arithmetic", "lambda": 0.5],
      ["method": "ties", "density": 0.2], ["method": "dare-linear", "density": 0.3],
      ["method": "dare-ties", "density": 0.3, "densities": ["a": 1], "rescale": "norm"],
      ["method": "model-stock"], ["method": "model-stock", "filterWise": true],
      ["method": "task-slerp", "per": "layer"], ["method": "nuslerp"],
    ] as [[String: JSON]])
  func `one thread and two give the same model, and it is another than its inputs`(
    with: [String: JSON]
  ) throws {
    let inputs = [
      ("base", try Self.folder(9)), ("a", try Self.folder(1)), ("b", try Self.folder(2)),
      ("c", try Self.folder(3)),
    ]
    let one = try merge(with, inputs, threads: 1)
    #expect(try one.outputs == merge(with, inputs, threads: 2).outputs)
    for name in ["base", "a", "b", "c"] {
      #expect(try #require(one.scores["distance/\(name)"]).value > 0.001)
    }
    let isRandom = with["method"]?.stringValue?.hasPrefix("dare") == true
    #expect(try (one.outputs == merge(with, inputs, seed: 18).outputs) == !isRandom)
  }

  @Test func `the ends of interpolations are the models themselves`() throws {
    let (a, b) = (try Self.folder(1), try Self.folder(2))
    for (method, parameter) in [("liti", "eta"), ("slerp", "t")] {
      for (share, end) in [(JSON.integer(0), a), (1, b)] {
        let context = try merge(
          ["method": .string(method), parameter: share], [("base", a), ("x", b)])
        #expect(
          try context.output("checkpoint", "model.safetensors") == end["model.safetensors"])
      }
    }
    let context = try merge(
      ["method": "slerp", "gradient": [0, 1]], [("base", a), ("x", b)])
    let merged = try Self.model(context)
    for (name, seed) in [
      ("model.embed_tokens.weight", 1), ("model.layers.1.mlp.up_proj.weight", 2),
    ] {
      let end = Transformer(Self.configuration, seed: UInt64(seed), on: Compute(threads: 1))
      #expect(merged.tensor(name)?.array == end.tensor(name)?.array)
    }
    let angle = try #require(context.scores["angle"]).value
    #expect((60...90).contains(angle), "gains are alike, matrices are at right angles")
  }

  @Test func `models with score heads are averaged as any`() throws {
    var scoring = Self.configuration
    scoring.scoreHead = ScoreHead(labels: 1)
    let context = try merge(
      ["method": "warm"], [("a", Self.folder(1, scoring)), ("b", Self.folder(2, scoring))])
    #expect(try Self.model(context).configuration == scoring)
    let message = fault(
      ["method": "warm"], [("a", try Self.folder(1, scoring)), ("b", try Self.folder(2))])
    #expect(message.contains("tensor \"score.weight\" is in a only"), "\(message)")
  }

  @Test func `models that do not fit are refused by the tensor or key that differs`() throws {
    let a = try Self.folder(1)
    var wide = Self.configuration
    wide.intermediate = 16
    #expect(
      fault([:], [("a", a), ("b", try Self.folder(1, wide))]).contains(
        "tensor \"model.layers.0.mlp.gate_proj.weight\" has shape [12, 8] in a and [16, 8] in b"))
    var turned = Self.configuration
    turned.ropeBase = 500_000
    #expect(
      fault([:], [("a", a), ("b", try Self.folder(1, turned))]).contains("\"rope_parameters\""))
    #expect(
      fault([:], [("a", a), ("b", try Self.folder(1, tokenizer: "[]"))])
        .contains("tokenizer.json differ"))
    var longer = Self.configuration
    longer.maximumPositions = 64
    #expect(fault([:], [("a", a), ("b", try Self.folder(1, longer))]) == "no error")
  }

  @Test func `wrong calls say what is wanted`() throws {
    let (a, b) = (("alpha", try Self.folder(1)), ("beta", try Self.folder(2)))
    #expect(fault([:], []).contains("needs at least 1 input"))
    #expect(fault(["method": "ties"], [a, b]).contains("needs the input \"base\""))
    #expect(fault(["method": "slerp"], [a]).contains("needs 2 inputs"))
    #expect(
      fault(["weights": ["alpah": 1, "beta": 1]], [a, b]).contains("did you mean \"alpha\"?"))
    #expect(
      fault(["weights": ["alpha": 1]], [a, b]).contains("says nothing of the input \"beta\""))
    #expect(fault(["weights": ["alpha": 1, "beta": -1]], [a, b]).contains("add up to 0"))
    #expect(fault(["method": "ema", "order": ["alpha"]], [a, b]).contains("every input once"))
    #expect(fault(["method": "warm", "weights": ["alpha": 1]], [a, b]).contains("are not used"))
    #expect(fault(["t": 0.5, "gradient": [0, 1]], [a, b]).contains("beside t"))
  }
}

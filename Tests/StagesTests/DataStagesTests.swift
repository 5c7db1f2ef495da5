import ContentStore
import Corpus
import Evaluation
import LanguageModel
import Ledger
import Numerics
import Pipeline
import Stages
import Testing
import Text

/// Classifiers, filters by them, mixtures and synthesis, without a runner.
@Suite struct DataStagesTests {
  func lines(_ documents: [Document]) throws -> [UInt8] {
    try documents.flatMap { try $0.line() }
  }

  func documents(_ context: FakeContext, _ port: String) throws -> [Document] {
    try context.output(port).split(separator: 10).map { try Document(line: Array($0)) }
  }

  func run<Op: Stage>(
    _ op: Op.Type, _ with: [String: JSON] = [:], in context: FakeContext
  ) throws {
    try AnyStage(op).decode(with, connected: Set(context.inputPorts)).run(context)
  }

  static let words = [
    "good": "theorem energy history river culture treaty".split(separator: " "),
    "bad": "click buy cheap casino winner prize".split(separator: " "),
  ]

  /// Texts of two kinds that share common words.
  static func texts(_ kind: String, _ count: Int, _ prefix: String = "") -> [Document] {
    let common = "the of and to in is".split(separator: " ")
    let stream = RandomStream(seed: 3, purpose: kind + prefix)
    return (0..<count).map { number in
      let words = (0..<20).map { place in
        let draw = Int(stream.uint32(at: UInt64(number * 32 + place)) % 12)
        return draw < 6 ? common[draw] : Self.words[kind]![draw - 6]
      }
      return Document(
        id: "\(prefix)\(kind)-\(number)", text: words.joined(separator: " "), source: kind,
        metadata: ["file": "f.txt", "offset": .integer(number)])
    }
  }

  /// A context with a trained fastText classifier of good and bad texts.
  func trained(threads: Int = 2, _ with: [String: JSON] = [:]) throws -> FakeContext {
    let context = try FakeContext(threads: threads)
    try context.connect("positive", file: lines(Self.texts("good", 200)))
    try context.connect("negative", file: lines(Self.texts("bad", 200)))
    let small: JSON = ["dimension": 8, "learningRate": 0.5, "epochs": 10]
    try run(ClassifyTrain.self, ["fasttext": small].merging(with) { $1 }, in: context)
    return context
  }

  @Test func `a classifier learns two kinds of text and says how well`() throws {
    let context = try trained()
    #expect(try context.outputPaths("classifier") == ["classifier.json", "model.bin"])
    let held = try #require(context.scores["heldOut/documents"]?.value)
    #expect(held > 10 && context.scores["train/examples"]?.value == 400 - held)
    #expect(try #require(context.scores["accuracy"]).value > 0.95)
    #expect(try #require(context.scores["f1/positive"]).value > 0.95)
    #expect(try #require(context.scores["calibrationError"]).value < 0.2)
    let outcomes = try context.output("outcomes").split(separator: 10)
    #expect(Double(outcomes.count) == held)
  }

  @Test func `one thread and two train the same classifier, and a seed decides`() throws {
    let (one, two) = (try trained(threads: 1), try trained(threads: 2))
    #expect(one.outputs == two.outputs && one.scores == two.scores)
    let unshuffled = try trained(["shuffle": false])
    #expect(unshuffled.outputs["classifier"] != one.outputs["classifier"])
  }

  @Test func `labels come from the metadata, and documents without one are left out`() throws {
    let context = try FakeContext()
    var documents = Self.texts("good", 30) + Self.texts("bad", 30)
    for index in documents.indices {
      documents[index].metadata = ["fields": ["topic": .string("t \(index % 3)")]]
    }
    documents.append(Document(id: "x", text: "no label", source: "s"))
    documents.append(
      Document(id: "y", text: "", source: "s", metadata: ["fields": ["topic": "t 0"]]))
    try context.connect("documents", file: lines(documents))
    try run(
      ClassifyTrain.self,
      [
        "labelField": "fields.topic", "heldOutShare": 0,
        "fasttext": ["dimension": 4, "loss": "hs"],
      ],
      in: context)
    let description = try JSON(parsing: context.output("classifier", "classifier.json"))
    #expect(
      Set(description["labels"]?.arrayValue ?? []) == ["t_0", "t_1", "t_2"])
    #expect(context.scores["train/examples"]?.value == 61)
  }

  @Test(arguments: [(0, "no document has a label"), (2, "needs two labels")])
  func `nothing to learn from is named`(count: Int, fault: String) throws {
    let context = try FakeContext()
    try context.connect("positive", file: lines(Self.texts("good", count, "p")))
    let error = #expect(throws: StageError.self) { try run(ClassifyTrain.self, in: context) }
    #expect(error?.message.contains(fault) == true)
  }

  @Test func `documents are labelled, and labels weigh a mixture`() throws {
    let classifier = try trained()
    let context = try FakeContext(store: classifier.store)
    context.connect("classifier", try #require(classifier.outputs["classifier"]))
    try context.connect(
      "documents", file: lines(Self.texts("good", 30, "n") + Self.texts("bad", 10, "n")))
    try run(Classify.self, ["name": "quality", "power": 0], in: context)
    let labelled = try documents(context, "documents")
    #expect(labelled.count == 40)
    #expect(labelled.count { $0.field("quality.label") == "positive" } >= 28)
    #expect(labelled[0].metadata["offset"] == 0)
    let weights = try MixtureWeights(file: context.output("weights"))
    #expect(weights.shares == ["positive": 0.5, "negative": 0.5])

    let mixed = try FakeContext(store: context.store)
    mixed.connect("all", try #require(context.outputs["documents"]))
    mixed.connect("weights", try #require(context.outputs["weights"]))
    try run(Mix.self, ["by": "quality.label", "unit": "documents", "size": 60], in: mixed)
    #expect(try documents(mixed, "documents").count == 60)
    #expect(mixed.scores["share/positive"]?.value == 0.5)
    #expect(try #require(mixed.scores["epochs/negative"]).value >= 2.5)
  }

  @Test func `a filter keeps what a classifier finds good, by threshold or by share`() throws {
    let classifier = try trained()
    for rule: JSON in [
      ["rule": "classifier", "label": "positive", "threshold": 0.5],
      ["rule": "classifier", "topShare": 0.75],
    ] {
      let context = try FakeContext(store: classifier.store)
      context.connect("classifier", try #require(classifier.outputs["classifier"]))
      try context.connect(
        "documents", file: lines(Self.texts("good", 30, "n") + Self.texts("bad", 10, "n")))
      try run(Filter.self, ["rules": [rule]], in: context)
      let kept = try documents(context, "kept")
      #expect((29...31).contains(kept.count) && kept.count { $0.source == "good" } >= 29)
      let removed = try documents(context, "removed")
      #expect(removed.allSatisfy { $0.metadata["removed"]?["reason"] == "not-positive" })
    }
  }

  @Test func `a rule without its model says what to connect`() throws {
    for (rule, port) in [("classifier", "classifier"), ("perplexity", "checkpoint")] {
      let context = try FakeContext()
      try context.connect("documents", file: lines(Self.texts("good", 3)))
      let error = #expect(throws: StageError.self) {
        try run(Filter.self, ["rules": [["rule": .string(rule)]]], in: context)
      }
      #expect(error?.message.contains("\"\(port)\"") == true)
    }
  }

  // MARK: Models

  /// An untrained model with a tokenizer of the texts.
  static func checkpoint(seed: UInt64 = 1, positions: Int = 256) throws -> [String: [UInt8]] {
    var trainer = TokenizerTrainer(vocabularySize: 300, pattern: .gpt2)
    for document in texts("good", 20) + texts("bad", 20) { trainer.add(document.text) }
    let tokenizer = try trainer.train()
    let configuration = ModelConfiguration(
      vocabularySize: tokenizer.vocabularySize, hidden: 16, layers: 1, heads: 2, intermediate: 24,
      maximumPositions: positions, endTokens: [0])
    let model = Transformer(configuration, seed: seed, on: Compute(threads: 1))
    return try Checkpoint(model, tokenizerFiles: ["tokenizer.json": tokenizer.json()]).files()
  }

  @Test func `a transformer is fine-tuned to tell two kinds of text, the same on any threads`()
    throws
  {
    var results: [FakeContext] = []
    for threads in [1, 2] {
      let context = try FakeContext(threads: threads)
      try context.connect("positive", file: lines(Self.texts("good", 100)))
      try context.connect("negative", file: lines(Self.texts("bad", 100)))
      try context.connect("checkpoint", tree: Self.checkpoint())
      try run(
        ClassifyTrain.self,
        [
          "model": "transformer",
          "transformer": ["learningRate": 0.01, "batch": 8, "epochs": 4, "maxLength": 24],
        ], in: context)
      results.append(context)
    }
    #expect(results[0].outputs == results[1].outputs && results[0].scores == results[1].scores)
    #expect(try #require(results[0].scores["accuracy"]).value > 0.8)
    let context = try FakeContext(store: results[0].store)
    context.connect("classifier", try #require(results[0].outputs["classifier"]))
    try context.connect(
      "documents",
      file: lines(Self.texts("good", 20, "n") + [Document(id: "e", text: "", source: "s")]))
    try run(Classify.self, in: context)
    #expect(
      try documents(context, "documents").count { $0.field("class.label") == "positive" } > 15)
  }

  @Test func `a filter keeps head, middle or tail of a model's perplexities`() throws {
    let input = try lines(
      Self.texts("good", 20) + [Document(id: "empty", text: "", source: "s")])
    var parts: [String: [String]] = [:]
    for part in ["head", "middle", "tail"] {
      let context = try FakeContext(threads: part == "head" ? 1 : 2)
      try context.connect("documents", file: input)
      try context.connect("checkpoint", tree: Self.checkpoint())
      try run(
        Filter.self, ["rules": [["rule": "perplexity", "keep": [.string(part)]]]], in: context)
      parts[part] = try documents(context, "kept").map(\.id)
    }
    #expect(parts["head"]?.count == 6 && parts["middle"]?.count == 6 && parts["tail"]?.count == 8)
    #expect(Set(parts.values.joined()).count == 20)
  }

  // MARK: Mixing

  func mixed(
    _ with: [String: JSON], seed: UInt64 = 17, _ inputs: [String: [Document]]
  ) throws -> FakeContext {
    let context = try FakeContext(seed: seed)
    for (port, documents) in inputs { try context.connect(port, file: lines(documents)) }
    try run(Mix.self, with, in: context)
    return context
  }

  @Test func `sources are sampled up and down to their weights, with their epochs as scores`()
    throws
  {
    let context = try mixed(
      ["weights": ["web": 3, "math": 1], "unit": "documents", "size": 80],
      ["web": Self.texts("bad", 200), "math": Self.texts("good", 5)])
    let found = try documents(context, "documents")
    #expect(found.count == 80 && found.count { $0.source == "good" } == 20)
    #expect(context.scores["epochs/math"]?.value == 4)
    #expect(context.scores["epochs/web"]?.value == 0.3)
    #expect(context.scores["share/math"]?.value == 0.25)
    for number in 0..<5 { #expect(found.count { $0.id == "good-\(number)" } == 4) }
    #expect(Set(found.filter { $0.source == "bad" }.map(\.id)).count == 60)
    #expect(found.allSatisfy { $0.metadata["file"] == "f.txt" })
  }

  @Test func `weights change in phases`() throws {
    let phases: JSON = [
      ["share": 0.5, "weights": ["web": 1]], ["share": 0.5, "weights": ["web": 1, "math": 1]],
    ]
    let context = try mixed(
      ["phases": phases, "unit": "documents", "size": 40],
      ["web": Self.texts("bad", 50), "math": Self.texts("good", 50)])
    let found = try documents(context, "documents")
    #expect(found[..<20].allSatisfy { $0.source == "bad" })
    #expect(found[20...].count { $0.source == "good" } == 10)
    #expect(
      try MixtureWeights(file: context.output("weights")).shares == ["web": 0.75, "math": 0.25])
  }

  @Test func `the seed decides the order, and without weights or size all comes once`() throws {
    let inputs = ["a": Self.texts("good", 20), "b": Self.texts("bad", 10)]
    let (first, again, other) = (
      try mixed([:], inputs), try mixed([:], inputs), try mixed([:], seed: 18, inputs)
    )
    #expect(first.outputs == again.outputs && first.outputs != other.outputs)
    let ids = try documents(first, "documents").map(\.id)
    #expect(ids.count == 30 && Set(ids).count == 30)
    #expect(first.scores["epochs/a"]?.value == 1 && first.scores["epochs/b"]?.value == 1)
  }

  @Test func `weights of nothing, missing weights and too many epochs are named`() throws {
    let inputs = ["web": Self.texts("bad", 9), "math": Self.texts("good", 3), "none": []]
    for (with, part) in [
      (["weights": ["web": 1, "math": 1]], "says nothing of the group"),
      (["weights": ["web": 1, "math": 1, "none": 1]], "holds nothing"),
      (["weights": ["web": 1, "math": 1, "none": 0, "mat": 2]], "names a group that is not there"),
      (
        [
          "weights": ["web": 1, "math": 1, "none": 0], "unit": "documents", "size": 20,
          "maxEpochs": 2,
        ], "3.33 times"
      ),
      (["unit": "tokens"], "tokenizer"),
    ] as [([String: JSON], String)] {
      do {
        _ = try mixed(with, inputs)
        Issue.record("nothing was refused: \(part)")
      } catch { #expect("\(error)".contains(part), "\(error)") }
    }
  }

  @Test func `a search goes on with the weights whose model did best`() throws {
    let context = try FakeContext()
    for (name, shift, right) in [
      ("base", [:], 5), ("math-up", ["math": 0.2], 8), ("math-down", ["math": -0.2], 2),
    ] as [(String, [String: JSON], Int)] {
      let trial = try FakeContext(store: context.store)
      try trial.connect("web", file: lines(Self.texts("bad", 9)))
      try trial.connect("math", file: lines(Self.texts("good", 9)))
      try run(Mix.self, ["weights": ["web": 1, "math": 1], "shift": .object(shift)], in: trial)
      context.connect(name, try #require(trial.outputs["weights"]))
      let outcomes = (0..<10).map { number in
        QuestionOutcome(
          id: "\(number)", subject: "s", question: SHA256.hash([]), logLikelihoods: [0, 0],
          prediction: number < right ? 0 : 1, gold: 0, isCorrectByLength: false,
          isTruncated: false, isGreedy: [false, false])
      }
      try context.connect(
        name, file: Array(outcomes.map { try $0.json.canonicalText() + "\n" }.joined().utf8))
    }
    try run(MixSearch.self, in: context)
    let weights = try MixtureWeights(file: context.output("weights"))
    #expect(abs((weights.shares["math"] ?? 0) - 0.6 / 1.1) < 1e-12 && weights.shift.isEmpty)
    #expect(context.scores["trial/math-up"]?.value == 0.8)
    #expect(context.scores["trial/math-up"]?.higherIsBetter == true)
    #expect(try context.output("trials").split(separator: 10).count == 3)
  }
}

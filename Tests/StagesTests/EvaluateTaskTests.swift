import ContentStore
import Corpus
import Evaluation
import Foundation
import LanguageModel
import Ledger
import Numerics
import Pipeline
import Stages
import Testing
import Text

/// The fixture of make_tasks.py: a tiny model, questions, and what lm-evaluation-harness made of them.
enum TaskFixture {
  static func folder(_ name: String) throws -> [String: [UInt8]] {
    let root = Bundle.module.bundleURL.appendingPathComponent("Fixtures/tasks/\(name)")
    let paths = try FileManager.default.subpathsOfDirectory(atPath: root.path)
    var files: [String: [UInt8]] = [:]
    for path in paths where !paths.contains(where: { $0.hasPrefix(path + "/") }) {
      files[path] = [UInt8](try Data(contentsOf: root.appendingPathComponent(path)))
    }
    return files
  }

  static func results() throws -> [JSON] {
    let url = Bundle.module.bundleURL.appendingPathComponent("Fixtures/tasks/results.json")
    return try #require(
      try JSON(parsing: [UInt8](Data(contentsOf: url)))["runs"]?.arrayValue)
  }

  static let gsm8k: [String: JSON] = [
    "kind": "answer", "paths": ["gsm8k_test.jsonl", "gsm8k_train.jsonl"],
    "prompt": "Question: {{question}}\nAnswer:",
    "generation": ["maxTokens": 48, "stops": ["Question:", "</s>", "<|im_end|>"]],
    "exampleOrder": "random",
    "extract": [
      ["name": "strict-match", "rule": "number-after", "marker": "#### "],
      ["name": "flexible-extract", "rule": "last-number"],
    ],
    "compare": ["ignore": [",", "$"], "ignoreBefore": "#### ", "ignoreFinalStop": true],
  ]

  /// How a task of make_tasks.py reads here.
  static func task(_ name: String) -> [String: JSON] {
    switch name {
    case "arc":
      return [
        "kind": "choices", "paths": ["arc_test.jsonl", "arc_train.jsonl"],
        "prompt": "Question: {{question}}\nAnswer:", "choices": "choices.text",
        "answer": "choices.label.index(answerKey)", "exampleOrder": "random",
      ]
    case "hellaswag":
      return [
        "kind": "choices", "paths": ["hellaswag_test.jsonl"],
        "prompt": "{{activity_label}}: {{ctx_a}} {{ctx_b.capitalize()}}", "choices": "endings",
        "answer": "label", "clean": "wikihow",
      ]
    case "gsm8k": return gsm8k
    default:
      let parts = name.split(separator: "_", maxSplits: 1)
      return [
        "kind": "choices", "form": .string(String(parts[0])), "paths": [".csv"],
        "subjects": [.string(String(parts[1]))],
      ]
    }
  }

  /// The outcomes of a stage.
  static func outcomes(_ context: FakeContext) throws -> [JSON] {
    try context.output("outcomes").split(separator: UInt8(ascii: "\n"))
      .map { try JSON(parsing: Array($0)) }
  }
}

struct EvaluateHarnessTests {
  /// Carries out one run of the fixture.
  private func evaluate(_ run: JSON, threads: Int = 2) throws -> FakeContext {
    let context = try FakeContext(threads: threads)
    try context.connect("checkpoint", tree: TaskFixture.folder("model"))
    try context.connect("data", tree: TaskFixture.folder("data"))
    var tasks: [String: JSON] = [:]
    for name in try #require(run["tasks"]?.objectValue).keys {
      var task = TaskFixture.task(name)
      task["shots"] = run["shots"]
      tasks[name] = .object(task)
    }
    var with: [String: JSON] = ["tasks": .object(tasks), "chat": run["chat"] ?? false]
    with["maxLength"] = run["arguments"]?["max_length"]
    try AnyStage(Evaluate.self).decode(with, connected: ["data"]).run(context)
    return context
  }

  private static let accuracies = ["acc", "acc_norm", "acc_bytes"]

  @Test(arguments: 0..<7)
  func `answers and scores equal the harness's on the same checkpoint`(number: Int) throws {
    let run = try TaskFixture.results()[number]
    let context = try evaluate(run)
    let outcomes = try TaskFixture.outcomes(context)
    for (name, task) in try #require(run["tasks"]?.objectValue) {
      let samples = try #require(task["samples"]?.arrayValue)
      let own = outcomes.filter { $0["task"]?.stringValue == name }
      #expect(own.count == samples.count)
      for (outcome, sample) in zip(own, samples) { try compare(outcome, sample, name) }
      let scores = try #require(task["scores"]?.objectValue)
      if name == "gsm8k" {
        for filter in ["strict-match", "flexible-extract"] {
          #expect(
            context.scores["gsm8k/\(filter)"]?.value
              == scores["exact_match,\(filter)"]?.doubleValue)
        }
        continue
      }
      for metric in Self.accuracies {
        guard let value = scores["\(metric),none"]?.doubleValue else { continue }
        #expect(context.scores["\(name)/\(metric)"]?.value == value)
      }
    }
  }

  private func compare(_ outcome: JSON, _ sample: JSON, _ name: String) throws {
    if name == "gsm8k" {
      #expect(outcome["response"] == sample["response"])
      #expect(outcome["extracted"] == sample["extracted"])
      for (filter, value) in try #require(sample["exact_match"]?.objectValue) {
        #expect(outcome[filter]?.exactValue == value.doubleValue)
      }
      return
    }
    let ours = (outcome["logLikelihoods"]?.arrayValue ?? []).compactMap(\.exactValue)
    let theirs = (sample["logLikelihoods"]?.arrayValue ?? []).compactMap(\.doubleValue)
    #expect(ours.count == theirs.count && !ours.isEmpty)
    #expect(zip(ours, theirs).allSatisfy { abs($0 - $1) < 1e-4 }, "\(ours) \(theirs)")
    #expect(outcome["isGreedy"] == sample["isGreedy"])
    for metric in Self.accuracies where sample[metric] != nil {
      #expect(outcome[metric]?.boolValue == (sample[metric]?.doubleValue == 1))
    }
  }

  @Test func `every score says how it was measured, and threads change nothing`() throws {
    let run = try TaskFixture.results()[5]
    let one = try evaluate(run, threads: 1)
    let two = try evaluate(run, threads: 2)
    #expect(one.outputs == two.outputs)
    #expect(one.scores == two.scores)
    let score = try #require(one.scores["gsm8k"])
    #expect(score == one.scores["gsm8k/strict-match"])
    #expect(score.count == 6 && score.standardError != nil)
    #expect(score.details?["shots"] == 3)
    #expect(score.details?["kind"] == "answer")
    let text = try #require(try TaskFixture.outcomes(one).first?["target"]?.stringValue)
    #expect(text.contains("#### "))
  }

  @Test func `tasks in files are read, and their mistakes have a place`() throws {
    func run(_ file: String) throws -> FakeContext {
      let context = try FakeContext()
      try context.connect("checkpoint", tree: TaskFixture.folder("model"))
      try context.connect("data", tree: TaskFixture.folder("data"))
      try context.connect("taskFiles", tree: ["tasks/swag.json5": Array(file.utf8)])
      try AnyStage(Evaluate.self).decode([:], connected: ["data", "taskFiles"]).run(context)
      return context
    }
    let context = try run(
      """
      // A comment.
      {
        kind: "choices", paths: ["hellaswag_test.jsonl"], choices: "endings", answer: "label",
        prompt: "{{activity_label}}: {{ctx_a}} {{ctx_b.capitalize()}}", clean: "wikihow",
        normalization: "length",
      }
      """)
    #expect(
      context.scores.keys.sorted() == ["swag", "swag/acc", "swag/acc_bytes", "swag/acc_norm"])
    #expect(context.scores["swag"] == context.scores["swag/acc_norm"])
    let error = #expect(throws: ExperimentError.self) {
      try run("{\n  kind: \"choices\",\n  shot: 2 }")
    }
    #expect("\(error!)".contains("tasks/swag.json5:3:"), "\(error!)")
    #expect("\(error!)".contains("did you mean \"shots\"?"))
    let template = #expect(throws: ExperimentError.self) {
      try run("{ kind: \"answer\", prompt: \"{{ a \" }")
    }
    #expect("\(template!)".contains("prompt: "))
  }

  @Test func `the tasks of the repository are read`() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../experiments/tasks").standardized
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".json5") }
    #expect(names.count >= 6)
    for name in names {
      let context = try FakeContext()
      let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
      try context.connect("checkpoint", tree: TaskFixture.folder("model"))
      try context.connect("taskFiles", tree: [name: bytes])
      let error = #expect(throws: (any Error).self) {
        try AnyStage(Evaluate.self).decode([:], connected: ["taskFiles"]).run(context)
      }
      let message = "\(error!)"
      #expect(
        message.contains("has no data") || message.contains("needs a judge"), "\(name): \(message)")
    }
  }

  @Test func `wrong tasks are refused before anything runs`() throws {
    func message(_ tasks: JSON) -> String {
      do {
        _ = try AnyStage(Evaluate.self).decode(["tasks": tasks])
        return "none"
      } catch { return "\(error.path): \(error.message)" }
    }
    #expect(message(["a b": ["kind": "choices"]]).contains("letters, digits"))
    #expect(message(["x": ["kind": "choice"]]).contains("did you mean \"choices\"?"))
    #expect(message(["x": ["kind": "answer"]]).hasPrefix("tasks.x.prompt: is required"))
    #expect(
      message(["x": ["kind": "choices", "choices": "a b"]]).hasPrefix("tasks.x.choices: "))
    #expect(
      message([
        "x": ["kind": "retrieval", "retrieval": ["values": ["a", "a"]]]
      ]).contains("all different"))
    #expect(
      message([
        "x": [
          "kind": "answer", "prompt": "q", "extract": [["name": "n", "rule": "number-after"]],
        ]
      ]).hasPrefix("tasks.x.extract[0].marker: is required"))
  }
}

/// Kinds that the harness has no loader for here, on the fixture's model and a small world.
struct EvaluateKindTests {
  private static let world = World(
    WorldSizes.small, seed: 5)

  private func evaluate(
    _ task: [String: JSON], with: [String: JSON] = [:], _ connect: (FakeContext) throws -> Void
  ) throws -> FakeContext {
    let context = try FakeContext()
    try context.connect("checkpoint", tree: TaskFixture.folder("model"))
    try connect(context)
    var with = with
    with["tasks"] = ["t": .object(task)]
    try AnyStage(Evaluate.self).decode(with).run(context)
    return context
  }

  private static func prompts(_ part: WorldPart = .promptsTest) -> [UInt8] {
    (0..<6).flatMap { Self.world.line(part, at: $0) }
  }

  private static var reward: [UInt8] {
    get throws { try World.HiddenReward.json(world).canonical() }
  }

  @Test func `instructions of the world's prompts are checked, and graded by its reward`() throws {
    let context = try evaluate(
      ["kind": "instructions", "generation": ["maxTokens": 8]], with: ["chat": true]
    ) { context in
      try context.connect("prompts", file: Self.prompts())
      try context.connect("reward", file: Self.reward)
    }
    let outcomes = try TaskFixture.outcomes(context)
    #expect(outcomes.count == 6)
    #expect(context.scores["t/passed"]?.count == 6)
    #expect(context.scores["t/graded"]?.count == 6)
    let instructed = outcomes.filter { $0["kept"]?.arrayValue?.isEmpty == false }
    #expect(context.scores["t"]?.count == instructed.count)
    #expect(context.scores["t"] == context.scores["t/strict"])
    #expect(context.scores["t"]?.details?["chat"] == true)
  }

  @Test func `IFEval's records are read, and what cannot be checked is left out and counted`()
    throws
  {
    let lines: [JSON] = [
      [
        "key": 1, "prompt": "Say hello", "instruction_id_list": ["punctuation:no_comma"],
        "kwargs": [[:]],
      ],
      [
        "key": 2, "prompt": "Say hello",
        "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
        "kwargs": [[:], ["num_words": 1000, "relation": "at least"]],
      ],
      [
        "key": 3, "prompt": "Sag hallo", "instruction_id_list": ["language:response_language"],
        "kwargs": [["language": "de"]],
      ],
    ]
    let file = try lines.map { try $0.canonicalText() + "\n" }.joined()
    let context = try evaluate(["kind": "instructions", "generation": ["maxTokens": 12]]) {
      try $0.connect("prompts", file: Array(file.utf8))
    }
    #expect(context.scores["t/unsupported"]?.value == 1)
    let outcomes = try TaskFixture.outcomes(context)
    #expect(outcomes.count == 2)
    #expect(outcomes[1]["kept"]?.arrayValue?.last == false)
    #expect(context.scores["t/instruction"]?.count == 3)
    #expect(context.scores["t"]?.count == 2)
    let broken = #expect(throws: QuestionError.self) {
      try evaluate(["kind": "instructions"]) {
        try $0.connect("prompts", file: Array("{\"prompt\":\"x\"}".utf8))
      }
    }
    #expect(broken?.message.contains("line 1: the record has neither") == true)
  }

  @Test func `rewards are means, and win rates are against a model and against records`() throws {
    let task: [String: JSON] = ["kind": "reward", "generation": ["maxTokens": 8]]
    let same = try evaluate(task) { context in
      try context.connect("prompts", file: Self.prompts())
      try context.connect("reward", file: Self.reward)
      try context.connect("reference", tree: TaskFixture.folder("model"))
    }
    // A model draws with itself always.
    #expect(same.scores["t/win"]?.value == 0.5)
    #expect(same.scores["t/reference"]?.value == same.scores["t"]?.value)
    #expect(same.scores["t/tokens"]?.higherIsBetter == nil)
    let ideal = try String(decoding: Self.prompts(), as: UTF8.self).split(separator: "\n")
      .map { line in
        let json = try JSON(parsing: Array(line.utf8))
        let record: JSON = ["id": json["id"]!, "response": json["metadata"]!["ideal"]!]
        return try record.canonicalText() + "\n"
      }
    let worse = try evaluate(task) { context in
      try context.connect("prompts", file: Self.prompts())
      try context.connect("reward", file: Self.reward)
      try context.connect("reference", file: Array(ideal.joined().utf8))
    }
    #expect(worse.scores["t"]?.value == same.scores["t"]?.value)
    #expect(try #require(worse.scores["t/win"]?.value) < 0.5)
    #expect(try #require(worse.scores["t/reference"]?.value) > worse.scores["t"]!.value)
    let missing = #expect(throws: QuestionError.self) {
      try evaluate(task) { context in
        try context.connect("prompts", file: Self.prompts())
        try context.connect("reward", file: Self.reward)
        try context.connect("reference", file: Array(ideal[0].utf8))
      }
    }
    #expect(missing?.message.contains("has no response to") == true)
  }

  @Test func `the divergence from a reference is measured on draws of the model's own`() throws {
    func scores(_ generation: JSON, from reference: [String: [UInt8]]) throws -> [String: Score] {
      try evaluate(["kind": "reward", "generation": generation]) { context in
        try context.connect("prompts", file: Self.prompts())
        try context.connect("reward", file: Self.reward)
        try context.connect("reference", tree: reference)
      }.scores
    }
    let drawn: JSON = ["maxTokens": 8, "temperature": 1]
    // The sampler's log-probabilities are the scorer's to the bit.
    let same = try scores(drawn, from: TaskFixture.folder("model"))
    #expect(same["t/kl"]?.value == 0 && same["t/kl"]?.higherIsBetter == nil)
    let files = try TaskFixture.folder("model")
    let base = try Checkpoint(paths: files.keys) { files[$0]! }
    let other = Checkpoint(
      Transformer(base.model.configuration, seed: 9, on: Compute(threads: 1)),
      tokenizerFiles: base.tokenizerFiles)
    #expect(try #require(try scores(drawn, from: other.files())["t/kl"]?.value) > 0)
    let greedy: JSON = ["maxTokens": 8]
    #expect(try scores(greedy, from: TaskFixture.folder("model"))["t/kl"] == nil)
  }

  @Test func `a model with a score head judges too`() throws {
    var files = try TaskFixture.folder("model")
    let base = try Checkpoint(paths: files.keys) { files[$0]! }
    let judge = Checkpoint(
      base.model.scoring(
        ScoreHead(labels: 2), seed: 1, deviation: 0.5, on: Compute(threads: 1)),
      tokenizerFiles: base.tokenizerFiles)
    files = try judge.files()
    func run(_ label: Int) throws -> FakeContext {
      try evaluate(
        ["kind": "reward", "rewardLabel": .integer(label), "generation": ["maxTokens": 6]]
      ) { context in
        try context.connect("prompts", file: Self.prompts())
        try context.connect("rewardModel", tree: files)
      }
    }
    let context = try run(1)
    let outcome = try #require(try TaskFixture.outcomes(context).first)
    #expect(context.scores["t"]?.details?["judge"] == "model")
    #expect(outcome["correct"]?.exactValue == outcome["reward"]?.exactValue)
    #expect(try run(0).scores["t"]?.value != context.scores["t"]?.value)
    let error = #expect(throws: StageError.self) { try run(2) }
    #expect(error?.message.contains("rewardLabel is 2") == true)
  }

  @Test func `needles are scored by length and depth, offered or written`() throws {
    let hay = try (0..<20).map { index in
      let document: JSON = [
        "id": .string("\(index)"), "source": "x", "metadata": [:],
        "text": .string("It rained on day \(index). Nobody came."),
      ]
      return try document.canonicalText() + "\n"
    }
    let cells: JSON = ["lengths": [200, 400], "depths": [0, 100], "count": 2, "choices": 3]
    let context = try evaluate(["kind": "retrieval", "retrieval": cells]) {
      try $0.connect("documents", file: Array(hay.joined().utf8))
    }
    #expect(context.scores["t"]?.count == 8)
    #expect(context.scores["t/tokens-400-depth-100"]?.count == 2)
    #expect(context.scores["t/truncated"] == nil)
    var written = try #require(cells.objectValue)
    written["choices"] = 0
    let answers = try evaluate([
      "kind": "retrieval", "retrieval": .object(written), "generation": ["maxTokens": 5],
    ]) {
      try $0.connect("documents", file: Array(hay.joined().utf8))
    }
    #expect(answers.scores["t/contains"]?.count == 8)
    #expect(answers.scores["t/truncated"] == nil)
  }

  @Test func `an adapter is added on load`() throws {
    let files = try TaskFixture.folder("model")
    let base = try Checkpoint(paths: files.keys) { files[$0]! }
    let adapter = try Adapter(
      AdapterConfiguration(rank: 2, alpha: 4, targets: ["q_proj"]),
      for: base.model.configuration, seed: 1)
    for index in 0..<adapter.parameters.count where adapter.parameters[index] == 0 {
      adapter.parameters[index] = 0.5
    }
    func score(_ folder: [String: [UInt8]]?) throws -> [JSON] {
      let context = try evaluate(["kind": "choices", "paths": [".csv"], "limit": 2]) {
        try $0.connect("questions", tree: TaskFixture.folder("data"))
        if let folder { try $0.connect("adapter", tree: folder) }
      }
      return try TaskFixture.outcomes(context)
    }
    let merged = adapter.merged(into: base.model, on: Compute(threads: 1))
    let whole = try Checkpoint(merged, tokenizerFiles: base.tokenizerFiles).files()
    let context = try FakeContext()
    try context.connect("checkpoint", tree: whole)
    try context.connect("questions", tree: TaskFixture.folder("data"))
    try AnyStage(Evaluate.self)
      .decode(["tasks": ["t": ["kind": "choices", "paths": [".csv"], "limit": 2]]]).run(context)
    let adapted = try score(adapter.files())
    #expect(try adapted == TaskFixture.outcomes(context))
    #expect(try adapted != score(nil))
  }

  @Test func `contamination splits the scores of records by their ids or lines`() throws {
    let held =
      "{\"contaminated\":true,\"id\":\"arc-1\"}\n{\"contaminated\":false,\"id\":\"arc-2\"}\n"
    var task = TaskFixture.task("arc")
    task["data"] = "questions"
    let context = try evaluate(task) {
      try $0.connect("questions", tree: TaskFixture.folder("data"))
      try $0.connect("contamination", file: Array(held.utf8))
    }
    #expect(context.scores["t/contaminated"]?.count == 1)
    #expect(context.scores["t/clean"]?.count == 1)
  }

  @Test func `a stage stops when it is asked to`() throws {
    let context = try FakeContext(stopAfter: 3)
    try context.connect("checkpoint", tree: TaskFixture.folder("model"))
    try context.connect("data", tree: TaskFixture.folder("data"))
    var task = TaskFixture.gsm8k
    task["shots"] = 0
    #expect(throws: FakeInterruption.self) {
      try AnyStage(Evaluate.self)
        .decode(["tasks": ["t": .object(task)]], connected: ["data"]).run(context)
    }
  }
}

extension WorldSizes {
  fileprivate static var small: WorldSizes {
    var sizes = WorldSizes()
    (sizes.entities, sizes.kinds, sizes.phrasings) = (60, 3, 1)
    (sizes.prompts, sizes.instructions, sizes.preferences) = (60, 0, 0)
    return sizes
  }
}

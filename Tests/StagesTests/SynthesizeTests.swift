import ContentStore
import Corpus
import Ledger
import Numerics
import Pipeline
import Stages
import Testing

@Suite struct SynthesizeTests {
  static let documents: [Document] = DataStagesTests.texts("good", 40).enumerated().map {
    index, document in
    var document = document
    document.metadata = [
      "file": "f.txt",
      "fields": [
        "answer": .integer(index), "guess": .string("it is \(index % 2 == 0 ? index : -1)"),
      ],
    ]
    return document
  }

  func context(
    _ with: [String: JSON], threads: Int = 2, seed: UInt64 = 17,
    documents: [Document] = documents, files: [String: [UInt8]] = [:], template: String? = nil
  ) throws -> FakeContext {
    let context = try FakeContext(seed: seed, threads: threads)
    try context.connect("documents", file: documents.flatMap { try $0.line() })
    var checkpoint = try DataStagesTests.checkpoint(positions: 192)
    checkpoint["chat_template.jinja"] = template.map { Array($0.utf8) }
    try context.connect("checkpoint", tree: checkpoint)
    if !files.isEmpty { try context.connect("files", tree: files) }
    try AnyStage(Synthesize.self)
      .decode(with, connected: files.isEmpty ? [] : ["files", "program"]).run(context)
    return context
  }

  func documents(_ context: FakeContext, _ port: String) throws -> [Document] {
    try context.output(port).split(separator: 10).map { try Document(line: Array($0)) }
  }

  static let steps: JSON = [
    ["name": "question", "prompt": "{part}\nQ:", "tokens": 8, "stop": ["\n", "?"]],
    ["name": "answer", "prompt": "{text}\nQ: {question}\nA:", "tokens": 6, "topK": 20],
  ]
  static let plain: [String: JSON] = [
    "steps": steps, "text": "{text}\nQ: {question}\nA: {answer}", "partCharacters": 40,
    "source": "synthetic",
  ]

  @Test func `questions and answers are written, and keep their origin`() throws {
    let context = try context(
      Self.plain.merging([
        "messages": [
          ["role": "user", "content": "{question}"], ["role": "assistant", "content": "{answer}"],
        ]
      ]) { $1 })
    let (kept, removed) = (try documents(context, "kept"), try documents(context, "removed"))
    #expect(kept.count + removed.count == 40 && kept.count > 10)
    for document in kept {
      let question = try #require(document.field("synthesis.texts.question"))
      let answer = try #require(document.field("synthesis.texts.answer"))
      #expect(!question.isEmpty && !question.contains("?") && !question.contains("\n"))
      #expect(document.text.hasSuffix("\nQ: \(question)\nA: \(answer)"))
      #expect(document.source == "synthetic" && document.metadata["file"] == "f.txt")
      #expect(document.id == (document.field("synthesis.from") ?? "") + "+0")
    }
    #expect(removed.allSatisfy { $0.metadata["removed"]?["rule"] == "empty" })
    let records = try context.output("records").split(separator: 10)
      .map { try JSON(parsing: Array($0)) }
    #expect(records.map { $0["id"] } == kept.map { .string($0.id) })
    #expect(
      records[0]["messages"]?.arrayValue?.map { $0["role"] } == ["user", "assistant"])
  }

  @Test func `what is written depends on the seed, not on threads or on other documents`() throws {
    let all = try context(Self.plain)
    #expect(try context(Self.plain, threads: 1).outputs == all.outputs)
    #expect(try context(Self.plain, seed: 18).outputs != all.outputs)
    let few = try context(Self.plain, documents: Array(Self.documents.prefix(3)))
    let both = try documents(all, "kept") + documents(all, "removed")
    for document in try documents(few, "kept") { #expect(both.contains(document)) }
    let limited = try context(Self.plain.merging(["limit": 3]) { $1 })
    #expect(limited.outputs == few.outputs)
  }

  @Test func `a chat is the prompt in the words of the checkpoint's template`() throws {
    let judge: JSON = [["kind": "judge", "prompt": "{question} good", "threshold": 0]]
    let chat = try context(
      [
        "steps": [["name": "question", "prompt": "{part}", "tokens": 8]], "text": "{question}",
        "verify": judge, "partCharacters": 40, "chat": true, "system": "Ask well.",
      ],
      template: """
        {% for m in messages %}{{ m.role }}: {{ m.content }}
        {% endfor %}{% if add_generation_prompt %}assistant:{% endif %}
        """)
    let front = "system: Ask well.\nuser: "
    let plain = try context([
      "steps": [
        ["name": "question", "prompt": .string(front + "{part}\nassistant:"), "tokens": 8]
      ],
      "text": "{question}", "partCharacters": 40,
      "verify": [
        [
          "kind": "judge", "prompt": .string(front + "{question} good\nassistant:"), "threshold": 0,
        ]
      ],
    ])
    #expect(try documents(chat, "kept").count > 10)
    #expect(chat.outputs == plain.outputs)
    #expect(throws: StageError.self) { try context(Self.plain.merging(["chat": true]) { $1 }) }
  }

  @Test func `recipes without a chat are those from before there were chats`() throws {
    let reader = try AnyStage(Synthesize.self).decode(Self.plain)
    #expect(reader.parameters["chat"] == nil && reader.parameters["system"] == nil)
    let chat = try AnyStage(Synthesize.self).decode(Self.plain.merging(["chat": true]) { $1 })
    #expect(chat.parameters["chat"] == true && chat.parameters["system"] == nil)
  }

  @Test func `several samples of a document differ`() throws {
    let context = try context(
      Self.plain.merging(["samples": 4, "limit": 5]) { $1 })
    let made = try documents(context, "kept") + documents(context, "removed")
    #expect(made.count == 20 && Set(made.map(\.id)).count == 20)
    #expect(Set(made.compactMap { $0.field("synthesis.texts.question") }).count > 10)
  }

  @Test func `right answers are kept and wrong ones dropped`() throws {
    let context = try context([
      "steps": [["name": "note", "prompt": "{text}", "tokens": 4]], "text": "{note}",
      "verify": [
        [
          "kind": "answer", "written": "{metadata.fields.guess}",
          "expected": "{metadata.fields.answer}", "compare": "number",
        ]
      ],
    ])
    let (kept, removed) = (try documents(context, "kept"), try documents(context, "removed"))
    #expect(kept.count > 5)
    #expect(kept.allSatisfy { Int($0.field("fields.answer") ?? "1")! % 2 == 0 })
    let wrong = removed.filter { $0.metadata["removed"]?["rule"] == "answer" }
    #expect(wrong.count > 5)
    #expect(wrong.allSatisfy { Int($0.field("fields.answer") ?? "0")! % 2 == 1 })
    #expect(context.scores["removed/answer/wrong"]?.value == Double(wrong.count))
  }

  @Test func `a judge's yes must be likely enough`() throws {
    func kept(_ threshold: JSON) throws -> FakeContext {
      try context([
        "steps": [["name": "note", "prompt": "{text}", "tokens": 4]], "text": "{note}",
        "verify": [
          ["kind": "judge", "prompt": "Is this good? {note}", "threshold": threshold]
        ],
      ])
    }
    let (all, none) = (try kept(0), try kept(1))
    let judged = try documents(all, "kept")
    #expect(judged.count > 5)
    for document in judged {
      let value = try #require(document.metadata["synthesis"]?["judge"]?.exactValue)
      #expect(value > 0 && value < 1)
    }
    #expect(try documents(none, "kept").isEmpty)
  }

  @Test func `a program's status keeps or drops, and one that hangs is dropped`() throws {
    let script = """
      case "$EXP_PARAMETERS" in
        *'"answer":1,'*) sleep 30;;
        *'"answer":2,'*) exit 3;;
      esac
      test -f parameters.json && ! test -e inputs/documents
      """
    let context = try context(
      [
        "steps": [["name": "note", "prompt": "{text}", "tokens": 4, "temperature": 0]],
        "text": "{note}", "verify": [["kind": "program"]], "run": ["/bin/sh", "check.sh"],
        "timeout": 1.5, "limit": 5,
      ], files: ["check.sh": Array(script.utf8)])
    let removed = try documents(context, "removed").filter {
      $0.metadata["removed"]?["rule"] == "program"
    }
    let reasons = Dictionary(
      uniqueKeysWithValues: removed.map {
        ($0.field("fields.answer") ?? "", $0.metadata["removed"]?["reason"]?.stringValue ?? "")
      })
    #expect(reasons == ["1": "timeout", "2": "failed"])
  }

  @Test func `prompts that do not fit and documents without a place are dropped`() throws {
    let long = Document(
      id: "long", text: String(repeating: "xyz ", count: 400), source: "s",
      metadata: ["fields": ["answer": "a"]])
    let bare = Document(id: "bare", text: "short", source: "s")
    let context = try context(
      [
        "steps": [["name": "note", "prompt": "{text} {metadata.fields.answer}", "tokens": 4]],
        "text": "{note}",
      ], documents: [long, bare])
    let reasons = try documents(context, "removed").map { $0.metadata["removed"]?["reason"] }
    #expect(
      reasons == ["note: does not fit the model", "note: the metadata lacks a place"])
  }

  @Test func `unknown places, taken names and programs without a verifier are refused`() {
    for (change, part) in [
      (["text": "{questoin}"], "did you mean \"question\""),
      (["steps": [["name": "text", "prompt": "x"]]], "taken"),
      (
        ["steps": [["name": "a", "prompt": "{b}"], ["name": "b", "prompt": "x"]]],
        "{b} is not known"
      ),
      (["text": "{"], "has no partner"), (["system": "x"], "chat is not true"),
      (["run": ["true"]], "no verifier runs it"),
      (["verify": [["kind": "program"]]], "must name the program"),
      (["steps": []], "at least 1"),
    ] as [([String: JSON], String)] {
      do {
        _ = try AnyStage(Synthesize.self).decode(Self.plain.merging(change) { $1 })
        Issue.record("nothing was refused: \(part)")
      } catch { #expect(error.message.contains(part), "\(error.message)") }
    }
  }
}

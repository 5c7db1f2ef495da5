import ContentStore
import Corpus
import Foundation
import Ledger
import Pipeline
import Stages
import Testing

/// The ops on documents: filter, robots, dedup, decontaminate.
@Suite struct CorpusStageTests {
  private func run<Op: Stage>(
    _ op: Op.Type, _ with: [String: JSON] = [:], in context: FakeContext
  ) throws {
    var reader = ParameterReader(with, fileInputs: Set(context.inputPorts))
    let parameters = try reader.decode { (reader) throws(ParameterError) in
      try Op.Parameters(from: &reader)
    }
    try op.run(parameters, in: context)
  }

  private func context(_ documents: [Document], threads: Int = 2) throws -> FakeContext {
    let context = try FakeContext(threads: threads)
    try context.connect("documents", file: documents.flatMap { try $0.line() })
    return context
  }

  private func documents(_ port: String, _ context: FakeContext) throws -> [Document] {
    try context.output(port).split(separator: 10).map { try Document(line: Array($0)) }
  }

  private func statistics(_ context: FakeContext) throws -> JSON {
    try JSON(parsing: context.output("statistics"))
  }

  private static let prose = """
    The little boat went out to sea with a cat and a dog. They had to find the island of the old king, and \
    that was far away. In the night the wind came up. It was cold and dark, but they did not give up. Then the \
    sun rose over the water. There it was, green and bright, with a white beach. The cat was the first to \
    jump down and run.
    """

  private static func corpus(_ count: Int) -> [Document] {
    (0..<count).map { index in
      let text =
        switch index % 5 {
        case 0: prose + " Number \(index)."
        case 1: String(repeating: "buy now \(index) ", count: 40)
        case 2: "{ \"code\": \(index) }"
        case 3: prose + "\nWrite to me\(index)@example.org."
        default: "short \(index)"
        }
      return Document(
        id: "d\(index)", text: text, source: index % 2 == 0 ? "web" : "books",
        metadata: [
          "file": "a.txt", "offset": .integer(index * 100),
          "truth": ["quality": index % 5 == 0 || index % 5 == 3 ? "high" : "low"],
        ])
    }
  }

  @Test func `a filter keeps origins, names reasons, and counts by source`() throws {
    let context = try context(Self.corpus(20))
    try run(
      Filter.self,
      [
        "rules": [
          ["rule": "gopher-quality"], ["rule": "gopher-repetition"],
          ["rule": "personal-data", "kinds": ["email"]],
        ], "truth": ["truth.quality": "low"],
      ], in: context)
    let (kept, removed) = (try documents("kept", context), try documents("removed", context))
    #expect(kept.map(\.id) == ["d0", "d3", "d5", "d8", "d10", "d13", "d15", "d18"])
    #expect(
      kept.map { $0.metadata["offset"]?.intValue } == [0, 300, 500, 800, 1000, 1300, 1500, 1800])
    #expect(kept[1].text.hasSuffix("Write to [EMAIL]."))
    #expect(removed.count == 12)
    #expect(removed[0].metadata["removed"]?["rule"] == "gopher-quality")
    #expect(removed[0].text == Self.corpus(2)[1].text)
    let json = try statistics(context)
    #expect(json["input"]?["documents"] == 20 && json["kept"]?["documents"] == 8)
    #expect(json["counts"]?["personal-data/email"] == 4)
    #expect(json["sources"]?["web"]?["input"]?["documents"] == 10)
    #expect(json["precision"] == 1 && json["recall"] == 1)
    #expect(context.scores["recall"]?.value == 1 && context.scores["kept/documents"]?.value == 8)
    let reasons = json["rules"]?.arrayValue ?? []
    #expect(reasons.reduce(0) { $0 + ($1["documents"]?.intValue ?? 0) } == 12)
    #expect(reasons.allSatisfy { ($0["examples"]?.arrayValue?.count ?? 0) > 0 })
  }

  @Test func `outputs do not depend on threads`() throws {
    let documents = Self.corpus(300)
    var outputs: [[String: Artifact]] = []
    for threads in [1, 2, 7] {
      var all: [String: Artifact] = [:]
      for preset in ["llama-3.1", "qwen2", "afm", "gemma2", "gopher", "c4", "fineweb"] {
        let context = try context(documents, threads: threads)
        try run(Filter.self, ["preset": .string(preset)], in: context)
        for (port, artifact) in context.outputs { all["\(preset).\(port)"] = artifact }
      }
      for method in ["exact", "minhash", "lines"] {
        let context = try context(documents, threads: threads)
        try run(Dedup.self, ["method": .string(method)], in: context)
        for (port, artifact) in context.outputs { all["\(method).\(port)"] = artifact }
      }
      outputs.append(all)
    }
    #expect(outputs[0] == outputs[1] && outputs[0] == outputs[2])
    #expect(outputs[0].count == 30)
  }

  @Test func `every preset keeps good prose and says what is ours`() throws {
    for preset in ["llama-3.1", "qwen2", "afm", "gemma2", "gopher", "c4", "fineweb"] {
      let context = try context([Self.corpus(1)[0]])
      try run(Filter.self, ["preset": .string(preset)], in: context)
      #expect(try documents("kept", context).count == 1, "\(preset)")
      #expect(context.logLines.contains { $0.hasPrefix("\(preset): ours: ") })
    }
  }

  @Test func `a filter without rules, or with a misspelt one, is refused`() throws {
    let context = try context([])
    #expect(throws: ParameterError.self) { try run(Filter.self, in: context) }
    #expect(throws: ParameterError.self) {
      try run(Filter.self, ["rules": [["rule": "gopher-qualty"]]], in: context)
    }
    #expect(throws: ParameterError.self) {
      try run(Filter.self, ["rules": [["rule": "fineweb", "minWords": 3]]], in: context)
    }
    #expect(throws: ParameterError.self) {
      try run(Filter.self, ["rules": [["rule": "script", "scripts": ["latn"]]]], in: context)
    }
  }

  @Test func `words of files and documents of other languages are filtered out`() throws {
    let context = try context([
      Document(id: "a", text: "this is the bad one of them", source: "s"),
      Document(id: "b", text: "this is the good one of them", source: "s"),
      Document(id: "c", text: "das ist der gute von ihnen und", source: "s"),
    ])
    try context.connect("dirtyWords", tree: ["words.txt": Array("# a list\nbad\n".utf8)])
    try context.connect(
      "languages",
      file: [
        Document(id: "1", text: "this is the one and that is the other of them", source: "en"),
        Document(id: "2", text: "das ist der eine und das ist der andere von ihnen", source: "de"),
      ].flatMap { try $0.line() })
    try run(
      Filter.self,
      ["rules": [["rule": "dirty-words"], ["rule": "language", "languages": ["en"]]]], in: context)
    #expect(try documents("kept", context).map(\.id) == ["b"])
    #expect(
      try documents("removed", context).map { $0.metadata["removed"]?["reason"] }
        == ["dirty words", "language de"])
  }

  @Test func `awkward documents pass through every op`() throws {
    var texts = ["\0", "\r\n\r\n", "👍🏽👩‍👩‍👧", "e\u{301}\u{302}", "\u{FEFF}", " ", "\u{2028}", "a"]
    texts.append(String(repeating: "wide word. ", count: 1 << 18))
    let all = texts.enumerated().map { Document(id: "\($0)", text: $1, source: "s") }
    let question = Array("a,b,c,d,e,A\n".utf8)
    for op in 0..<4 {
      for documents in [all, []] {
        let context = try context(documents)
        try context.connect("mmlu", tree: ["test/x_test.csv": question])
        switch op {
        case 0: try run(Filter.self, ["preset": "fineweb"], in: context)
        case 1: try run(Robots.self, in: context)
        case 2: try run(Dedup.self, in: context)
        default: try run(Decontaminate.self, in: context)
        }
        #expect(try statistics(context)["input"]?["documents"]?.intValue == documents.count)
        let total = try [context.output("kept"), context.output("removed")]
          .map { $0.count { $0 == 10 } }
        #expect(total.reduce(0, +) == documents.count)
      }
    }
  }

  @Test func `a line of 50 MB is one document`() throws {
    let text = String(
      repeating: "the cat and the dog have to be with that word. ", count: 50 << 20 / 47)
    let context = try context([Document(id: "big", text: text, source: "s")])
    try run(
      Filter.self, ["rules": [["rule": "personal-data"], ["rule": "fineweb"]]], in: context)
    #expect(try documents("kept", context).count + documents("removed", context).count == 1)
  }

  @Test func `a corpus line that is no document is named`() throws {
    for (line, message) in [
      (#"{"id":"a","text":"\ud800","source":"s"}"#, "a lone surrogate"),
      ("{\"id\":1}", "not a document"),
    ] {
      let context = try FakeContext()
      try context.connect("documents", file: Array("\(line)\n".utf8))
      let error = #expect(throws: CorpusError.self) { try run(Dedup.self, in: context) }
      #expect(error?.message.contains(message) == true)
      #expect(error?.message.contains("line 1") == true)
    }
  }

  @Test func `robots-txt and licences decide by host and agent`() throws {
    func page(_ id: String, _ url: String, _ licence: String?) -> Document {
      var metadata: [String: JSON] = ["url": .string(url)]
      metadata["license"] = licence.map(JSON.string)
      return Document(id: id, text: "x", source: "web", metadata: .object(metadata))
    }
    let context = try context([
      page("a", "https://one.example/private/x", "MIT"),
      page("b", "https://one.example/public", "mit"),
      page("c", "https://two.example/private/x", "GPL-3.0"),
      page("d", "https://Two.Example/x", nil),
      Document(id: "e", text: "no address", source: "web"),
    ])
    try context.connect(
      "robots",
      tree: [
        "one.example/robots.txt": Array("User-agent: Applebot\nDisallow: /private\n".utf8),
        "two.example.txt": Array("User-agent: other\nDisallow: /\n".utf8),
      ])
    try run(Robots.self, ["licences": ["MIT"]], in: context)
    #expect(try documents("kept", context).map(\.id) == ["b", "d", "e"])
    #expect(
      try documents("removed", context).map { $0.metadata["removed"]?["reason"] }
        == ["disallowed", "gpl-3.0"])
  }

  @Test func `of one address the newest document stays`() throws {
    func page(_ id: String, _ url: String, _ date: String) -> Document {
      Document(
        id: id, text: id, source: "web", metadata: ["url": .string(url), "date": .string(date)])
    }
    let context = try context([
      page("old", "http://a.example/x", "2020-01-01"),
      page("new", "http://A.example:80/x#top", "2021-05-01"),
      page("older", "http://a.example/x", "2019-01-01"),
      page("other", "http://a.example/y", "2019-01-01"),
      Document(id: "none", text: "", source: "web"),
    ])
    try run(Dedup.self, ["method": "url"], in: context)
    #expect(try documents("kept", context).map(\.id) == ["new", "other", "none"])
    #expect(
      try documents("removed", context).map { $0.metadata["removed"]?["duplicateOf"] } == [
        "new", "new",
      ])
  }

  @Test func `addresses and dates that import kept are found, and dates may be numbers`() throws {
    func page(_ id: String, _ date: Int) -> Document {
      Document(
        id: id, text: id, source: "web",
        metadata: ["fields": ["url": "http://a.example/x", "date": .integer(date)]])
    }
    let undated = Document(
      id: "undated", text: "u", source: "web", metadata: ["fields": ["url": "http://a.example/x"]])
    let pages = try context([page("new", 1_700_000_000), page("old", 999_999_999), undated])
    try run(Dedup.self, ["method": "url"], in: pages)
    #expect(try documents("kept", pages).map(\.id) == ["new"])
    let forbidden = try context([page("a", 1)])
    try forbidden.connect(
      "robots", tree: ["a.example/robots.txt": Array("user-agent: *\ndisallow: /x".utf8)])
    try run(Robots.self, in: forbidden)
    #expect(try documents("kept", forbidden).isEmpty)
    let misplaced = try context([page("a", 1)])
    try misplaced.connect("robots", tree: ["robots.txt": Array("user-agent: *".utf8)])
    let error = #expect(throws: StageError.self) { try run(Robots.self, in: misplaced) }
    #expect(error?.message.contains("lies in no folder") == true)
  }

  @Test func `the truth may be a number`() throws {
    let all = [("bad one", 1), ("good", 0), ("bad two", 1)].map { text, bad in
      Document(id: text, text: text, source: "s", metadata: ["fields": ["bad": .integer(bad)]])
    }
    let context = try context(all)
    try run(
      Filter.self,
      ["rules": [["rule": "dirty-words", "words": ["bad"]]], "truth": ["fields.bad": "1"]],
      in: context)
    #expect(context.scores["precision"]?.value == 1 && context.scores["recall"]?.value == 1)
  }

  @Test func `equal and alike texts go, one of each stays`() throws {
    let alike = Self.prose.replacingOccurrences(of: "cold", with: "warm")
    let texts = [Self.prose, alike, "quite another text that shares nothing with it", Self.prose]
    let all = texts.enumerated().map { Document(id: "\($0)", text: $1, source: "s") }
    let exact = try context(all)
    try run(Dedup.self, ["method": "exact"], in: exact)
    #expect(try documents("kept", exact).map(\.id) == ["0", "1", "2"])
    let near = try context(all)
    try run(Dedup.self, in: near)
    #expect(try documents("kept", near).map(\.id) == ["0", "2"])
    #expect(near.scores["clusters"]?.value == 1)
  }

  @Test func `frequent lines are counted bucket by bucket`() throws {
    let all = (0..<8).map { Document(id: "\($0)", text: "menu\nbody \($0)x", source: "s") }
    let context = try context(all)
    try run(
      Dedup.self,
      ["method": "lines", "maxOccurrences": 3, "bucket": 5, "normalize": false], in: context)
    let kept = try documents("kept", context)
    #expect(kept.prefix(5).allSatisfy { !$0.text.contains("menu") })
    #expect(kept.suffix(3).allSatisfy { $0.text.contains("menu") })
    #expect(try statistics(context)["counts"]?["lines/line"] == 5)
  }

  // MARK: Decontamination

  private static let asked =
    "Which of these planets is known to have the tallest mountain that anyone has ever measured?"

  private func decontaminate(_ with: [String: JSON], _ texts: [String]) throws -> FakeContext {
    let context = try context(
      texts.enumerated().map {
        Document(id: "\($0)", text: $1, source: "s", metadata: ["file": "f"])
      })
    try context.connect(
      "mmlu",
      tree: [
        "test/space_test.csv": Array(
          "\"\(Self.asked)\",Mars,Venus,Earth,Io,A\n\"What is a short one?\",a,b,c,d,B\n".utf8)
      ])
    try context.connect(
      "items", file: Array("{\"id\":\"x1\",\"text\":\"nothing like it at all\"}\n".utf8))
    try run(Decontaminate.self, with, in: context)
    return context
  }

  private func contaminated(_ context: FakeContext) throws -> [String] {
    try context.output("contamination").split(separator: 10).map { try JSON(parsing: Array($0)) }
      .filter { $0["contaminated"] == true }.compactMap { $0["id"]?.stringValue }
  }

  @Test func `a document with a question goes under every rule that removes documents`() throws {
    let leak = "I was asked: \(Self.asked.lowercased()) MARS, of course."
    let common = "He is known to have the best of these things."
    let texts = [Self.prose, leak, common]
    let ngram = try decontaminate([:], texts)
    #expect(try documents("removed", ngram).map(\.id) == ["1"])
    let removed = try documents("removed", ngram)[0].metadata
    #expect(removed["removed"]?["items"] == ["space/test/1"] && removed["file"] == "f")
    #expect(try contaminated(ngram) == ["space/test/1"])
    #expect(ngram.scores["contaminated/mmlu"]?.value == 0.5)
    #expect(ngram.scores["contaminated/items"]?.value == 0)

    let qwen = try decontaminate(["method": "qwen2"], texts)
    #expect(try documents("removed", qwen).map(\.id) == ["1"])
    // 13 words in order are there, but they are too little of the shorter text.
    let share = try decontaminate(["method": "qwen2", "minSubsequenceShare": 1], texts)
    #expect(try documents("removed", share).isEmpty)

    let afm = try decontaminate(["method": "afm"], texts)
    #expect(try documents("removed", afm).map(\.id) == ["1", "2"])
    // "known to have the" is common usage once twice is enough; longer n-grams still give it away.
    let usage = try decontaminate(["method": "afm", "commonUsage": 2], texts)
    #expect(try documents("removed", usage).map(\.id) == ["1"])

    let gpt = try decontaminate(["method": "gpt3"], texts)
    #expect(try documents("removed", gpt).map(\.id) == ["1"])
  }

  @Test func `matches are cut out into documents of their own`() throws {
    let text = "\(Self.prose) \(Self.asked) \(Self.prose)"
    let context = try decontaminate(["method": "gpt3", "margin": 20, "minPiece": 100], [text])
    let kept = try documents("kept", context)
    #expect(kept.map(\.id) == ["0/0", "0/1"] && kept[0].metadata["file"] == "f")
    let start = try #require(kept[1].metadata["piece"]?.intValue)
    #expect(Array(text.utf8.dropFirst(start)) == Array(kept[1].text.utf8))
    #expect(kept.allSatisfy { !$0.text.contains("tallest mountain") })
  }

  @Test func `coverage decides by threshold and removes nothing`() throws {
    let half = "which of these planets is known to have the tallest house"
    let low = try decontaminate(["method": "llama-3.1", "threshold": 0.4], [half])
    #expect(try contaminated(low) == ["space/test/1"] && documents("kept", low).count == 1)
    let high = try decontaminate(
      ["method": "llama-3.1", "threshold": 0.4, "thresholds": ["mmlu": 0.9]], [half])
    #expect(try contaminated(high).isEmpty)
  }

  @Test func `decontamination without a test set is refused`() throws {
    #expect(throws: StageError.self) { try run(Decontaminate.self, in: context([])) }
  }

  @Test func `a stage that is asked to stop stops`() throws {
    let context = try FakeContext(stopAfter: 0)
    try context.connect("documents", file: Self.corpus(3).flatMap { try $0.line() })
    #expect(throws: FakeInterruption.self) {
      try run(Filter.self, ["preset": "gopher"], in: context)
    }
  }
}

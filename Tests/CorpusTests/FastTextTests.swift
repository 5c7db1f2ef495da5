import ContentStore
import Corpus
import Foundation
import Testing

/// Held against fastText 0.9.2 itself (Fixtures/make_fasttext.py).
@Suite struct FastTextTests {
  static let vectors: JSON = {
    let file = Bundle.module.url(
      forResource: "vectors", withExtension: "json", subdirectory: "Fixtures/fasttext")!
    return try! JSON(parsing: Array(Data(contentsOf: file)))
  }()

  static let modelFile: [UInt8] = {
    let file = Bundle.module.url(
      forResource: "model", withExtension: "bin", subdirectory: "Fixtures/fasttext")!
    return try! Array(Data(contentsOf: file))
  }()

  static let names = vectors["cases"]!.arrayValue!.map { $0["name"]!.stringValue! }

  func texts(_ json: JSON?) -> [String] { json?.arrayValue?.compactMap(\.stringValue) ?? [] }

  func numbers(_ json: JSON?) -> [Float] {
    json?.arrayValue?.compactMap(\.doubleValue).map { Float($0) } ?? []
  }

  func testCase(_ name: String) throws -> JSON {
    try #require(Self.vectors["cases"]?.arrayValue?.first { $0["name"]?.stringValue == name })
  }

  /// The options that Python's fastText was given.
  func options(_ json: JSON) -> FastTextOptions {
    func number(_ name: String, _ fallback: Int) -> Int {
      json["options"]?[name]?.intValue ?? fallback
    }
    let losses: [String: FastTextOptions.Loss] = [
      "hs": .hierarchical, "ova": .oneVersusAll, "ns": .negativeSampling, "softmax": .softmax,
    ]
    return FastTextOptions(
      dimension: number("dim", 100), epochs: number("epoch", 5),
      learningRate: json["options"]?["lr"]?.doubleValue ?? 0.1,
      minimumCount: number("minCount", 1), wordNgrams: number("wordNgrams", 1),
      buckets: number("bucket", 2_000_000), minimumCharacters: number("minn", 0),
      maximumCharacters: number("maxn", 0),
      loss: losses[json["options"]?["loss"]?.stringValue ?? "softmax"]!,
      negatives: number("neg", 5), updateRate: number("lrUpdateRate", 100),
      seed: number("seed", 0), initialization: number("thread", 1) == 1 ? .firstTenth : .full)
  }

  /// Trains on lines in fastText's form.
  func train(_ lines: [[UInt8]], _ options: FastTextOptions) throws -> FastTextModel {
    var counting = FastTextCounting(options)
    for line in lines { counting.add(line) }
    let dictionary = try counting.dictionary()
    let path = NSTemporaryDirectory() + "exp-fasttext-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: path) }
    let examples = try FastTextExamples(at: path)
    for line in lines { try examples.add(line, dictionary) }
    try examples.finish()
    var trainer = FastTextTrainer(FastTextModel(untrained: dictionary))
    try trainer.train(on: examples)
    return trainer.model
  }

  func file(_ model: FastTextModel) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try model.write { bytes += $0 }
    return bytes
  }

  @Test(arguments: names)
  func `a model is trained to fastText's own numbers`(name: String) throws {
    let json = try testCase(name)
    let lines = texts(Self.vectors["lines"]).map { Array($0.utf8) }
    let model = try train(lines, options(json))
    let bytes = try file(model)
    #expect(model.words == texts(json["words"]))
    #expect(bytes.count == json["size"]?.intValue)
    // All options, words and weights, bit for bit.
    #expect(SHA256.hash(bytes).description == "sha256:" + (json["sha256"]?.stringValue ?? ""))
  }

  /// Checks the answers to every question of the fixture.
  func checkAnswers(_ model: FastTextModel, _ json: JSON) throws {
    var predictor = FastTextPredictor(model)
    let answers = try #require(json["answers"]?.arrayValue)
    for (line, answer) in zip(texts(Self.vectors["asked"]), answers) {
      let found = predictor.predict(line: Array(line.utf8), count: model.labels.count)
      #expect(
        found.map { "__label__" + model.labels[$0.label] } == texts(answer["labels"]),
        "\(line)")
      for (ours, theirs) in zip(found, numbers(answer["probabilities"])) {
        #expect(abs(ours.probability - theirs) <= 2e-6 * theirs)
      }
    }
  }

  @Test(arguments: names)
  func `the trained model answers as fastText's does`(name: String) throws {
    let json = try testCase(name)
    let lines = texts(Self.vectors["lines"]).map { Array($0.utf8) }
    try checkAnswers(train(lines, options(json)), json)
  }

  @Test func `fastText's model file is read, answers alike, and is written back as it was`() throws
  {
    let model = try FastTextModel(file: Self.modelFile)
    try checkAnswers(model, testCase("ngrams"))
    #expect(try file(model) == Self.modelFile)
  }

  @Test func `a cut, changed or foreign model file is refused`() throws {
    for count in [0, 3, 40, 100, 900, Self.modelFile.count - 1] {
      #expect(throws: CorpusError.self) {
        try FastTextModel(file: Array(Self.modelFile.prefix(count)))
      }
    }
    #expect(throws: CorpusError.self) { try FastTextModel(file: Self.modelFile + [0]) }
    for (place, value) in [(0, 1), (8, 200), (36, 2), (40, 7)] as [(Int, UInt8)] {
      var bytes = Self.modelFile
      bytes[place] = value
      #expect(throws: CorpusError.self) { try FastTextModel(file: bytes) }
    }
  }

  @Test func `a text becomes one line whatever it holds`() throws {
    let text = "a\nb\r\nc </s> __label__x\u{0}d __label__ e</s>\n"
    let line = FastTextLine.make(text, labels: ["high school\tphysics"])
    #expect(
      String(decoding: line, as: UTF8.self) == "__label__high_school_physics a b c d e</s> ")
    #expect(FastTextLine.make("", labels: []) == [])
  }

  @Test func `empty texts, one label only and bytes that are not UTF-8 are trained on`() throws {
    var lines = (0..<20).map { _ in Array("__label__only ".utf8) }
    lines.append(Array("__label__only ".utf8) + [0xFF, 0x80, 0x20, 0xC3, 0x28, 0xE2])
    let model = try train(
      lines, FastTextOptions(dimension: 5, minimumCharacters: 1, maximumCharacters: 3))
    var predictor = FastTextPredictor(model)
    let found = predictor.predict(line: [0xFF, 0x80, 0x20, 0xBF])
    #expect(found.count == 1 && found[0].label == 0 && found[0].probability > 0.99)
    #expect(predictor.predict(line: []).count == 1)
  }

  @Test func `no label and no word are named as what is wrong`() {
    #expect(throws: CorpusError("no example has a label to learn")) {
      try train([Array("some words".utf8)], FastTextOptions(dimension: 4))
    }
    #expect(throws: CorpusError("no word occurs 9 times; lower minCount")) {
      try train([Array("__label__a word".utf8)], FastTextOptions(dimension: 4, minimumCount: 9))
    }
  }

  @Test func `a line of 50 MB is learnt from and asked about`() throws {
    var long = Array("__label__long lorem ipsum dolor sit amet ".utf8)
    while long.count < 50_000_000 { long += long.dropFirst(14) }
    let lines = [long] + (0..<50).map { _ in Array("__label__short ipsum".utf8) }
    let model = try train(
      lines, FastTextOptions(dimension: 2, epochs: 1, wordNgrams: 2, buckets: 50))
    var predictor = FastTextPredictor(model)
    #expect(predictor.predict(line: long, count: 2).count == 2)
  }

  @Test func `a learning rate beyond all bounds stops with advice`() {
    let lines = (0..<200).map { Array("__label__\($0 % 2) w\($0 % 7)".utf8) }
    #expect(throws: CorpusError.self) {
      try train(lines, FastTextOptions(dimension: 4, epochs: 500, learningRate: 1e30))
    }
  }
}

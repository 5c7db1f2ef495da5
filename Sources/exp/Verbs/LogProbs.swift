import ContentStore
import LanguageModel
import Numerics
import Reports
import Text

/// `exp logprobs REF --text T`: how likely a checkpoint finds each token.
enum LogProbs: Verb {
  static let name = "logprobs"
  static let aliases = ["logprob"]
  static let summary = "Print the log-probability of every token of a text"
  static let discussion = """
    REF is a checkpoint artifact, or the stage that made one. Natural logarithms over the whole
    vocabulary. With --text the model's begin token (else its end-of-text token) stands before the text,
    so that the first token has a probability too. With --tokens the ids are taken as they are, and the
    first has none; FILE holds them as a JSON list or between blanks.

      exp logprobs quickstart:pretrain --text "The capital of"
      exp logprobs quickstart:pretrain --tokens ids.json --json
    """
  static let operands = Operands.exactly(1, "REF")
  static let options: [Option] = [
    .value("text", "t", "T", "A text."), .value("tokens", nil, "FILE", "A file of token ids."),
    .value("threads", nil, "N", "Threads (all cores)."), .flag("json", nil, "As JSON."),
  ]

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    guard (arguments.value("text") == nil) != (arguments.value("tokens") == nil) else {
      throw UsageError("exp logprobs: give either --text T or --tokens FILE")
    }
    let checkpoint = try Session.reading().checkpoint(arguments.operands[0])
    let (prefix, tokens) = try input(arguments, checkpoint)
    let threads = try arguments.integer("threads", in: 1...1024) ?? Machine.cores
    let scored = try logProbabilities(prefix, tokens, checkpoint.model, Compute(threads: threads))
    let report = Report(
      prefix: prefix, tokens: tokens, logProbabilities: scored,
      texts: texts(of: tokens, checkpoint))
    if arguments.flag("json") {
      try console.print(json: report.json)
    } else {
      report.lines.forEach { console.print($0) }
    }
    return .done
  }

  /// The tokens, and what stands before them.
  private static func input(
    _ arguments: Arguments, _ checkpoint: Checkpoint
  ) throws -> (prefix: Int?, tokens: [Int]) {
    if let path = arguments.value("tokens") {
      let bytes: [UInt8]
      do { bytes = try FileSystem.read(path) } catch {
        throw UsageError("exp logprobs: --tokens \(path) cannot be read: \(error)")
      }
      return (nil, try tokens(parsing: bytes, path))
    }
    let tokens = try checkpoint.tokenizer().encode(arguments.value("text") ?? "")
    guard !tokens.isEmpty else { throw UsageError("exp logprobs: the text is empty") }
    let configuration = checkpoint.model.configuration
    return (configuration.beginToken ?? configuration.endTokens.first, tokens)
  }

  /// Token ids as a JSON list, or between blanks, commas and line breaks.
  static func tokens(parsing bytes: [UInt8], _ path: String) throws -> [Int] {
    let marks: Set<UInt8> = [0x09, 0x0A, 0x0D, 0x20, 0x2C]
    if bytes.first(where: { !marks.contains($0) }) == UInt8(ascii: "[") {
      let list = (try? JSON(parsing: bytes))?.arrayValue
      if list?.isEmpty == true { throw UsageError("\(path) holds no token ids") }
      guard let ids = list?.compactMap(\.intValue), ids.count == list?.count else {
        throw UsageError("\(path) is no JSON list of token ids, such as [1, 2, 3]")
      }
      return ids
    }
    let words = bytes.split { marks.contains($0) }.map { String(decoding: $0, as: UTF8.self) }
    let ids = words.map { Int($0) }
    if let bad = ids.firstIndex(of: nil) {
      throw UsageError("\(path): \"\(words[bad].prefix(20))\" is not a token id")
    }
    guard !ids.isEmpty else { throw UsageError("\(path) holds no token ids") }
    return ids.compactMap(\.self)
  }

  /// One for each token; the first is nil when nothing stands before it.
  private static func logProbabilities(
    _ prefix: Int?, _ tokens: [Int], _ model: Transformer, _ compute: Compute
  ) throws -> [Float?] {
    let all = (prefix.map { [$0] } ?? []) + tokens
    let limit = model.configuration.maximumPositions
    guard all.count - 1 <= limit else {
      throw UsageError(
        "\(all.count) tokens are more than the model's \(limit) positions; give fewer")
    }
    // The last token is never an input, so that nothing else looks at it.
    for token in all where !(0..<model.configuration.vocabularySize).contains(token) {
      throw UsageError(
        "token \(token) is not in the model's vocabulary of "
          + "\(model.configuration.vocabularySize)")
    }
    let scored = try model.logProbabilities(of: all, on: compute).map { Optional($0) }
    return prefix == nil ? [nil] + scored : scored
  }

  /// Each token's own text; nil when the checkpoint has no tokenizer that can be read.
  private static func texts(of tokens: [Int], _ checkpoint: Checkpoint) -> [String?] {
    guard let tokenizer = try? checkpoint.tokenizer() else { return tokens.map { _ in nil } }
    return tokens.map { tokenizer.decode([$0]) }
  }

  /// What is printed.
  struct Report {
    var prefix: Int?
    var tokens: [Int]
    var logProbabilities: [Float?]
    var texts: [String?]

    private var scored: [Float] { logProbabilities.compactMap(\.self) }
    private var sum: Double { scored.reduce(0) { $0 + Double($1) } }

    /// `{prefix, tokens: [{id, text, logProbability}], count, sum}`.
    var json: JSON {
      let list = tokens.indices.map { index -> JSON in
        [
          "id": .integer(tokens[index]), "text": texts[index].map(JSON.string) ?? .null,
          "logProbability": logProbabilities[index].map { .exact(Double($0)) } ?? .null,
        ]
      }
      return [
        "prefix": prefix.map(JSON.integer) ?? .null, "tokens": .array(list),
        "count": .integer(scored.count), "sum": .exact(sum),
      ]
    }

    var lines: [String] {
      var table = Table([
        .init("token", .right), .init("log p", .right),
        .init(texts.contains { $0 != nil } ? "text" : ""),
      ])
      for index in tokens.indices {
        table.add([
          "\(tokens[index])", logProbabilities[index].map(Self.rounded) ?? "–",
          texts[index].map { JSON.string($0) }.flatMap { try? $0.canonicalText() } ?? "",
        ])
      }
      return table.lines() + ["", "\(scored.count) tokens, sum \(Self.rounded(Float(sum)))"]
    }

    /// Four decimals.
    private static func rounded(_ value: Float) -> String {
      let scaled = Int((Double(value) * 10_000).rounded())
      let digits = String(abs(scaled) % 10_000)
      return (scaled < 0 ? "-" : "") + "\(abs(scaled) / 10_000)."
        + String(repeating: "0", count: 4 - digits.count) + digits
    }
  }
}

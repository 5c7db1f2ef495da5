import ContentStore
import Ledger
package import Pipeline
import Text

/// Takes in a tokenizer that another program made.
package enum ImportTokenizer: Stage {
  package struct Parameters: StageParameters {
    var pattern: SplitPattern
    var normalization: Normalization
    var specialTokens: [String]
    var beginToken: String
    var endToken: String
    var padToken: String
    var chatTemplate: String

    /// How a `.tiktoken` tokenizer treats text first.
    enum Normalization: String, CaseIterable, Sendable { case pattern, nfc, none }

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      try reader.files(
        "files",
        "tokenizer.json (and tokenizer_config.json, chat_template.jinja), or GPT-2's encoder.json and "
          + "vocab.bpe, or a .tiktoken file.")
      pattern = try reader.choice(
        "pattern", default: .qwen2,
        "For .tiktoken files, which do not say it: how text is cut before merging.")
      normalization = try reader.choice(
        "normalization", default: .pattern,
        "For .tiktoken files: whether text becomes NFC first. pattern: as the pattern's models do.")
      specialTokens = try reader.strings(
        "specialTokens", default: ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        "For .tiktoken files: the special tokens, whose ids follow the last rank.")
      beginToken = try reader.string(
        "beginToken", default: "", "The token that begins texts; empty: as the files say.")
      endToken = try reader.string(
        "endToken", default: "",
        "The token that ends texts; empty: as the files say, else the first special token.")
      padToken = try reader.string(
        "padToken", default: "",
        "The token that fills rows; empty: as the files say, else the end token.")
      chatTemplate = try reader.string(
        "chatTemplate", default: "",
        "How conversations become text: chatml, qwen2, llama3, gemma, plain, or a Jinja text; empty: "
          + "as the files say.")
      try check()
    }

    private func check() throws(ParameterError) {
      if Set(specialTokens).count < specialTokens.count || specialTokens.contains("") {
        throw ParameterError(
          path: "specialTokens", message: "must be different texts, none of them empty")
      }
      do throws(TextError) {
        _ = try ChatTemplate(chatTemplate)
      } catch { throw ParameterError(path: "chatTemplate", message: error.message) }
    }
  }

  package static let op = "import-tokenizer"
  package static let revision = 1
  package static let summary =
    "Take in a tokenizer: tokenizer.json, GPT-2's two files, or tiktoken's."

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [Port("files", .files, "The tokenizer's files.")],
      outputs: [Port("tokenizer", .tokenizer, "tokenizer.json and tokenizer_config.json.")])
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let input = try context.input("files")
    let files = TokenizerFiles(
      parameters: parameters, paths: try input.tree().entries.keys.sorted()
    ) { try input.read(path: $0) }
    let tokenizer = try files.tokenizer()
    let configuration = try files.configuration(tokenizer)
    let output = try context.makeTree("tokenizer")
    try output.add("tokenizer.json", tokenizer.json())
    try output.add("tokenizer_config.json", configuration.json())
    try output.finish()
    context.log(
      "\(tokenizer.vocabularySize) tokens, \(tokenizer.mergeCount) merges, "
        + "\(tokenizer.addedTokens.count) added tokens")
    context.score("vocabularySize", Score(Double(tokenizer.vocabularySize)))
    context.score("merges", Score(Double(tokenizer.mergeCount)))
  }
}

/// A tokenizer's files and what form they are in.
private struct TokenizerFiles {
  let parameters: ImportTokenizer.Parameters
  let paths: [String]
  let read: (String) throws -> [UInt8]

  /// The only file of this name, in whatever folder.
  private func path(named name: String) throws -> String? {
    let found = paths.filter { $0 == name || $0.hasSuffix("/" + name) }
    guard found.count < 2 else {
      throw StageError(
        "the files hold several \(name) (\(found.joined(separator: ", "))); name one")
    }
    return found.first
  }

  func tokenizer() throws -> Tokenizer {
    if let path = try path(named: "tokenizer.json") { return try Tokenizer(json: read(path)) }
    if let encoder = try path(named: "encoder.json") ?? path(named: "vocab.json") {
      guard let merges = try path(named: "vocab.bpe") ?? path(named: "merges.txt") else {
        throw StageError("\(encoder) needs vocab.bpe beside it; name both files")
      }
      return try Tokenizer(gpt2Encoder: read(encoder), merges: read(merges))
    }
    let ranks = paths.filter { $0.hasSuffix(".tiktoken") }
    guard ranks.count == 1 else {
      throw StageError(
        "the files must hold one tokenizer.json, encoder.json with vocab.bpe, or .tiktoken file; "
          + "found " + (paths.prefix(4).joined(separator: ", ")) + (paths.count > 4 ? ", …" : ""))
    }
    return try Tokenizer(
      tiktoken: read(ranks[0]), file: ranks[0], pattern: parameters.pattern,
      normalizes: normalizes, specialTokens: parameters.specialTokens)
  }

  private var normalizes: Bool {
    switch parameters.normalization {
    case .pattern: parameters.pattern.normalizes
    case .nfc: true
    case .none: false
    }
  }

  /// The file beside the tokenizer, or a new one, with what the parameters set.
  func configuration(_ tokenizer: Tokenizer) throws -> TokenizerConfiguration {
    var result = TokenizerConfiguration(for: tokenizer)
    if let path = try path(named: "tokenizer_config.json") {
      result = try TokenizerConfiguration(json: read(path))
      // Other classes would rebuild the tokenizer from files that are not here.
      result.tokenizerClass = "PreTrainedTokenizerFast"
    } else {
      result.beginToken = nil
    }
    if let path = try path(named: "chat_template.jinja") {
      result.chatTemplate = String(decoding: try read(path), as: UTF8.self)
    }
    try set(parameters.beginToken, "beginToken", tokenizer) { result.beginToken = $0 }
    try set(parameters.endToken, "endToken", tokenizer) {
      result.endToken = $0
      if result.padToken == nil || parameters.padToken.isEmpty { result.padToken = $0 }
    }
    try set(parameters.padToken, "padToken", tokenizer) { result.padToken = $0 }
    if !parameters.chatTemplate.isEmpty {
      result.chatTemplate = try ChatTemplate(parameters.chatTemplate).source
    }
    return result
  }

  private func set(
    _ token: String, _ parameter: String, _ tokenizer: Tokenizer, _ body: (String) -> Void
  ) throws {
    if token.isEmpty { return }
    guard tokenizer.id(ofAdded: token) != nil else {
      let names = tokenizer.addedTokens.map(\.content)
      throw StageError(
        "the tokenizer has no special token \"\(token)\"" + didYouMean(token, among: names)
          + "; set \(parameter) to one of \(names.prefix(20).joined(separator: ", "))")
    }
    body(token)
  }
}

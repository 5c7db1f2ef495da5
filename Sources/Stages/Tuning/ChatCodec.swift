import ContentStore
import Corpus
import LanguageModel
import Pipeline
import Text
import Training

/// Makes conversations the tokens that a checkpoint reads, by its tokenizer and a chat template. A value
/// belongs to one thread.
struct ChatCodec {
  let tokenizer: Tokenizer
  /// Sequences are cut after this many tokens.
  let maximumLength: Int
  /// The token ids at which a response ends.
  let endTokens: [Int]
  /// The checkpoint's tokenizer files, with the template in `tokenizer_config.json`.
  let files: [String: [UInt8]]
  private let template: ChatTemplate
  private var encoder: Encoder
  /// Special tokens, such as those that begin and end turns: the header and termination tokens that Llama 3
  /// masks in both responses (Llama team 2024, §4.1.4).
  let formatting: Set<Int32>
  /// How many sequences were cut so far.
  private(set) var cuts = 0

  /// - Parameters:
  ///   - template: a name of ours or Jinja text; empty for the checkpoint's own, and if it has none,
  ///     `plain`.
  ///   - maximumLength: nil for as long as the model is meant for.
  init(_ checkpoint: Checkpoint, template name: String, maximumLength: Int?) throws {
    guard let bytes = checkpoint.tokenizerFiles["tokenizer.json"] else {
      throw StageError("the checkpoint has no tokenizer.json; add its tokenizer to the folder")
    }
    tokenizer = try Tokenizer(json: bytes)
    var configuration =
      try checkpoint.tokenizerFiles["tokenizer_config.json"]
      .map { (bytes) throws(TextError) in try TokenizerConfiguration(json: bytes) }
      ?? TokenizerConfiguration(for: tokenizer)
    let source = name.isEmpty ? configuration.chatTemplate ?? "plain" : name
    template = try ChatTemplate(
      source, beginToken: configuration.beginToken, endToken: configuration.endToken)
    configuration.chatTemplate = template.source
    var files = checkpoint.tokenizerFiles
    files["tokenizer_config.json"] = configuration.json()
    self.files = files
    encoder = Encoder(tokenizer, parsingSpecial: true)
    formatting = Set(tokenizer.addedTokens.filter(\.isSpecial).map { Int32($0.id) })
    let model = checkpoint.model.configuration
    self.maximumLength = min(maximumLength ?? model.maximumPositions, model.maximumPositions)
    endTokens = try Self.endTokens(model, configuration, template, &encoder, formatting)
  }

  /// The model's, and the special token that the template closes a response with.
  private static func endTokens(
    _ model: ModelConfiguration, _ configuration: TokenizerConfiguration, _ template: ChatTemplate,
    _ encoder: inout Encoder, _ special: Set<Int32>
  ) throws -> [Int] {
    let probe = try template.encode([.user("a"), .assistant("b")], with: &encoder)
    let closing = probe.assistant.last.flatMap { range in
      probe.ids[range].first { special.contains($0) }
    }
    var ends = model.endTokens
    if let closing, !ends.contains(Int(closing)) { ends.append(Int(closing)) }
    return ends
  }

  /// A conversation, what the assistant wrote to be predicted.
  mutating func conversation(_ messages: [ChatMessage]) throws -> MaskedSequence {
    let encoded = try template.encode(messages, with: &encoder)
    return cut(MaskedSequence(tokens: encoded.ids, isTarget: encoded.mask))
  }

  private mutating func cut(_ sequence: MaskedSequence) -> MaskedSequence {
    if sequence.tokens.count > maximumLength { cuts += 1 }
    return sequence.prefix(maximumLength)
  }

  /// Says how many sequences were cut.
  /// - Parameters:
  ///   - port: the input that they are from.
  ///   - earlier: of them, those before.
  func reportCuts(_ port: String, since earlier: Int = 0, _ context: any StageContext) {
    guard cuts > earlier else { return }
    context.log(
      "\(cuts - earlier) sequences of \"\(port)\" are longer than \(maximumLength) tokens: cut there"
    )
  }

  /// The tokens after which the assistant is to go on.
  mutating func prompt(_ messages: [ChatMessage]) throws -> [Int32] {
    try template.encode(messages, addGenerationPrompt: true, with: &encoder).ids
  }

  /// The text after which the assistant is to go on.
  func promptText(_ messages: [ChatMessage]) throws -> String {
    try template.text(messages, addGenerationPrompt: true)
  }

  /// A prompt with a response, of which only the last message is to be predicted.
  mutating func response(
    _ prompt: [ChatMessage], _ response: [ChatMessage]
  ) throws -> MaskedSequence {
    let encoded = try template.encode(prompt + response, with: &encoder)
    var mask = Array(repeating: false, count: encoded.ids.count)
    if let range = encoded.assistant.last { for index in range { mask[index] = true } }
    return cut(MaskedSequence(tokens: encoded.ids, isTarget: mask))
  }

  /// What sampled tokens say, without special tokens.
  func text(of tokens: [Int]) -> String { tokenizer.decode(tokens, skipSpecial: true) }
}

extension InputArtifact {
  /// The records on this port, in order.
  /// - Parameter port: what errors call it.
  func records(_ port: String) throws -> [TrainingRecord] {
    guard artifact.kind == .file else {
      throw StageError("the input \"\(port)\" is a tree of files; connect a records artifact")
    }
    let reader = try store.makeReader(artifact.digest)
    var (records, line): ([TrainingRecord], Int) = ([], 0)
    while let bytes = try reader.nextLine() {
      line += 1
      if bytes.isEmpty { continue }
      do throws(CorpusError) { records.append(try TrainingRecord(line: bytes)) } catch {
        throw StageError("the input \"\(port)\", line \(line): \(error.message)")
      }
    }
    return records
  }
}

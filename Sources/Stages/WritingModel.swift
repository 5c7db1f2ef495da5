import ContentStore
import Evaluation
import LanguageModel
import Numerics
import Pipeline
import Text

/// A checkpoint with its tokenizer, to write with and to judge by.
struct WritingModel: Sendable {
  let tokenizer: Tokenizer
  private let checkpoint: Checkpoint
  private let requests: CheckpointTokenizer
  private let parsesSpecial: Bool
  private let chat: ChatCodec?
  private let system: String
  private let threads: Int

  /// - Parameters:
  ///   - parsesSpecial: whether special tokens written in prompts count as such.
  ///   - system: the system message of the conversations that prompts are put into, perhaps empty; nil
  ///     when they are plain text.
  init(
    _ input: InputArtifact, parsesSpecial: Bool = false, system: String? = nil, threads: Int
  ) throws {
    checkpoint = try input.checkpoint()
    guard let bytes = checkpoint.tokenizerFiles["tokenizer.json"] else {
      throw StageError("the checkpoint has no tokenizer.json; add its tokenizer to the folder")
    }
    tokenizer = try Tokenizer(json: bytes)
    let configuration = try checkpoint.tokenizerFiles["tokenizer_config.json"]
      .map { try JSON(parsing: $0) }
    let model = checkpoint.model.configuration
    requests = CheckpointTokenizer(
      tokenizer, prefixToken: model.beginToken ?? model.endTokens.first,
      addsPrefix: configuration?["add_bos_token"]?.boolValue ?? false)
    chat = try system == nil ? nil : Self.codec(checkpoint)
    (self.parsesSpecial, self.system, self.threads) = (parsesSpecial, system ?? "", threads)
  }

  /// By the checkpoint's own chat template. Throws when it has none.
  private static func codec(_ checkpoint: Checkpoint) throws -> ChatCodec {
    guard let template = try checkpoint.tokenizerConfiguration()?.chatTemplate, !template.isEmpty
    else {
      throw StageError(
        "chat is true, but the checkpoint has no chat template (chat_template in "
          + "tokenizer_config.json, or chat_template.jinja); set chat: false")
    }
    return try ChatCodec(checkpoint, template: template, maximumLength: nil)
  }

  private func conversation(_ prompt: String) -> [ChatMessage] {
    (system.isEmpty ? [] : [.system(system)]) + [.user(prompt)]
  }

  /// The longest prompt and answer together, in tokens.
  var window: Int { checkpoint.model.configuration.maximumPositions }

  var scorer: Scorer { Scorer(checkpoint.model, threads: threads) }

  var requestEncoder: RequestEncoder { RequestEncoder(tokenizer: requests, maximumLength: window) }

  /// A prompt's tokens, at least one; nil for an empty prompt to a model with no token to begin from.
  func tokens(of prompt: String) throws -> [Int]? {
    if var chat { return try chat.prompt(conversation(prompt)).map(Int.init) }
    var encoder = Encoder(tokenizer, parsingSpecial: parsesSpecial)
    var ids = encoder.encode(prompt).map(Int.init)
    if requests.addsPrefix || ids.isEmpty, let prefix = requests.prefixToken {
      ids = [prefix] + ids
    }
    return ids.isEmpty ? nil : ids
  }

  /// How one step writes.
  struct Manner {
    var tokens: Int
    var temperature: Double
    var topK: Int?
    var topP: Double?
    /// Texts at which a text ends.
    var stops: [String]
    var seed: UInt64
  }

  /// A continuation of each prompt, without white space at its ends. It depends on the prompt and its
  /// key alone.
  func write(
    _ prompts: [[Int]], keys: [Int], _ manner: Manner, check: () throws -> Void
  ) throws -> [String] {
    let ends = chat?.endTokens ?? checkpoint.model.configuration.endTokens
    let stopTokens = manner.stops.map { tokenizer.encode($0) }.filter { $0.count == 1 }.flatMap {
      $0
    }
    let options = SamplingOptions(
      temperature: manner.temperature, topK: manner.topK, topP: manner.topP,
      maximumTokens: manner.tokens, stopTokens: ends + stopTokens, seed: manner.seed)
    let samples = try Sampler(checkpoint.model, threads: threads)
      .sample(prompts, options, keys: keys) { _, _, _ in try check() }
    return samples.map { sample in
      var tokens = sample[0].tokens
      if sample[0].isStopped { tokens.removeLast() }
      return Self.cut(tokenizer.decode(tokens, skipSpecial: true), at: manner.stops)
    }
  }

  private static func cut(_ text: String, at stops: [String]) -> String {
    var bytes = ArraySlice(text.utf8)
    for stop in stops where !stop.isEmpty {
      let stop = Array(stop.utf8)
      if let place = bytes.indices.first(where: { bytes[$0...].starts(with: stop) }) {
        bytes = bytes[..<place]
      }
    }
    let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
    bytes = bytes.drop(while: isSpace)
    while let last = bytes.last, isSpace(last) { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// How likely the model finds one text after a prompt rather than the other: σ(log p(yes) − log p(no)).
  func preference(
    after prompts: [String], _ yes: String, over no: String, check: () throws -> Void
  ) throws -> [Double] {
    let (scorer, encoder) = (scorer, requestEncoder)
    let contexts = try prompts.map { try chat?.promptText(conversation($0)) ?? $0 }
    let encoded = try contexts.flatMap { prompt in
      try [yes, no].map { try encoder.encode(context: prompt, continuation: $0).windows }
    }
    var answers = try scorer.score(encoded.flatMap { $0 }) { _ in try check() }[...]
    var sums: [Double] = []
    for windows in encoded {
      sums.append(answers.prefix(windows.count).reduce(0) { $0 + $1.logProbability })
      answers = answers.dropFirst(windows.count)
    }
    return stride(from: 0, to: sums.count, by: 2).map {
      Elementary.sigmoid(sums[$0] - sums[$0 + 1])
    }
  }
}

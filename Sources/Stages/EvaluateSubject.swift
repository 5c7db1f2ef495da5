import ContentStore
import Evaluation
import LanguageModel
import Numerics
import Pipeline
import Text

/// A model that is evaluated, with all that puts texts before it.
struct EvaluateSubject {
  let model: Transformer
  let tokenizer: CheckpointTokenizer
  let tokenizerFiles: [String: [UInt8]]
  let encoder: RequestEncoder
  /// Nil when the checkpoint has no template.
  let chat: ChatTemplate?
  let scorer: Scorer
  let generator: TextGenerator

  init(
    _ input: InputArtifact, adapter: InputArtifact? = nil, maximumLength: Int? = nil,
    _ context: any StageContext
  ) throws {
    let checkpoint = try input.checkpoint()
    let compute = try context.compute()
    model = try adapter.map { try Self.merged(checkpoint.model, $0, compute) } ?? checkpoint.model
    let scorer = Scorer(
      model, on: compute, window: maximumLength, passRows: context.batchHint(compute))
    (tokenizer, chat) = try Self.texts(checkpoint)
    tokenizerFiles = checkpoint.tokenizerFiles
    self.scorer = scorer
    encoder = RequestEncoder(tokenizer: tokenizer, maximumLength: scorer.window)
    generator = TextGenerator(model, tokenizer, encoder: encoder, threads: context.threads)
  }

  /// The model with a PEFT folder's products added.
  private static func merged(
    _ model: Transformer, _ input: InputArtifact, _ compute: Compute
  ) throws -> Transformer {
    try input.adapter(for: model.configuration).merged(into: model, on: compute)
  }

  /// The tokenizer, and from `tokenizer_config.json` whether it begins every text with a token, and the
  /// chat template, which may also lie in a file of its own.
  private static func texts(
    _ checkpoint: Checkpoint
  ) throws -> (CheckpointTokenizer, ChatTemplate?) {
    guard let bytes = checkpoint.tokenizerFiles["tokenizer.json"] else {
      throw StageError("the checkpoint has no tokenizer.json; add its tokenizer to the folder")
    }
    let json = try checkpoint.tokenizerFiles["tokenizer_config.json"].map { try JSON(parsing: $0) }
    let model = checkpoint.model.configuration
    let tokenizer = try Tokenizer(json: bytes)
    let requests = CheckpointTokenizer(
      tokenizer, prefixToken: model.beginToken ?? model.endTokens.first,
      addsPrefix: json?["add_bos_token"]?.boolValue ?? !tokenizer.prefixTokens.isEmpty)
    return (requests, try checkpoint.tokenizerConfiguration().flatMap { try ChatTemplate($0) })
  }

  /// The template for a chat. Throws when there is none.
  func template() throws -> ChatTemplate {
    guard let chat else {
      throw StageError(
        "chat is true, but the checkpoint has no chat template (chat_template in "
          + "tokenizer_config.json); set chat: false")
    }
    return chat
  }

  /// A conversation as a prompt: by the chat template, or its contents with empty lines between.
  func prompt(_ messages: [ChatMessage], isChat: Bool, system: String) throws -> String {
    let all = (system.isEmpty ? [] : [ChatMessage.system(system)]) + messages
    guard isChat else { return all.map(\.content).joined(separator: "\n\n") }
    do {
      return try template().text(all, addGenerationPrompt: true)
    } catch let error as TextError {
      let rest = all.filter { $0.role != "system" }
      if rest.count == all.count { throw error }
      return try template().text(rest, addGenerationPrompt: true)
    }
  }
}

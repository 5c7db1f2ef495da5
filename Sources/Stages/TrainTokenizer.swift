import Corpus
import Ledger
import Numerics
package import Pipeline
import Text

/// Trains a BPE tokenizer.
package enum TrainTokenizer: Stage {
  /// `SplitPattern`'s, and SentencePiece's way.
  enum Pattern: String, CaseIterable {
    case gpt2, llama3, qwen2, smollm, cl100k, sentencepiece
  }

  package struct Parameters: StageParameters {
    var vocabularySize: Int
    var form: TokenizerTrainer.Form
    var specialTokens: [String]
    var minimumFrequency: Int

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      vocabularySize = try reader.integer(
        "vocabularySize", default: 8192, in: 257...1 << 24, unit: "tokens",
        "The most tokens there may be; 256 bytes and the special tokens are among them.")
      let pattern: Pattern = try reader.choice(
        "pattern", default: .llama3,
        "How text is cut before merging. gpt2: words, numbers, signs. llama3: numbers of at most three "
          + "digits. qwen2: single digits, text normalised to NFC. smollm: gpt2 with single digits. "
          + "sentencepiece: words with ▁ before them, of characters, with bytes for rare ones.")
      form = try Self.form(pattern, &reader)
      specialTokens = try reader.strings(
        "specialTokens", default: ["<|endoftext|>"],
        "Tokens that stand for no text. The first ends documents.")
      minimumFrequency = try reader.integer(
        "minimumFrequency", default: 2, in: 1...1 << 40, unit: "occurrences",
        "Pairs of tokens seen fewer times do not merge.")
      if !reader.isListing { try check() }
    }

    /// What holds for `sentencepiece` only is no parameter of the others, whose recipes are older.
    private static func form(
      _ pattern: Pattern, _ reader: inout ParameterReader
    ) throws(ParameterError) -> TokenizerTrainer.Form {
      if let pattern = SplitPattern(rawValue: pattern.rawValue), !reader.isListing {
        return .byteLevel(pattern)
      }
      return .sentencePiece(
        SentencePieceForm(
          coverage: try reader.number(
            "coverage", default: 0.9995, in: 0...1,
            "sentencepiece: the share of the text's characters that get tokens, the most frequent ones; "
              + "the rest become bytes. Llama 2 took 0.99995."),
          splitsDigits: try reader.boolean(
            "splitDigits", default: true,
            "sentencepiece: whether every digit is a token of its own.")))
    }

    private func check() throws(ParameterError) {
      if specialTokens.contains("") || Set(specialTokens).count < specialTokens.count {
        throw ParameterError(
          path: "specialTokens", message: "must be different texts, none of them empty")
      }
      if vocabularySize < 256 + specialTokens.count {
        throw ParameterError(
          path: "vocabularySize",
          message: "must be at least \(256 + specialTokens.count): 256 bytes and "
            + "\(specialTokens.count) special tokens")
      }
    }
  }

  package static let op = "tokenizer"
  package static let revision = 1
  package static let summary =
    "Train a BPE tokenizer, of bytes or in SentencePiece's way, as Hugging Face tokenizers does."

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [Port("documents", .documents, "The text to learn from.")],
      outputs: [
        Port("tokenizer", .tokenizer, "tokenizer.json and tokenizer_config.json.")
      ])
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let trainer = try count(parameters, in: context)
    let tokenizer = try trainer.train { size in
      try context.checkCancellation()
      context.progress(
        Progress(
          done: Double(size), total: Double(parameters.vocabularySize), unit: "tokens",
          note: "merging"))
    }
    if tokenizer.vocabularySize < parameters.vocabularySize {
      context.log(
        "the text gave only \(tokenizer.vocabularySize) tokens of the "
          + "\(parameters.vocabularySize) asked for")
    }
    try tokenizer.write(to: context.makeTree("tokenizer"))
    context.score("bytesPerToken", Score(trainer.bytesPerToken(tokenizer)))
    context.score("merges", Score(Double(tokenizer.mergeCount)))
    context.score("vocabularySize", Score(Double(tokenizer.vocabularySize)))
  }

  /// Counts the pieces of all documents, shared out among threads.
  private static func count(
    _ parameters: Parameters, in context: any StageContext
  ) throws -> TokenizerTrainer {
    let reader = try context.input("documents").documents()
    let compute = Compute(threads: context.threads)
    let empty = TokenizerTrainer(
      vocabularySize: parameters.vocabularySize, form: parameters.form,
      specialTokens: parameters.specialTokens, minimumFrequency: parameters.minimumFrequency)
    let trainers = Pool { empty }
    while true {
      let batch = try reader.nextBatch(bytes: documentBatchBytes)
      if batch.isEmpty { break }
      try context.checkCancellation()
      compute.split(batch.count) { part in
        trainers.borrow { trainer in for index in part { trainer.add(batch[index].text) } }
      }
      context.progress(
        Progress(
          done: Double(reader.position), total: Double(reader.size), unit: "bytes",
          note: "counting words"))
    }
    return trainers.all.reduce(into: empty) { $0.add(countsOf: $1) }
  }
}

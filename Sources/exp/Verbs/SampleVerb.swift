import ContentStore
import Evaluation
import LanguageModel
import Ledger
import Text

/// `exp sample REF --prompt TEXT`: text from a checkpoint.
enum SampleVerb: Verb {
  static let name = "sample"
  static let summary = "Let a checkpoint write text"
  static let discussion = """
    REF is a checkpoint artifact, or the stage that made one. The same seed gives the same text, on any
    machine and with any number of threads.

      exp sample quickstart:pretrain --prompt "The capital of" --tokens 40
      exp sample quickstart:pretrain.checkpoint --temperature 0
    """
  static let operands = Operands.exactly(1, "REF")
  static let options: [Option] = [
    .value("prompt", "p", "TEXT", "What to go on from; the end-of-text token without."),
    .value("tokens", nil, "N", "At most N tokens (100)."),
    .value("samples", nil, "N", "How many texts (1)."),
    .value("temperature", nil, "T", "0 takes the likeliest token each time (0.8)."),
    .value("top-k", nil, "K", "Only the K likeliest tokens."),
    .value("top-p", nil, "P", "Only the likeliest tokens that make up P."),
    .value("seed", nil, "N", "Seed of the draws (0)."),
    .value("threads", nil, "N", "Threads (all cores)."), .flag("json", nil, "As JSON."),
  ]

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let session = try Session.reading()
    let checkpoint = try session.checkpoint(arguments.operands[0])
    let tokenizer = try checkpoint.tokenizer()
    let prompt = arguments.value("prompt") ?? ""
    let ids = try promptTokens(prompt, tokenizer, checkpoint)
    let sampler = Sampler(
      checkpoint.model, threads: try arguments.integer("threads", in: 1...1024) ?? Machine.cores)
    let samples = try sampler.sample(
      [ids], samples: try arguments.integer("samples", in: 1...10_000) ?? 1,
      try options(arguments, checkpoint))[0]
    let texts = samples.map { tokenizer.continuation($0.tokens, of: ids) }
    if arguments.flag("json") {
      try console.print(json: json(samples, texts, prompt))
    } else {
      for text in texts { console.print(console.styled(prompt, .dim) + text) }
    }
    return .done
  }

  /// The prompt's tokens, after those that the tokenizer puts before every text; an empty prompt
  /// starts as a document does.
  private static func promptTokens(
    _ prompt: String, _ tokenizer: Tokenizer, _ checkpoint: Checkpoint
  ) throws -> [Int] {
    let ids = tokenizer.prefixTokens + tokenizer.encode(prompt)
    if !ids.isEmpty { return ids }
    guard let start = checkpoint.model.configuration.endTokens.first else {
      throw UsageError("this model has no end-of-text token to begin from; give a --prompt")
    }
    return [start]
  }

  private static func options(
    _ arguments: Arguments, _ checkpoint: Checkpoint
  ) throws -> SamplingOptions {
    SamplingOptions(
      temperature: try number(arguments, "temperature", 0...100) ?? 0.8,
      topK: try arguments.integer("top-k", in: 1...Int.max),
      topP: try number(arguments, "top-p", 0...1),
      maximumTokens: try arguments.integer("tokens", in: 1...1_000_000) ?? 100,
      stopTokens: checkpoint.model.configuration.endTokens,
      seed: UInt64(try arguments.integer("seed", in: 0...Int.max) ?? 0))
  }

  private static func number(
    _ arguments: Arguments, _ name: String, _ range: ClosedRange<Double>
  ) throws -> Double? {
    guard let text = arguments.value(name) else { return nil }
    guard let value = Double(text), range.contains(value) else {
      throw UsageError(
        "--\(name) takes a number from \(range.lowerBound) to \(range.upperBound); found "
          + "\"\(text)\"")
    }
    return value
  }

  private static func json(_ samples: [Sample], _ texts: [String], _ prompt: String) -> JSON {
    .array(
      zip(samples, texts).map { sample, text in
        [
          "prompt": .string(prompt), "text": .string(text),
          "tokens": .array(sample.tokens.map(JSON.integer)),
          "logProbabilities": .array(sample.logProbabilities.map { .exact(Double($0)) }),
          "stopped": .bool(sample.isStopped),
        ]
      })
  }
}

extension Session {
  /// The checkpoint that a reference names: an artifact, or the stage that made it.
  func checkpoint(_ reference: String) throws -> Checkpoint {
    let artifact: Artifact
    if case .stage(_, let stage) = try target(reference),
      let made = try result(of: stage)?.outputs["checkpoint"]
    {
      artifact = made
    } else {
      artifact = try self.artifact(reference)
    }
    guard artifact.kind == .tree else {
      throw UsageError("\(reference) is one file; a checkpoint is a folder with a config.json")
    }
    let tree = try store.readTree(artifact.digest)
    return try Checkpoint(paths: tree.entries.keys.sorted()) { path in
      try store.read(tree.entries[path]!.object)
    }
  }
}

extension Checkpoint {
  /// The tokenizer in the model folder.
  func tokenizer() throws -> Tokenizer {
    guard let bytes = tokenizerFiles["tokenizer.json"] else {
      throw UsageError("this checkpoint has no tokenizer.json; it works on token ids only")
    }
    return try Tokenizer(json: bytes)
  }
}

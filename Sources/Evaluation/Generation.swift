package import LanguageModel
import Text

/// How answers are written.
package struct GenerationSettings: Hashable, Sendable {
  package var maximumTokens: Int
  /// Texts at which an answer ends; they are no part of it (`until`).
  package var stops: [String]
  /// 0 for the most likely token always.
  package var temperature: Double
  package var topK: Int?
  package var topP: Double?
  package var seed: UInt64

  /// Whether answers are drawn from the model's own distribution, so that means over them estimate
  /// expectations under it.
  package var isUnbiased: Bool {
    temperature == 1 && topK == nil && topP == nil && stops.isEmpty
  }

  package init(
    maximumTokens: Int, stops: [String] = [], temperature: Double = 0, topK: Int? = nil,
    topP: Double? = nil, seed: UInt64 = 0
  ) {
    self.maximumTokens = maximumTokens
    self.stops = stops
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.seed = seed
  }
}

/// An answer that a model wrote.
package struct GeneratedText: Hashable, Sendable {
  package var text: String
  /// How many tokens were made, the one that ended it included.
  package var tokens: Int
  /// Whether part of the prompt was cut off to fit the model.
  package var isTruncated: Bool
  /// Whether it ended by itself, not at the most tokens.
  package var isEnded: Bool
  /// What the model was given and what it made of it, the token that ended it included.
  package var request: ScoreRequest
  /// The natural log-probability of all that it made, at temperature 1 with nothing cut.
  package var logProbability: Double
}

/// Lets a model answer prompts, as lm-evaluation-harness's `generate_until` does (`models/huggingface.py`,
/// 0.4.13): the prompt's last tokens that leave room for the answer, special tokens left out of the
/// text, cut at each stop in turn.
package struct TextGenerator {
  private let model: Transformer
  private let tokenizer: CheckpointTokenizer
  private let encoder: RequestEncoder
  private let threads: Int

  package init(
    _ model: Transformer, _ tokenizer: CheckpointTokenizer, encoder: RequestEncoder, threads: Int
  ) {
    self.model = model
    self.tokenizer = tokenizer
    self.encoder = encoder
    self.threads = threads
  }

  /// The answers in the order of the prompts; each depends on its prompt, its key and the settings alone.
  /// `progress` hears how many prompts are answered, and may throw to stop; so may `check`, called for
  /// every token.
  package func answers(
    to prompts: [String], keys: [Int], _ settings: GenerationSettings,
    check: () throws -> Void, progress: (Int) -> Void = { _ in }
  ) throws -> [GeneratedText] {
    let room = encoder.maximumLength - settings.maximumTokens
    guard room > 0 else {
      throw QuestionError(
        "answers of up to \(settings.maximumTokens) tokens leave no room for a prompt in the model's "
          + "\(encoder.maximumLength) tokens; lower maxTokens")
    }
    let encoded = try prompts.map { try encoder.tokens($0) }
    let ends = endTokens
    let options = SamplingOptions(
      temperature: settings.temperature, topK: settings.topK, topP: settings.topP,
      maximumTokens: settings.maximumTokens, stopTokens: ends, seed: settings.seed)
    let search = StopSearch(tokenizer.tokenizer, settings.stops)
    var answers: [GeneratedText] = []
    // In parts, so that progress moves. A sample does not depend on the others beside it.
    for start in stride(from: 0, to: prompts.count, by: Self.batch) {
      let part = start..<min(start + Self.batch, prompts.count)
      let asked = part.map { Array(encoded[$0].suffix(room)) }
      let samples = try Sampler(model, threads: threads).sample(
        asked, options, keys: part.map { keys[$0] },
        onToken: { _, _, _ in try check() }, isComplete: search.found)
      for ((index, prompt), sample) in zip(zip(part, asked), samples) {
        answers.append(
          answer(
            sample[0], to: prompt, settings.stops, isTruncated: encoded[index].count > room, search)
        )
      }
      progress(answers.count)
    }
    return answers
  }

  /// Bears on memory and progress only.
  private static let batch = 64

  /// The model's own end tokens and the tokenizer's.
  private var endTokens: [Int] { model.configuration.endTokens }

  private func answer(
    _ sample: Sample, to prompt: [Int], _ stops: [String], isTruncated: Bool, _ search: StopSearch
  ) -> GeneratedText {
    var tokens = sample.tokens
    let isEnded = sample.isStopped || search.found(tokens)
    if sample.isStopped { tokens.removeLast() }
    var bytes = Array(tokenizer.tokenizer.decode(tokens, skipSpecial: true).utf8)
    for stop in stops where !stop.isEmpty {
      if let range = bytes.firstRange(of: Array(stop.utf8)) {
        bytes.removeSubrange(range.lowerBound...)
      }
    }
    return GeneratedText(
      text: String(decoding: bytes, as: UTF8.self), tokens: sample.tokens.count,
      isTruncated: isTruncated, isEnded: isEnded,
      request: ScoreRequest(context: prompt, continuation: sample.tokens),
      logProbability: sample.logProbabilities.reduce(0) { $0 + Double($1) })
  }
}

/// Looks for stops at the end of what is written.
private struct StopSearch {
  private let tokenizer: Tokenizer
  private let stops: [[UInt8]]
  private let longest: Int

  init(_ tokenizer: Tokenizer, _ stops: [String]) {
    self.tokenizer = tokenizer
    self.stops = stops.filter { !$0.isEmpty }.map { Array($0.utf8) }
    longest = self.stops.map(\.count).max() ?? 0
  }

  /// Whether the last tokens hold a stop. Every token that is not empty has a byte.
  func found(_ tokens: [Int]) -> Bool {
    guard longest > 0 else { return false }
    let text = Array(tokenizer.decode(tokens.suffix(longest + 2)).utf8)
    return stops.contains { text.firstRange(of: $0) != nil }
  }
}

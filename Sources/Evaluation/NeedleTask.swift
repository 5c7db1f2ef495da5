import ContentStore
import Numerics
package import Text

/// A needle in a haystack: sentences to be found again in long texts, at given lengths and depths, with
/// the same number of questions for each pair of them.
package struct NeedleTask: Sendable {
  /// Tokens of the whole prompt and the answer.
  package var lengths: [Int]
  /// Where the needle lies, in per cent of the haystack.
  package var depths: [Int]
  /// Questions for each length and depth.
  package var count: Int
  /// What a needle is about.
  package var keys: [String]
  /// What a needle says of it.
  package var values: [String]
  /// The sentence that is hidden, of `key` and `value`.
  package var needle: FieldTemplate
  /// What is asked, of `context` and `key`.
  package var prompt: FieldTemplate
  /// The answer, of `key` and `value`.
  package var answer: FieldTemplate
  /// How many answers a question offers, the right one among them; 0 to have it written.
  package var choices: Int
  package var seed: UInt64

  package init(
    lengths: [Int], depths: [Int], count: Int, keys: [String], values: [String],
    needle: FieldTemplate, prompt: FieldTemplate, answer: FieldTemplate, choices: Int,
    seed: UInt64
  ) {
    self.lengths = lengths
    self.depths = depths
    self.count = count
    self.keys = keys
    self.values = values
    self.needle = needle
    self.prompt = prompt
    self.answer = answer
    self.choices = choices
    self.seed = seed
  }

  /// `tokens-1024-depth-25`.
  package static func subject(length: Int, depth: Int) -> String {
    "tokens-\(length)-depth-\(depth)"
  }

  /// All questions, by length, then depth. The haystack's sentences are taken in their order from a random
  /// one on, and again from the first where they do not suffice.
  /// - Parameter reserve: tokens kept for an answer that is to be written.
  package func questions(
    in haystack: [String], by encoder: RequestEncoder, reserve: Int = 0
  ) throws -> [PosedQuestion] {
    let sentences = haystack.flatMap(Self.sentences)
    guard !sentences.isEmpty else {
      throw QuestionError("the documents hold no sentence to hide anything among")
    }
    let hay = sentences.map { (text: $0, tokens: encoder.count(" " + $0)) }
    let stream = RandomStream(seed: seed, purpose: "needles")
    var questions: [PosedQuestion] = []
    for length in lengths {
      guard length <= encoder.maximumLength else {
        throw QuestionError(
          "a length of \(length) tokens is more than the model's \(encoder.maximumLength)")
      }
      for depth in depths {
        let cell = stream.substream(UInt64(length)).substream(UInt64(depth))
        for number in 0..<count {
          questions.append(
            try question(
              length, depth, number, hay, cell.substream(UInt64(number)), encoder, reserve))
        }
      }
    }
    return questions
  }

  private func question(
    _ length: Int, _ depth: Int, _ number: Int, _ hay: [(text: String, tokens: Int)],
    _ draws: RandomStream, _ encoder: RequestEncoder, _ reserve: Int
  ) throws -> PosedQuestion {
    let key = keys[Int(draws.integer(at: 0, below: UInt64(keys.count)))]
    let order = draws.substream(1).permutation(values.count)
    let value = values[order[0]]
    let offered = order.prefix(max(1, choices)).map { values[$0] }
    let answers = try offered.map { try text(answer, ["key": key, "value": $0]) }
    let room = try length - reserve - overhead(key, value, answers, encoder)
    guard room >= 0 else {
      throw QuestionError(
        "a length of \(length) tokens does not hold the question, the needle and the answer; they take "
          + "\(length - room)")
    }
    let first = Int(draws.integer(at: 1, below: UInt64(hay.count)))
    let chosen = Self.taken(hay, from: first, room)
    let needle = try text(self.needle, ["key": key, "value": value])
    let context = Self.hide(needle, in: chosen, depth: depth)
    let place = draws.substream(2).permutation(answers.count)
    let gold = place.firstIndex(of: 0) ?? 0
    let prompt = try text(self.prompt, ["context": context, "key": key])
    return PosedQuestion(
      id: "\(Self.subject(length: length, depth: depth))/\(number + 1)",
      subject: Self.subject(length: length, depth: depth),
      content: ["question": .string(prompt), "answer": .string(answers[0])], text: prompt,
      choices: choices == 0 ? [] : place.map { answers[$0] }, gold: gold,
      answer: choices == 0 ? value : answers[0])
  }

  private func text(
    _ template: FieldTemplate, _ fields: [String: String]
  ) throws(TextError) -> String {
    try template.text(of: fields.mapValues(JSON.string))
  }

  /// The tokens of a prompt without a haystack, and of the longest answer.
  private func overhead(
    _ key: String, _ value: String, _ answers: [String], _ encoder: RequestEncoder
  ) throws -> Int {
    let needle = try text(self.needle, ["key": key, "value": value])
    let prompt = try text(self.prompt, ["context": needle, "key": key])
    let answer = choices == 0 ? 0 : answers.map { encoder.count(" " + $0) }.max() ?? 0
    return encoder.count(prompt) + answer + 1
  }

  /// Sentences from one on, as many as fit.
  private static func taken(
    _ hay: [(text: String, tokens: Int)], from first: Int, _ room: Int
  ) -> [(text: String, tokens: Int)] {
    var (chosen, used, index): ([(text: String, tokens: Int)], Int, Int) = ([], 0, first)
    while true {
      let next = hay[index % hay.count]
      // A sentence without tokens would never fill the room.
      guard used + max(1, next.tokens) <= room else { return chosen }
      chosen.append(next)
      used += max(1, next.tokens)
      index += 1
    }
  }

  /// Puts a needle where the share of tokens before it first reaches the depth.
  private static func hide(
    _ needle: String, in hay: [(text: String, tokens: Int)], depth: Int
  ) -> String {
    let total = hay.reduce(0) { $0 + $1.tokens }
    var (before, place) = (0, 0)
    while place < hay.count, before * 100 < depth * total {
      before += hay[place].tokens
      place += 1
    }
    var texts = hay.map(\.text)
    texts.insert(needle, at: place)
    return texts.joined(separator: " ")
  }

  /// Stretches that end in a full stop, a question or exclamation mark before white space, or in a line
  /// break.
  static func sentences(_ text: String) -> [String] {
    let scalars = Array(text.unicodeScalars)
    var (sentences, start): ([String], Int) = ([], 0)
    for index in scalars.indices {
      let isEnd = index + 1 == scalars.count || scalars[index + 1].isPythonSpace
      guard
        scalars[index] == "\n" || index + 1 == scalars.count
          || ".!?".unicodeScalars.contains(scalars[index]) && isEnd
      else { continue }
      let sentence = ResponseText(scalars[start...index]).stripped()
      if !sentence.scalars.isEmpty { sentences.append(sentence.text) }
      start = index + 1
    }
    return sentences
  }
}

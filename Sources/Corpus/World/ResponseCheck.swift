package import ContentStore

/// What makes a response right, checked without a model: an answer to be found in it, and instructions
/// whose keeping a program can see (as in IFEval, Zhou et al. 2023). Its JSON form, which prompts
/// carry as `metadata.checker`:
///
///     {"answer": "baker", "constraints": [{"rule": "maxWords", "value": 3}], "match": "contains"}
package struct ResponseCheck: Hashable, Sendable {
  /// How the answer must occur.
  package enum Match: String, Sendable {
    /// The whole response, but for white space around it.
    case exact
    /// As whole words somewhere, in any case.
    case contains
    /// As the last integer of the response.
    case number
  }

  package enum Constraint: Hashable, Sendable {
    case maxWords(Int)
    /// At least three words, the last one ending in a full stop.
    case sentence
    /// No small ASCII letter.
    case uppercase
    case startsWith(String)
    /// The word occurs exactly so often, and nothing else does.
    case times(String, Int)
  }

  /// Nil when any answer will do.
  package var answer: String?
  package var match: Match
  package var constraints: [Constraint]

  package init(answer: String?, match: Match, constraints: [Constraint] = []) {
    self.answer = answer
    self.match = match
    self.constraints = constraints
  }

  /// Whether a response has the answer and keeps all constraints.
  package func passes(_ response: String) -> Bool {
    let bytes = Array(response.utf8)
    return hasAnswer(bytes) && constraints.allSatisfy { $0.isKept(by: bytes) }
  }

  func hasAnswer(_ response: WorldBytes) -> Bool {
    guard let answer else { return true }
    let wanted = Array(answer.utf8)
    switch match {
    case .exact: return response.trimmed.elementsEqual(wanted)
    case .contains: return response.lowercase.containsPhrase(wanted.lowercase)
    case .number: return response.lastInteger == Int(answer)
    }
  }
}

extension ResponseCheck.Constraint {
  func isKept(by response: WorldBytes) -> Bool {
    let words = response.split { $0 == 0x20 || $0 == 0x0A }
    switch self {
    case .maxWords(let most): return !words.isEmpty && words.count <= most
    case .sentence: return words.count >= 3 && response.trimmed.last == UInt8(ascii: ".")
    case .uppercase:
      return !words.isEmpty && !response.contains { (0x61...0x7A).contains($0) }
    case .startsWith(let text): return response.trimmed.starts(with: text.utf8)
    case .times(let word, let count):
      return words.count == count && words.allSatisfy { $0.elementsEqual(word.utf8) }
    }
  }

  var object: WorldObject {
    var object = WorldObject()
    switch self {
    case .maxWords(let most):
      object.add("rule", "maxWords")
      object.add("value", most)
    case .sentence: object.add("rule", "sentence")
    case .uppercase: object.add("rule", "uppercase")
    case .startsWith(let text):
      object.add("rule", "startsWith")
      object.add("value", text)
    case .times(let word, let count):
      object.add("rule", "times")
      object.add("value", count)
      object.add("word", word)
    }
    return object
  }

  init?(json: JSON) {
    switch json["rule"]?.stringValue {
    case "maxWords":
      guard let most = json["value"]?.intValue else { return nil }
      self = .maxWords(most)
    case "sentence": self = .sentence
    case "uppercase": self = .uppercase
    case "startsWith":
      guard let text = json["value"]?.stringValue else { return nil }
      self = .startsWith(text)
    case "times":
      guard let count = json["value"]?.intValue, let word = json["word"]?.stringValue else {
        return nil
      }
      self = .times(word, count)
    default: return nil
    }
  }
}

extension ResponseCheck {
  var object: WorldObject {
    var object = WorldObject()
    if let answer { object.add("answer", answer) }
    object.add("constraints", objects: constraints.map(\.object))
    object.add("match", match.rawValue)
    return object
  }

  /// Nil when it is not of the form above.
  package init?(json: JSON) {
    guard let match = json["match"]?.stringValue.flatMap(Match.init(rawValue:)),
      let list = json["constraints"]?.arrayValue
    else { return nil }
    let constraints = list.compactMap(Constraint.init(json:))
    guard constraints.count == list.count else { return nil }
    self.init(answer: json["answer"]?.stringValue, match: match, constraints: constraints)
  }
}

extension [UInt8] {
  /// ASCII letters in lower case; other letters stay.
  var lowercase: [UInt8] { map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 } }

  var trimmed: ArraySlice<UInt8> {
    let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x0A }
    let start = firstIndex { !isSpace($0) } ?? endIndex
    let end = lastIndex { !isSpace($0) }.map { $0 + 1 } ?? start
    return self[start..<end]
  }

  /// Whether a phrase occurs with no letter or digit beside it.
  func containsPhrase(_ phrase: [UInt8]) -> Bool {
    guard let first = phrase.first, phrase.count <= count else { return false }
    for start in 0...(count - phrase.count) where self[start] == first {
      let end = start + phrase.count
      guard self[start..<end].elementsEqual(phrase) else { continue }
      if (start == 0 || !self[start - 1].isWord) && (end == count || !self[end].isWord) {
        return true
      }
    }
    return false
  }

  /// The last run of digits.
  var lastInteger: Int? {
    guard let last = lastIndex(where: { (0x30...0x39).contains($0) }) else { return nil }
    var start = last
    while start > 0, (0x30...0x39).contains(self[start - 1]) { start -= 1 }
    return Int(String(decoding: self[start...last], as: UTF8.self))
  }
}

extension UInt8 {
  fileprivate var isWord: Bool {
    (0x30...0x39).contains(self) || (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self)
      || self >= 0x80
  }
}

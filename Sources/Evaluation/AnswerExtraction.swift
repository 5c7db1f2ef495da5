/// What of a response is its answer, without regular expressions.
package enum AnswerRule: String, CaseIterable, Hashable, Sendable {
  /// The whole response.
  case all
  /// The first line that is not empty.
  case line
  /// The number right after the marker, `#### 1,234`: the harness's `strict-match` of gsm8k, whose
  /// pattern is `MARKER(-?[0-9.,]+)`.
  case numberAfter = "number-after"
  /// The last number: the harness's `flexible-extract`, whose pattern is
  /// `(-?[$0-9.,]{2,})|(-?[0-9]+)`.
  case lastNumber = "last-number"
  /// The first number, by the same pattern.
  case firstNumber = "first-number"
  /// What stands between the marker's last occurrence and the end of its line.
  case after
  /// The first of the letters A to Z that stands alone.
  case letter
}

/// A way to find the answer in a response.
package struct AnswerExtraction: Hashable, Sendable {
  package var name: String
  package var rule: AnswerRule
  package var marker: String

  package init(name: String, rule: AnswerRule, marker: String = "") {
    self.name = name
    self.rule = rule
    self.marker = marker
  }

  /// What the harness puts where nothing is found.
  package static let nothing = "[invalid]"

  /// The answer in a response; `nothing` when there is none.
  package func answer(in response: String) -> String {
    let text = Array(response.utf8)
    let found: [UInt8]? =
      switch rule {
      case .all: text
      case .line: lines(text).first { !$0.isBlank }.map(Array.init)
      case .numberAfter: numberAfterMarker(text)
      case .lastNumber: Self.numbers(text).last
      case .firstNumber: Self.numbers(text).first
      case .after: afterMarker(text)
      case .letter: Self.letter(text)
      }
    guard let found else { return Self.nothing }
    return String(decoding: found, as: UTF8.self).pythonStripped()
  }

  private func lines(_ text: [UInt8]) -> [ArraySlice<UInt8>] {
    text.split(separator: UInt8(ascii: "\n"))
  }

  private func afterMarker(_ text: [UInt8]) -> [UInt8]? {
    let marker = Array(marker.utf8)
    guard let last = text.ranges(of: marker).last else { return nil }
    return Array(text[last.upperBound...].prefix { $0 != UInt8(ascii: "\n") })
  }

  private func numberAfterMarker(_ text: [UInt8]) -> [UInt8]? {
    for range in text.ranges(of: Array(marker.utf8)) {
      var end = range.upperBound
      if end < text.count, text[end] == UInt8(ascii: "-") { end += 1 }
      let digits = end
      while end < text.count, text[end].isNumberPart { end += 1 }
      if end > digits { return Array(text[range.upperBound..<end]) }
    }
    return nil
  }

  /// All matches of `(-?[$0-9.,]{2,})|(-?[0-9]+)`, from the left.
  private static func numbers(_ text: [UInt8]) -> [[UInt8]] {
    var found: [[UInt8]] = []
    var position = 0
    while position < text.count {
      guard let end = numberEnd(text, position) else {
        position += 1
        continue
      }
      found.append(Array(text[position..<end]))
      position = end
    }
    return found
  }

  private static func numberEnd(_ text: [UInt8], _ start: Int) -> Int? {
    let digits = text[start] == UInt8(ascii: "-") ? start + 1 : start
    var end = digits
    while end < text.count, text[end].isNumberPart || text[end] == UInt8(ascii: "$") { end += 1 }
    if end - digits >= 2 { return end }
    return end > digits && text[digits].isDigit ? end : nil
  }

  private static func letter(_ text: [UInt8]) -> [UInt8]? {
    text.indices.first { index in
      (0x41...0x5A).contains(text[index])
        && (index == 0 || !text[index - 1].isWordPart)
        && (index + 1 == text.count || !text[index + 1].isWordPart)
    }.map { [text[$0]] }
  }
}

/// When two answers count as the same: the harness's `exact_match`.
package struct AnswerComparison: Hashable, Sendable {
  /// Texts that go from both.
  package var ignoredTexts: [String]
  /// What stands before its last occurrence goes, and it too.
  package var ignoredBefore: String
  /// Whether a full stop at the end goes.
  package var ignoresFinalStop: Bool
  package var ignoresCase: Bool
  /// ASCII's (`string.punctuation`).
  package var ignoresPunctuation: Bool

  package init(
    ignoredTexts: [String] = [], ignoredBefore: String = "", ignoresFinalStop: Bool = false,
    ignoresCase: Bool = true, ignoresPunctuation: Bool = false
  ) {
    self.ignoredTexts = ignoredTexts
    self.ignoredBefore = ignoredBefore
    self.ignoresFinalStop = ignoresFinalStop
    self.ignoresCase = ignoresCase
    self.ignoresPunctuation = ignoresPunctuation
  }

  package func areSame(_ answer: String, _ target: String) -> Bool {
    form(answer).elementsEqual(form(target))
  }

  /// In the order of gsm8k's `regexes_to_ignore`: texts, what stands before, the final full stop.
  private func form(_ text: String) -> [UInt8] {
    var bytes = Array(text.utf8)
    for ignored in ignoredTexts where !ignored.isEmpty {
      bytes = bytes.replacing(Array(ignored.utf8), with: [])
    }
    if !ignoredBefore.isEmpty, let last = bytes.ranges(of: Array(ignoredBefore.utf8)).last {
      bytes.removeSubrange(..<last.upperBound)
    }
    // Python's `\.$` also matches before a line break at the end.
    if ignoresFinalStop, let last = bytes.indices.last {
      let place = bytes[last] == UInt8(ascii: "\n") ? last - 1 : last
      if place >= 0, bytes[place] == UInt8(ascii: ".") { bytes.remove(at: place) }
    }
    if ignoresPunctuation { bytes.removeAll(where: \.isPunctuation) }
    guard ignoresCase else { return bytes }
    return Array(String(decoding: bytes, as: UTF8.self).lowercased().utf8)
  }
}

extension UInt8 {
  var isDigit: Bool { (0x30...0x39).contains(self) }
  fileprivate var isNumberPart: Bool {
    isDigit || self == UInt8(ascii: ".") || self == UInt8(ascii: ",")
  }
  fileprivate var isWordPart: Bool {
    isDigit || (self | 0x20) &- 0x61 < 26 || self == UInt8(ascii: "_") || self >= 0x80
  }
  fileprivate var isPunctuation: Bool {
    (0x21...0x2F).contains(self) || (0x3A...0x40).contains(self) || (0x5B...0x60).contains(self)
      || (0x7B...0x7E).contains(self)
  }
}

extension ArraySlice<UInt8> {
  fileprivate var isBlank: Bool { allSatisfy { $0 == 0x20 || 0x09...0x0D ~= $0 } }
}

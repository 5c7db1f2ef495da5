/// A `robots.txt` (RFC 9309): which paths a crawler may fetch.
package struct RobotsFile: Sendable {
  private struct Group: Sendable {
    /// In lower case; `*` for everyone.
    var agents: [String] = []
    var rules: [Rule] = []
  }

  private struct Rule: Sendable {
    var isAllowed: Bool
    var pattern: RobotsPattern
  }

  private var groups: [Group] = []

  /// Lines that say nothing known are passed over, as the RFC asks; invalid UTF-8 stands for U+FFFD.
  package init(_ bytes: [UInt8]) {
    var bytes = bytes[...]
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    var isInAgents = false
    for line in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
      guard let (key, value) = Self.fields(String(decoding: line, as: UTF8.self)) else { continue }
      switch key {
      case "user-agent":
        if !isInAgents { groups.append(Group()) }
        isInAgents = true
        groups[groups.count - 1].agents.append(Self.agent(value))
      case "allow", "disallow":
        isInAgents = false
        guard !groups.isEmpty, !value.isEmpty else { continue }
        groups[groups.count - 1].rules.append(
          Rule(isAllowed: key == "allow", pattern: RobotsPattern(value)))
      default: break
      }
    }
  }

  /// `Key: value # comment`.
  private static func fields(_ line: String) -> (key: String, value: String)? {
    let content = line.prefix { $0 != "#" }
    guard let colon = content.firstIndex(of: ":") else { return nil }
    func trimmed(_ text: Substring) -> Substring {
      let isSpace = { (character: Character) in character == " " || character == "\t" }
      var text = text.drop(while: isSpace)
      while let last = text.last, isSpace(last) { text.removeLast() }
      return text
    }
    return (
      trimmed(content[..<colon]).lowercased(),
      String(trimmed(content[content.index(after: colon)...]))
    )
  }

  /// A product token: letters, `-` and `_`; what follows, such as a version, says nothing.
  private static func agent(_ text: String) -> String {
    if text == "*" { return text }
    return text.prefix {
      $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_")
    }.lowercased()
  }

  /// Whether a crawler may fetch a path (with its query). Groups that name the crawler count together; if
  /// there are none, those for everyone do. Of the rules that match, the one with most octets decides, and
  /// `allow` among equals; no rule, or the path `/robots.txt`, is allowed.
  package func allows(_ path: String, agent: String) -> Bool {
    if path == "/robots.txt" { return true }
    let name = Self.agent(agent)
    let named = groups.filter { $0.agents.contains(name) }
    let mine = named.isEmpty ? groups.filter { $0.agents.contains("*") } : named
    let target = RobotsPattern.normalized(path, isPath: true)
    var (length, isAllowed) = (-1, true)
    for rule in mine.flatMap(\.rules) where rule.pattern.matches(target) {
      if rule.pattern.length > length {
        (length, isAllowed) = (rule.pattern.length, rule.isAllowed)
      } else if rule.pattern.length == length, rule.isAllowed {
        isAllowed = true
      }
    }
    return isAllowed
  }
}

/// A path pattern with `*` for any octets and `$` for the end (RFC 9309, section 2.2.3).
struct RobotsPattern: Sendable {
  private let parts: [[UInt8]]
  private let isAnchored: Bool
  /// Octets, as the longest match counts them.
  let length: Int

  init(_ text: String) {
    let octets = Self.normalized(text)
    length = octets.count
    isAnchored = octets.last == UInt8(ascii: "$")
    // Anywhere else it stands for itself, as in a path.
    let body = (isAnchored ? octets.dropLast() : octets[...]).flatMap { octet in
      octet == UInt8(ascii: "$") ? Self.encoded(octet) : [octet]
    }
    parts = body.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map(
      Array.init)
  }

  /// Octets outside ASCII percent-encoded, encodings of unreserved ASCII decoded, other encodings in upper
  /// case (section 2.2.2). In a path `*` and `$` stand for themselves, which a pattern writes encoded.
  static func normalized(_ text: String, isPath: Bool = false) -> [UInt8] {
    var (result, rest): ([UInt8], ArraySlice<UInt8>) = ([], Array(text.utf8)[...])
    while let octet = rest.first {
      if octet == UInt8(ascii: "%"), let value = decoded(rest) {
        rest = rest.dropFirst(3)
        if isUnreserved(value) { result.append(value) } else { result += encoded(value) }
      } else {
        rest = rest.dropFirst()
        let isSign = isPath && (octet == UInt8(ascii: "*") || octet == UInt8(ascii: "$"))
        if octet < 0x80, !isSign { result.append(octet) } else { result += encoded(octet) }
      }
    }
    return result
  }

  private static func decoded(_ octets: ArraySlice<UInt8>) -> UInt8? {
    guard octets.count >= 3 else { return nil }
    let digits = octets.dropFirst().prefix(2)
    guard digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
    return UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
  }

  private static func encoded(_ octet: UInt8) -> [UInt8] {
    let hex = Array("0123456789ABCDEF".utf8)
    return [UInt8(ascii: "%"), hex[Int(octet >> 4)], hex[Int(octet & 15)]]
  }

  private static func isUnreserved(_ octet: UInt8) -> Bool {
    (octet | 0x20) &- 0x61 < 26 || octet &- 0x30 < 10 || Array("-._~".utf8).contains(octet)
  }

  func matches(_ path: [UInt8]) -> Bool {
    guard path.starts(with: parts[0]) else { return false }
    var position = parts[0].count
    for (index, part) in parts.enumerated().dropFirst() {
      if isAnchored, index == parts.count - 1 {
        return path.count - part.count >= position && path.suffix(part.count).elementsEqual(part)
      }
      guard let end = Self.end(of: part, in: path, from: position) else { return false }
      position = end
    }
    return !isAnchored || position == path.count
  }

  private static func end(of part: [UInt8], in path: [UInt8], from start: Int) -> Int? {
    var position = start
    while position + part.count <= path.count {
      if path[position..<position + part.count].elementsEqual(part) { return position + part.count }
      position += 1
    }
    return nil
  }
}

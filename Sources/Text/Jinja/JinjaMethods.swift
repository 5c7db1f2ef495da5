/// Methods of texts and mappings that chat templates call.
enum JinjaMethods {
  static let ofTexts: Set<String> = [
    "strip", "lstrip", "rstrip", "startswith", "endswith", "split", "upper", "lower", "title",
    "capitalize", "replace", "find", "count", "join",
  ]
  static let ofMaps: Set<String> = ["items", "keys", "values", "get"]

  static func call(
    _ name: String, of object: JinjaValue, _ arguments: [JinjaValue]
  ) throws(TextError) -> JinjaValue {
    if case .map(let members) = object { return map(name, members, arguments) }
    if case .list(let list) = object { return try index(in: list, of: arguments.first) }
    guard let text = object.text else {
      throw TextError("the chat template calls \(name) of \(object.kind)")
    }
    switch name {
    case "strip", "lstrip", "rstrip":
      let set = arguments.first?.text.map { Set($0.unicodeScalars) }
      return .string(strip(text, set, start: name != "rstrip", end: name != "lstrip"))
    case "startswith", "endswith": return .bool(hasEnd(name, text, arguments.first))
    case "split": return split(text, arguments)
    case "upper": return .string(text.uppercased())
    case "lower": return .string(text.lowercased())
    case "capitalize": return .string(capitalized(text))
    case "title": return .string(titled(text))
    case "find": return .integer(offset(of: arguments.first?.text ?? "", in: text))
    case "count":
      let part = Array((arguments.first?.text ?? "").utf8)
      return .integer(part.isEmpty ? 0 : Array(text.utf8).ranges(of: part).count)
    case "join":
      let parts = try arguments.first.map { (list) throws(TextError) in
        try JinjaInterpreter.elements(list)
      }
      return .string((parts ?? []).map(\.printed).joined(separator: text))
    default: return try replaced(text, arguments)
    }
  }

  private static func index(
    in list: [JinjaValue], of element: JinjaValue?
  ) throws(TextError) -> JinjaValue {
    guard let element, let place = list.firstIndex(of: element) else {
      throw TextError(
        "the chat template looks for \(element?.represented ?? "nothing") in a list that lacks it")
    }
    return .integer(place)
  }

  private static func map(
    _ name: String, _ members: [(key: String, value: JinjaValue)], _ arguments: [JinjaValue]
  ) -> JinjaValue {
    switch name {
    case "keys": return .list(members.map { .string($0.key) })
    case "values": return .list(members.map(\.value))
    case "get":
      return members.first { $0.key == arguments.first?.text }?.value
        ?? arguments.dropFirst().first ?? JinjaValue.none
    default: return .list(members.map { .list([.string($0.key), $0.value]) })
    }
  }

  /// Python's `str.isspace` for single scalars: Unicode's White_Space and U+001C to U+001F.
  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    CharacterClass.of(scalar.value).isSpace || (0x1C...0x1F).contains(scalar.value)
  }

  static func strip(
    _ text: String, _ set: Set<Unicode.Scalar>?, start: Bool, end: Bool
  ) -> String {
    func goes(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? isSpace(scalar) }
    var rest = text.unicodeScalars[...]
    if start { rest = rest.drop(while: goes) }
    if end { while let last = rest.last, goes(last) { rest.removeLast() } }
    return String(rest)
  }

  private static func hasEnd(_ name: String, _ text: String, _ value: JinjaValue?) -> Bool {
    var candidates: [JinjaValue] = value.map { [$0] } ?? []
    if case .list(let list)? = value { candidates = list }
    return candidates.contains { candidate in
      let part = Array((candidate.text ?? "").utf8)
      return name == "startswith"
        ? text.utf8.starts(with: part) : text.utf8.suffix(part.count).elementsEqual(part)
    }
  }

  private static func split(_ text: String, _ arguments: [JinjaValue]) -> JinjaValue {
    let limit = arguments.dropFirst().first?.integer ?? -1
    guard let separator = arguments.first?.text, !separator.isEmpty else {
      let parts = text.unicodeScalars.split(whereSeparator: isSpace)
      return .list(parts.map { .string(String($0)) })
    }
    var parts: [JinjaValue] = []
    var rest = Array(text.utf8)[...]
    while limit < 0 || parts.count < limit, let found = rest.firstRange(of: Array(separator.utf8)) {
      parts.append(.string(String(decoding: rest[..<found.lowerBound], as: UTF8.self)))
      rest = rest[found.upperBound...]
    }
    return .list(parts + [.string(String(decoding: rest, as: UTF8.self))])
  }

  private static func capitalized(_ text: String) -> String {
    String(text.prefix(1)).uppercased() + text.dropFirst().lowercased()
  }

  private static func titled(_ text: String) -> String {
    var result = ""
    var isInside = false
    for character in text {
      let part = String(character)
      result += isInside ? part.lowercased() : part.uppercased()
      isInside = character.isLetter
    }
    return result
  }

  /// Where a text first occurs, in scalars; −1 when it does not.
  private static func offset(of part: String, in text: String) -> Int {
    guard !part.isEmpty else { return 0 }
    let bytes = Array(text.utf8)
    guard let found = bytes.firstRange(of: Array(part.utf8)) else { return -1 }
    return String(decoding: bytes[..<found.lowerBound], as: UTF8.self).unicodeScalars.count
  }

  private static func replaced(
    _ text: String, _ arguments: [JinjaValue]
  ) throws(TextError) -> JinjaValue {
    guard arguments.count >= 2, let old = arguments[0].text, !old.isEmpty else {
      throw TextError("the chat template calls replace without an old and a new text")
    }
    let new = Array(arguments[1].printed.utf8)
    let limit = arguments.dropFirst(2).first?.integer ?? Int.max
    let bytes = Array(text.utf8)
      .replacing(Array(old.utf8), with: new, maxReplacements: max(0, limit))
    return .string(String(decoding: bytes, as: UTF8.self))
  }
}

/// Jinja's tests: what may stand after `is`.
enum JinjaTests {
  static func holds(
    _ name: String, _ value: JinjaValue, _ arguments: [JinjaValue]
  ) throws(TextError) -> Bool {
    switch name {
    case "defined": return !value.isUndefined
    case "undefined": return value.isUndefined
    case "none": return value.isNone
    case "string", "mapping", "sequence", "iterable", "boolean", "callable":
      return isKind(name, value)
    case "number": return value.number != nil
    case "integer": if case .integer = value { return true } else { return false }
    case "float": if case .float = value { return true } else { return false }
    case "true": if case .bool(true) = value { return true } else { return false }
    case "false": if case .bool(false) = value { return true } else { return false }
    case "odd": return (value.integer ?? 0) % 2 != 0
    case "even": return (value.integer ?? 1) % 2 == 0
    case "divisibleby":
      let divisor = arguments.first?.integer ?? 0
      return divisor != 0 && (value.integer ?? 1) % divisor == 0
    default:
      let signs = [
        "eq": "==", "equalto": "==", "==": "==", "ne": "!=", "in": "in", "lt": "<", "gt": ">",
        "lessthan": "<", "greaterthan": ">", "le": "<=", "ge": ">=",
      ]
      guard let sign = signs[name], let other = arguments.first else {
        throw TextError("the chat template uses the test \(name), which exp does not know")
      }
      return try JinjaOperators.compare(sign, value, other)
    }
  }

  private static func isKind(_ name: String, _ value: JinjaValue) -> Bool {
    switch (name, value) {
    case ("string", .string), ("mapping", .map), ("boolean", .bool): return true
    case ("sequence", .string), ("sequence", .list), ("sequence", .map): return true
    case ("iterable", .string), ("iterable", .list), ("iterable", .map): return true
    case ("callable", .function), ("callable", .method), ("callable", .macro): return true
    default: return false
    }
  }
}

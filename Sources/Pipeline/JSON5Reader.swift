extension SourceNode {
  /// Reads one JSON5 text (json5.org, version 1.0.0), keeping order and places. Refuses duplicate
  /// names, invalid UTF-8, lone surrogates, and numbers with no stable encoding: Infinity, NaN,
  /// beyond a double, and integers that no double holds.
  package init(parsing file: SourceFile) throws(ExperimentError) {
    var reader = try JSON5Reader(file)
    self = try reader.document()
  }
}

/// A recursive-descent reader over Unicode scalars. The names of its methods are those of the
/// grammar's productions.
struct JSON5Reader {
  let file: SourceFile
  let scalars: [Unicode.Scalar]
  /// The byte offset of each scalar, and of the end.
  let offsets: [Int]
  var index = 0
  var depth = 0

  /// A reader from a byte offset on, which must be the start of a character.
  init(_ file: SourceFile, from start: Int = 0) throws(ExperimentError) {
    self.file = file
    guard let text = String(validating: file.bytes, as: UTF8.self) else {
      let offset = Self.firstInvalidByte(file.bytes)
      throw ExperimentError(
        "the text is not valid UTF-8", at: SourcePosition(file: file, offset: offset))
    }
    scalars = Array(text.unicodeScalars)
    var offset = 0
    offsets =
      scalars.map { scalar in
        defer { offset += UTF8.width(scalar) }
        return offset
      } + [file.bytes.count]
    index = offsets.firstIndex { $0 >= start } ?? scalars.count
  }

  private static func firstInvalidByte(_ bytes: [UInt8]) -> Int {
    var decoder = UTF8()
    var input = bytes.makeIterator()
    var offset = 0
    while case .scalarValue(let scalar) = decoder.decode(&input) { offset += UTF8.width(scalar) }
    return offset
  }

  var current: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

  var next: Unicode.Scalar? { index + 1 < scalars.count ? scalars[index + 1] : nil }

  func position(_ index: Int) -> SourcePosition {
    SourcePosition(file: file, offset: offsets[index])
  }

  func error(_ message: String, at index: Int? = nil) -> ExperimentError {
    ExperimentError(message, at: position(min(index ?? self.index, scalars.count)))
  }

  /// An error that names what stands at the current place.
  func unexpected(_ wanted: String) -> ExperimentError {
    guard let current else { return error("the text ends where \(wanted) should stand") }
    let shown = current.properties.isWhitespace ? "a line break" : "'\(current)'"
    return error("expected \(wanted), found \(shown)")
  }

  mutating func document() throws(ExperimentError) -> SourceNode {
    let result = try value()
    try skipSpace()
    guard current == nil else { throw error("unexpected text after the value") }
    return result
  }

  mutating func value() throws(ExperimentError) -> SourceNode {
    try skipSpace()
    let start = position(index)
    return SourceNode(try bareValue(), at: start)
  }

  private mutating func bareValue() throws(ExperimentError) -> SourceNode.Value {
    switch current {
    case "{": return try object()
    case "[": return try array()
    case "\"", "'": return .string(try string())
    case let sign? where "+-.0123456789".unicodeScalars.contains(sign):
      return .number(try number())
    case let start? where isIdentifierStart(start): return try word()
    default: throw unexpected("a value")
    }
  }

  private mutating func word() throws(ExperimentError) -> SourceNode.Value {
    let start = index
    let name = try identifier()
    switch name {
    case "null": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "Infinity", "NaN": throw unstable(name, at: start)
    default:
      throw error("\"\(name)\" is no value; write texts in quotes", at: start)
    }
  }

  /// The refusal of numbers that JSON cannot hold exactly.
  func unstable(_ text: String, at start: Int) -> ExperimentError {
    error("\(text) has no stable encoding", at: start)
  }

  private mutating func enter() throws(ExperimentError) {
    index += 1
    depth += 1
    // Deep nesting would overflow the stack; real experiments are a few levels deep.
    if depth > 256 { throw error("nested more than 256 levels deep") }
  }

  private mutating func leave() {
    index += 1
    depth -= 1
  }

  private mutating func object() throws(ExperimentError) -> SourceNode.Value {
    var members: [SourceNode.Member] = []
    var places: [String: SourcePosition] = [:]
    try enter()
    try skipSpace()
    while current != "}" {
      let member = try self.member()
      if let first = places.updateValue(member.keyPosition, forKey: member.key) {
        throw ExperimentError(
          "the name \"\(member.key)\" appears twice, first in line \(first.line)",
          at: member.keyPosition)
      }
      members.append(member)
      try separator(before: "}")
    }
    leave()
    return .object(members)
  }

  private mutating func member() throws(ExperimentError) -> SourceNode.Member {
    let start = position(index)
    let key: String
    switch current {
    case "\"", "'": key = try string()
    case let scalar? where isIdentifierStart(scalar) || scalar == "\\": key = try identifier()
    default: throw unexpected("a member's name or '}'")
    }
    try skipSpace()
    guard current == ":" else { throw unexpected("':' after the name \"\(key)\"") }
    index += 1
    return SourceNode.Member(key: key, keyPosition: start, value: try value())
  }

  private mutating func array() throws(ExperimentError) -> SourceNode.Value {
    var elements: [SourceNode] = []
    try enter()
    try skipSpace()
    while current != "]" {
      elements.append(try value())
      try separator(before: "]")
    }
    leave()
    return .array(elements)
  }

  /// A comma, which may be left out (or stand alone) before the closing bracket.
  private mutating func separator(before end: Unicode.Scalar) throws(ExperimentError) {
    try skipSpace()
    if current == end { return }
    guard current == "," else { throw unexpected("',' or '\(end)'") }
    index += 1
    try skipSpace()
  }
}

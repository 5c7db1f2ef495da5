import ContentStore

/// A value in a template, as Python and Jinja know it.
indirect enum JinjaValue: Sendable {
  case undefined(String)
  case none
  case bool(Bool)
  case integer(Int)
  case float(Double)
  case string(String)
  case list([JinjaValue])
  case map([(key: String, value: JinjaValue)])
  /// `namespace()`: its number among the interpreter's namespaces, which are shared by reference.
  case namespace(Int)
  case function(String)
  /// A method before its call.
  case method(JinjaValue, String)
  case macro(JinjaMacro)

  init(_ json: JSON) {
    switch json {
    case .null: self = .none
    case .bool(let value): self = .bool(value)
    case .number(let value): self = Int(exactly: value).map(JinjaValue.integer) ?? .float(value)
    case .string(let text): self = .string(text)
    case .array(let list): self = .list(list.map(JinjaValue.init))
    case .object(let members):
      self = .map(
        members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
          .map { ($0.key, JinjaValue($0.value)) })
    }
  }

  /// Python's truth.
  var isTrue: Bool {
    switch self {
    case .undefined, .none: return false
    case .bool(let value): return value
    case .integer(let value): return value != 0
    case .float(let value): return value != 0
    case .string(let text): return !text.isEmpty
    case .list(let list): return !list.isEmpty
    case .map(let members): return !members.isEmpty
    case .namespace, .function, .method, .macro: return true
    }
  }

  var isUndefined: Bool { if case .undefined = self { true } else { false } }
  var isNone: Bool { if case .none = self { true } else { false } }
  var text: String? { if case .string(let text) = self { text } else { nil } }

  /// An integer; Python's booleans are ones too.
  var integer: Int? {
    switch self {
    case .integer(let value): return value
    case .bool(let value): return value ? 1 : 0
    default: return nil
    }
  }

  var number: Double? {
    if case .float(let value) = self { return value }
    return integer.map(Double.init)
  }

  /// What a type is called in messages.
  var kind: String {
    switch self {
    case .undefined(let name): return "undefined (\(name))"
    case .none: return "none"
    case .bool: return "a boolean"
    case .integer, .float: return "a number"
    case .string: return "a text"
    case .list: return "a list"
    case .map: return "a mapping"
    case .namespace: return "a namespace"
    case .function, .method, .macro: return "a function"
    }
  }

  /// `str()`.
  var printed: String {
    switch self {
    case .undefined: return ""
    case .string(let text): return text
    default: return represented
    }
  }

  /// `repr()`.
  var represented: String {
    switch self {
    case .undefined: return "Undefined"
    case .none: return "None"
    case .bool(let value): return value ? "True" : "False"
    case .integer(let value): return "\(value)"
    case .float(let value): return "\(value)"
    case .string(let text): return Self.represent(text)
    case .list(let list): return "[" + list.map(\.represented).joined(separator: ", ") + "]"
    case .map(let members):
      return "{"
        + members.map { Self.represent($0.key) + ": " + $0.value.represented }
        .joined(separator: ", ") + "}"
    case .namespace: return "<Namespace>"
    case .function(let name), .method(_, let name): return "<function \(name)>"
    case .macro(let macro): return "<Macro '\(macro.name)'>"
    }
  }

  private static func represent(_ text: String) -> String {
    let quote: Unicode.Scalar = text.contains("'") && !text.contains("\"") ? "\"" : "'"
    var out = String.UnicodeScalarView([quote])
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": out += "\\n".unicodeScalars
      case "\r": out += "\\r".unicodeScalars
      case "\t": out += "\\t".unicodeScalars
      case "\\", quote: out += [Unicode.Scalar("\\"), scalar]
      default: out.append(scalar)
      }
    }
    out.append(quote)
    return String(out)
  }
}

/// A template's own function.
struct JinjaMacro: Sendable {
  var name: String
  var parameters: [(name: String, fallback: JinjaExpression?)]
  var body: [JinjaNode]
}

extension JinjaValue: Equatable {
  /// Python's `==`: numbers by value, texts scalar by scalar.
  static func == (a: JinjaValue, b: JinjaValue) -> Bool {
    switch (a, b) {
    case (.undefined, .undefined), (.none, .none): return true
    case (.string(let a), .string(let b)): return a.utf8.elementsEqual(b.utf8)
    case (.list(let a), .list(let b)): return a == b
    case (.map(let a), .map(let b)):
      return a.count == b.count
        && a.allSatisfy { member in
          b.contains { $0.key == member.key && $0.value == member.value }
        }
    case (.namespace(let a), .namespace(let b)): return a == b
    default:
      guard let a = a.number, let b = b.number else { return false }
      return a == b
    }
  }
}

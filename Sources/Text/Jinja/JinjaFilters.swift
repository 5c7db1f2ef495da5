/// The filters that chat templates use.
enum JinjaFilters {
  static func apply(
    _ name: String, _ value: JinjaValue, _ arguments: [JinjaValue], _ named: [String: JinjaValue]
  ) throws(TextError) -> JinjaValue {
    switch name {
    case "trim", "upper", "lower", "title", "capitalize", "replace":
      let method = name == "trim" ? "strip" : name
      return try JinjaMethods.call(method, of: .string(value.printed), arguments)
    case "length", "count": return .integer(try JinjaInterpreter.elements(value).count)
    case "first", "last":
      let elements = try JinjaInterpreter.elements(value)
      return (name == "first" ? elements.first : elements.last) ?? .undefined(name)
    case "default", "d":
      let isForFalse = arguments.dropFirst().first?.isTrue ?? named["boolean"]?.isTrue ?? false
      let isMissing = value.isUndefined || isForFalse && !value.isTrue
      return isMissing ? arguments.first ?? named["default_value"] ?? .string("") : value
    case "string": return .string(value.printed)
    case "safe": return value
    case "list": return .list(try JinjaInterpreter.elements(value))
    case "reverse": return try reversed(value)
    case "items", "dictsort": return try items(value, isSorted: name == "dictsort")
    case "join": return try joined(value, arguments, named)
    case "int", "float": return number(name, value)
    case "abs": return try JinjaOperators.unary((value.number ?? 0) < 0 ? "-" : "+", value)
    case "indent": return indented(value, arguments, named)
    case "tojson": return .string(try JinjaJSON.text(value, indent: indent(arguments, named)))
    case "unique": return try unique(value)
    default: throw TextError("the chat template uses the filter \(name), which exp does not know")
    }
  }

  private static func reversed(_ value: JinjaValue) throws(TextError) -> JinjaValue {
    let elements = Array(try JinjaInterpreter.elements(value).reversed())
    return value.text == nil ? .list(elements) : .string(elements.map(\.printed).joined())
  }

  private static func items(
    _ value: JinjaValue, isSorted: Bool
  ) throws(TextError) -> JinjaValue {
    guard case .map(var members) = value else {
      if value.isUndefined { return .list([]) }
      throw TextError("the chat template takes the items of \(value.kind)")
    }
    if isSorted { members.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) } }
    return .list(members.map { .list([.string($0.key), $0.value]) })
  }

  private static func joined(
    _ value: JinjaValue, _ arguments: [JinjaValue], _ named: [String: JinjaValue]
  ) throws(TextError) -> JinjaValue {
    let separator = (arguments.first ?? named["d"])?.printed ?? ""
    return .string(
      try JinjaInterpreter.elements(value).map(\.printed).joined(separator: separator))
  }

  private static func number(_ name: String, _ value: JinjaValue) -> JinjaValue {
    let trimmed = value.text.map { String($0.filter { !$0.isWhitespace }) }
    if name == "float" { return .float(value.number ?? trimmed.flatMap(Double.init) ?? 0) }
    if let integer = value.integer ?? trimmed.flatMap({ Int($0) }) { return .integer(integer) }
    let double = value.number ?? trimmed.flatMap(Double.init) ?? 0
    return .integer(Int(exactly: double.rounded(.towardZero)) ?? 0)
  }

  private static func indented(
    _ value: JinjaValue, _ arguments: [JinjaValue], _ named: [String: JinjaValue]
  ) -> JinjaValue {
    let width = (arguments.first ?? named["width"])?.integer ?? 4
    let isFirstToo = (arguments.dropFirst().first ?? named["first"])?.isTrue ?? false
    let space = String(repeating: " ", count: max(0, min(width, 100)))
    let lines = value.printed.utf8.split(separator: 10, omittingEmptySubsequences: false)
      .map { String($0)! }
    let result = lines.enumerated().map { index, line in
      line.isEmpty && index > 0 || index == 0 && !isFirstToo ? line : space + line
    }
    return .string(result.joined(separator: "\n"))
  }

  private static func indent(
    _ arguments: [JinjaValue], _ named: [String: JinjaValue]
  ) -> Int? {
    (named["indent"] ?? arguments.dropFirst().first)?.integer
  }

  private static func unique(_ value: JinjaValue) throws(TextError) -> JinjaValue {
    var result: [JinjaValue] = []
    for element in try JinjaInterpreter.elements(value) where !result.contains(element) {
      result.append(element)
    }
    return .list(result)
  }
}

/// `tojson` as transformers defines it: Python's `json.dumps` with `ensure_ascii=False`.
enum JinjaJSON {
  static func text(_ value: JinjaValue, indent: Int?, depth: Int = 0) throws(TextError) -> String {
    switch value {
    case .none: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .integer, .float: return value.represented
    case .string(let text): return quoted(text)
    case .list(let list):
      var parts: [String] = []
      for element in list { parts.append(try self.text(element, indent: indent, depth: depth + 1)) }
      return wrapped("[", parts, "]", indent, depth)
    case .map(let members):
      var parts: [String] = []
      for (key, element) in members {
        parts.append(
          quoted(key) + ": " + (try self.text(element, indent: indent, depth: depth + 1)))
      }
      return wrapped("{", parts, "}", indent, depth)
    default: throw TextError("the chat template writes \(value.kind) as JSON")
    }
  }

  private static func quoted(_ text: String) -> String { OrderedJSON.quoted(text) }

  private static func wrapped(
    _ open: String, _ parts: [String], _ close: String, _ indent: Int?, _ depth: Int
  ) -> String {
    guard let indent, !parts.isEmpty else { return open + parts.joined(separator: ", ") + close }
    func line(_ depth: Int) -> String { "\n" + String(repeating: " ", count: indent * depth) }
    return open + line(depth + 1) + parts.joined(separator: "," + line(depth + 1)) + line(depth)
      + close
  }
}

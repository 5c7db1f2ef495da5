// Expressions by rising precedence, as jinja2/parser.py nests them.

extension JinjaParser {
  /// A condition: `a if b else c`, or what it is made of.
  mutating func expression() throws(TextError) -> JinjaExpression {
    var result = try withoutCondition()
    while take(.name("if")) {
      let condition = try withoutCondition()
      let otherwise = take(.name("else")) ? try expression() : nil
      result = .condition(condition, then: result, otherwise: otherwise)
    }
    return result
  }

  /// Expressions with commas between them are a list.
  mutating func tuple() throws(TextError) -> JinjaExpression {
    let first = try expression()
    guard current == .sign(",") else { return first }
    var elements = [first]
    while take(.sign(",")) { elements.append(try expression()) }
    return .list(elements)
  }

  mutating func withoutCondition() throws(TextError) -> JinjaExpression {
    var result = try conjunction()
    while take(.name("or")) { result = .binary("or", result, try conjunction()) }
    return result
  }

  private mutating func conjunction() throws(TextError) -> JinjaExpression {
    var result = try negation()
    while take(.name("and")) { result = .binary("and", result, try negation()) }
    return result
  }

  private mutating func negation() throws(TextError) -> JinjaExpression {
    take(.name("not")) ? .unary("not", try negation()) : try comparison()
  }

  private mutating func comparison() throws(TextError) -> JinjaExpression {
    let first = try sum()
    var others: [(sign: String, JinjaExpression)] = []
    while let sign = comparisonSign() { others.append((sign, try sum())) }
    return others.isEmpty ? first : .comparison(first, others)
  }

  private mutating func comparisonSign() -> String? {
    if case .sign(let sign) = current, ["==", "!=", "<", "<=", ">", ">="].contains(sign) {
      advance()
      return sign
    }
    if take(.name("in")) { return "in" }
    guard current == .name("not"), following == .name("in") else { return nil }
    advance()
    advance()
    return "not in"
  }

  private mutating func sum() throws(TextError) -> JinjaExpression {
    var result = try joined()
    while let sign = sign(of: ["+", "-"]) { result = .binary(sign, result, try joined()) }
    return result
  }

  private mutating func joined() throws(TextError) -> JinjaExpression {
    var result = try product()
    while let sign = sign(of: ["~"]) { result = .binary(sign, result, try product()) }
    return result
  }

  private mutating func product() throws(TextError) -> JinjaExpression {
    var result = try unary(withFilters: true)
    while let sign = sign(of: ["*", "/", "//", "%"]) {
      result = .binary(sign, result, try unary(withFilters: true))
    }
    return result
  }

  private mutating func sign(of signs: [String]) -> String? {
    guard case .sign(let sign) = current, signs.contains(sign) else { return nil }
    advance()
    return sign
  }

  private mutating func unary(withFilters: Bool) throws(TextError) -> JinjaExpression {
    var result: JinjaExpression
    if let sign = sign(of: ["-", "+"]) {
      result = .unary(sign, try unary(withFilters: false))
    } else {
      result = try primary()
    }
    result = try postfix(result)
    return withFilters ? try filters(result) : result
  }

  private mutating func primary() throws(TextError) -> JinjaExpression {
    let token = current
    advance()
    switch token {
    case .string(var text):
      while case .string(let more) = current {
        text += more
        advance()
      }
      return .value(.string(text))
    case .integer(let value): return .value(.integer(value))
    case .float(let value): return .value(.float(value))
    case .name(let name): return Self.constant(name).map(JinjaExpression.value) ?? .name(name)
    case .sign("("):
      if take(.sign(")")) { return .list([]) }
      let inside = try tuple()
      try expect(.sign(")"))
      return inside
    case .sign("["): return .list(try elements(until: "]"))
    case .sign("{"): return try map()
    default: throw fault("unexpected \(token) in an expression")
    }
  }

  private static func constant(_ name: String) -> JinjaValue? {
    switch name {
    case "true", "True": return .bool(true)
    case "false", "False": return .bool(false)
    case "none", "None": return JinjaValue.none
    default: return nil
    }
  }

  private mutating func elements(until end: String) throws(TextError) -> [JinjaExpression] {
    var result: [JinjaExpression] = []
    while !take(.sign(end)) {
      result.append(try expression())
      if current != .sign(end) { try expect(.sign(",")) }
    }
    return result
  }

  private mutating func map() throws(TextError) -> JinjaExpression {
    var members: [(key: JinjaExpression, value: JinjaExpression)] = []
    while !take(.sign("}")) {
      let key = try expression()
      try expect(.sign(":"))
      members.append((key, try expression()))
      if current != .sign("}") { try expect(.sign(",")) }
    }
    return .map(members)
  }

  // MARK: After a value

  private mutating func postfix(_ value: JinjaExpression) throws(TextError) -> JinjaExpression {
    var result = value
    while true {
      if take(.sign(".")) {
        if case .integer(let index) = current {
          advance()
          result = .element(result, .value(.integer(index)))
        } else {
          result = .member(result, try name())
        }
      } else if take(.sign("[")) {
        result = try element(of: result)
      } else if current == .sign("(") {
        result = .call(result, try arguments())
      } else {
        return result
      }
    }
  }

  private mutating func element(of value: JinjaExpression) throws(TextError) -> JinjaExpression {
    var parts: [JinjaExpression?] = [nil]
    while current != .sign("]") {
      if take(.sign(":")) { parts.append(nil) } else { parts[parts.count - 1] = try expression() }
    }
    advance()
    if parts.count == 1, let index = parts[0] { return .element(value, index) }
    guard (2...3).contains(parts.count) else { throw fault("an index is missing in []") }
    return .slice(value, parts[0], parts[1], parts.count == 3 ? parts[2] : nil)
  }

  mutating func arguments() throws(TextError) -> JinjaArguments {
    var result = JinjaArguments()
    try expect(.sign("("))
    while !take(.sign(")")) {
      if case .name(let name) = current, following == .sign("=") {
        advance()
        advance()
        result.named.append((name, try expression()))
      } else {
        result.plain.append(try expression())
      }
      if current != .sign(")") { try expect(.sign(",")) }
    }
    return result
  }

  private mutating func filters(_ value: JinjaExpression) throws(TextError) -> JinjaExpression {
    var result = value
    while true {
      if take(.sign("|")) {
        let filter = try name()
        result = .filter(result, filter, current == .sign("(") ? try arguments() : JinjaArguments())
      } else if take(.name("is")) {
        result = try test(of: result)
      } else if current == .sign("(") {
        result = .call(result, try arguments())
      } else {
        return result
      }
    }
  }

  private mutating func test(of value: JinjaExpression) throws(TextError) -> JinjaExpression {
    let isNegated = take(.name("not"))
    var name = "=="
    if !take(.sign("==")) { name = try self.name() }
    var arguments = JinjaArguments()
    if current == .sign("(") {
      arguments = try self.arguments()
    } else if beginsOperand {
      arguments.plain = [try postfix(primary())]
    }
    let test = JinjaExpression.test(value, name, arguments)
    return isNegated ? .unary("not", test) : test
  }

  /// Whether a test's argument follows without parentheses.
  private var beginsOperand: Bool {
    switch current {
    case .string, .integer, .float, .sign("["), .sign("{"): return true
    case .name(let name): return !["else", "or", "and", "is", "if", "in", "not"].contains(name)
    default: return false
    }
  }
}

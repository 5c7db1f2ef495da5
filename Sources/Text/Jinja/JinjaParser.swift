/// Reads a template's statements (Jinja 3.1, `jinja2/parser.py`; what chat templates use of it).
struct JinjaParser {
  private var tokens: [JinjaLexer.Token]
  private var position = 0

  static func parse(
    _ template: String, isTrimming: Bool = true
  ) throws(TextError) -> [JinjaNode] {
    var parser = JinjaParser(tokens: try JinjaLexer.tokens(of: template, isTrimming: isTrimming))
    let nodes = try parser.body(until: [])
    return nodes
  }

  private init(tokens: [JinjaLexer.Token]) { self.tokens = tokens }

  var current: JinjaLexer.Token { tokens[position] }
  var following: JinjaLexer.Token { tokens[min(position + 1, tokens.count - 1)] }

  mutating func advance() { if position < tokens.count - 1 { position += 1 } }

  func fault(_ message: String) -> TextError {
    let before = tokens[..<position].reduce(1) { lines, token in
      if case .text(let text) = token { lines + text.utf8.count { $0 == 10 } } else { lines }
    }
    return TextError("the chat template, near line \(before): \(message)")
  }

  mutating func take(_ token: JinjaLexer.Token) -> Bool {
    guard current == token else { return false }
    advance()
    return true
  }

  mutating func expect(_ token: JinjaLexer.Token) throws(TextError) {
    guard take(token) else { throw fault("expected \(token), found \(current)") }
  }

  mutating func name() throws(TextError) -> String {
    guard case .name(let name) = current else { throw fault("expected a name, found \(current)") }
    advance()
    return name
  }

  /// The nodes up to a block of one of these names, which is left to be read.
  private mutating func body(until ends: [String]) throws(TextError) -> [JinjaNode] {
    var nodes: [JinjaNode] = []
    while true {
      switch current {
      case .text(let text):
        nodes.append(.text(text))
        advance()
      case .outputStart:
        advance()
        nodes.append(.output(try expression()))
        try expect(.outputEnd)
      case .blockStart:
        if case .name(let name) = following, ends.contains(name) { return nodes }
        advance()
        nodes.append(try statement())
      case .end:
        guard ends.isEmpty else { throw fault("{% \(ends.last!) %} is missing") }
        return nodes
      default: throw fault("unexpected \(current)")
      }
    }
  }

  /// Ends a block whose name must be this: `{% name %}`.
  private mutating func end(_ name: String) throws(TextError) {
    try expect(.blockStart)
    try expect(.name(name))
    try expect(.blockEnd)
  }

  private mutating func statement() throws(TextError) -> JinjaNode {
    let keyword = try name()
    switch keyword {
    case "if": return try branch()
    case "for": return try loop()
    case "set": return try set()
    case "macro": return try macro()
    case "break", "continue":
      try expect(.blockEnd)
      return keyword == "break" ? .leave : .next
    case "generation":
      try expect(.blockEnd)
      let nodes = try body(until: ["endgeneration"])
      try end("endgeneration")
      return .generation(nodes)
    default:
      throw fault(
        "the statement {% \(keyword) %} is unknown; if, for, set, macro, break, continue and "
          + "generation are known")
    }
  }

  private mutating func branch() throws(TextError) -> JinjaNode {
    var branches: [(condition: JinjaExpression, body: [JinjaNode])] = []
    var otherwise: [JinjaNode] = []
    var condition = try expression()
    while true {
      try expect(.blockEnd)
      branches.append((condition, try body(until: ["elif", "else", "endif"])))
      try expect(.blockStart)
      let keyword = try name()
      if keyword == "elif" {
        condition = try expression()
        continue
      }
      try expect(.blockEnd)
      if keyword == "else" {
        otherwise = try body(until: ["endif"])
        try end("endif")
      }
      return .branch(branches, otherwise: otherwise)
    }
  }

  private mutating func loop() throws(TextError) -> JinjaNode {
    let names = try targets()
    try expect(.name("in"))
    let list = try withoutCondition()
    let condition = take(.name("if")) ? try expression() : nil
    try expect(.blockEnd)
    let nodes = try body(until: ["else", "endfor"])
    var otherwise: [JinjaNode] = []
    if case .name("else") = following {
      try end("else")
      otherwise = try body(until: ["endfor"])
    }
    try end("endfor")
    return .loop(
      JinjaLoop(names: names, list: list, condition: condition, body: nodes, otherwise: otherwise))
  }

  private mutating func targets() throws(TextError) -> [String] {
    let isWrapped = take(.sign("("))
    var names = [try name()]
    while take(.sign(",")) { names.append(try name()) }
    if isWrapped { try expect(.sign(")")) }
    return names
  }

  private mutating func set() throws(TextError) -> JinjaNode {
    let names = try targets()
    if names.count == 1, take(.sign(".")) {
      let member = try name()
      try expect(.sign("="))
      let value = try expression()
      try expect(.blockEnd)
      return .setMember(names[0], member, value)
    }
    if take(.sign("=")) {
      let value = try tuple()
      try expect(.blockEnd)
      return .set(names, value)
    }
    try expect(.blockEnd)
    let nodes = try body(until: ["endset"])
    try end("endset")
    return .capture(names[0], nodes)
  }

  private mutating func macro() throws(TextError) -> JinjaNode {
    let macroName = try name()
    var parameters: [(name: String, fallback: JinjaExpression?)] = []
    try expect(.sign("("))
    while !take(.sign(")")) {
      let parameter = try name()
      parameters.append((parameter, take(.sign("=")) ? try expression() : nil))
      if current != .sign(")") { try expect(.sign(",")) }
    }
    try expect(.blockEnd)
    let nodes = try body(until: ["endmacro"])
    try end("endmacro")
    return .macro(JinjaMacro(name: macroName, parameters: parameters, body: nodes))
  }
}

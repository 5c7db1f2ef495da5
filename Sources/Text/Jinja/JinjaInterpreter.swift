import ContentStore

/// Carries a template out (Jinja 3.1 in transformers' sandbox). What is unknown is an error, never
/// silently nothing.
struct JinjaInterpreter {
  private enum Flow { case on, leave, next }

  /// Names by scope, the innermost last.
  private var scopes: [[String: JinjaValue]]
  private var namespaces: [[(key: String, value: JinjaValue)]] = []
  private var output: [UInt8] = []
  /// What `{% generation %}` blocks wrote, in bytes of the output.
  private var generated: [Range<Int>] = []
  /// Guards against templates that never end.
  private var stepsLeft = 10_000_000
  /// Whether to write what is undefined is an error (`StrictUndefined`).
  private let isStrict: Bool

  init(globals: [String: JinjaValue], isStrict: Bool = false) {
    scopes = [globals]
    self.isStrict = isStrict
  }

  mutating func render(
    _ nodes: [JinjaNode]
  ) throws(TextError) -> (text: [UInt8], generated: [Range<Int>]) {
    _ = try run(nodes)
    return (output, generated)
  }

  // MARK: Statements

  private mutating func run(_ nodes: [JinjaNode]) throws(TextError) -> Flow {
    for node in nodes {
      let flow = try run(node)
      if flow != .on { return flow }
    }
    return .on
  }

  private mutating func run(_ node: JinjaNode) throws(TextError) -> Flow {
    stepsLeft -= 1
    guard stepsLeft > 0 else { throw TextError("the chat template does not end") }
    switch node {
    case .text(let text): output += text.utf8
    case .output(let expression): output += try printed(expression).utf8
    case .branch(let branches, let otherwise):
      for (condition, body) in branches where try value(condition).isTrue { return try run(body) }
      return try run(otherwise)
    case .loop(let loop): return try run(loop)
    case .set(let names, let expression): try assign(names, value(expression))
    case .setMember(let name, let member, let expression):
      try setMember(name, member, value(expression))
    case .capture(let name, let body): set(name, .string(try captured(body)))
    case .macro(let macro): set(macro.name, .macro(macro))
    case .generation(let body):
      let start = output.count
      let flow = try run(body)
      generated.append(start..<output.count)
      return flow
    case .leave: return .leave
    case .next: return .next
    }
    return .on
  }

  private mutating func printed(_ expression: JinjaExpression) throws(TextError) -> String {
    let value = try value(expression)
    if isStrict, case .undefined(let name) = value {
      throw TextError("the chat template writes \(name), which is undefined")
    }
    return value.printed
  }

  /// What a body writes, in place of writing it.
  private mutating func captured(_ body: [JinjaNode]) throws(TextError) -> String {
    let outside = output
    output = []
    _ = try run(body)
    defer { output = outside }
    return String(decoding: output, as: UTF8.self)
  }

  private mutating func set(_ name: String, _ value: JinjaValue) {
    scopes[scopes.count - 1][name] = value
  }

  private mutating func assign(_ names: [String], _ value: JinjaValue) throws(TextError) {
    if names.count == 1 { return set(names[0], value) }
    guard case .list(let parts) = value, parts.count == names.count else {
      throw TextError("the chat template takes \(value.kind) apart into \(names.count) values")
    }
    for (name, part) in zip(names, parts) { set(name, part) }
  }

  private mutating func setMember(
    _ name: String, _ member: String, _ value: JinjaValue
  ) throws(TextError) {
    guard case .namespace(let index) = lookUp(name) else {
      throw TextError("the chat template sets \(name).\(member), but \(name) is no namespace")
    }
    if let place = namespaces[index].firstIndex(where: { $0.key == member }) {
      namespaces[index][place].value = value
    } else {
      namespaces[index].append((member, value))
    }
  }

  private mutating func run(_ loop: JinjaLoop) throws(TextError) -> Flow {
    scopes.append([:])
    defer { scopes.removeLast() }
    var elements: [JinjaValue] = []
    for element in try Self.elements(value(loop.list)) {
      guard let condition = loop.condition else {
        elements.append(element)
        continue
      }
      try assign(loop.names, element)
      if try value(condition).isTrue { elements.append(element) }
    }
    if elements.isEmpty { return try run(loop.otherwise) }
    for (index, element) in elements.enumerated() {
      scopes[scopes.count - 1] = ["loop": Self.loopValue(index, elements)]
      try assign(loop.names, element)
      if try run(loop.body) == .leave { break }
    }
    return .on
  }

  private static func loopValue(_ index: Int, _ elements: [JinjaValue]) -> JinjaValue {
    let last = elements.count - 1
    return .map([
      ("index", .integer(index + 1)), ("index0", .integer(index)), ("first", .bool(index == 0)),
      ("last", .bool(index == last)), ("length", .integer(elements.count)),
      ("revindex", .integer(last - index + 1)), ("revindex0", .integer(last - index)),
      ("previtem", index > 0 ? elements[index - 1] : .undefined("loop.previtem")),
      ("nextitem", index < last ? elements[index + 1] : .undefined("loop.nextitem")),
    ])
  }

  /// What a loop goes through: a mapping by its keys, a text by its characters.
  static func elements(_ value: JinjaValue) throws(TextError) -> [JinjaValue] {
    switch value {
    case .list(let list): return list
    case .map(let members): return members.map { .string($0.key) }
    case .string(let text): return text.unicodeScalars.map { .string(String($0)) }
    case .undefined: return []
    default: throw TextError("the chat template goes through \(value.kind) as if it were a list")
    }
  }

  // MARK: Expressions

  private func lookUp(_ name: String) -> JinjaValue {
    for scope in scopes.reversed() {
      if let value = scope[name] { return value }
    }
    let functions = ["raise_exception", "namespace", "range", "dict"]
    return functions.contains(name) ? .function(name) : .undefined(name)
  }

  mutating func value(_ expression: JinjaExpression) throws(TextError) -> JinjaValue {
    switch expression {
    case .value(let value): return value
    case .name(let name): return lookUp(name)
    case .list(let elements): return .list(try values(elements))
    case .map(let members): return try map(members)
    case .unary(let sign, let operand): return try JinjaOperators.unary(sign, value(operand))
    case .binary(let sign, let left, let right): return try binary(sign, left, right)
    case .comparison(let first, let others): return .bool(try compare(first, others))
    case .condition(let condition, let then, let otherwise):
      if try value(condition).isTrue { return try value(then) }
      return try otherwise.map { (other) throws(TextError) in try value(other) }
        ?? .undefined("the value of an if without else")
    case .member(let object, let name): return try member(of: value(object), name)
    case .element(let object, let index):
      return try element(of: value(object), value(index))
    case .slice(let object, let start, let end, let step):
      return try JinjaOperators.slice(
        value(object), optional(start), optional(end), optional(step))
    case .call(let function, let arguments): return try call(value(function), arguments)
    case .filter(let operand, let name, let arguments):
      return try filter(value(operand), name, arguments)
    case .test(let operand, let name, let arguments):
      return .bool(try JinjaTests.holds(name, value(operand), values(arguments.plain)))
    }
  }

  private mutating func optional(_ expression: JinjaExpression?) throws(TextError) -> Int? {
    guard let expression else { return nil }
    return try value(expression).integer
  }

  private mutating func values(
    _ expressions: [JinjaExpression]
  ) throws(TextError) -> [JinjaValue] {
    var result: [JinjaValue] = []
    for expression in expressions { result.append(try value(expression)) }
    return result
  }

  private mutating func map(
    _ members: [(key: JinjaExpression, value: JinjaExpression)]
  ) throws(TextError) -> JinjaValue {
    var result: [(key: String, value: JinjaValue)] = []
    for member in members {
      result.append((try value(member.key).printed, try value(member.value)))
    }
    return .map(result)
  }

  private mutating func binary(
    _ sign: String, _ left: JinjaExpression, _ right: JinjaExpression
  ) throws(TextError) -> JinjaValue {
    let first = try value(left)
    if sign == "and" { return first.isTrue ? try value(right) : first }
    if sign == "or" { return first.isTrue ? first : try value(right) }
    return try JinjaOperators.binary(sign, first, value(right))
  }

  private mutating func compare(
    _ first: JinjaExpression, _ others: [(sign: String, JinjaExpression)]
  ) throws(TextError) -> Bool {
    var left = try value(first)
    for (sign, expression) in others {
      let right = try value(expression)
      if try !JinjaOperators.compare(sign, left, right) { return false }
      left = right
    }
    return true
  }

  private func member(of object: JinjaValue, _ name: String) throws(TextError) -> JinjaValue {
    switch object {
    case .map(let members):
      if let found = members.last(where: { $0.key.utf8.elementsEqual(name.utf8) }) {
        return found.value
      }
      return JinjaMethods.ofMaps.contains(name) ? .method(object, name) : .undefined(name)
    case .namespace(let index):
      return namespaces[index].first { $0.key == name }?.value ?? .undefined(name)
    case .string:
      return JinjaMethods.ofTexts.contains(name) ? .method(object, name) : .undefined(name)
    case .list: return name == "index" ? .method(object, name) : .undefined(name)
    case .undefined(let missing):
      throw TextError("the chat template asks for \(name) of \(missing), which is undefined")
    default: return .undefined(name)
    }
  }

  private func element(of object: JinjaValue, _ index: JinjaValue) throws(TextError) -> JinjaValue {
    if let name = index.text { return try member(of: object, name) }
    guard let place = index.integer else { return .undefined("an element") }
    let elements: [JinjaValue]
    switch object {
    case .list(let list): elements = list
    case .string: elements = try Self.elements(object)
    case .undefined(let missing):
      throw TextError("the chat template asks for an element of \(missing), which is undefined")
    default: return .undefined("element \(place)")
    }
    let counted = place < 0 ? place + elements.count : place
    return elements.indices.contains(counted) ? elements[counted] : .undefined("element \(place)")
  }

  // MARK: Calls

  private mutating func call(
    _ function: JinjaValue, _ arguments: JinjaArguments
  ) throws(TextError) -> JinjaValue {
    let plain = try values(arguments.plain)
    var named: [(key: String, value: JinjaValue)] = []
    for argument in arguments.named { named.append((argument.name, try value(argument.value))) }
    switch function {
    case .function("raise_exception"):
      throw TextError("the chat template refuses the conversation: \(plain.first?.printed ?? "")")
    case .function("namespace"):
      namespaces.append(named)
      return .namespace(namespaces.count - 1)
    case .function("dict"): return .map(named)
    case .function("range"): return try JinjaOperators.range(plain)
    case .method(let object, let name): return try JinjaMethods.call(name, of: object, plain)
    case .macro(let macro): return try call(macro, plain, named)
    case .undefined("strftime_now"):
      throw TextError(
        "the chat template writes today's date (strftime_now), so no run could be repeated; put a "
          + "fixed date into the template")
    default: throw TextError("the chat template calls \(function.kind)")
    }
  }

  private mutating func call(
    _ macro: JinjaMacro, _ plain: [JinjaValue], _ named: [(key: String, value: JinjaValue)]
  ) throws(TextError) -> JinjaValue {
    guard scopes.count < 200 else { throw TextError("the chat template's macros nest too deep") }
    let outside = scopes
    var scope: [String: JinjaValue] = [:]
    for (index, parameter) in macro.parameters.enumerated() {
      if index < plain.count {
        scope[parameter.name] = plain[index]
      } else if let given = named.first(where: { $0.key == parameter.name }) {
        scope[parameter.name] = given.value
      } else if let fallback = parameter.fallback {
        scope[parameter.name] = try value(fallback)
      } else {
        scope[parameter.name] = .undefined(parameter.name)
      }
    }
    scopes = [outside[0], scope]
    defer { scopes = outside }
    return .string(try captured(macro.body))
  }

  private mutating func filter(
    _ operand: JinjaValue, _ name: String, _ arguments: JinjaArguments
  ) throws(TextError) -> JinjaValue {
    let plain = try values(arguments.plain)
    var named: [String: JinjaValue] = [:]
    for argument in arguments.named { named[argument.name] = try value(argument.value) }
    if ["select", "reject", "selectattr", "rejectattr"].contains(name) {
      return try select(operand, name, plain)
    }
    if name == "map" {
      var mapped: [JinjaValue] = []
      for element in try Self.elements(operand) {
        if let attribute = named["attribute"] {
          mapped.append(try self.element(of: element, attribute))
        } else {
          mapped.append(
            try JinjaFilters.apply(
              plain.first?.printed ?? "", element, Array(plain.dropFirst()), [:]))
        }
      }
      return .list(mapped)
    }
    return try JinjaFilters.apply(name, operand, plain, named)
  }

  private func select(
    _ operand: JinjaValue, _ name: String, _ arguments: [JinjaValue]
  ) throws(TextError) -> JinjaValue {
    var rest = arguments[...]
    let attribute = name.hasSuffix("attr") ? rest.popFirst() : nil
    let test = rest.popFirst()?.printed
    var result: [JinjaValue] = []
    for element in try Self.elements(operand) {
      let tested =
        try attribute.map { (a) throws(TextError) in try self.element(of: element, a) }
        ?? element
      let holds =
        try test.map { (t) throws(TextError) in try JinjaTests.holds(t, tested, Array(rest)) }
        ?? tested.isTrue
      if holds == name.hasPrefix("select") { result.append(element) }
    }
    return .list(result)
  }
}

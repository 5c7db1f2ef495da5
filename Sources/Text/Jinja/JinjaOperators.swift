/// Python's operators on template values.
enum JinjaOperators {
  static func unary(_ sign: String, _ value: JinjaValue) throws(TextError) -> JinjaValue {
    if sign == "not" { return .bool(!value.isTrue) }
    if let integer = value.integer { return .integer(sign == "-" ? 0 &- integer : integer) }
    guard let number = value.number else {
      throw TextError("the chat template writes \(sign) before \(value.kind)")
    }
    return .float(sign == "-" ? -number : number)
  }

  static func binary(
    _ sign: String, _ left: JinjaValue, _ right: JinjaValue
  ) throws(TextError) -> JinjaValue {
    if sign == "~" { return .string(left.printed + right.printed) }
    if sign == "+" {
      if let a = left.text, let b = right.text { return .string(a + b) }
      if case .list(let a) = left, case .list(let b) = right { return .list(a + b) }
    }
    if sign == "*", let text = left.text, let count = right.integer {
      return .string(String(repeating: text, count: max(0, min(count, 1 << 20))))
    }
    if let a = left.integer, let b = right.integer, sign != "/" {
      if let result = integers(sign, a, b) { return .integer(result) }
    } else if let a = left.number, let b = right.number, let result = floats(sign, a, b) {
      return .float(result)
    }
    throw TextError("the chat template computes \(left.kind) \(sign) \(right.kind)")
  }

  private static func integers(_ sign: String, _ a: Int, _ b: Int) -> Int? {
    let (result, overflow): (Int, Bool)
    switch sign {
    case "+": (result, overflow) = a.addingReportingOverflow(b)
    case "-": (result, overflow) = a.subtractingReportingOverflow(b)
    case "*": (result, overflow) = a.multipliedReportingOverflow(by: b)
    case "//", "%":
      guard b != 0, b != -1 else { return b == 0 ? nil : sign == "%" ? 0 : 0 &- a }
      // Python rounds down; the remainder has the divisor's sign.
      let down = (a % b != 0) && ((a < 0) != (b < 0)) ? 1 : 0
      return sign == "//" ? a / b - down : a % b + down * b
    default: return nil
    }
    return overflow ? nil : result
  }

  private static func floats(_ sign: String, _ a: Double, _ b: Double) -> Double? {
    switch sign {
    case "+": return a + b
    case "-": return a - b
    case "*": return a * b
    case "/": return b == 0 ? nil : a / b
    default: return nil
    }
  }

  static func compare(
    _ sign: String, _ left: JinjaValue, _ right: JinjaValue
  ) throws(TextError) -> Bool {
    switch sign {
    case "==": return left == right
    case "!=": return left != right
    case "in": return try contains(right, left)
    case "not in": return try !contains(right, left)
    default: return try isOrdered(sign, left, right)
    }
  }

  private static func isOrdered(
    _ sign: String, _ left: JinjaValue, _ right: JinjaValue
  ) throws(TextError) -> Bool {
    if let a = left.number, let b = right.number {
      return holds(sign, isLess: a < b, isEqual: a == b)
    }
    guard let a = left.text?.unicodeScalars, let b = right.text?.unicodeScalars else {
      throw TextError("the chat template compares \(left.kind) \(sign) \(right.kind)")
    }
    return holds(sign, isLess: a.lexicographicallyPrecedes(b), isEqual: a.elementsEqual(b))
  }

  private static func holds(_ sign: String, isLess: Bool, isEqual: Bool) -> Bool {
    switch sign {
    case "<": return isLess
    case "<=": return isLess || isEqual
    case ">": return !isLess && !isEqual
    default: return !isLess
    }
  }

  private static func contains(
    _ whole: JinjaValue, _ part: JinjaValue
  ) throws(TextError) -> Bool {
    switch whole {
    case .list(let list): return list.contains(part)
    case .map(let members): return members.contains { $0.key == part.text }
    case .string(let text):
      guard let part = part.text else { break }
      return part.isEmpty || Array(text.utf8).firstRange(of: Array(part.utf8)) != nil
    case .undefined: return false
    default: break
    }
    throw TextError("the chat template looks for \(part.kind) in \(whole.kind)")
  }

  /// `range(end)`, `range(start, end)`, `range(start, end, step)`.
  static func range(_ arguments: [JinjaValue]) throws(TextError) -> JinjaValue {
    let numbers = arguments.compactMap(\.integer)
    guard numbers.count == arguments.count, (1...3).contains(numbers.count),
      numbers.count < 3 || numbers[2] != 0
    else { throw TextError("the chat template calls range with something else than numbers") }
    let (start, end) = numbers.count == 1 ? (0, numbers[0]) : (numbers[0], numbers[1])
    let step = numbers.count == 3 ? numbers[2] : 1
    guard abs(end - start) / abs(step) < 100_000 else {
      throw TextError("the chat template asks for a range of more than 100,000 numbers")
    }
    return .list(stride(from: start, to: end, by: step).map(JinjaValue.integer))
  }

  /// Python's `[start:end:step]` of a list or a text.
  static func slice(
    _ object: JinjaValue, _ start: Int?, _ end: Int?, _ step: Int?
  ) throws(TextError) -> JinjaValue {
    let step = step ?? 1
    guard step != 0, object.text != nil || { if case .list = object { true } else { false } }()
    else {
      throw TextError("the chat template takes a part of \(object.kind)")
    }
    let elements = try JinjaInterpreter.elements(object)
    let count = elements.count
    func place(_ index: Int?, _ fallback: Int) -> Int {
      guard let index else { return fallback }
      let counted = index < 0 ? index + count : index
      return step > 0 ? min(max(counted, 0), count) : min(max(counted, -1), count - 1)
    }
    let first = place(start, step > 0 ? 0 : count - 1)
    let last = place(end, step > 0 ? count : -1)
    let chosen = stride(from: first, to: last, by: step).map { elements[$0] }
    return object.text == nil ? .list(chosen) : .string(chosen.map(\.printed).joined())
  }
}

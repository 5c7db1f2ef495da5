import ContentStore

// Numbers of JSON5: signs, hexadecimal, leading and trailing points, Infinity and NaN.
extension JSON5Reader {
  mutating func number() throws(ExperimentError) -> Double {
    let start = index
    var isNegative = false
    if let sign = current, sign == "+" || sign == "-" {
      isNegative = sign == "-"
      index += 1
    }
    let magnitude = try magnitude(from: start)
    if let scalar = current, isIdentifierStart(scalar) || Self.isDigit(scalar) {
      throw error("not a number", at: start)
    }
    return isNegative ? -magnitude : magnitude
  }

  private mutating func magnitude(from start: Int) throws(ExperimentError) -> Double {
    guard let scalar = current else { throw error("not a number", at: start) }
    if isIdentifierStart(scalar) {
      let name = try identifier()
      guard name == "Infinity" || name == "NaN" else { throw error("not a number", at: start) }
      throw unstable(text(from: start), at: start)
    }
    if scalar == "0", next == "x" || next == "X" { return try hexadecimalNumber(from: start) }
    return try decimalNumber(from: start)
  }

  private mutating func hexadecimalNumber(from start: Int) throws(ExperimentError) -> Double {
    index += 2
    let first = index
    while current.flatMap(Self.hexDigit) != nil { index += 1 }
    guard index > first else { throw error("not a number", at: start) }
    let value = UInt64(text(from: first), radix: 16)
    guard let value = value.flatMap(Double.init(exactly:)) else {
      throw unstable(text(from: start), at: start)
    }
    return value
  }

  private mutating func decimalNumber(from start: Int) throws(ExperimentError) -> Double {
    let first = index
    let whole = digits()
    if whole > 1, scalars[first] == "0" {
      throw error("a number may not start with 0", at: start)
    }
    var fraction = 0
    let hasPoint = current == "."
    if hasPoint {
      index += 1
      fraction = digits()
    }
    guard whole + fraction > 0 else { throw error("not a number", at: start) }
    let mantissa = scalars[first..<index]
    let hasExponent = try exponent(from: start)
    if !hasPoint && !hasExponent { return try integer(text(from: first), from: start) }
    // Swift reads neither a leading nor a trailing point.
    let value = Double(Self.text(mantissa, padded: true) + text(from: first + mantissa.count))
    guard let value, value.isFinite, value != 0 || !mantissa.contains(where: Self.isNonZeroDigit)
    else { throw unstable(text(from: start), at: start) }
    return value
  }

  private mutating func exponent(from start: Int) throws(ExperimentError) -> Bool {
    guard current == "e" || current == "E" else { return false }
    index += 1
    if current == "+" || current == "-" { index += 1 }
    guard digits() > 0 else { throw error("not a number", at: start) }
    return true
  }

  /// An integer in digits must be one that a double holds, or the shortest form of a double, as
  /// RFC 8785 writes them up to 10^21; any other would be rounded behind the user's back.
  private func integer(_ digits: String, from start: Int) throws(ExperimentError) -> Double {
    if let value = UInt64(digits).flatMap(Double.init(exactly:)) { return value }
    guard let value = Double(digits), value.isFinite, JSON.ecmaScript(value) == digits else {
      throw error(
        "\(digits) has no stable encoding: no double holds it; write it in quotes", at: start)
    }
    return value
  }

  private mutating func digits() -> Int {
    let start = index
    while let scalar = current, Self.isDigit(scalar) { index += 1 }
    return index - start
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

  private static func isNonZeroDigit(_ scalar: Unicode.Scalar) -> Bool {
    ("1"..."9").contains(scalar)
  }

  /// What was written from an index up to the current place.
  private func text(from start: Int) -> String { Self.text(scalars[start..<index]) }

  private static func text(_ part: ArraySlice<Unicode.Scalar>, padded: Bool = false) -> String {
    let text = String(String.UnicodeScalarView(part))
    guard padded else { return text }
    return (text.hasPrefix(".") ? "0" : "") + text + (text.hasSuffix(".") ? "0" : "")
  }
}

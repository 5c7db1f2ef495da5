import ContentStore

/// Numbers as people read them. Exact values are in `--json`.
package enum Format {
  /// Up to `digits` significant digits, without an exponent where that stays short: `0.3125`,
  /// `12.5`, `1.2e-07`.
  package static func number(_ value: Double, digits: Int = 4) -> String {
    guard value.isFinite else { return "\(value)" }
    if value == 0 { return "0" }
    if let whole = Int(exactly: value), whole.magnitude < 1_000_000_000_000 { return String(whole) }
    let magnitude = value.magnitude
    if magnitude >= 1e-4 && magnitude < 1e6 {
      return fixed(value, decimals: max(0, digits - 1 - exponent(magnitude)))
    }
    let power = exponent(magnitude)
    let mantissa = magnitude / tenTo(power)
    let sign = value < 0 ? "-" : ""
    return "\(sign)\(fixed(mantissa, decimals: digits - 1))e\(power)"
  }

  /// Operations, which are many: with an exponent from a million on, `3.8e25`.
  package static func operations(_ value: Double, digits: Int = 3) -> String {
    guard value.isFinite, value >= 1e6 else { return number(value, digits: digits) }
    var power = exponent(value)
    var mantissa = fixed(value / tenTo(power), decimals: digits - 1)
    if mantissa.hasPrefix("10.") {
      power += 1
      mantissa = fixed(value / tenTo(power), decimals: digits - 1)
    }
    return "\(mantissa)e\(power)"
  }

  /// A fixed number of decimals, rounded half away from zero.
  package static func fixed(_ value: Double, decimals: Int) -> String {
    guard value.isFinite else { return "\(value)" }
    let scale = tenTo(decimals)
    let scaled = (value.magnitude * scale).rounded(.toNearestOrAwayFromZero)
    guard scaled < 9e15 else { return JSON.ecmaScript(value) }
    let all = String(Int(scaled))
    let padded = String(repeating: "0", count: max(0, decimals + 1 - all.count)) + all
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard decimals > 0 else { return sign + padded }
    return "\(sign)\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
  }

  /// With a sign even when positive.
  package static func signed(_ value: Double, digits: Int = 4) -> String {
    value > 0 ? "+" + number(value, digits: digits) : number(value, digits: digits)
  }

  /// `950`, `1.2k`, `3.4M`, `5.6B`, `7.8T`.
  package static func count(_ value: Double) -> String {
    scaled(value, 1000, ["", "k", "M", "B", "T", "Q"])
  }

  /// `512 B`, `1.5 KiB`, `3.2 MiB`.
  package static func bytes(_ value: Int) -> String {
    scaled(Double(value), 1024, [" B", " KiB", " MiB", " GiB", " TiB", " PiB"])
  }

  private static func scaled(_ value: Double, _ base: Double, _ units: [String]) -> String {
    var (rest, unit) = (value, 0)
    while rest.magnitude >= base * 0.9995 && unit < units.count - 1 {
      rest /= base
      unit += 1
    }
    let whole = unit == 0 && rest == rest.rounded()
    return (whole || rest.magnitude >= 100 ? fixed(rest, decimals: 0) : fixed(rest, decimals: 1))
      + units[unit]
  }

  /// `0.8 s`, `42 s`, `3m12s`, `2h05m`, `3d04h`.
  package static func duration(seconds: Double) -> String {
    if seconds < 10 { return fixed(max(0, seconds), decimals: 1) + " s" }
    let total = Int(seconds.rounded())
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    if total < 60 { return "\(total) s" }
    if total < 3600 { return "\(total / 60)m\(two(total % 60))s" }
    if total < 86400 { return "\(total / 3600)h\(two(total / 60 % 60))m" }
    return "\(total / 86400)d\(two(total / 3600 % 24))h"
  }

  /// The power of ten of the first digit.
  private static func exponent(_ magnitude: Double) -> Int {
    var power = 0
    var rest = magnitude
    while rest >= 10 {
      rest /= 10
      power += 1
    }
    while rest < 1 {
      rest *= 10
      power -= 1
    }
    return power
  }

  private static func tenTo(_ power: Int) -> Double {
    var result = 1.0
    for _ in 0..<power.magnitude { result *= 10 }
    return power < 0 ? 1 / result : result
  }
}

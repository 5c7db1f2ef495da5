/// One component of a glob: `*`, `?`, `[a-z]`, `[!a-z]`, and `\` before a sign that means itself.
/// Matches whole names, in Unicode scalars.
struct Glob {
  private enum Part: Equatable {
    case literal(Unicode.Scalar)
    /// `?`
    case any
    /// `*`
    case run
    case set([ClosedRange<Unicode.Scalar>], isNegated: Bool)
  }

  private var parts: [Part] = []
  /// Whether a leading dot is written, without which hidden names never match.
  private let namesHidden: Bool

  /// Whether a component has a wildcard in it.
  static func isPattern(_ component: String) -> Bool {
    component.unicodeScalars.contains { "*?[".unicodeScalars.contains($0) }
  }

  init(_ text: String) {
    namesHidden = text.hasPrefix(".") || text.hasPrefix("\\.")
    var rest = Array(text.unicodeScalars)[...]
    while let scalar = rest.popFirst() {
      switch scalar {
      case "*": parts.append(.run)
      case "?": parts.append(.any)
      case "[":
        if let (set, length) = Self.set(rest) {
          parts.append(set)
          rest = rest.dropFirst(length)
        } else {
          parts.append(.literal(scalar))
        }
      case "\\": parts.append(.literal(rest.popFirst() ?? scalar))
      default: parts.append(.literal(scalar))
      }
    }
  }

  /// A set after its `[`, and how long it is with its `]`; nil when it does not end. As in POSIX, a
  /// `]` that comes first means itself.
  private static func set(_ text: ArraySlice<Unicode.Scalar>) -> (Part, length: Int)? {
    let isNegated = text.first == "!" || text.first == "^"
    let body = text.dropFirst(isNegated ? 1 : 0)
    guard let end = body.dropFirst().firstIndex(of: "]") else { return nil }
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    var rest = body[..<end]
    while let first = rest.popFirst() {
      if rest.count > 1, rest.first == "-" {
        let last = rest[rest.startIndex + 1]
        rest = rest.dropFirst(2)
        if first <= last { ranges.append(first...last) }
      } else {
        ranges.append(first...first)
      }
    }
    return (.set(ranges, isNegated: isNegated), end - text.startIndex + 1)
  }

  func matches(_ name: String) -> Bool {
    if name.hasPrefix("."), !namesHidden { return false }
    let name = Array(name.unicodeScalars)
    // Greedy with one point to go back to: the last `*` and where its run may end next.
    var (part, place) = (0, 0)
    var back: (part: Int, place: Int)?
    while place < name.count {
      if part < parts.count, parts[part] == .run {
        back = (part, place)
        part += 1
      } else if part < parts.count, Self.matches(parts[part], name[place]) {
        (part, place) = (part + 1, place + 1)
      } else if let last = back {
        back = (last.part, last.place + 1)
        (part, place) = (last.part + 1, last.place + 1)
      } else {
        return false
      }
    }
    return parts[part...].allSatisfy { $0 == .run }
  }

  private static func matches(_ part: Part, _ scalar: Unicode.Scalar) -> Bool {
    switch part {
    case .literal(let literal): literal == scalar
    case .any, .run: true
    case .set(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
    }
  }
}

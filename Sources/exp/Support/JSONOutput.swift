import ContentStore

extension Console {
  /// One JSON value: indented for people, one line into a pipe.
  func print(json value: JSON) throws {
    print(isTerminal ? JSONOutput.indented(value) : try value.canonicalText())
  }
}

/// JSON with two spaces a level, members in canonical order.
enum JSONOutput {
  static func indented(_ value: JSON, _ indent: String = "") -> String {
    let inner = indent + "  "
    switch value {
    case .array(let elements) where !elements.isEmpty:
      let lines = elements.map { inner + indented($0, inner) }
      return "[\n" + lines.joined(separator: ",\n") + "\n\(indent)]"
    case .object(let members) where !members.isEmpty:
      let lines = members.keys.sorted(by: JSON.precedes).map { key in
        inner + text(.string(key)) + ": " + indented(members[key]!, inner)
      }
      return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
    default: return text(value)
    }
  }

  private static func text(_ value: JSON) -> String {
    (try? value.canonicalText()) ?? "null"
  }
}

import ContentStore

/// JSON with members in the order given and names told apart byte by byte: a vocabulary may hold both
/// é and e + U+0301, which Swift's dictionaries take for one.
indirect enum OrderedJSON: Sendable {
  /// A number, `true`, `false` or `null`, as it is written.
  case literal(String)
  case string(String)
  case list([OrderedJSON])
  case object([(name: String, value: OrderedJSON)])

  static let null = OrderedJSON.literal("null")

  static func bool(_ value: Bool) -> OrderedJSON { .literal(value ? "true" : "false") }
  static func integer(_ value: Int) -> OrderedJSON { .literal("\(value)") }

  /// The member of an object; nil when there is none or this is no object.
  subscript(name: String) -> OrderedJSON? { members?.first { $0.name == name }?.value }

  var members: [(name: String, value: OrderedJSON)]? {
    if case .object(let members) = self { members } else { nil }
  }
  var listValue: [OrderedJSON]? { if case .list(let list) = self { list } else { nil } }
  var stringValue: String? { if case .string(let text) = self { text } else { nil } }
  var intValue: Int? { if case .literal(let text) = self { Int(text) } else { nil } }
  var boolValue: Bool? {
    if case .literal(let text) = self { ["true": true, "false": false][text] } else { nil }
  }
  var isNull: Bool { if case .literal("null") = self { true } else { false } }

  /// The same value with members sorted by name where order was never given.
  init(_ json: JSON) {
    switch json {
    case .string(let text): self = .string(text)
    case .array(let list): self = .list(list.map(OrderedJSON.init))
    case .object(let members):
      self = .object(
        members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map {
          ($0.key, OrderedJSON($0.value))
        })
    case .null, .bool, .number: self = .literal((try? json.canonicalText()) ?? "null")
    }
  }

  /// The value as plain JSON, whose members have no order.
  func plain() throws(TextError) -> JSON {
    do throws(JSONError) {
      return try JSON(parsing: text(indent: nil))
    } catch { throw TextError("not JSON: \(error)") }
  }
}

// Writing.
extension OrderedJSON {
  /// Pretty with two spaces from a level of indent on, as serde_json and `json.dumps(indent=2)`
  /// write it; nil writes one line without spaces.
  func text(indent: Int? = 0) -> String {
    var out = ""
    write(into: &out, indent)
    return out
  }

  private func write(into out: inout String, _ indent: Int?) {
    switch self {
    case .literal(let text): out += text
    case .string(let text): out += Self.quoted(text)
    case .list(let elements):
      Self.write(elements, "[", "]", into: &out, indent) { element, out in
        element.write(into: &out, indent.map { $0 + 1 })
      }
    case .object(let members):
      Self.write(members, "{", "}", into: &out, indent) { member, out in
        out += Self.quoted(member.name) + (indent == nil ? ":" : ": ")
        member.value.write(into: &out, indent.map { $0 + 1 })
      }
    }
  }

  private static func write<Part>(
    _ parts: [Part], _ open: String, _ close: String, into out: inout String, _ indent: Int?,
    part: (Part, inout String) -> Void
  ) {
    out += open
    for (index, element) in parts.enumerated() {
      if index > 0 { out += "," }
      if let indent { out += "\n" + String(repeating: "  ", count: indent + 1) }
      part(element, &out)
    }
    if !parts.isEmpty, let indent { out += "\n" + String(repeating: "  ", count: indent) }
    out += close
  }

  /// A string has a canonical form always: only numbers can lack one.
  static func quoted(_ text: String) -> String {
    (try? JSON.string(text).canonicalText()) ?? "\"\""
  }
}

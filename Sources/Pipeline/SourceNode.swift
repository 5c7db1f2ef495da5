package import ContentStore

/// A JSON value that remembers where each key and value was written, and the order of members.
package struct SourceNode: Sendable {
  package enum Value: Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([SourceNode])
    case object([Member])
  }

  /// One name and value of an object.
  package struct Member: Sendable {
    package var key: String
    package var keyPosition: SourcePosition
    package var value: SourceNode

    package init(key: String, keyPosition: SourcePosition, value: SourceNode) {
      self.key = key
      self.keyPosition = keyPosition
      self.value = value
    }
  }

  package var value: Value
  package var position: SourcePosition

  package init(_ value: Value, at position: SourcePosition) {
    self.value = value
    self.position = position
  }

  /// The same value without places and order. −0 becomes 0, as in RFC 8785's canonical form, so that
  /// two values with one canonical form cannot behave differently.
  package var json: JSON {
    switch value {
    case .null: .null
    case .bool(let value): .bool(value)
    case .number(let value): .number(value == 0 ? 0 : value)
    case .string(let value): .string(value)
    case .array(let elements): .array(elements.map(\.json))
    case .object(let members):
      .object(Dictionary(members.map { ($0.key, $0.value.json) }) { _, last in last })
    }
  }

  package var stringValue: String? { if case .string(let value) = value { value } else { nil } }
  package var elements: [SourceNode]? { if case .array(let value) = value { value } else { nil } }
  package var members: [Member]? { if case .object(let value) = value { value } else { nil } }

  /// The member of an object with its key's place; nil when there is none.
  package func member(_ key: String) -> Member? { members?.first { $0.key == key } }

  /// The value of a member; nil when there is none.
  package subscript(key: String) -> SourceNode? { member(key)?.value }
}

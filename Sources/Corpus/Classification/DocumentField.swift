package import ContentStore

extension Document {
  /// A value of the document by its path: `id`, `text`, `source`, or a path in the metadata such as
  /// `fields.topic`. Numbers and truth values become texts; nil where there is nothing, or a list or
  /// an object.
  package func field(_ path: String) -> String? {
    switch path {
    case "id": return id
    case "text": return text
    case "source": return source
    default: break
    }
    let value = metadata.member(at: path)
    return switch value {
    case .string, .number, .bool: value?.plainText
    default: nil
    }
  }
}

extension JSON {
  /// The member at a path such as `fields.url`; nil when there is none.
  package func member(at path: String) -> JSON? {
    path.split(separator: ".").reduce(Optional(self)) { $0?[String($1)] }
  }

  /// A member of metadata, or of `fields`, where `import` puts what a file's lines held beside the text.
  package func memberOrField(at path: String) -> JSON? {
    member(at: path) ?? self["fields"]?.member(at: path)
  }

  /// A scalar as one writes it by hand: a text itself, `1`, `0.5`, `true`; lists and objects as JSON.
  package var plainText: String { stringValue ?? (try? canonicalText()) ?? "" }
}

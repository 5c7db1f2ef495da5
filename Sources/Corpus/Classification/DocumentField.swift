import ContentStore

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
    var value = metadata
    for key in path.split(separator: ".") {
      guard let inner = value[String(key)] else { return nil }
      value = inner
    }
    return switch value {
    case .string(let text): text
    case .number(let number): JSON.ecmaScript(number)
    case .bool(let truth): truth ? "true" : "false"
    default: nil
    }
  }
}

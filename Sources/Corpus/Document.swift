package import ContentStore

/// One text of a corpus: a line of JSON Lines with the members `id`, `text`, `source`, `metadata`
/// (the shape of Dolma's documents, Soldaini et al. 2024).
package struct Document: Hashable, Sendable {
  /// Names the document in its corpus, and stays the same when others are added.
  package var id: String
  package var text: String
  /// Where it comes from, such as `web` or `books`: what a mixture weighs.
  package var source: String
  /// An object; `file` and `offset` (bytes) say where the text lay in the user's files.
  package var metadata: JSON

  package init(id: String, text: String, source: String, metadata: JSON = [:]) {
    self.id = id
    self.text = text
    self.source = source
    self.metadata = metadata
  }

  package var json: JSON {
    ["id": .string(id), "text": .string(text), "source": .string(source), "metadata": metadata]
  }

  /// Nil when a member is missing or of another type; `metadata` may be left out.
  package init?(json: JSON) {
    guard let id = json["id"]?.stringValue, let text = json["text"]?.stringValue,
      let source = json["source"]?.stringValue,
      json["metadata"]?.objectValue != nil
        || json["metadata"] == nil
    else { return nil }
    self.init(id: id, text: text, source: source, metadata: json["metadata"] ?? [:])
  }
}

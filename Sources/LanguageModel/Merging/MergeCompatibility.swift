import ContentStore

extension Transformer {
  /// Refuses a model that cannot be merged with this one, by the first tensor or key of `config.json` that differs.
  /// How long a text may be and which tokens begin and end it may differ.
  ///
  /// - Parameters:
  ///   - name: what this model is called in the message.
  ///   - otherName: what the other is called.
  package func checkMergeable(
    with other: Transformer, _ name: String, _ otherName: String
  ) throws(CheckpointError) {
    if let fault = layout.difference(from: other.layout, name, otherName) {
      throw CheckpointError("\(name) and \(otherName) cannot be merged: \(fault)")
    }
    let (own, others) = (configuration.huggingFace, other.configuration.huggingFace)
    let free: Set = [
      "max_position_embeddings", "bos_token_id", "eos_token_id", "id2label", "label2id",
    ]
    for key in (own.objectValue ?? [:]).keys.sorted() where !free.contains(key) {
      guard own[key] == others[key] else {
        throw CheckpointError(
          "\(name) and \(otherName) cannot be merged: \"\(key)\" of their config.json differs, "
            + "\(Self.text(own[key])) and \(Self.text(others[key]))")
      }
    }
  }

  private static func text(_ json: JSON?) -> String {
    guard let json else { return "nothing" }
    return (try? json.canonicalText()) ?? "something else"
  }
}

extension ParameterLayout {
  /// The first tensor that only one layout has, or has in another shape, in words; nil when they are equal.
  package func difference(
    from other: ParameterLayout, _ name: String, _ otherName: String
  ) -> String? {
    let others = Dictionary(uniqueKeysWithValues: other.views.map { ($0.name, $0.shape) })
    for view in views {
      guard let shape = others[view.name] else {
        return "tensor \"\(view.name)\" is in \(name) only"
      }
      guard shape == view.shape else {
        return
          "tensor \"\(view.name)\" has shape \(view.shape) in \(name) and \(shape) in \(otherName)"
      }
    }
    let own = Set(views.map(\.name))
    return other.views.first { !own.contains($0.name) }
      .map { "tensor \"\($0.name)\" is in \(otherName) only" }
  }
}

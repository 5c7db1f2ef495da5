/// Why a document is left out: `gopher-quality`, `gopher_short_doc`.
package struct Removal: Hashable, Sendable {
  package var rule: String
  /// In the words of the tool that the rule comes from.
  package var reason: String

  package init(rule: String, reason: String) {
    self.rule = rule
    self.reason = reason
  }
}

/// Something that keeps, rewrites or removes documents, each by itself.
package protocol DocumentRule: Sendable {
  /// As in experiment files: `gopher-quality`.
  static var name: String { get }
  /// Why the document is to be removed; nil keeps it.
  func judge(_ draft: inout Draft) -> String?
}

extension DocumentRule {
  package var name: String { Self.name }
}

extension Sequence<any DocumentRule> {
  /// The first rule that removes a document names the reason; later ones are not asked.
  package func judge(_ draft: inout Draft) -> Removal? {
    for rule in self {
      if let reason = rule.judge(&draft) { return Removal(rule: rule.name, reason: reason) }
    }
    return nil
  }
}

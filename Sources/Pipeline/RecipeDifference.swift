package import ContentStore
package import Ledger

/// One field in which two recipes differ.
package struct RecipeDifference: Hashable, Sendable, CustomStringConvertible {
  /// `op`, `revision`, `with.learningRate`, `with.phases[1].tokens`, `inputs.tokens`,
  /// `inputs.tokens[1]` for a port of several, `seed`, `numerics`.
  package var path: String
  /// Nil when the older recipe has no such field.
  package var before: JSON?
  package var after: JSON?

  package init(path: String, before: JSON?, after: JSON?) {
    self.path = path
    self.before = before
    self.after = after
  }

  /// `with.learningRate: 0.001 → 0.002`.
  package var description: String { "\(path): \(shown(before)) → \(shown(after))" }

  /// A value in a few words: digests short, seeds without the quotes they are stored with.
  private func shown(_ value: JSON?) -> String {
    guard let value else { return "none" }
    if let artifact = Artifact(json: value) {
      return "\(artifact.kind.rawValue) \(artifact.digest.short)"
    }
    let isPlain = !path.hasPrefix("with.")
    if isPlain, let text = value.stringValue { return text }
    if isPlain, value == .null { return "none" }
    let text = (try? value.canonicalText()) ?? "?"
    return text.count > 60 ? "\(text.prefix(59))…" : text
  }
}

extension Recipe {
  /// All fields that differ: op, revision, parameters, inputs, seed, numerics, in that order.
  package func differences(from earlier: Recipe) -> [RecipeDifference] {
    let (old, new) = (earlier.json, json)
    let parts: [(path: String, before: JSON?, after: JSON?)] = [
      ("op", old["op"], new["op"]),
      ("revision", old["revision"], new["revision"]),
      ("with", old["parameters"], new["parameters"]),
      ("inputs", earlier.comparableInputs, comparableInputs),
      ("seed", old["seed"], new["seed"]),
      ("numerics", old["numerics"], new["numerics"]),
    ]
    return parts.flatMap { RecipeDifference.between($0.before, $0.after, at: $0.path) }
  }

  /// Inputs with a port's one artifact for itself, so that its path has no number.
  private var comparableInputs: JSON {
    .object(inputs.mapValues { $0.count == 1 ? $0[0].json : .array($0.map(\.json)) })
  }

  /// The candidate with the fewest differences; of several, the last, which is the newest when they
  /// are in the order of their time. Nil when there is none.
  package func nearest(
    among candidates: [Recipe]
  ) -> (index: Int, differences: [RecipeDifference])? {
    let compared = candidates.enumerated().map { ($0, differences(from: $1)) }
    return compared.min { ($0.1.count, -$0.0) < ($1.1.count, -$1.0) }
      .map { (index: $0.0, differences: $0.1) }
  }
}

extension RecipeDifference {
  /// The leaves in which two values differ. Members in canonical order, artifacts whole.
  static func between(_ before: JSON?, _ after: JSON?, at path: String) -> [RecipeDifference] {
    if before == after { return [] }
    switch (before, after) {
    case (.object(let old), .object(let new)) where !isArtifact(before) || !isArtifact(after):
      return Set(old.keys).union(new.keys).sorted(by: JSON.precedes).flatMap { key in
        between(old[key], new[key], at: "\(path).\(key)")
      }
    case (.array(let old), .array(let new)):
      return (0..<max(old.count, new.count)).flatMap { index in
        between(element(index, of: old), element(index, of: new), at: "\(path)[\(index)]")
      }
    default: return [RecipeDifference(path: path, before: before, after: after)]
    }
  }

  private static func element(_ index: Int, of list: [JSON]) -> JSON? {
    // A ternary with `nil` would give `JSON.null`.
    guard index < list.count else { return .none }
    return list[index]
  }

  private static func isArtifact(_ value: JSON?) -> Bool {
    value.flatMap(Artifact.init(json:)) != nil
  }
}

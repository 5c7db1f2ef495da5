import ContentStore

extension ObjectStore {
  /// Whether all objects of an artifact are there, by name.
  func isWhole(_ artifact: Artifact) -> Bool { missing(artifact).isEmpty }

  /// The objects of an artifact that are not there; a manifest that cannot be read counts as one.
  func missing(_ artifact: Artifact) -> [Digest] {
    guard contains(artifact.digest) else { return [artifact.digest] }
    guard artifact.kind == .tree else { return [] }
    guard let tree = try? readTree(artifact.digest) else { return [artifact.digest] }
    return Set(tree.entries.values.map(\.object)).filter { !contains($0) }.sorted()
  }
}

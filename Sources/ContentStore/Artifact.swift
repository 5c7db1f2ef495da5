/// What a stage takes or gives: one file, or a tree of files. Named by a digest, so it is a value.
package struct Artifact: Hashable, Sendable {
  package enum Kind: String, Sendable { case file, tree }

  package var kind: Kind
  /// The object's digest: of the file's bytes, or of the tree's canonical manifest.
  package var digest: Digest

  package init(_ kind: Kind, _ digest: Digest) {
    self.kind = kind
    self.digest = digest
  }

  /// `{"file": "sha256:…"}` or `{"tree": "sha256:…"}`.
  package var json: JSON { [kind.rawValue: .string(digest.description)] }

  package init?(json: JSON) {
    guard let members = json.objectValue, members.count == 1, let (key, value) = members.first,
      let kind = Kind(rawValue: key), let digest = value.stringValue.flatMap(Digest.init)
    else { return nil }
    self.init(kind, digest)
  }
}

/// The manifest of a tree artifact: paths and the objects found there. Its canonical JSON is
/// `{"entries":{"<path>":{"object":"sha256:…","size":N},…},"type":"tree/1"}`.
package struct Tree: Hashable, Sendable {
  package struct Entry: Hashable, Sendable {
    package var object: Digest
    /// Bytes.
    package var size: Int

    package init(object: Digest, size: Int) {
      self.object = object
      self.size = size
    }
  }

  /// By path: relative, `/` between components, no empty, `.` or `..` component.
  package var entries: [String: Entry]

  package init(entries: [String: Entry] = [:]) { self.entries = entries }

  package var json: JSON {
    let members = entries.mapValues { entry -> JSON in
      ["object": .string(entry.object.description), "size": .integer(entry.size)]
    }
    return ["type": "tree/1", "entries": .object(members)]
  }

  package init?(json: JSON) {
    guard json["type"] == "tree/1", let members = json["entries"]?.objectValue else { return nil }
    var entries: [String: Entry] = [:]
    for (path, value) in members {
      guard Tree.isValid(path: path), let size = value["size"]?.intValue,
        let object = value["object"]?.stringValue.flatMap(Digest.init)
      else { return nil }
      entries[path] = Entry(object: object, size: size)
    }
    self.init(entries: entries)
  }

  /// Whether a path may stand in a manifest.
  package static func isValid(path: String) -> Bool {
    !path.isEmpty && !path.utf8.contains(0)
      && path.split(separator: "/", omittingEmptySubsequences: false)
        .allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
  }
}

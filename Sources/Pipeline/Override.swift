/// One `--set PATH=VALUE`.
package struct Override: Sendable {
  /// As the user wrote it: `stages.pretrain.with.phases[1].tokens=1e6`.
  package let text: String
  package let steps: [PathStep]
  package let value: SourceNode

  /// Reads `PATH=VALUE`. The value is JSON5 if it can be read so, else text; `null` removes the member.
  /// - Parameter folder: where relative file paths in the value start from: the current folder.
  package init(parsing text: String, folder: String) throws(ExperimentError) {
    let file = SourceFile(name: "--set", folder: folder, bytes: Array(text.utf8))
    guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else {
      throw ExperimentError("\"--set \(text)\" has no value: write PATH=VALUE")
    }
    let path = String(text[..<equals])
    guard let steps = [PathStep](path: path), !steps.isEmpty else {
      throw ExperimentError(
        "\"\(path)\" is no path: write names and numbers, as in stages.pretrain.with.phases[1].tokens",
        at: SourcePosition(file: file, offset: 0))
    }
    self.text = text
    self.steps = steps
    value = try Self.value(
      file, from: path.utf8.count + 1, text: String(text[text.utf8.index(after: equals)...]))
  }

  private static func value(
    _ file: SourceFile, from offset: Int, text: String
  ) throws(ExperimentError) -> SourceNode {
    do {
      var reader = try JSON5Reader(file, from: offset)
      return try reader.document()
    } catch {
      // An object or quoted text with a mistake in it is not meant as text; a glob like [a-z]* is.
      if let first = text.first, "{\"'".contains(first) { throw error }
      return SourceNode(.string(text), at: SourcePosition(file: file, offset: offset))
    }
  }
}

/// A step of a JSON path: a member's name or an element's number, from 0.
package enum PathStep: Hashable, Sendable {
  case key(String)
  case index(Int)
}

extension [PathStep] {
  /// Reads `a.b[1].c`; nil when it is malformed. A name may be any text without `.` and `[`.
  init?(path: String) {
    self = []
    for part in path.split(separator: ".", omittingEmptySubsequences: false) {
      let pieces = part.split(separator: "[", omittingEmptySubsequences: false)
      guard !pieces[0].isEmpty else { return nil }
      append(.key(String(pieces[0])))
      for piece in pieces.dropFirst() {
        guard piece.last == "]", let index = Int(piece.dropLast()), index >= 0 else { return nil }
        append(.index(index))
      }
    }
  }

  /// `a.b[1].c`.
  var path: String {
    reduce(into: "") { path, step in
      switch step {
      case .key(let key): path += (path.isEmpty ? "" : ".") + key
      case .index(let index): path += "[\(index)]"
      }
    }
  }
}

/// A text that values were read from: an experiment file, one `--set`, or a recorded experiment.
package final class SourceFile: Sendable {
  /// As errors show it: the path the user gave, or `--set stages.x.with.y=3`.
  package let name: String
  /// The folder that relative paths written in this text start from.
  package let folder: String
  package let bytes: [UInt8]

  package init(name: String, folder: String, bytes: [UInt8]) {
    self.name = name
    self.folder = folder
    self.bytes = bytes
  }

  /// The text of the line that holds an offset, without its line break.
  func line(at offset: Int) -> String {
    let start = lineStart(before: offset)
    let end = bytes[start...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? bytes.count
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  func lineStart(before offset: Int) -> Int {
    bytes[..<min(offset, bytes.count)].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
  }
}

/// A place in a source text.
package struct SourcePosition: Sendable {
  package let file: SourceFile
  /// Bytes from the start of the text.
  package let offset: Int

  package init(file: SourceFile, offset: Int) {
    self.file = file
    self.offset = min(offset, file.bytes.count)
  }

  /// From 1.
  package var line: Int { file.bytes[..<offset].count { $0 == 0x0A } + 1 }

  /// From 1, in characters (Unicode scalars), as editors count.
  package var column: Int { before.unicodeScalars.count + 1 }

  /// The line with a caret under the place, cut to a window when it is long:
  /// ```
  ///   seed: 017,
  ///         ^
  /// ```
  package var excerpt: String {
    let line = Array(file.line(at: offset))
    let place = before.count
    let start = place > 60 ? place - 40 : 0
    let shown = line.dropFirst(start).prefix(90)
    let cut = (before: start > 0 ? "…" : "", after: start + shown.count < line.count ? "…" : "")
    // Tabs stay tabs, so that the caret stands under its character.
    let indent = (Array(cut.before) + before.dropFirst(start)).map { $0 == "\t" ? "\t" : " " }
    return "  \(cut.before)\(String(shown))\(cut.after)\n  \(indent.joined())^"
  }

  private var before: String {
    String(decoding: file.bytes[file.lineStart(before: offset)..<offset], as: UTF8.self)
  }
}

extension SourcePosition: CustomStringConvertible {
  /// `experiment.json5:12:7`.
  package var description: String { "\(file.name):\(line):\(column)" }
}

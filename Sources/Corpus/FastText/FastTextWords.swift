/// fastText's words: what lies between space, `\n`, `\r`, `\t`, `\v`, `\f` and NUL.
enum FastTextWords {
  /// Calls `body` with each word of a line.
  @inline(__always)
  static func each(
    of line: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void
  ) {
    var start = 0
    for index in 0..<line.count where isSpace(line[index]) {
      if index > start { body(UnsafeBufferPointer(rebasing: line[start..<index])) }
      start = index + 1
    }
    if line.count > start { body(UnsafeBufferPointer(rebasing: line[start...])) }
  }

  @inline(__always)
  static func isSpace(_ byte: UInt8) -> Bool {
    byte <= 0x20 && (byte == 0x20 || byte == 0 || (byte >= 0x09 && byte <= 0x0D))
  }

  /// FNV-1a of 32 bits with its bytes taken as signed, as fastText's models have it.
  @inline(__always)
  static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
    var hash = hashStart
    for byte in bytes { hash = extend(hash, byte) }
    return hash
  }

  static let hashStart: UInt32 = 2_166_136_261

  @inline(__always)
  static func extend(_ hash: UInt32, _ byte: UInt8) -> UInt32 {
    (hash ^ UInt32(truncatingIfNeeded: Int8(bitPattern: byte))) &* 16_777_619
  }

  /// The word that every line ends with.
  static let end = Array("</s>".utf8)
  static let labelPrefix = Array(FastTextOptions.labelPrefix.utf8)

  static func isLabel(_ word: UnsafeBufferPointer<UInt8>) -> Bool {
    word.count >= labelPrefix.count && word[0] == labelPrefix[0] && word.starts(with: labelPrefix)
  }
}

/// Makes fastText lines of documents.
package enum FastTextLine {
  /// A text with its labels in front, in the form of fastText's training files without the line feed.
  /// Line breaks become spaces. Words of the text that would be labels, and the word `</s>`, which
  /// would end the line, are left out.
  package static func make(_ text: String, labels: [String] = []) -> [UInt8] {
    var line: [UInt8] = []
    line.reserveCapacity(text.utf8.count + 32)
    for label in labels { line += Array((FastTextOptions.labelPrefix + name(label) + " ").utf8) }
    var text = text
    text.withUTF8 { bytes in
      FastTextWords.each(of: bytes) { word in
        if word[0] == FastTextWords.labelPrefix[0], FastTextWords.isLabel(word) { return }
        if word.count == 4, word.elementsEqual(FastTextWords.end) { return }
        line.append(contentsOf: word)
        line.append(0x20)
      }
    }
    return line
  }

  /// A label as fastText can hold it: white space becomes `_`.
  package static func name(_ label: String) -> String {
    String(decoding: label.utf8.map { FastTextWords.isSpace($0) ? 0x5F : $0 }, as: UTF8.self)
  }
}

/// A text as the Unicode scalars that Python's `str` has for characters, with the operations that
/// reference tools use on it. Lengths and positions count scalars.
package struct PythonText: Hashable, Sendable {
  package var scalars: [UInt32]

  package init(scalars: [UInt32]) { self.scalars = scalars }

  package init(_ text: String) {
    var text = text
    scalars = text.withUTF8 { Self.decode($0) }
  }

  package var count: Int { scalars.count }
  package var string: String { string(scalars.indices) }

  /// A part as text.
  package func string(_ range: Range<Int>) -> String {
    var bytes: [UInt8] = []
    appendUTF8(range, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Scalars of valid UTF-8, which `String` vouches for.
  private static func decode(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt32] {
    [UInt32](unsafeUninitializedCapacity: bytes.count) { out, count in
      var position = 0
      while position < bytes.count {
        let first = UInt32(bytes[position])
        if first < 0x80 {
          out[count] = first
          position += 1
        } else if first < 0xE0 {
          out[count] = (first & 0x1F) << 6 | UInt32(bytes[position + 1] & 0x3F)
          position += 2
        } else if first < 0xF0 {
          out[count] =
            (first & 0xF) << 12 | UInt32(bytes[position + 1] & 0x3F) << 6
            | UInt32(bytes[position + 2] & 0x3F)
          position += 3
        } else {
          out[count] =
            (first & 7) << 18 | UInt32(bytes[position + 1] & 0x3F) << 12
            | UInt32(bytes[position + 2] & 0x3F) << 6 | UInt32(bytes[position + 3] & 0x3F)
          position += 4
        }
        count += 1
      }
    }
  }

  /// Appends a part's UTF-8.
  package func appendUTF8(_ range: Range<Int>, to bytes: inout [UInt8]) {
    let scalars = scalars.span
    for index in range { Self.appendUTF8(scalars[index], to: &bytes) }
  }

  static func appendUTF8(_ scalar: UInt32, to bytes: inout [UInt8]) {
    func next(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: 0x80 | scalar >> shift & 0x3F) }
    if scalar < 0x80 {
      bytes.append(UInt8(scalar))
    } else if scalar < 0x800 {
      bytes.append(UInt8(0xC0 | scalar >> 6))
      bytes.append(next(0))
    } else if scalar < 0x10000 {
      bytes.append(UInt8(0xE0 | scalar >> 12))
      bytes.append(next(6))
      bytes.append(next(0))
    } else {
      bytes.append(UInt8(0xF0 | scalar >> 18))
      bytes.append(next(12))
      bytes.append(next(6))
      bytes.append(next(0))
    }
  }
}

extension PythonText {
  static func isSpace(_ scalar: UInt32) -> Bool {
    if scalar < 0x80 { return scalar == 0x20 || scalar &- 9 < 5 || scalar &- 0x1C < 4 }
    return CharacterTable.shared.has(scalar, .space)
  }

  /// `str.strip()`: the range without white space at its ends.
  package func stripped(_ range: Range<Int>) -> Range<Int> {
    var (start, end) = (range.lowerBound, range.upperBound)
    while start < end, Self.isSpace(scalars[start]) { start += 1 }
    while end > start, Self.isSpace(scalars[end - 1]) { end -= 1 }
    return start..<end
  }

  /// `str.splitlines()`: ends at LF, CR, CRLF, VT, FF, U+001C–1E, U+0085, U+2028 and U+2029.
  package func lines() -> [Range<Int>] {
    var (lines, start, position): ([Range<Int>], Int, Int) = ([], 0, 0)
    let scalars = scalars.span
    while position < scalars.count {
      guard Self.isLineEnd(scalars[position]) else {
        position += 1
        continue
      }
      lines.append(start..<position)
      let isPair =
        scalars[position] == 0x0D && position + 1 < scalars.count && scalars[position + 1] == 0x0A
      position += isPair ? 2 : 1
      start = position
    }
    if start < scalars.count { lines.append(start..<scalars.count) }
    return lines
  }

  private static func isLineEnd(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
    default: false
    }
  }

  /// `re.split` at runs of so many line feeds or more within a range.
  package func split(atLineFeeds least: Int, in range: Range<Int>) -> [Range<Int>] {
    var (parts, start, position): ([Range<Int>], Int, Int) = (
      [], range.lowerBound, range.lowerBound
    )
    let scalars = scalars.span
    while position < range.upperBound {
      guard scalars[position] == 0x0A else {
        position += 1
        continue
      }
      let run = position
      while position < range.upperBound, scalars[position] == 0x0A { position += 1 }
      if position - run < least { continue }
      parts.append(start..<run)
      start = position
    }
    return parts + [start..<range.upperBound]
  }

  /// `str.split("\n")`.
  package func split(at separator: UInt32) -> [Range<Int>] {
    var (parts, start): ([Range<Int>], Int) = ([], 0)
    let scalars = scalars.span
    for index in 0..<scalars.count where scalars[index] == separator {
      parts.append(start..<index)
      start = index + 1
    }
    return parts + [start..<scalars.count]
  }

  /// `str.split()`: runs without white space.
  package func fields(in range: Range<Int>) -> [Range<Int>] {
    var (parts, start): ([Range<Int>], Int) = ([], -1)
    let scalars = scalars.span
    for index in range {
      if Self.isSpace(scalars[index]) {
        if start >= 0 { parts.append(start..<index) }
        start = -1
      } else if start < 0 {
        start = index
      }
    }
    if start >= 0 { parts.append(start..<range.upperBound) }
    return parts
  }

  /// `str.count(…)`: how often a text occurs without overlap.
  package func occurrences(of text: [UInt32], in range: Range<Int>? = nil) -> Int {
    var (count, position) = (0, (range ?? scalars.indices).lowerBound)
    while let found = firstIndex(of: text, from: position, to: range?.upperBound) {
      count += 1
      position = found + text.count
    }
    return count
  }

  /// Where a text that is not empty next occurs.
  package func firstIndex(of text: [UInt32], from start: Int, to end: Int? = nil) -> Int? {
    let (scalars, wanted) = (scalars.span, text.span)
    var position = start
    let last = (end ?? scalars.count) - wanted.count
    while position <= last {
      var length = 0
      while length < wanted.count, scalars[position + length] == wanted[length] { length += 1 }
      if length == wanted.count { return position }
      position += 1
    }
    return nil
  }

  /// Whether a range ends so.
  package func ends(_ range: Range<Int>, with text: [UInt32]) -> Bool {
    guard range.count >= text.count else { return false }
    return scalars[(range.upperBound - text.count)..<range.upperBound].elementsEqual(text)
  }
}

extension PythonText {
  /// `str.lower()`.
  package func lowercased() -> PythonText {
    let table = CharacterTable.shared
    var result: [UInt32] = []
    result.reserveCapacity(scalars.count)
    for (index, scalar) in scalars.enumerated() {
      if scalar < 0x80 {
        result.append(scalar &- 0x41 < 26 ? scalar + 0x20 : scalar)
      } else if scalar == 0x3A3 {
        result.append(isFinalSigma(at: index) ? 0x3C2 : 0x3C3)
      } else if scalar == 0x130 {
        result += [0x69, 0x307]
      } else {
        result.append(table.simpleLowerCase(scalar))
      }
    }
    return PythonText(scalars: result)
  }

  /// The Unicode Standard, table 3-17: after a cased letter and not before one.
  private func isFinalSigma(at index: Int) -> Bool {
    func isCased(_ range: some Sequence<Int>) -> Bool {
      for other in range {
        guard let scalar = Unicode.Scalar(scalars[other]) else { return false }
        if scalar.properties.isCaseIgnorable { continue }
        return scalar.properties.isCased
      }
      return false
    }
    return isCased((0..<index).reversed()) && !isCased(index + 1..<scalars.count)
  }
}

// What Python's `str.strip`, `str.rstrip` and `re`'s `\s` call white space. lm-evaluation-harness
// uses them on prompts, and Unicode's White_Space property differs (U+001C–U+001F).

extension Unicode.Scalar {
  /// Whether Python's `str.isspace` holds.
  var isPythonSpace: Bool {
    switch value {
    case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F,
      0x205F, 0x3000:
      true
    default: false
    }
  }
}

extension String {
  /// Python's `strip()`. Works on scalars, for "\r\n" is one Character.
  func pythonStripped() -> String {
    let start = unicodeScalars.firstIndex { !$0.isPythonSpace } ?? unicodeScalars.endIndex
    return String(unicodeScalars[start...]).pythonSplitTrailingSpace().text
  }

  /// The text without its trailing white space, and that white space.
  func pythonSplitTrailingSpace() -> (text: String, space: String) {
    let end =
      unicodeScalars.lastIndex { !$0.isPythonSpace }.map { unicodeScalars.index(after: $0) }
      ?? unicodeScalars.startIndex
    return (String(unicodeScalars[..<end]), String(unicodeScalars[end...]))
  }

  /// `len(re.split(r"\s+", text))`: runs of white space plus one, so the empty text has one word.
  package var pythonWordCount: Int {
    var count = 1
    var inSpace = false
    for scalar in unicodeScalars {
      if scalar.isPythonSpace && !inSpace { count += 1 }
      inSpace = scalar.isPythonSpace
    }
    return count
  }
}

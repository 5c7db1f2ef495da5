/// Writing systems, told by Unicode's blocks (a coarse notion: Han stands for Chinese, Japanese and
/// Korean characters alike).
package enum Script: String, CaseIterable, Sendable {
  case latin, greek, cyrillic, armenian, hebrew, arabic, devanagari, bengali, gurmukhi, gujarati
  case tamil, telugu, kannada, malayalam, sinhala, thai, lao, tibetan, myanmar, georgian, ethiopic
  case khmer, hangul, kana, han
  case other

  /// First and last scalar, and what stands there; ascending.
  private static let blocks: [(first: UInt32, last: UInt32, script: Script)] = [
    (0x41, 0x24F, .latin), (0x250, 0x2AF, .latin), (0x370, 0x3FF, .greek),
    (0x400, 0x52F, .cyrillic),
    (0x530, 0x58F, .armenian), (0x590, 0x5FF, .hebrew), (0x600, 0x6FF, .arabic),
    (0x750, 0x77F, .arabic), (0x8A0, 0x8FF, .arabic), (0x900, 0x97F, .devanagari),
    (0x980, 0x9FF, .bengali), (0xA00, 0xA7F, .gurmukhi), (0xA80, 0xAFF, .gujarati),
    (0xB80, 0xBFF, .tamil), (0xC00, 0xC7F, .telugu), (0xC80, 0xCFF, .kannada),
    (0xD00, 0xD7F, .malayalam), (0xD80, 0xDFF, .sinhala), (0xE00, 0xE7F, .thai),
    (0xE80, 0xEFF, .lao), (0xF00, 0xFFF, .tibetan), (0x1000, 0x109F, .myanmar),
    (0x10A0, 0x10FF, .georgian), (0x1100, 0x11FF, .hangul), (0x1200, 0x139F, .ethiopic),
    (0x1780, 0x17FF, .khmer), (0x1C80, 0x1C8F, .cyrillic), (0x1C90, 0x1CBF, .georgian),
    (0x1E00, 0x1EFF, .latin), (0x1F00, 0x1FFF, .greek), (0x2C60, 0x2C7F, .latin),
    (0x2DE0, 0x2DFF, .cyrillic), (0x2E80, 0x2FDF, .han), (0x3040, 0x30FF, .kana),
    (0x3130, 0x318F, .hangul), (0x31F0, 0x31FF, .kana), (0x3400, 0x4DBF, .han),
    (0x4E00, 0x9FFF, .han), (0xA640, 0xA69F, .cyrillic), (0xA720, 0xA7FF, .latin),
    (0xAC00, 0xD7FF, .hangul), (0xF900, 0xFAFF, .han), (0xFB50, 0xFDFF, .arabic),
    (0xFE70, 0xFEFF, .arabic), (0xFF21, 0xFF5A, .latin), (0xFF66, 0xFF9F, .kana),
    (0x20000, 0x3FFFF, .han),
  ]

  /// The script of a letter.
  static func of(_ scalar: UInt32) -> Script {
    var (low, high) = (0, blocks.count)
    while low < high {
      let middle = (low + high) / 2
      if blocks[middle].last < scalar { low = middle + 1 } else { high = middle }
    }
    return low < blocks.count && blocks[low].first <= scalar ? blocks[low].script : .other
  }

  /// The share of a text's letters (Python's `isalpha`) that are of some scripts; nil without letters.
  package static func share(of scripts: Set<Script>, in text: PythonText) -> Double? {
    var (letters, found) = (0, 0)
    for scalar in text.scalars where CharacterTable.shared.has(scalar, .alphabetic) {
      letters += 1
      if scripts.contains(of(scalar)) { found += 1 }
    }
    return letters == 0 ? nil : Double(found) / Double(letters)
  }
}

/// Keeps documents whose letters are mostly of some scripts.
package struct ScriptRule: DocumentRule {
  package static let name = "script"

  package var scripts: Set<Script>
  package var minimumShare: Double

  package init(scripts: Set<Script>, minimumShare: Double) {
    self.scripts = scripts
    self.minimumShare = minimumShare
  }

  package func judge(_ draft: inout Draft) -> String? {
    guard let share = Script.share(of: scripts, in: draft.text) else { return "no letters" }
    return share < minimumShare ? "other scripts" : nil
  }
}

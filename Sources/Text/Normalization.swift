@_spi(_Unicode) import Swift

/// What is done to a text before it is cut; the normalisers of `tokenizers` by their names.
enum Normalizer: Hashable, Sendable {
  case nfc
  /// Puts a text before every text that is not empty.
  case prepend(String)
  case replace(String, with: String)

  /// Whether it may change some text at all: a quick look that is sure when it says no.
  func mayChange(_ text: Span<UInt8>) -> Bool {
    guard self == .nfc else { return true }
    for index in text.indices where text[index] >= NFC.firstComposing { return true }
    return false
  }

  func apply(_ text: [UInt8]) -> [UInt8] {
    switch self {
    case .nfc: return NFC.normalized(text)
    case .prepend(let prefix): return text.isEmpty ? text : Array(prefix.utf8) + text
    case .replace(let old, let new): return text.replacing(Array(old.utf8), with: Array(new.utf8))
    }
  }
}

/// Unicode's normalisation form C by the standard library (Unicode 16 and later), held to the version
/// that `tokenizers` knows: scalars that it does not know compose and reorder with nothing.
enum NFC {
  /// Text whose UTF-8 has no byte from here on lies below U+0300, the first scalar that NFC ever
  /// changes or composes (DerivedNormalizationProps.txt, NFC_QC).
  static let firstComposing: UInt8 = 0xCC

  static func normalized(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var known = String.UnicodeScalarView()
    for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
      if UnknownToNFC.contains(scalar.value) {
        flush(&known, into: &result)
        result += UTF8.encode(scalar)!
      } else {
        append(scalar, to: &known)
      }
    }
    flush(&known, into: &result)
    return result
  }

  /// Scalars of class 0 whose decompositions begin with a mark (CompositionExclusions.txt) are decomposed
  /// here: the standard library would begin a new stretch at them, and not reorder them with marks before.
  private static func append(_ scalar: Unicode.Scalar, to text: inout String.UnicodeScalarView) {
    switch scalar.value {
    case 0x344: text.append(contentsOf: "\u{308}\u{301}".unicodeScalars)
    case 0xF73: text.append(contentsOf: "\u{F71}\u{F72}".unicodeScalars)
    case 0xF75: text.append(contentsOf: "\u{F71}\u{F74}".unicodeScalars)
    case 0xF81: text.append(contentsOf: "\u{F71}\u{F80}".unicodeScalars)
    default: text.append(scalar)
    }
  }

  private static func flush(_ known: inout String.UnicodeScalarView, into result: inout [UInt8]) {
    guard !known.isEmpty else { return }
    for scalar in String(known)._nfc { result += UTF8.encode(scalar)! }
    known = String.UnicodeScalarView()
  }
}

@_spi(_Unicode) import Swift

extension SplitPattern {
  /// The text as the pattern's tokenizers see it: Qwen2's normalise to NFC.
  func normalized(_ text: String) -> String {
    guard self == .qwen2, text.utf8.contains(where: { $0 >= Self.firstComposing }) else {
      return text
    }
    var result = String.UnicodeScalarView()
    for scalar in text._nfc { result.append(scalar) }
    return String(result)
  }

  /// Text whose UTF-8 has no byte from here on lies below U+0300, the first scalar that NFC ever
  /// changes or composes (DerivedNormalizationProps.txt, NFC_QC).
  static let firstComposing: UInt8 = 0xCC
}

@_spi(_Unicode) import Swift

extension SplitPattern {
  /// The text as the pattern's tokenizers see it: Qwen2's normalise to NFC.
  func normalized(_ text: String) -> String {
    guard self == .qwen2, !text.utf8.allSatisfy({ $0 < 0x80 }) else { return text }
    var result = String.UnicodeScalarView()
    for scalar in text._nfc { result.append(scalar) }
    return String(result)
  }
}

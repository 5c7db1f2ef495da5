/// The SHA-256 of some bytes: the name of an object. Written `sha256:<64 hex digits>`.
package struct Digest: Hashable, Comparable, Sendable {
  /// The 32 bytes as four big-endian words, so that comparing words compares bytes.
  private let words: (UInt64, UInt64, UInt64, UInt64)

  /// A digest from its 32 bytes.
  package init(bytes: some Collection<UInt8>) {
    precondition(bytes.count == 32, "a SHA-256 digest has 32 bytes")
    var all: [UInt64] = [0, 0, 0, 0]
    for (index, byte) in bytes.enumerated() { all[index / 8] = all[index / 8] << 8 | UInt64(byte) }
    words = (all[0], all[1], all[2], all[3])
  }

  /// Reads `sha256:<hex>` or the 64 hex digits alone (lower case); nil for anything else.
  package init?(_ text: String) {
    let hex = text.hasPrefix("sha256:") ? text.utf8.dropFirst(7) : text.utf8[...]
    guard hex.count == 64 else { return nil }
    var bytes: [UInt8] = []
    var high: UInt8?
    for character in hex {
      guard let nibble = Self.nibble(character) else { return nil }
      if let first = high {
        bytes.append(first << 4 | nibble)
        high = nil
      } else {
        high = nibble
      }
    }
    self.init(bytes: bytes)
  }

  private static func nibble(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    default: nil
    }
  }

  /// The 32 bytes, first byte first.
  package var bytes: [UInt8] {
    [words.0, words.1, words.2, words.3].flatMap { word in
      (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) }
    }
  }

  /// The 64 lower-case hex digits.
  package var hex: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// The first eight hex digits, for people.
  package var short: String { String(hex.prefix(8)) }

  package static func == (a: Digest, b: Digest) -> Bool { a.words == b.words }
  package static func < (a: Digest, b: Digest) -> Bool { a.words < b.words }
  package func hash(into hasher: inout Hasher) {
    hasher.combine(words.0)
    hasher.combine(words.1)
  }
}

extension Digest: CustomStringConvertible {
  package var description: String { "sha256:" + hex }
}

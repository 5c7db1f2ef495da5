/// The SHA-256 of some bytes: the name of an object. Written `sha256:<64 hex digits>`.
package struct Digest: Hashable, Comparable, Sendable {
  /// The 32 bytes as four big-endian words, so that comparing words compares bytes.
  private let words: (UInt64, UInt64, UInt64, UInt64)

  /// A digest from its four big-endian words.
  init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

  /// A digest from its 32 bytes.
  package init(bytes: some Collection<UInt8>) {
    precondition(bytes.count == 32, "a SHA-256 digest has 32 bytes")
    var all: [4 of UInt64] = [0, 0, 0, 0]
    for (index, byte) in bytes.enumerated() { all[index / 8] = all[index / 8] << 8 | UInt64(byte) }
    words = (all[0], all[1], all[2], all[3])
  }

  /// Reads `sha256:<hex>` or the 64 hex digits alone (lower case); nil for anything else.
  package init?(_ text: String) {
    let hex = text.hasPrefix("sha256:") ? text.utf8.dropFirst(7) : text.utf8[...]
    guard hex.count == 64 else { return nil }
    var all: [4 of UInt64] = [0, 0, 0, 0]
    for (index, character) in hex.enumerated() {
      guard let nibble = Self.nibble(character) else { return nil }
      all[index / 16] = all[index / 16] << 4 | UInt64(nibble)
    }
    words = (all[0], all[1], all[2], all[3])
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
    let all: [4 of UInt64] = [words.0, words.1, words.2, words.3]
    return String(unsafeUninitializedCapacity: 64) { out in
      for index in 0..<64 {
        let nibble =
          UInt8(truncatingIfNeeded: all[index / 16] >> (60 - 4 * UInt64(index % 16))) & 15
        out[index] = nibble < 10 ? nibble + UInt8(ascii: "0") : nibble + UInt8(ascii: "a") - 10
      }
      return 64
    }
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

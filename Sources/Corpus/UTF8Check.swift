/// Finds the first byte sequence that is not UTF-8 (Unicode 16.0, table 3-7) in bytes that arrive
/// in chunks.
package struct UTF8Check: Sendable {
  /// Bytes checked so far.
  private var offset = 0
  /// Where the sequence under way began.
  private var start = 0
  /// How many continuation bytes the sequence still needs.
  private var missing = 0
  /// What the next continuation byte may be; narrower than 80…BF after E0, ED, F0 and F4.
  private var allowed: ClosedRange<UInt8> = 0x80...0xBF

  package init() {}

  /// The offset, from the first byte ever fed, of the first invalid sequence in a chunk; nil when
  /// there is none so far.
  package mutating func feed(_ chunk: some Collection<UInt8>) -> Int? {
    if let bad = chunk.withContiguousStorageIfAvailable({ feed($0) }) { return bad }
    return Array(chunk).withUnsafeBufferPointer { feed($0) }
  }

  private mutating func feed(_ chunk: UnsafeBufferPointer<UInt8>) -> Int? {
    defer { offset += chunk.count }
    for index in chunk.indices {
      let byte = chunk[index]
      if missing == 0 {
        if byte < 0x80 { continue }
        start = offset + index
        guard begin(byte) else { return start }
      } else {
        guard allowed.contains(byte) else { return start }
        missing -= 1
        allowed = 0x80...0xBF
      }
    }
    return nil
  }

  /// Takes a sequence's first byte; false when it can begin none.
  private mutating func begin(_ byte: UInt8) -> Bool {
    switch byte {
    case 0xC2...0xDF: missing = 1
    case 0xE0...0xEF: missing = 2
    case 0xF0...0xF4: missing = 3
    default: return false
    }
    switch byte {
    case 0xE0: allowed = 0xA0...0xBF
    case 0xED: allowed = 0x80...0x9F
    case 0xF0: allowed = 0x90...0xBF
    case 0xF4: allowed = 0x80...0x8F
    default: allowed = 0x80...0xBF
    }
    return true
  }

  /// After the last chunk: the offset of a sequence that the end cuts off.
  package var unfinished: Int? { missing > 0 ? start : nil }

  /// The offset of the first invalid sequence in whole bytes.
  package static func firstInvalid(in bytes: some Collection<UInt8>) -> Int? {
    var check = UTF8Check()
    return check.feed(bytes) ?? check.unfinished
  }
}

extension CorpusError {
  /// Bytes that are not UTF-8.
  static func invalidUTF8(_ file: String, offset: Int) -> CorpusError {
    CorpusError(
      "\(file) is not valid UTF-8 at byte \(offset); convert it first, for example with iconv")
  }
}

import CLinux

/// SHA-256 (FIPS 180-4 §6.2) of bytes that come in pieces. Uses the CPU's SHA instructions where it
/// has them; the portable path gives the same digest.
package struct SHA256: Sendable {
  private var state: [8 of UInt32] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
    0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
  ]
  /// Bytes that do not fill a block yet.
  private var pending: [64 of UInt8] = .init(repeating: 0)
  private var pendingCount = 0
  /// Bytes taken so far.
  private var length: UInt64 = 0
  private let isPortable: Bool

  package init() { self.init(portable: !SHA256.hasInstructions) }

  /// `portable` forces the path without SHA instructions, for tests.
  package init(portable: Bool) { isPortable = portable || !SHA256.hasInstructions }

  /// Whether this CPU has SHA instructions.
  package static let hasInstructions = exp_has_sha() != 0

  /// The digest of some bytes.
  package static func hash(_ bytes: [UInt8]) -> Digest {
    bytes.withUnsafeBytes { hash($0) }
  }

  /// The digest of some bytes.
  package static func hash(_ bytes: UnsafeRawBufferPointer) -> Digest {
    var hasher = SHA256()
    hasher.update(bytes)
    return hasher.finalize()
  }

  /// Takes more bytes.
  package mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { update($0) }
  }

  /// Takes more bytes.
  package mutating func update(_ bytes: RawSpan) {
    bytes.withUnsafeBytes { update($0) }
  }

  /// Takes more bytes.
  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    length += UInt64(bytes.count)
    var rest = bytes[...]
    if pendingCount > 0 {
      let taken = min(64 - pendingCount, rest.count)
      keep(rest.prefix(taken))
      rest = rest.dropFirst(taken)
      if pendingCount == 64 { compressPending() }
    }
    let blocks = rest.count / 64
    if blocks > 0 {
      compress(UnsafeRawBufferPointer(rebasing: rest.prefix(blocks * 64)))
      rest = rest.dropFirst(blocks * 64)
    }
    keep(rest)
  }

  /// The digest of all bytes taken. The hasher is spent.
  package mutating func finalize() -> Digest {
    let bits = length &* 8
    pending[pendingCount] = 0x80
    for index in (pendingCount + 1)..<max(64, pendingCount + 1) { pending[index] = 0 }
    if pendingCount >= 56 {
      compressPending()
      for index in 0..<64 { pending[index] = 0 }
    }
    for index in 0..<8 { pending[56 + index] = UInt8(truncatingIfNeeded: bits >> (56 - 8 * index)) }
    compressPending()
    return Digest(words: (word(0), word(2), word(4), word(6)))
  }

  private func word(_ index: Int) -> UInt64 {
    UInt64(state[index]) << 32 | UInt64(state[index + 1])
  }

  private mutating func keep(_ bytes: Slice<UnsafeRawBufferPointer>) {
    for byte in bytes {
      pending[pendingCount] = byte
      pendingCount += 1
    }
  }

  private mutating func compressPending() {
    let block = pending
    block.span.bytes.withUnsafeBytes { compress($0) }
    pendingCount = 0
  }

  private mutating func compress(_ blocks: UnsafeRawBufferPointer) {
    if isPortable {
      SHA256.compressPortably(&state, blocks)
    } else {
      var span = state.mutableSpan
      span.withUnsafeMutableBufferPointer { state in
        roundConstants.span.withUnsafeBufferPointer { constants in
          exp_sha256_blocks(
            state.baseAddress, blocks.baseAddress?.assumingMemoryBound(to: UInt8.self),
            blocks.count / 64, constants.baseAddress)
        }
      }
    }
  }
}

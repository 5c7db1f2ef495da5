/// XXH64 (Collet; the specification of xxHash 0.1.1) of a stretch of bytes.
package enum XXHash64 {
  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

  private static func rotated(_ value: UInt64, _ bits: UInt64) -> UInt64 {
    value << bits | value >> (64 - bits)
  }

  private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
    rotated(lane &+ input &* prime2, 31) &* prime1
  }

  package static func hash(
    _ bytes: Span<UInt8>, _ range: Range<Int>, seed: UInt64 = 0
  ) -> UInt64 {
    let raw = bytes.bytes
    func word(_ offset: Int) -> UInt64 {
      UInt64(littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    var (position, hash) = (range.lowerBound, seed &+ prime5)
    if range.count >= 32 {
      var lanes = (seed &+ prime1 &+ prime2, seed &+ prime2, seed, seed &- prime1)
      while position + 32 <= range.upperBound {
        lanes.0 = round(lanes.0, word(position))
        lanes.1 = round(lanes.1, word(position + 8))
        lanes.2 = round(lanes.2, word(position + 16))
        lanes.3 = round(lanes.3, word(position + 24))
        position += 32
      }
      hash = merged(lanes)
    }
    hash &+= UInt64(range.count)
    while position + 8 <= range.upperBound {
      hash = rotated(hash ^ round(0, word(position)), 27) &* prime1 &+ prime4
      position += 8
    }
    return finished(hash, bytes, position..<range.upperBound)
  }

  private static func merged(_ lanes: (UInt64, UInt64, UInt64, UInt64)) -> UInt64 {
    var hash =
      rotated(lanes.0, 1) &+ rotated(lanes.1, 7) &+ rotated(lanes.2, 12) &+ rotated(lanes.3, 18)
    for lane in [lanes.0, lanes.1, lanes.2, lanes.3] {
      hash = (hash ^ round(0, lane)) &* prime1 &+ prime4
    }
    return hash
  }

  /// The last bytes, fewer than eight, and the avalanche.
  private static func finished(
    _ hash: UInt64, _ bytes: Span<UInt8>, _ range: Range<Int>
  ) -> UInt64 {
    var (hash, position) = (hash, range.lowerBound)
    if position + 4 <= range.upperBound {
      var word: UInt64 = 0
      for index in (0..<4).reversed() { word = word << 8 | UInt64(bytes[position + index]) }
      hash = rotated(hash ^ word &* prime1, 23) &* prime2 &+ prime3
      position += 4
    }
    while position < range.upperBound {
      hash = rotated(hash ^ UInt64(bytes[position]) &* prime5, 11) &* prime1
      position += 1
    }
    hash = (hash ^ hash >> 33) &* prime2
    hash = (hash ^ hash >> 29) &* prime3
    return hash ^ hash >> 32
  }

  package static func hash(_ bytes: [UInt8], seed: UInt64 = 0) -> UInt64 {
    hash(bytes.span, bytes.indices, seed: seed)
  }
}

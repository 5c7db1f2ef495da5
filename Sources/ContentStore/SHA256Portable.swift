extension SHA256 {
  /// FIPS 180-4 §6.2.2 over whole 64-byte blocks, in plain Swift.
  static func compressPortably(_ state: inout [8 of UInt32], _ blocks: UnsafeRawBufferPointer) {
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    var schedule: [16 of UInt32] = .init(repeating: 0)
    for block in stride(from: 0, to: blocks.count, by: 64) {
      let before = (a, b, c, d, e, f, g, h)
      for t in 0..<16 {
        let word = blocks.loadUnaligned(fromByteOffset: block + 4 * t, as: UInt32.self)
        schedule[t] = UInt32(bigEndian: word)
      }
      for t in stride(from: 0, to: 64, by: 16) {
        // Sixteen rounds bring every variable and every word of the schedule back to its place, so
        // nothing is moved and all places are constants.
        round(a, b, c, &d, e, f, g, &h, next(&schedule, t, 0))
        round(h, a, b, &c, d, e, f, &g, next(&schedule, t, 1))
        round(g, h, a, &b, c, d, e, &f, next(&schedule, t, 2))
        round(f, g, h, &a, b, c, d, &e, next(&schedule, t, 3))
        round(e, f, g, &h, a, b, c, &d, next(&schedule, t, 4))
        round(d, e, f, &g, h, a, b, &c, next(&schedule, t, 5))
        round(c, d, e, &f, g, h, a, &b, next(&schedule, t, 6))
        round(b, c, d, &e, f, g, h, &a, next(&schedule, t, 7))
        round(a, b, c, &d, e, f, g, &h, next(&schedule, t, 8))
        round(h, a, b, &c, d, e, f, &g, next(&schedule, t, 9))
        round(g, h, a, &b, c, d, e, &f, next(&schedule, t, 10))
        round(f, g, h, &a, b, c, d, &e, next(&schedule, t, 11))
        round(e, f, g, &h, a, b, c, &d, next(&schedule, t, 12))
        round(d, e, f, &g, h, a, b, &c, next(&schedule, t, 13))
        round(c, d, e, &f, g, h, a, &b, next(&schedule, t, 14))
        round(b, c, d, &e, f, g, h, &a, next(&schedule, t, 15))
      }
      (a, b, c, d) = (a &+ before.0, b &+ before.1, c &+ before.2, d &+ before.3)
      (e, f, g, h) = (e &+ before.4, f &+ before.5, g &+ before.6, h &+ before.7)
    }
    state = [a, b, c, d, e, f, g, h]
  }

  /// One round; `word` is W_t + K_t.
  @inline(__always)
  private static func round(
    _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32,
    _ e: UInt32, _ f: UInt32, _ g: UInt32, _ h: inout UInt32, _ word: UInt32
  ) {
    let choice = g ^ (e & (f ^ g))
    let majority = (a & b) | (c & (a | b))
    let first = h &+ (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) &+ choice &+ word
    d = d &+ first
    h = first &+ (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) &+ majority
  }

  /// W + K of round `t + place`; the schedule keeps the last sixteen words.
  @inline(__always)
  private static func next(_ schedule: inout [16 of UInt32], _ t: Int, _ place: Int) -> UInt32 {
    if t > 0 {
      let (old, recent) = (schedule[(place + 1) & 15], schedule[(place + 14) & 15])
      schedule[place] =
        schedule[place] &+ schedule[(place + 9) & 15]
        &+ (rotate(old, 7) ^ rotate(old, 18) ^ (old >> 3))
        &+ (rotate(recent, 17) ^ rotate(recent, 19) ^ (recent >> 10))
    }
    return schedule[place] &+ roundConstants[t &+ place]
  }

  @inline(__always)
  private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word >> count | word << (32 - count)
  }
}

/// FIPS 180-4 §4.2.2: the fractions of the cube roots of the first 64 primes.
let roundConstants: [64 of UInt32] = [
  0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4,
  0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe,
  0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f,
  0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da, 0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
  0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc,
  0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85, 0xa2bf_e8a1, 0xa81a_664b,
  0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070, 0x19a4_c116,
  0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
  0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7,
  0xc671_78f2,
]

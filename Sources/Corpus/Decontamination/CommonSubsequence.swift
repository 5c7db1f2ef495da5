/// The length of the longest common subsequence of two lists (Hyyrö 2004, bit-parallel): time is the longer
/// list's length times the shorter one's over 64.
package enum CommonSubsequence {
  package static func length(_ a: [UInt64], _ b: [UInt64]) -> Int {
    let (short, long) = a.count < b.count ? (a, b) : (b, a)
    let blocks = (short.count + 63) / 64
    guard blocks > 0 else { return 0 }
    var places: [UInt64: [UInt64]] = [:]
    for (index, value) in short.enumerated() {
      places[value, default: [UInt64](repeating: 0, count: blocks)][index / 64] |=
        1 << UInt64(index % 64)
    }
    var row = [UInt64](repeating: .max, count: blocks)
    for value in long { if let mask = places[value] { advance(&row, mask) } }
    // Bits past the shorter list's end match nothing and so stay 1.
    return row.reduce(0) { $0 + 64 - $1.nonzeroBitCount }
  }

  /// V ← (V + (V & M)) | (V & ~M), carried from block to block.
  private static func advance(_ row: inout [UInt64], _ mask: [UInt64]) {
    var carry: UInt64 = 0
    for index in row.indices {
      let matched = row[index] & mask[index]
      let (sum, first) = row[index].addingReportingOverflow(matched)
      let (total, second) = sum.addingReportingOverflow(carry)
      carry = first || second ? 1 : 0
      row[index] = total | (row[index] & ~mask[index])
    }
  }
}

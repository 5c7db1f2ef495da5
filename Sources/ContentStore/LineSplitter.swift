/// Cuts a stream of bytes into lines; a last line without an end is given out only by `rest`, because
/// it may be half written.
package struct LineSplitter {
  /// What came after the last line's end.
  package private(set) var rest: [UInt8] = []

  package init() {}

  package mutating func add(_ bytes: [UInt8]) -> [[UInt8]] {
    rest += bytes
    guard let last = rest.lastIndex(of: 0x0A) else { return [] }
    let lines = rest[..<last].split(separator: 0x0A, omittingEmptySubsequences: false).map(
      Array.init)
    rest.removeSubrange(...last)
    return lines
  }
}

/// Digits in groups with signs between them, read from a position on as far as a number may reach.
/// A number often has other digits after it (an expiry date, a second number), so that what may be
/// one ends at the end of any group. At most `limit` digits are read, which keeps texts of nothing
/// but digits linear.
struct DigitGroups {
  private let text: [UInt32]
  private var digits: [UInt32] = []
  private var sizes: [Int] = []
  private var ends: [Int] = []
  /// Whether no group of the run was left out.
  private var isWhole = true

  /// The first groups of a run.
  struct Candidate {
    var digits: ArraySlice<UInt32>
    var sizes: ArraySlice<Int>
    /// Whether no group follows.
    var isWhole: Bool
  }

  /// - Parameters:
  ///   - separators: what may stand before a group.
  ///   - gap: how many of them.
  ///   - limit: how many digits a number may have; a group that goes beyond is left out.
  init(_ text: [UInt32], from start: Int, separators: [UInt32], gap: Int, limit: Int) {
    self.text = text
    digits.reserveCapacity(limit + 1)
    sizes.reserveCapacity(limit)
    ends.reserveCapacity(limit)
    var position = start
    while let first = Self.digit(text, from: position, separators, gap) {
      position = first
      while position < text.count, PersonalForms.isDigit(text[position]), digits.count <= limit {
        digits.append(text[position] - 0x30)
        position += 1
      }
      let isCut = position < text.count && PersonalForms.isWordPart(text[position])
      guard digits.count <= limit, !isCut else {
        digits.removeLast(position - first)
        isWhole = false
        return
      }
      sizes.append(position - first)
      ends.append(position)
    }
  }

  /// Where the next digit is, if no more than `gap` separators stand before it.
  private static func digit(
    _ text: [UInt32], from start: Int, _ separators: [UInt32], _ gap: Int
  ) -> Int? {
    var position = start
    while position < text.count {
      if PersonalForms.isDigit(text[position]) { return position }
      guard position - start < gap, separators.contains(text[position]) else { return nil }
      position += 1
    }
    return nil
  }

  /// Where the longest candidate that holds ends. Ends before a hyphen and a digit come last: they
  /// would cut a date after a number (`+1 555 123 4567 2024-05-01`).
  func end(ofAtLeast shortest: Int, where holds: (Candidate) -> Bool) -> Int? {
    guard digits.count >= shortest else { return nil }
    return end(beforeHyphen: false, where: holds) ?? end(beforeHyphen: true, where: holds)
  }

  private func end(beforeHyphen: Bool, where holds: (Candidate) -> Bool) -> Int? {
    var count = digits.count
    for index in ends.indices.reversed() {
      let isLast = isWhole && index == ends.count - 1
      let sign = isLast ? nil : signBeforeDigit(ends[index])
      if sign != 0x2E, (sign == 0x2D) == beforeHyphen,
        holds(Candidate(digits: digits[..<count], sizes: sizes[...index], isWhole: isLast))
      {
        return ends[index]
      }
      count -= sizes[index]
    }
    return nil
  }

  /// What alone stands between a group's end and a digit. A period there is part of a number.
  private func signBeforeDigit(_ end: Int) -> UInt32? {
    end + 1 < text.count && PersonalForms.isDigit(text[end + 1]) ? text[end] : nil
  }
}

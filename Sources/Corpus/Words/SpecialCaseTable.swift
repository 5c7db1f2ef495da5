/// spaCy's list of texts that are split as written.
struct SpecialCaseTable: Sendable {
  static let shared = SpecialCaseTable()

  private var table = ScalarTable(capacity: 1 << 13)
  /// Where each token of a case ends, in scalars from its beginning.
  private var ends: [[Int]] = []
  var texts: [[UInt32]] { table.keys }

  private init() {
    for line in SpecialCases.words.split(separator: "\n") {
      let tokens = line.split(separator: " ").map { PythonText(String($0)).scalars }
      var (ends, end): ([Int], Int) = ([], 0)
      for token in tokens {
        end += token.count
        ends.append(end)
      }
      table.add(Array(tokens.joined()))
      self.ends.append(ends)
    }
  }

  /// Whether a stretch is such a text.
  func contains(_ text: Span<UInt32>, _ range: Range<Int>) -> Bool {
    table.find(text, range) != nil
  }

  /// Appends a stretch's tokens; false when it is no such text.
  func append(
    _ text: Span<UInt32>, _ range: Range<Int>, to tokens: inout [Range<Int>]
  ) -> Bool {
    guard let found = table.find(text, range) else { return false }
    var start = range.lowerBound
    for end in ends[found] {
      tokens.append(start..<range.lowerBound + end)
      start = range.lowerBound + end
    }
    return true
  }
}

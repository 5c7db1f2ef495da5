import Corpus
import Testing

@Suite struct DecontaminationTests {
  private static let words = (0..<60).map {
    "word\(String(UnicodeScalar(UInt8(97 + $0 % 26))))\($0)x"
  }
  private static let question = words[0..<20].joined(separator: " ")

  @Test func `common subsequences are as long as the table says`() {
    func slow(_ a: [UInt64], _ b: [UInt64]) -> Int {
      var row = [Int](repeating: 0, count: b.count + 1)
      for value in a {
        var previous = 0
        for (index, other) in b.enumerated() {
          let here = row[index + 1]
          row[index + 1] = value == other ? previous + 1 : max(here, row[index])
          previous = here
        }
      }
      return row[b.count]
    }
    var state: UInt64 = 7
    func random(_ count: Int, _ range: UInt64) -> [UInt64] {
      (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 40 % range
      }
    }
    for (a, b) in [(0, 5), (1, 1), (63, 70), (64, 64), (65, 200), (130, 129), (300, 40)] {
      for range in [2, 5, 40] as [UInt64] {
        let (left, right) = (random(a, range), random(b, range))
        #expect(CommonSubsequence.length(left, right) == slow(left, right))
      }
    }
  }

  @Test func `an index finds the items of every n-gram`() {
    var index = GramIndex(lengths: [4, 5])
    index.add(SimplifiedWords("One two, three four FIVE."))
    index.add(SimplifiedWords("zero one two three four"))
    index.add(SimplifiedWords("too short"))
    let hits = index.hits(in: SimplifiedWords("so one two three four five six"))
    #expect(hits.map(\.length) == [4, 5, 4] && hits.map(\.first) == [1, 1, 2])
    #expect(hits.map { index.items(of: $0.gram) } == [[0, 1], [0], [0]])
    #expect(index.itemWords == [5, 5, 2])
  }

  @Test func `coverage counts words, not n-grams`() {
    var index = GramIndex(lengths: [3])
    index.add(SimplifiedWords("a b c d e f g h"))
    var coverage = GramCoverage(index)
    coverage.note(index.hits(in: SimplifiedWords("x a b c d y")))
    #expect(coverage.coverage(of: 0) == 0.5)
    coverage.note(index.hits(in: SimplifiedWords("f g h")))
    #expect(coverage.coverage(of: 0) == 0.875)
  }

  /// Words that no test holds, 500 characters or more.
  private static func filler(_ seed: String) -> String {
    (0..<70).map { "filler\(seed)\($0)" }.joined(separator: " ")
  }

  @Test func `matches are cut out with 200 characters on each side`() {
    let cutter = PieceCutter()
    let index = cutter.index([TestItem(id: "q", set: "s", text: Self.question)])
    let (before, after) = (Self.filler("a"), Self.filler("b"))
    // Case and punctuation do not hide a match.
    let text = PythonText("\(before) -- \(Self.question.uppercased())! \(after)")
    let cut = cutter.cut(text, index)
    let start = before.utf8.count + 4
    let end = start + Self.question.utf8.count + 1
    #expect(cut.items == [0] && cut.reason == nil)
    #expect(cut.pieces == [0..<start - 200, end + 200..<text.count])
    #expect(cutter.cut(PythonText(before), index).pieces == [0..<before.utf8.count])
  }

  @Test func `short pieces go, and a document in too many pieces goes whole`() {
    var cutter = PieceCutter()
    let index = cutter.index([TestItem(id: "q", set: "s", text: Self.question)])
    let short = PythonText("short \(Self.question) end")
    #expect(cutter.cut(short, index).reason == "no piece is long enough")
    let many = PythonText(
      (0..<12).map { "\(Self.filler("\($0)")) \(Self.question)" }.joined(separator: " "))
    #expect(cutter.cut(many, index).reason == "cut into 12 pieces")
    cutter.maximumPieces = 12
    cutter.minimumPiece = 10
    #expect(cutter.cut(many, index).pieces.count == 12)
  }

  @Test func `items shorter than an n-gram are in no text`() {
    let cutter = PieceCutter()
    #expect(cutter.index([TestItem(id: "q", set: "s", text: "too short")]).isEmpty)
  }
}

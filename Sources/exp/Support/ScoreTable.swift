import Ledger
import Reports

/// Scores as people read them.
enum ScoreTable {
  struct Row {
    /// Empty when the table is about one stage.
    var stage = ""
    var name: String
    var score: Score
  }

  /// One line a score; the stage column is left out when no score names one.
  static func lines(_ scores: [Row], _ console: Console) -> [String] {
    let hasStages = scores.contains { !$0.stage.isEmpty }
    var table = Table(
      (hasStages ? [Table.Column("stage")] : [])
        + [.init("score"), .init("value", .right), .init("± s.e.", .right), .init("n", .right)])
    for score in scores {
      table.add((hasStages ? [score.stage] : []) + [score.name] + numbers(score.score))
    }
    return table.lines(
      width: console.isTerminal ? console.width : nil, heading: { console.styled($0, .dim) })
  }

  private static func numbers(_ score: Score) -> [String] {
    [
      Format.number(score.value), score.standardError.map { Format.number($0, digits: 2) } ?? "",
      score.count.map(String.init) ?? "",
    ]
  }
}

/// A series in a line of block characters.
enum Sparkline {
  static func text(_ values: [Double], width: Int) -> String {
    let finite = values.filter(\.isFinite)
    guard values.count > 1, let low = finite.min(), let high = finite.max() else { return "" }
    let blocks = Array("▁▂▃▄▅▆▇█")
    let count = min(width, values.count)
    return String(
      (0..<count).map { index -> Character in
        let value = values[index * (values.count - 1) / max(1, count - 1)]
        guard value.isFinite else { return "!" }
        guard high > low else { return blocks[0] }
        return blocks[min(7, Int((value - low) / (high - low) * 8))]
      })
  }
}

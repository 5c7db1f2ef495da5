/// How much an output of a stage holds, as far as parameters tell: what estimates downstream count tokens with.
package struct DataAmount: Hashable, Sendable {
  /// Conversations, pairs, prompts or questions.
  package var items: Double
  /// UTF-8 bytes of what an item gives, and of an answer (each of a question's choices), on average.
  package var promptBytes: Double
  package var answerBytes: Double
  /// Turns of an item, the answer's included.
  package var turns: Double
  /// Subjects that questions are of.
  package var subjects: Double
  /// The parts of pairs that are of each level.
  package var levels: [Int: Double]

  package init(
    items: Double, promptBytes: Double, answerBytes: Double, turns: Double = 2,
    subjects: Double = 1, levels: [Int: Double] = [:]
  ) {
    self.items = items
    self.promptBytes = promptBytes
    self.answerBytes = answerBytes
    self.turns = turns
    self.subjects = subjects
    self.levels = levels
  }

  /// Several joined; nil for none.
  package init?(joining amounts: [DataAmount]) {
    let items = amounts.reduce(0) { $0 + $1.items }
    guard items > 0 else { return nil }
    let mean = { (value: (DataAmount) -> Double) in
      amounts.reduce(0) { $0 + $1.items * value($1) } / items
    }
    self.init(
      items: items, promptBytes: mean(\.promptBytes), answerBytes: mean(\.answerBytes),
      turns: mean(\.turns), subjects: amounts.map(\.subjects).max() ?? 1)
    for level in 1...4 {
      let share = mean { $0.levels[level] ?? 0 }
      if share > 0 { levels[level] = share }
    }
  }

  /// As many items of the same kind.
  package func with(items: Double) -> DataAmount {
    var copy = self
    copy.items = items
    return copy
  }
}

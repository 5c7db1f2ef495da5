package import LanguageModel
import Numerics

/// How a reward model learns from ranked responses (Bradley and Terry 1952).
package struct RewardSettings: Hashable, Sendable {
  /// The weight of the mean of (r_i + r_j)², which keeps rewards around 0 (Eisenstein et al. 2023; TRL's
  /// `center_rewards_coefficient`).
  package var centering = 0.0
  /// λ of the cross-entropy of graded aspects (AFM; papers.md §6.3).
  package var gradeWeight = 0.0

  package init(centering: Double = 0, gradeWeight: Double = 0) {
    self.centering = centering
    self.gradeWeight = gradeWeight
  }

  /// −p log σ(r_i − r_j − m) − (1 − p) log σ(r_j − r_i − m) + c (r_i + r_j)², and its slopes in r_i and
  /// r_j. With p = 1 it is TRL's `RewardTrainer`; AFM's soft labels p have no margin m.
  package func value(
    better: Double, worse: Double, margin: Double = 0, probability: Double = 1
  ) -> (loss: Double, betterSlope: Double, worseSlope: Double) {
    let d = better - worse
    let sum = better + worse
    var loss = -probability * Elementary.logSigmoid(d - margin) + centering * sum * sum
    var slope = -probability * Elementary.sigmoid(margin - d)
    if probability < 1 {
      loss -= (1 - probability) * Elementary.logSigmoid(-d - margin)
      slope += (1 - probability) * Elementary.sigmoid(d + margin)
    }
    return (loss, slope + 2 * centering * sum, -slope + 2 * centering * sum)
  }
}

/// Trains a score head on rankings. The documents of one sequence are responses to one prompt, the best
/// first: two, or three where an edited one leads (Llama 3: edited > chosen > rejected); every ordered
/// pair counts.
///
/// Columns, read at each document's last row: `margin` and `probability` of the sequence's pairs at its
/// first document (0 and 1 where missing); `grade0`, `grade1`, … the document's grade of each aspect, below 0
/// for none.
package struct RewardObjective: Objective {
  package var settings: RewardSettings
  /// Aspects that are graded, and grades of each.
  package var grades: ScoreHead.Grades?

  package init(_ settings: RewardSettings = RewardSettings(), grades: ScoreHead.Grades? = nil) {
    self.settings = settings
    self.grades = grades
  }

  package static let margin = "margin"
  package static let probability = "probability"
  package static func grade(_ aspect: Int) -> String { "grade\(aspect)" }
  /// 1 / the pairs of the whole batch, at every row: what makes the loss a mean.
  package static let share = "share"

  package var metricNames: [String] {
    ["accuracy", "margin", "reward", "reward/deviation"]
      + (grades == nil ? [] : ["grades/accuracy"])
  }

  package func isVoid(_ batch: Batch) -> Bool { batch.tokens.documents.isEmpty }

  package func learn(
    _ batch: Batch, by pass: TrainingPass, rows: Int, check: () throws -> Void
  ) throws -> Outcome {
    try go(batch, by: pass, rows: rows, learns: true, check: check)
  }

  package func measure(
    _ batch: Batch, by pass: TrainingPass, rows: Int, check: () throws -> Void
  ) throws -> Outcome {
    try go(batch, by: pass, rows: rows, learns: false, check: check)
  }

  private func go(
    _ batch: Batch, by pass: TrainingPass, rows: Int, learns: Bool, check: () throws -> Void
  ) throws -> Outcome {
    precondition(!pass.needsWholeBatch, "a reward model has no experts")
    var tally = RewardTally()
    for part in batch.parts(rows: rows) {
      try check()
      let scores = pass.scores(of: part.tokens)
      let slopes = score(scores, of: part, &tally)
      if learns { pass.backward(part.tokens, scoreSlopes: slopes) }
    }
    return tally.outcome(settings, hasGrades: grades != nil)
  }

  /// Adds a part's losses up and gives their slopes.
  private func score(_ scores: Matrix, of part: Batch, _ tally: inout RewardTally) -> Matrix {
    let slopes = Matrix(rows: scores.rows, columns: scores.columns)
    var first = 0
    for sequence in part.tokens.sequences {
      var end = first
      while end < scores.rows, part.tokens.documents[end].upperBound <= sequence.upperBound {
        end += 1
      }
      rank(first..<end, scores, slopes, part, &tally)
      first = end
    }
    for document in 0..<scores.rows {
      tally.rewards.append(Double(scores[document, 0]))
      grade(document, scores, slopes, part, &tally)
    }
    return slopes
  }

  private func rank(
    _ documents: Range<Int>, _ scores: Matrix, _ slopes: Matrix, _ part: Batch,
    _ tally: inout RewardTally
  ) {
    let row = part.tokens.documents[documents.lowerBound].upperBound - 1
    let margin = Double(part.columns[Self.margin]?[row] ?? 0)
    let probability = Double(part.columns[Self.probability]?[row] ?? 1)
    let share = Double(part.columns[Self.share]?[row] ?? 1)
    for better in documents {
      for worse in better + 1..<max(better + 1, documents.upperBound) {
        let (high, low) = (Double(scores[better, 0]), Double(scores[worse, 0]))
        let value = settings.value(
          better: high, worse: low, margin: margin, probability: probability)
        slopes[better, 0] += Float(value.betterSlope * share)
        slopes[worse, 0] += Float(value.worseSlope * share)
        tally.add(loss: value.loss, difference: high - low)
      }
    }
  }

  /// Cross-entropy of each aspect's classes, a mean over the batch's pairs as AFM adds both responses' to a
  /// pair's loss.
  private func grade(
    _ document: Int, _ scores: Matrix, _ slopes: Matrix, _ part: Batch, _ tally: inout RewardTally
  ) {
    guard let grades else { return }
    let row = part.tokens.documents[document].upperBound - 1
    let share = Double(part.columns[Self.share]?[row] ?? 1)
    for aspect in 0..<grades.heads {
      guard let value = part.columns[Self.grade(aspect)]?[row], value >= 0 else { continue }
      let first = scores.columns - (grades.heads - aspect) * grades.classes
      let logits = (0..<grades.classes).map { Double(scores[document, first + $0]) }
      let most = logits.max() ?? 0
      let powers = logits.map { Elementary.exp($0 - most) }
      let sum = powers.reduce(0, +)
      let target = Int(value)
      tally.gradeLoss += Elementary.log(sum) - (logits[target] - most)
      tally.grades += 1
      tally.rightGrades += logits[target] == most ? 1 : 0
      for index in logits.indices {
        let error = powers[index] / sum - (index == target ? 1 : 0)
        slopes[document, first + index] = Float(settings.gradeWeight * error * share)
      }
    }
  }
}

/// Sums over the pairs and documents of a batch.
private struct RewardTally {
  var loss = 0.0
  var pairs = 0
  var right = 0
  var difference = 0.0
  var rewards: [Double] = []
  var gradeLoss = 0.0
  var grades = 0
  var rightGrades = 0

  mutating func add(loss: Double, difference: Double) {
    self.loss += loss
    pairs += 1
    right += difference > 0 ? 1 : 0
    self.difference += difference
  }

  func outcome(_ settings: RewardSettings, hasGrades: Bool) -> Outcome {
    let count = Double(max(1, pairs))
    let mean = rewards.reduce(0, +) / Double(max(1, rewards.count))
    let squares = rewards.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let metrics = [
      Double(right) / count, difference / count, mean,
      (squares / Double(max(1, rewards.count))).squareRoot(),
    ]
    return Outcome(
      loss: (loss + settings.gradeWeight * gradeLoss) / count,
      metrics: metrics + (hasGrades ? [Double(rightGrades) / Double(max(1, grades))] : []))
  }
}

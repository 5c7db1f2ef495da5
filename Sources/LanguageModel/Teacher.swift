package import Numerics
import Synchronization

/// What of a teacher's prediction a student learns.
package enum TeacherTargets: String, CaseIterable, Sendable {
  /// The teacher's most likely token (AFM).
  case firstChoice = "first-choice"
  /// The teacher's whole distribution (Gemma 2).
  case full
}

/// A model whose predictions another learns: forward passes only, without dropout. A row's prediction
/// does not depend on the rows beside it, so that it may be stored and is then the same.
package final class Teacher: Sendable {
  package let configuration: ModelConfiguration
  private let pass: Mutex<TrainingPass>
  private let compute: Compute

  /// The model's parameters are read once and must stay as they are.
  package init(_ model: Transformer, on compute: Compute) {
    var configuration = model.configuration
    // Nobody balances a teacher's experts.
    configuration.experts?.lossWeight = 0
    self.configuration = configuration
    self.compute = compute
    let pass = TrainingPass(
      Transformer(configuration, parameters: model.parameters), on: compute)
    // A batch without an end: the weights are prepared once.
    pass.beginBatch()
    self.pass = Mutex(pass)
  }

  /// The most likely token of every row; the lowest id wins ties.
  package func firstChoices(of batch: TokenBatch) -> [Int32] {
    pass.withLock { $0.firstChoices(of: batch) }
  }

  /// What a student is to predict: `weight` times the teacher's part and the rest on the label.
  /// - Parameter temperature: divides the teacher's logits, for `full` targets.
  package func targets(
    _ kind: TeacherTargets, of batch: TokenBatch, weight: Float, temperature: Float = 1
  ) -> SoftTargets {
    switch kind {
    case .firstChoice: .firstChoice(firstChoices(of: batch), weight: weight)
    case .full:
      .full(
        pass.withLock { $0.probabilities(of: batch, temperature: temperature) }, weight: weight)
    }
  }
}

/// A student's prediction beside what it is to be.
package struct StudentScore: Hashable, Sendable {
  /// By the targets that it learns from.
  package var target: DistributionScore
  /// Σ t log (t / p) by the teacher's part of them alone.
  package var teacherDivergence: Float
  /// Whether the student's most likely token is the teacher's.
  package var agrees: Bool
}

extension TrainingPass {
  /// `forward(_:targets:)`, and how far the student is from its teacher.
  package func studentScores(_ batch: TokenBatch, targets: SoftTargets) -> [StudentScore] {
    let teacher = targets.teacherAlone
    let head = DistributionHead(softCap: model.configuration.tokenHead.softCap)
    var (divergences, agreements): ([Float], [Bool]) = ([], [])
    let scores = forward(batch, targets: targets) { logits, part in
      let own = compute.firstChoices(logits)
      agreements += zip(own, targets.firstChoices(part, on: compute)).map { $0 == $1 }
      if targets.isTeacherAlone { return }
      divergences += head.forward(
        logits, targets: teacher.rows(part, of: batch, on: compute),
        logSums: Floats(count: part.count), on: compute
      ).map(\.divergence)
    }
    return scores.indices.map { row in
      guard batch.targets[row] >= 0 else {
        return StudentScore(target: scores[row], teacherDivergence: 0, agrees: false)
      }
      return StudentScore(
        target: scores[row],
        teacherDivergence: targets.isTeacherAlone ? scores[row].divergence : divergences[row],
        agrees: agreements[row])
    }
  }
}

extension SoftTargets {
  fileprivate var isTeacherAlone: Bool {
    switch self {
    case .full(_, let weight), .firstChoice(_, let weight): weight == 1
    }
  }

  fileprivate var teacherAlone: SoftTargets {
    switch self {
    case .full(let matrix, _): .full(matrix)
    case .firstChoice(let choices, _): .firstChoice(choices, weight: 1)
    }
  }

  fileprivate func firstChoices(_ part: Range<Int>, on compute: Compute) -> [Int32] {
    switch self {
    case .full(let matrix, _): compute.firstChoices(matrix[rows: part])
    case .firstChoice(let choices, _): Array(choices[part])
    }
  }
}

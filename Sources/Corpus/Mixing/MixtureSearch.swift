/// Which weights to go on with after trying some (AFM's way, §A of Gunter et al. 2024: each weight is
/// moved up and down by itself, w ± Δ, and a small model trained on each).
package struct MixtureSearch: Sendable {
  /// One mixture that was tried.
  package struct Trial: Sendable {
    package var name: String
    package var weights: MixtureWeights
    /// Higher is better.
    package var score: Double

    package init(name: String, weights: MixtureWeights, score: Double) {
      (self.name, self.weights, self.score) = (name, weights, score)
    }
  }

  /// How a choice is made.
  package enum Rule: String, CaseIterable, Sendable {
    /// The best trial's weights.
    case best
    /// Each weight moves as it did in the best of the trials that moved it alone, if that beat the base;
    /// all together.
    case each
  }

  package let trials: [Trial]
  /// By what a trial must beat the base.
  package let minimumGain: Double

  package init(_ trials: [Trial], minimumGain: Double) throws(CorpusError) {
    guard let first = trials.first else { throw CorpusError("there is no trial to choose from") }
    for trial in trials where trial.weights.groups != first.weights.groups {
      throw CorpusError(
        "\"\(trial.name)\" weighs \(trial.weights.groups.joined(separator: ", ")), but "
          + "\"\(first.name)\" weighs \(first.weights.groups.joined(separator: ", "))")
    }
    self.trials = trials
    self.minimumGain = minimumGain
  }

  /// The trial that moved nothing; nil when there is none.
  package var base: Trial? { trials.first { $0.weights.shift.isEmpty } }

  /// The trial to go on with; the earlier one of equals. The base unless one beats it by enough.
  package var best: Trial {
    var best = base ?? trials[0]
    let floor = base.map { $0.score + minimumGain } ?? -.infinity
    for trial in trials where trial.score > best.score && trial.score > floor { best = trial }
    return best
  }

  package func weights(by rule: Rule) throws(CorpusError) -> MixtureWeights {
    if rule == .best { return try MixtureWeights(best.weights.shares) }
    guard let base else {
      throw CorpusError("no trial moved nothing, so there is no base to move weights from")
    }
    let moves = moves(from: base)
    return try MixtureWeights(base.weights.shifted(by: moves).shares)
  }

  /// By group, the change that helped most.
  private func moves(from base: Trial) -> [String: Double] {
    var moves: [String: (change: Double, score: Double)] = [:]
    for trial in trials where trial.score > base.score + minimumGain {
      guard let (group, change) = trial.weights.shift.first, trial.weights.shift.count == 1 else {
        continue
      }
      if let known = moves[group], known.score >= trial.score { continue }
      moves[group] = (change, trial.score)
    }
    return moves.mapValues(\.change)
  }
}

import LanguageModel
import Numerics

/// Learning from pairs of responses. Documents 2i and 2i + 1 of a batch are the chosen and the rejected
/// response of pair i, each after the prompt, in one sequence.
///
/// Columns, a value per row: `reference`, the reference model's log-probability (nothing subtracts it
/// where it is missing: losses without a reference); `format`, 1 for tokens that the preference does not
/// count though they are targets (Llama 3 masks header and termination tokens, §4.1.4); `nll`, the weight
/// of the row's negative log-probability in the loss, missing for none.
package struct PreferenceObjective: TokenObjective {
  /// Losses with their weights, added up.
  package var losses: [WeightedLoss]
  package var settings: PreferenceSettings
  /// What tokens beyond the shorter response's length count for (LD-DPO, Liu et al. 2024; TRL's
  /// `ld_alpha`); 1 for plain sums.
  package var lengthDecay: Double

  package struct WeightedLoss: Hashable, Sendable {
    package var loss: PreferenceLoss
    package var weight: Double

    package init(_ loss: PreferenceLoss, weight: Double = 1) {
      self.loss = loss
      self.weight = weight
    }
  }

  package init(
    _ losses: [WeightedLoss] = [WeightedLoss(.sigmoid)],
    _ settings: PreferenceSettings = PreferenceSettings(), lengthDecay: Double = 1
  ) {
    self.losses = losses
    self.settings = settings
    self.lengthDecay = lengthDecay
  }

  package static let reference = "reference"
  package static let format = "format"
  package static let nll = "nll"

  package var isSeparable: Bool { !losses.contains { $0.loss.isJoint } }

  package var metricNames: [String] {
    [
      "rewards/chosen", "rewards/rejected", "rewards/accuracy", "rewards/margin", "logps/chosen",
      "logps/rejected", "nll",
    ]
  }

  package func loss(_ logProbabilities: [Float], of batch: Batch) -> Double {
    let scored = ScoredPairs(logProbabilities, batch, self)
    let sum = scored.values(self).reduce(0) { $0 + $1.loss }
    return sum / Double(batch.tokens.sequenceCount) + nll(logProbabilities, batch)
  }

  package func slopes(_ logProbabilities: [Float], of batch: Batch) -> [Float] {
    let scored = ScoredPairs(logProbabilities, batch, self)
    let share = 1 / Double(batch.tokens.sequenceCount)
    var perDocument: [Double] = []
    for value in scored.values(self) {
      perDocument += [value.chosenSlope * share, value.rejectedSlope * share]
    }
    var slopes = batch.tokens.spread(perDocument)
    for row in slopes.indices { slopes[row] *= scored.weights[row] }
    if let weights = batch.columns[Self.nll] {
      for row in slopes.indices { slopes[row] -= weights[row] }
    }
    return slopes
  }

  package func metrics(_ logProbabilities: [Float], of batch: Batch) -> [Double] {
    let scored = ScoredPairs(logProbabilities, batch, self)
    let pairs = scored.pairs
    let mean = { (value: (PreferencePair) -> Double) in
      pairs.reduce(0) { $0 + value($1) } / Double(max(1, pairs.count))
    }
    let beta = settings.beta
    let sums = stride(from: 0, to: 2 * pairs.count, by: 2).reduce(into: (0.0, 0.0)) {
      $0.0 += scored.sums[$1]
      $0.1 += scored.sums[$1 + 1]
    }
    let count = Double(max(1, pairs.count))
    return [
      mean { beta * $0.chosen }, mean { beta * $0.rejected },
      mean { $0.chosen > $0.rejected ? 1 : 0 }, mean { beta * ($0.chosen - $0.rejected) },
      sums.0 / count, sums.1 / count, nll(logProbabilities, batch),
    ]
  }

  private func nll(_ logProbabilities: [Float], _ batch: Batch) -> Double {
    guard let weights = batch.columns[Self.nll] else { return 0 }
    return zip(logProbabilities, weights).reduce(0.0) { $0 - Double($1.0) * Double($1.1) }
  }
}

/// The pairs of a batch, their log-ratios summed up.
private struct ScoredPairs {
  /// What each row counts for in its response's sum.
  let weights: [Float]
  /// log π of every document.
  let sums: [Double]
  let pairs: [PreferencePair]

  init(_ logProbabilities: [Float], _ batch: Batch, _ objective: PreferenceObjective) {
    let tokens = batch.tokens
    let format = batch.columns[PreferenceObjective.format]
    let counts = { (row: Int) in tokens.targets[row] >= 0 && (format?[row] ?? 0) == 0 }
    let lengths = tokens.documents.map { document in document.count(where: counts) }
    var weights = [Float](repeating: 0, count: tokens.tokens.count)
    for (index, document) in tokens.documents.enumerated() {
      let shared = min(lengths[index & ~1], lengths[index | 1])
      var seen = 0
      for row in document where counts(row) {
        weights[row] = seen < shared ? 1 : Float(objective.lengthDecay)
        seen += 1
      }
    }
    self.weights = weights
    let counted = weights
    let sum = { (values: [Float], document: Range<Int>) in
      document.reduce(0.0) { $0 + Double(counted[$1]) * Double(values[$1]) }
    }
    let sums = tokens.documents.map { sum(logProbabilities, $0) }
    self.sums = sums
    let reference = batch.columns[PreferenceObjective.reference]
    let ratios = tokens.documents.indices.map { index in
      sums[index] - (reference.map { sum($0, tokens.documents[index]) } ?? 0)
    }
    pairs = stride(from: 0, to: ratios.count, by: 2).map {
      PreferencePair(
        chosen: ratios[$0], rejected: ratios[$0 + 1], chosenLength: lengths[$0],
        rejectedLength: lengths[$0 + 1])
    }
  }

  /// Every pair's loss and slopes, weighted and added up over the losses.
  func values(_ objective: PreferenceObjective) -> [PreferenceValue] {
    var total = pairs.map { _ in PreferenceValue(loss: 0, chosenSlope: 0, rejectedSlope: 0) }
    for part in objective.losses {
      let values =
        part.loss.isJoint
        ? transported(part.loss, objective.settings)
        : pairs.map { part.loss.value($0, objective.settings) }
      for (index, value) in values.enumerated() {
        total[index].loss += part.weight * value.loss
        total[index].chosenSlope += part.weight * value.chosenSlope
        total[index].rejectedSlope += part.weight * value.rejectedSlope
      }
    }
    return total
  }

  /// `aot` sorts the policy's and the reference's differences, `aot_unpaired` the chosen and the rejected
  /// log-ratios, and compares them rank by rank.
  private func transported(
    _ loss: PreferenceLoss, _ settings: PreferenceSettings
  ) -> [PreferenceValue] {
    let policy = pairs.indices.map { sums[2 * $0] - sums[2 * $0 + 1] }
    let left = loss == .aot ? policy : pairs.map(\.chosen)
    let right =
      loss == .aot
      ? pairs.indices.map { policy[$0] - (pairs[$0].chosen - pairs[$0].rejected) }
      : pairs.map(\.rejected)
    let order = { (values: [Double]) in
      values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
    }
    var values = pairs.map { _ in PreferenceValue(loss: 0, chosenSlope: 0, rejectedSlope: 0) }
    for (a, b) in zip(order(left), order(right)) {
      let value = loss.value(PreferencePair(chosen: left[a], rejected: right[b]), settings)
      values[a].loss += value.loss
      values[a].chosenSlope += value.chosenSlope
      if loss == .aot {
        // The reference's side has no slope; the policy's difference has both responses' in it.
        values[a].rejectedSlope -= value.chosenSlope
      } else {
        values[b].rejectedSlope += value.rejectedSlope
      }
    }
    return values
  }
}

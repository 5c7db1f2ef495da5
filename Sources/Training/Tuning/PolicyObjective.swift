import LanguageModel

/// A policy gradient over responses that were drawn and rewarded before. Every document is a prompt with
/// a response, whose tokens are its targets.
///
/// Columns, a value per row: `advantage`; `weight`, what the row's loss counts for; `old`, the
/// log-probability when it was drawn; `reference`, the anchor's log-probability.
package struct PolicyObjective: TokenObjective {
  package var form: PolicyLoss

  package init(_ form: PolicyLoss) { self.form = form }

  package static let advantage = "advantage"
  package static let weight = "weight"
  package static let old = "old"
  package static let reference = "reference"

  package var isSeparable: Bool { true }

  /// `ratio/clipped`: the share of tokens, or responses, whose ratio clipping holds back. `ratio/kl`: the mean
  /// over tokens of k3 from the policy that drew them.
  package static let metricNames = ["ratio/clipped", "ratio/kl"]
  package var metricNames: [String] { Self.metricNames }

  package func loss(_ logProbabilities: [Float], of batch: Batch) -> Double {
    terms(logProbabilities, batch).reduce(0) { $0 + $1.loss }
  }

  package func slopes(_ logProbabilities: [Float], of batch: Batch) -> [Float] {
    var slopes = [Float](repeating: 0, count: logProbabilities.count)
    for term in terms(logProbabilities, batch) {
      for (row, slope) in zip(term.rows, term.slopes) { slopes[row] = Float(slope) }
    }
    return slopes
  }

  package func metrics(_ logProbabilities: [Float], of batch: Batch) -> [Double] {
    let terms = terms(logProbabilities, batch)
    let old = batch.columns[Self.old] ?? []
    var (divergence, rows) = (0.0, 0)
    for term in terms {
      rows += term.rows.count
      guard form.ratio != .none else { continue }
      for row in term.rows {
        divergence += KLEstimator.k3.value(Double(old[row]) - Double(logProbabilities[row])).value
      }
    }
    let units = terms.reduce(0) { $0 + $1.units }
    let clipped = terms.reduce(0) { $0 + $1.clipped }
    return [Double(clipped) / Double(max(1, units)), divergence / Double(max(1, rows))]
  }

  /// One response's part of the loss.
  private struct Term {
    var rows: [Int]
    var loss = 0.0
    /// By row.
    var slopes: [Double]
    /// Ratios, and how many of them are held back.
    var units = 0
    var clipped = 0
  }

  private func terms(_ logProbabilities: [Float], _ batch: Batch) -> [Term] {
    batch.tokens.documents.map { document in
      let rows = document.filter { batch.tokens.targets[$0] >= 0 }
      var term = Term(rows: rows, slopes: rows.map { _ in 0 })
      guard !rows.isEmpty else { return term }
      let values = rows.map { Double(logProbabilities[$0]) }
      add(surrogateOf: values, &term, batch)
      if form.klWeight != 0 { add(divergenceOf: values, &term, batch) }
      return term
    }
  }

  private func add(surrogateOf values: [Double], _ term: inout Term, _ batch: Batch) {
    let weights = column(Self.weight, term, batch)
    let advantages = column(Self.advantage, term, batch)
    guard form.ratio != .none else {
      for index in values.indices {
        term.loss -= weights[index] * advantages[index] * values[index]
        term.slopes[index] -= weights[index] * advantages[index]
      }
      return
    }
    let old = column(Self.old, term, batch)
    if form.ratio == .token {
      for index in values.indices {
        let slope = add(
          values[index] - old[index], advantages[index], weights[index], &term)
        term.slopes[index] += slope
      }
      return
    }
    // The whole response is one action, which counts for all its rows.
    let count = Double(values.count)
    let scale = form.ratio == .mean ? 1 / count : 1
    let x = zip(values, old).reduce(0) { $0 + ($1.0 - $1.1) } * scale
    let slope = add(x, advantages[0], weights.reduce(0, +), &term)
    for index in values.indices { term.slopes[index] += slope * scale }
  }

  /// Adds the loss of one ratio; gives its slope in x.
  private func add(
    _ x: Double, _ advantage: Double, _ weight: Double, _ term: inout Term
  ) -> Double {
    let surrogate = form.surrogate(x, advantage: advantage)
    let proximal = form.proximal(x)
    term.loss += weight * (surrogate.loss + form.proximalWeight * proximal.value)
    term.units += 1
    term.clipped += surrogate.isClipped ? 1 : 0
    return weight * (surrogate.slope + form.proximalWeight * proximal.slope)
  }

  private func add(divergenceOf values: [Double], _ term: inout Term, _ batch: Batch) {
    let reference = column(Self.reference, term, batch)
    let weights = column(Self.weight, term, batch)
    for index in values.indices {
      let estimate = form.klEstimator.value(values[index] - reference[index])
      term.loss += form.klWeight * weights[index] * estimate.value
      term.slopes[index] += form.klWeight * weights[index] * estimate.slope
    }
  }

  private func column(_ name: String, _ term: Term, _ batch: Batch) -> [Double] {
    guard let column = batch.columns[name] else {
      preconditionFailure("a policy gradient's batch has the column \(name)")
    }
    return term.rows.map { Double(column[$0]) }
  }
}

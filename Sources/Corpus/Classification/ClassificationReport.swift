/// How well a classifier's first choices meet the true labels, and how far its probabilities can be
/// believed.
package struct ClassificationReport: Sendable {
  package let labels: [String]
  /// By number: documents with the label, with the choice, and with both.
  private var actual: [Int]
  private var chosen: [Int]
  private var right: [Int]
  /// By tenth of the choice's probability: documents, right ones, sum of probabilities.
  private var bins = Array(repeating: (count: 0, right: 0, sum: 0.0), count: 10)

  package init(labels: [String]) {
    self.labels = labels
    (actual, chosen, right) = (
      Array(repeating: 0, count: labels.count), Array(repeating: 0, count: labels.count),
      Array(repeating: 0, count: labels.count)
    )
  }

  /// - Parameter probabilities: by label number.
  package mutating func add(actual label: Int, probabilities: [Float]) {
    var best = 0
    for index in probabilities.indices where probabilities[index] > probabilities[best] {
      best = index
    }
    actual[label] += 1
    chosen[best] += 1
    if best == label { right[label] += 1 }
    let confidence = Double(min(1, max(0, probabilities[best])))
    let bin = min(9, Int(confidence * 10))
    bins[bin].count += 1
    bins[bin].right += best == label ? 1 : 0
    bins[bin].sum += confidence
  }

  package var count: Int { actual.reduce(0, +) }

  /// The share of right choices with its standard error.
  package var accuracy: (value: Double, standardError: Double?) {
    let value = Double(right.reduce(0, +)) / Double(max(1, count))
    let error = count > 1 ? (value * (1 - value) / Double(count - 1)).squareRoot() : nil
    return (value, error)
  }

  /// Expected calibration error (Guo et al. 2017): over ten bins of confidence, the mean distance
  /// between confidence and accuracy, weighted by documents.
  package var calibrationError: Double {
    bins.reduce(0.0) { $0 + ($1.sum - Double($1.right)).magnitude } / Double(max(1, count))
  }

  package struct Label: Hashable, Sendable {
    package var label: String
    /// Documents that have it.
    package var count: Int
    /// Documents for which it was chosen.
    package var chosen: Int
    package var precision: Double
    package var recall: Double
    package var f1: Double
  }

  /// Labels that were had or chosen, by number. A share of nothing is 0, as scikit-learn has it.
  package var byLabel: [Label] {
    labels.indices.filter { actual[$0] + chosen[$0] > 0 }.map { index in
      let precision = Double(right[index]) / Double(max(1, chosen[index]))
      let recall = Double(right[index]) / Double(max(1, actual[index]))
      return Label(
        label: labels[index], count: actual[index], chosen: chosen[index], precision: precision,
        recall: recall,
        f1: 2 * Double(right[index]) / Double(max(1, actual[index] + chosen[index])))
    }
  }

  /// The mean of the labels' F1.
  package var macroF1: Double {
    let labels = byLabel
    return labels.reduce(0) { $0 + $1.f1 } / Double(max(1, labels.count))
  }
}

import Evaluation
import Ledger
import Numerics

/// A score taken apart into what each question adds to its error: first-order influences, whose squares add up to
/// its variance. For a mean they are (xᵢ − m)/n. So two scores, or any smooth function of several, have the
/// standard error of the sum of their influences, question by question, whether the questions are the
/// same, others, or partly the same (Miller 2024, §4, is the case of a difference of two means).
struct ScoreSample: Sendable {
  struct Entry: Sendable {
    var influence: Double
    /// What the question scored; nil where the score is no plain mean.
    var value: Double?
  }

  var value: Double
  var entries: [Outcomes.Question: Entry]
  /// The questions in the order of the file.
  var order: [Outcomes.Question]
  /// What groups questions that are not independent; empty where each is for itself.
  var clusters: [Outcomes.Question: String]

  var n: Int { order.count }
  var units: Int { Outcomes.units(of: n, clusters) }
}

extension Outcomes {
  /// The score of a name, when it can be found again from the lines: as the mean of a number of theirs, as the
  /// mean over subjects (`NAME/macro`), or as a perplexity.
  /// - Parameter cluster: the text member whose values group the lines.
  func sample(ofScore name: String, _ score: Score, cluster: String) -> ScoreSample? {
    plainMean(name, score, cluster) ?? macroMean(name, score, cluster)
      ?? perplexity(name, score, cluster)
  }

  private func plainMean(_ name: String, _ score: Score, _ cluster: String) -> ScoreSample? {
    let lines = chosen(for: name)
    guard !lines.isEmpty, score.count == nil || score.count == lines.count else { return nil }
    for measure in Self.measures(lines, of: name) {
      let values = lines.map { $0.numbers[measure] ?? .nan }
      let center = mean(values)
      guard Self.isSame(center, score.value) else { continue }
      let n = Double(values.count)
      return sample(
        lines, score, cluster, zip(values, values.map { ($0 - center) / n }).map { ($0, $1) })
    }
    return nil
  }

  /// Subjects are as they are and their questions drawn, so that an answer counts by how far it is from its
  /// subject's mean. A subject that lies within one cluster is drawn with it, and its answers count from the
  /// mean over subjects: with a cluster for each subject, the variance is Σ_c (m_c − M)²/C².
  private func macroMean(_ name: String, _ score: Score, _ cluster: String) -> ScoreSample? {
    guard name.hasSuffix("/macro") else { return nil }
    let lines = chosen(for: String(name.dropLast(6)))
    let groups = Dictionary(grouping: lines, by: \.question.subject)
    let drawn = groups.filter { Self.isWithinOneCluster($0.value, cluster) }.keys
    for measure in Self.measures(lines, of: name) {
      let means = groups.mapValues { mean($0.map { $0.numbers[measure] ?? .nan }) }
      let macro = mean(means.sorted { $0.key < $1.key }.map(\.value))
      guard Self.isSame(macro, score.value) else { continue }
      let influences = lines.map { line in
        let subject = line.question.subject
        let weight = 1 / Double(groups.count * (groups[subject]?.count ?? 1))
        let center = drawn.contains(subject) ? macro : means[subject] ?? .nan
        return ((line.numbers[measure] ?? .nan) - center) * weight
      }
      return sample(lines, score, cluster, influences.map { (nil, $0) })
    }
    return nil
  }

  private static func isWithinOneCluster(_ lines: [Line], _ cluster: String) -> Bool {
    let first = lines.first?.texts[cluster]
    return first != nil && lines.allSatisfy { $0.texts[cluster] == first }
  }

  /// exp(−Σ log p / Σ units), or that over log 2 without exp.
  private func perplexity(_ name: String, _ score: Score, _ cluster: String) -> ScoreSample? {
    let units = ["token": "tokens", "word": "words", "byte": "bytes", "bitsPerByte": "bytes"]
    guard let last = name.split(separator: "/").last.map(String.init), let unit = units[last]
    else { return nil }
    let lines = lines.filter { $0.numbers["logLikelihood"] != nil && $0.numbers[unit] != nil }
    let total = lines.reduce(0) { $0 + ($1.numbers[unit] ?? 0) }
    let loss = -lines.reduce(0) { $0 + ($1.numbers["logLikelihood"] ?? 0) } / total
    let isBits = last == "bitsPerByte"
    let value = isBits ? loss / Elementary.log(2) : Elementary.exp(loss)
    guard total > 0, Self.isSame(value, score.value) else { return nil }
    let slope = isBits ? 1 / Elementary.log(2) : value
    let influences = lines.map { line in
      let surprise = -(line.numbers["logLikelihood"] ?? 0) - loss * (line.numbers[unit] ?? 0)
      return slope * surprise / total
    }
    return sample(lines, score, cluster, influences.map { (nil, $0) })
  }

  private static func isSame(_ a: Double, _ b: Double) -> Bool {
    (a - b).magnitude <= 1e-9 * max(1, b.magnitude)
  }

  /// What counts as one of so many questions: clusters, and questions without.
  static func units(of n: Int, _ clusters: [Question: String]) -> Int {
    Set(clusters.values).count + n - clusters.count
  }

  private func sample(
    _ lines: [Line], _ score: Score, _ cluster: String, _ entries: [(Double?, Double)]
  ) -> ScoreSample {
    var sample = ScoreSample(value: score.value, entries: [:], order: [], clusters: [:])
    for (line, entry) in zip(lines, entries) {
      sample.entries[line.question] = .init(influence: entry.1, value: entry.0)
      sample.order.append(line.question)
      if let group = line.texts[cluster] { sample.clusters[line.question] = group }
    }
    return sample
  }
}

/// Influences of one quantity, added up question by question.
struct Influences: Sendable {
  private(set) var values: [Outcomes.Question: Double] = [:]
  private(set) var order: [Outcomes.Question] = []
  private(set) var clusters: [Outcomes.Question: String] = [:]

  init() {}

  /// Adds a score's, times a factor.
  mutating func add(_ sample: ScoreSample, times factor: Double) {
    for question in sample.order {
      if values[question] == nil { order.append(question) }
      values[question, default: 0] += factor * (sample.entries[question]?.influence ?? 0)
    }
    clusters.merge(sample.clusters) { first, _ in first }
  }

  /// Adds another's, times a factor.
  mutating func add(_ other: Influences, times factor: Double) {
    for question in other.order {
      if values[question] == nil { order.append(question) }
      values[question, default: 0] += factor * (other.values[question] ?? 0)
    }
    clusters.merge(other.clusters) { first, _ in first }
  }

  var n: Int { order.count }
  var units: Int { Outcomes.units(of: n, clusters) }
  var isClustered: Bool { !clusters.isEmpty }

  /// Σ zᵢ² · n/(n − 1); with clusters Σ_c (Σ_{i∈c} zᵢ)², Miller's form without a factor, where a question
  /// without a cluster is one by itself. Nil for fewer than two questions or clusters.
  var variance: Double? {
    let z = order.map { values[$0] ?? 0 }
    guard isClustered else {
      guard z.count > 1 else { return nil }
      return z.reduce(0) { $0 + $1 * $1 } * Double(z.count) / Double(z.count - 1)
    }
    var places: [String: Int] = [:]
    var sums: [Double] = []
    for (question, value) in zip(order, z) {
      guard let cluster = clusters[question] else {
        sums.append(value)
        continue
      }
      if let place = places[cluster] {
        sums[place] += value
      } else {
        places[cluster] = sums.count
        sums.append(value)
      }
    }
    return sums.count > 1 ? sums.reduce(0) { $0 + $1 * $1 } : nil
  }
}

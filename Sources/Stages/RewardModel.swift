import ContentStore
import Corpus
import LanguageModel
import Ledger
import Numerics
package import Pipeline
import Training

/// Trains a reward model: a score on the last token that puts preferred responses above others.
///
/// With nothing set it is TRL's `RewardTrainer`. `margins` are Llama 2's (Touvron et al. 2023, Table 27), `edited`
/// Llama 3's three-way ranking (§4.1.2), `softLabels` and `grades` AFM's (Gunter et al. 2024, §4.2).
package enum RewardModel: Stage {
  package struct Parameters: StageParameters {
    let tuning: TuningParameters
    let selection: PairSelection
    let settings: RewardSettings
    let headHidden: Int?
    let headDeviation: Double
    let usesEdits: Bool
    let margins: [String: Double]
    let softLabels: [String: Double]
    let aspects: [String]
    let gradeHidden: Int

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      tuning = try TuningParameters(
        from: &reader, .tuning(1e-4), epochs: 1, batch: 16, item: "pairs")
      selection = try PairSelection(from: &reader)
      headHidden = try reader.optionalInteger(
        "headHidden", in: 1...(1 << 20),
        "Width of a tanh layer before the score; left out, the score is linear.")
      headDeviation = try reader.number(
        "headDeviation", default: 0.02, in: 0...10, "Standard deviation of a new head at first.")
      usesEdits = try reader.boolean(
        "edited", default: true,
        "Whether edited responses, where there are any, rank above chosen ones.")
      margins = try Self.byLevel(
        &reader, "margins", in: 0...100,
        "The margin m in −log σ(r_c − r_r − m) by level; Llama 2 has 1, 2/3, 1/3, 0 or 3, 2, 1, 0.")
      softLabels = try Self.byLevel(
        &reader, "softLabels", in: 0...1,
        "The probability that the chosen response is the better one, by level; AFM has 0.95, 0.85, "
          + "0.75, 0.65. Levels without one count as 1.")
      aspects = try reader.strings(
        "grades", default: [],
        "Aspects that further heads grade, from metadata.grades.chosen and .rejected (0, 1 or 2).")
      gradeHidden = try reader.integer(
        "gradeHidden", default: 64, in: 1...(1 << 20), "Width of each grading head's tanh layer.")
      settings = RewardSettings(
        centering: try reader.number(
          "centering", default: 0, in: 0...1e3,
          "Weight of the mean of (r_c + r_r)²; TRL recommends 0.01."),
        gradeWeight: try reader.number(
          "gradeWeight", default: 0.1, in: 0...1e3,
          "λ: the weight of the grades' cross-entropy (the report gives no value)."))
    }

    package func check(
      goingOnFrom parent: Parameters, after step: Int
    ) throws(ParameterError) {
      try selection.check(goingOnFrom: parent.selection, after: step)
      try checkSame(
        "edited", usesEdits, as: parent.usesEdits,
        because: "it says which responses fit, before the snapshot too")
      try tuning.check(goingOnFrom: parent.tuning, after: step)
    }

    private static func byLevel(
      _ reader: inout ParameterReader, _ name: String, in range: ClosedRange<Double>,
      _ summary: String
    ) throws(ParameterError) -> [String: Double] {
      let map = try reader.numberMap(name, default: [:], in: range, summary)
      for level in map.keys.sorted() where !["1", "2", "3", "4"].contains(level) {
        throw ParameterError(path: "\(name).\(level)", message: "is no level; they are 1, 2, 3, 4")
      }
      return map
    }

    var grades: ScoreHead.Grades? {
      aspects.isEmpty
        ? nil : ScoreHead.Grades(heads: aspects.count, classes: 3, hidden: gradeHidden)
    }
  }

  package static let op = "reward"
  package static let revision = 1
  package static let summary = "Train a model that scores responses, from preferences."
  package static let usesSeed = true
  package static let usesNumerics = true

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [
        Port(
          "checkpoint", .checkpoint, "The model to begin with, or a reward model to go on with."),
        Port("records", .records, "Preferences to learn from.", list: true),
        Port("validation", .records, "Held-out preferences.", optional: true, list: true),
      ] + TrainingSession.inputs,
      outputs: TrainingSession.outputs + [
        Port("outcomes", .outcomes, "A line for every held-out pair: whether it was ranked right.")
      ] + (parameters?.tuning.averages.ports() ?? AverageParameters.ports))
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    var tuning = try Tuning(parameters.tuning, context, predictsTokens: false)
    let pairs = try context.pairs(
      "records", parameters.selection, usesEdits: parameters.usesEdits, &tuning.codec)
    guard !pairs.isEmpty else {
      throw StageError("the input \"records\" has no pair to learn from; see levels and maxLength")
    }
    let held = try context.pairs("validation", nil, usesEdits: false, &tuning.codec)
    let compute = tuning.session.compute
    let model = try parameters.model(tuning.checkpoint.model, context, compute)
    let size = parameters.tuning.batch
    let source = ShuffledBatches(count: pairs.count, size: size, seed: context.seed) { items, _ in
      parameters.batch(items.map { pairs[$0] })
    }
    let steps = try tuning.steps(items: pairs.count)
    context.log("\(pairs.count) pairs, \(steps) steps of \(size)")
    let trainer = try tuning.train(
      model, on: source, steps: steps, validation: parameters.batch(held)
    ) { RewardObjective(parameters.settings, grades: parameters.grades) }
    try RewardReport(trainer.model, compute, context).write(held)
  }
}

extension RewardModel.Parameters {
  /// The checkpoint with a head for rewards; one that has it already is trained further.
  fileprivate func model(
    _ given: Transformer, _ context: any StageContext, _ compute: Compute
  ) throws -> Transformer {
    let head = ScoreHead(labels: 1, hidden: headHidden, grades: grades)
    guard given.configuration.experts == nil else {
      throw StageError("reward models of experts cannot be trained; give a dense checkpoint")
    }
    if given.configuration.scoreHead == head { return given }
    return given.scoring(
      head, seed: context.seed, deviation: Float(headDeviation), on: compute)
  }

  fileprivate func batch(_ pairs: [EncodedPair]) -> Batch {
    let tokens = TokenBatch(
      pairs.flatMap(\.sequences), groups: pairs.map(\.sequences.count))
    var columns: [String: [Float]] = [:]
    let empty = [Float](repeating: 0, count: tokens.tokens.count)
    let count = pairs.reduce(0) { $0 + $1.sequences.count * ($1.sequences.count - 1) / 2 }
    columns[RewardObjective.share] = empty.map { _ in 1 / Float(max(1, count)) }
    if !margins.isEmpty { columns[RewardObjective.margin] = empty }
    if !softLabels.isEmpty { columns[RewardObjective.probability] = empty.map { _ in 1 } }
    for aspect in aspects.indices {
      columns[RewardObjective.grade(aspect)] = empty.map { _ in -1 }
    }
    var document = 0
    for pair in pairs {
      let ends = pair.sequences.indices.map { tokens.documents[document + $0].upperBound - 1 }
      let level = pair.pair.level.map(String.init) ?? ""
      if let margin = margins[level] { columns[RewardObjective.margin]?[ends[0]] = Float(margin) }
      if let label = softLabels[level] {
        columns[RewardObjective.probability]?[ends[0]] = Float(label)
      }
      for (aspect, name) in aspects.enumerated() {
        let grades = pair.record.note("grades")
        for (row, side) in zip(ends.suffix(2), ["chosen", "rejected"]) {
          guard let grade = grades?[side]?[name]?.intValue, (0...2).contains(grade) else {
            continue
          }
          columns[RewardObjective.grade(aspect)]?[row] = Float(grade)
        }
      }
      document += pair.sequences.count
    }
    return Batch(tokens, columns: columns)
  }
}

/// What a reward model says of held-out pairs.
private struct RewardReport {
  private let model: Transformer
  private let compute: Compute
  private let context: any StageContext

  init(_ model: Transformer, _ compute: Compute, _ context: any StageContext) {
    (self.model, self.compute, self.context) = (model, compute, context)
  }

  /// Scores: the share ranked right, and how well σ(r_c − r_r) is calibrated: mean log-loss, Brier score,
  /// and expected calibration error over ten bins of confidence.
  func write(_ pairs: [EncodedPair]) throws {
    let output = try context.makeFile("outcomes")
    var (right, logLoss, brier) = (0.0, 0.0, 0.0)
    var bins = Array(repeating: (count: 0.0, confidence: 0.0, right: 0.0), count: 10)
    for pair in pairs {
      try context.checkCancellation()
      let rewards = try model.scores(
        of: pair.sequences.map { $0.tokens.map(Int.init) }, on: compute
      ).map { Double($0[0]) }
      let probability = Elementary.sigmoid(rewards[0] - rewards[1])
      let isRight = rewards[0] > rewards[1]
      right += isRight ? 1 : 0
      logLoss -= Elementary.logSigmoid(rewards[0] - rewards[1])
      brier += (1 - probability) * (1 - probability)
      let confidence = max(probability, 1 - probability)
      let bin = min(9, Int((confidence - 0.5) * 20))
      bins[bin].count += 1
      bins[bin].confidence += confidence
      bins[bin].right += isRight ? 1 : 0
      let line: JSON = [
        "id": .string(pair.record.id),
        "subject": .string(pair.record.metadata["task"]?.stringValue ?? ""),
        "correct": .bool(isRight), "chosen": .exact(rewards[0]), "rejected": .exact(rewards[1]),
      ]
      try output.write(line.canonical() + [0x0A])
    }
    try output.finish()
    guard !pairs.isEmpty else { return }
    let n = Double(pairs.count)
    let accuracy = right / n
    let error = (accuracy * (1 - accuracy) / max(1, n - 1)).squareRoot()
    context.score(
      "reward/accuracy",
      Score(accuracy, standardError: error, count: pairs.count, higherIsBetter: true))
    context.score("reward/logLoss", Score(logLoss / n, count: pairs.count, higherIsBetter: false))
    context.score("reward/brier", Score(brier / n, count: pairs.count, higherIsBetter: false))
    let gap = bins.reduce(0) { $0 + ($1.confidence - $1.right).magnitude }
    context.score(
      "reward/calibrationError", Score(gap / n, count: pairs.count, higherIsBetter: false))
  }
}

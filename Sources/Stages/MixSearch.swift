import ContentStore
import Corpus
import Evaluation
import Ledger
package import Pipeline

/// Chooses a mixture's weights by how small models that were trained on trial mixtures did. Each trial is
/// an input of any name: the `weights` of its `mix`, then the `outcomes` of its evaluations.
package enum MixSearch: Stage {
  /// What the trials are compared by.
  enum Measure: String, CaseIterable {
    case accuracy
    case bitsPerByte
  }

  package struct Parameters: StageParameters {
    let measure: Measure
    let rule: MixtureSearch.Rule
    let minimumGain: Double

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      measure = try reader.choice(
        "measure", default: Measure.accuracy,
        "accuracy: the share of questions answered right. bitsPerByte: of the documents, and lower is "
          + "better.")
      rule = try reader.choice(
        "choose", default: MixtureSearch.Rule.best,
        "best: the best trial's weights. each: every weight moves as in the best trial that moved it "
          + "alone, if that beat the trial that moved nothing.")
      minimumGain = try reader.number(
        "minimumGain", default: 0, in: 0...1e6,
        "By how much a trial must beat the one that moved nothing.")
    }
  }

  package static let op = "mix-search"
  package static let revision = 1
  package static let summary = "Choose a mixture's weights from the evaluations of trial mixtures."

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      outputs: [
        Port("weights", .weights, "The weights to go on with."),
        Port("trials", .files, "A line for every trial, the best first, as JSON Lines."),
      ],
      otherInputs: .any)
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let trials = try context.inputPorts.map { try trial($0, parameters, context) }
    let search = try MixtureSearch(trials, minimumGain: parameters.minimumGain)
    let weights = try search.weights(by: parameters.rule)
    let output = try context.makeFile("weights")
    try output.write(weights.json.canonical())
    try output.finish()
    try write(search, parameters, context)
    for (group, share) in weights.shares.sorted(by: { $0.key < $1.key }) {
      context.score("weight/\(group)", Score(share))
    }
    context.log("the best trial is \"\(search.best.name)\"")
  }

  private static func write(
    _ search: MixtureSearch, _ parameters: Parameters, _ context: any StageContext
  ) throws {
    let isLower = parameters.measure == .bitsPerByte
    let output = try context.makeFile("trials")
    for trial in search.trials.sorted(by: { ($1.score, $0.name) < ($0.score, $1.name) }) {
      let score = isLower ? -trial.score : trial.score
      context.score("trial/\(trial.name)", Score(score, higherIsBetter: !isLower))
      var members = trial.weights.json.objectValue ?? [:]
      members["trial"] = .string(trial.name)
      members[parameters.measure.rawValue] = .exact(score)
      try output.write(JSON.object(members).canonicalText() + "\n")
    }
    try output.finish()
  }

  private static func trial(
    _ port: String, _ parameters: Parameters, _ context: any StageContext
  ) throws -> MixtureSearch.Trial {
    let inputs = context.inputs(port)
    guard inputs.count >= 2 else {
      throw StageError(
        "the trial \"\(port)\" needs two artifacts or more: its mix's weights, then its outcomes")
    }
    do {
      let weights = try MixtureWeights(file: inputs[0].read())
      let lines = try inputs.dropFirst().flatMap { try Self.lines($0.read()) }
      return MixtureSearch.Trial(
        name: port, weights: weights, score: try score(lines, parameters.measure))
    } catch let error as CorpusError {
      throw StageError("the trial \"\(port)\": \(error.message)")
    }
  }

  private static func lines(_ bytes: [UInt8]) throws -> [JSON] {
    try bytes.split(separator: UInt8(ascii: "\n")).map { try JSON(parsing: Array($0)) }
  }

  /// Higher is better.
  private static func score(_ lines: [JSON], _ measure: Measure) throws(CorpusError) -> Double {
    switch measure {
    case .accuracy:
      let answers = lines.compactMap(QuestionOutcome.init(json:))
      guard !answers.isEmpty else { throw CorpusError("its outcomes hold no questions") }
      return Double(answers.count(where: \.isCorrect)) / Double(answers.count)
    case .bitsPerByte:
      guard let scores = PerplexityScores(lines.compactMap(DocumentOutcome.init(json:))) else {
        throw CorpusError("its outcomes hold no documents")
      }
      return -scores.bitsPerByte.value
    }
  }
}

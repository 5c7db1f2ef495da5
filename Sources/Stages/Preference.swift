import ContentStore
import Corpus
import LanguageModel
import Ledger
import Numerics
package import Pipeline
import Training

/// Trains a policy on pairs of responses without a reward model: DPO and its kin, with TRL's semantics.
package enum PreferenceTuning: Stage {
  package struct Parameters: StageParameters {
    let tuning: TuningParameters
    let selection: PairSelection
    let objective: PreferenceParameters
    let usesEdits: Bool

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      tuning = try TuningParameters(
        from: &reader, .tuning(1e-6), epochs: 1, batch: 8, item: "pairs")
      selection = try PairSelection(from: &reader)
      objective = try PreferenceParameters(from: &reader)
      usesEdits = try reader.boolean(
        "edited", default: false,
        "Whether an edited response, where there is one, takes the chosen one's place.")
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
  }

  package static let op = "preference"
  package static let revision = 1
  package static let summary = "Train a policy on preferences directly: DPO, IPO and their kin."
  package static let usesSeed = true
  package static let usesNumerics = true

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [
        Port("checkpoint", .checkpoint, "The policy to tune."),
        Port("records", .records, "Preferences to learn from.", list: true),
        Port("validation", .records, "Held-out preferences.", optional: true, list: true),
        Port(
          "reference", .checkpoint,
          "The model that the policy is held to; left out, the checkpoint itself.", optional: true),
      ] + TrainingSession.inputs,
      outputs: TrainingSession.outputs + [
        Port(
          "references", .any,
          "The reference's log-probability of every response, as JSON Lines {id, chosen, rejected}."
        )
      ] + (parameters?.tuning.averages.ports() ?? AverageParameters.ports))
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    var tuning = try Tuning(parameters.tuning, context)
    var pairs = try context.pairs(
      "records", parameters.selection, usesEdits: parameters.usesEdits, &tuning.codec)
    guard !pairs.isEmpty else {
      throw StageError("the input \"records\" has no pair to learn from; see levels and maxLength")
    }
    // An edited response takes the chosen one's place: two are left of three.
    for index in pairs.indices where pairs[index].sequences.count == 3 {
      pairs[index].sequences.remove(at: 1)
    }
    let held = try context.pairs("validation", nil, usesEdits: false, &tuning.codec)
    let scorer = ReferenceScores(try tuning.reference(), tuning.session, context)
    let known = try scorer.score(pairs)
    let heldKnown = try scorer.score(held)
    try write(known, of: pairs, context)
    let (size, objective) = (parameters.tuning.batch, parameters.objective)
    let (taken, formatting) = (pairs, tuning.codec.formatting)
    let source = ShuffledBatches(count: taken.count, size: size, seed: context.seed) { items, _ in
      objective.batch(items.map { taken[$0].sequences }, items.map { known[$0] }, formatting)
    }
    let steps = try tuning.steps(items: pairs.count)
    context.log("\(pairs.count) pairs, \(steps) steps of \(size)")
    let validation = objective.batch(held.map(\.sequences), heldKnown, formatting)
    try tuning.train(on: source, steps: steps, validation: validation) { objective.objective }
  }

  private static func write(
    _ references: [[[Float]]], of pairs: [EncodedPair], _ context: any StageContext
  ) throws {
    let output = try context.makeFile("references")
    for (pair, values) in zip(pairs, references) {
      let sums = values.map { $0.reduce(0.0) { $0 + Double($1) } }
      let line: JSON = [
        "id": .string(pair.record.id), "chosen": .exact(sums[0]), "rejected": .exact(sums[1]),
      ]
      try output.write(line.canonical() + [0x0A])
    }
    try output.finish()
  }
}

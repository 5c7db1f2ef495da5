import ContentStore
import Corpus
import Evaluation
import LanguageModel
import Ledger
import Numerics
package import Pipeline
import Text
import Training

/// Draws several responses to every prompt and keeps the best: Llama 3's rejection sampling (§4.2.2), and
/// with several policies AFM's committee, the best per prompt over all members (iTeC, §4).
package enum RejectionSample: Stage {
  package struct Parameters: StageParameters {
    let sampling: SamplingParameters
    let rewarder: RewarderParameters
    let template: String
    let maximumLength: Int?
    let least: Double?

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      sampling = try SamplingParameters(
        from: &reader, samples: 10, least: 1, temperature: 1)
      rewarder = try RewarderParameters(from: &reader)
      template = try reader.string(
        "template", default: "",
        "How prompts become text; empty for each checkpoint's own, else plain.")
      maximumLength = try reader.optionalInteger(
        "maxLength", in: 2...(1 << 24), unit: "tokens",
        "The longest prompt and response; by default as long as the model is meant for.")
      least = try reader.optionalNumber(
        "least", in: -1e30...1e30,
        "Best responses with a lower reward are not kept; left out, all are.")
    }
  }

  package static let op = "rejection-sample"
  package static let revision = 2
  package static let summary =
    "Draw responses from a policy or a committee, and keep the best of each prompt."
  package static let usesSeed = true
  package static let usesNumerics = true

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [
        Port("policies", .checkpoint, "The model that responds, or several.", list: true),
        Port("prompts", .records, "What they respond to.", list: true),
      ] + RewarderParameters.inputs,
      outputs: [
        Port("records", .records, "Conversations with the best response of each prompt."),
        Port("preferences", .records, "The best and the worst response, where they differ."),
        Port(
          "samples", .any,
          "Every response: {id, member, sample, reward, rewards, hidden, finished, tokens, text}."),
      ])
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    try RejectionRun(parameters, context).run()
  }
}

/// A response of one member of the committee.
private struct Candidate {
  let member: Int
  let sample: Int
  let rollout: Rollout

  var reward: Double { rollout.reward.value }
}

private final class RejectionRun {
  private let parameters: RejectionSample.Parameters
  private let context: any StageContext
  private let compute: Compute
  private let policies: [InputArtifact]
  private let warnings: Warnings
  /// By prompt, in the order of members and samples.
  private var candidates: [[Candidate]] = []
  private var records: [TrainingRecord] = []

  init(_ parameters: RejectionSample.Parameters, _ context: any StageContext) throws {
    (self.parameters, self.context) = (parameters, context)
    compute = try context.compute()
    policies = context.inputs("policies")
    warnings = Warnings(context)
  }

  /// Prompts that are answered together; bears on memory and speed only, and on how soon a stop is heard.
  private static let batch = 64

  func run() throws {
    for input in context.inputs("prompts") { records += try input.records("prompts") }
    candidates = records.map { _ in [] }
    let rewarder = try Rewarder(parameters.rewarder, context, compute)
    for member in policies.indices { try ask(member, rewarder) }
    guard candidates.contains(where: { !$0.isEmpty }) else { throw StageError.noPrompts }
    try write()
  }

  private func ask(_ member: Int, _ rewarder: Rewarder) throws {
    let checkpoint = try policies[member].checkpoint()
    var codec = try ChatCodec(
      checkpoint, template: parameters.template, maximumLength: parameters.maximumLength)
    let prompts = try context.prompts(
      "prompts", room: parameters.sampling.maximumTokens, &codec)
    let maker = RolloutMaker(prompts, rewarder, parameters.sampling, codec, context, compute)
    let rows =
      context.batchHint(compute) ?? TrainingPass.comfortableRows(checkpoint.model.configuration)
    for start in stride(from: 0, to: prompts.count, by: Self.batch) {
      let items = Array(start..<min(prompts.count, start + Self.batch))
      let drawn = try maker.make(
        items, samples: parameters.sampling.samples,
        .member(member, keys: items.map { prompts[$0].number }),
        from: checkpoint.model, anchor: nil, rows: rows
      ) { try context.checkCancellation() }
      for (index, rollout) in drawn.enumerated() {
        candidates[prompts[rollout.item].number].append(
          Candidate(
            member: member, sample: index % parameters.sampling.samples, rollout: rollout))
      }
      context.progress(
        Progress(
          done: Double(member * prompts.count + items.count + start),
          total: Double(policies.count * prompts.count), unit: "prompts"))
    }
  }

  // MARK: Giving out

  private func write() throws {
    let outputs = (
      records: try context.makeFile("records"), pairs: try context.makeFile("preferences"),
      samples: try context.makeFile("samples")
    )
    var (kept, pairs, flat) = (0, 0, 0)
    for (record, all) in zip(records, candidates) where !all.isEmpty {
      for candidate in all { try outputs.samples.write(line(candidate, of: record)) }
      let best = Self.best(all)
      let worst = all.reduce(all[0]) { $1.reward < $0.reward ? $1 : $0 }
      if best.reward == worst.reward, all.count > 1 { flat += 1 }
      guard best.reward >= parameters.least ?? -.infinity else { continue }
      kept += 1
      try outputs.records.write(conversation(record, best).line())
      guard best.reward > worst.reward else { continue }
      pairs += 1
      try outputs.pairs.write(preference(record, best, worst).line())
    }
    try outputs.records.finish()
    try outputs.pairs.finish()
    try outputs.samples.finish()
    addScores(kept: kept, pairs: pairs, flat: flat)
  }

  private func line(_ candidate: Candidate, of record: TrainingRecord) throws -> [UInt8] {
    let rollout = candidate.rollout
    var members: [String: JSON] = [
      "id": .string(record.id), "member": .integer(candidate.member),
      "sample": .integer(candidate.sample), "reward": .exact(candidate.reward),
      "finished": .bool(rollout.isFinished), "tokens": .integer(rollout.response.count),
      "text": .string(rollout.text),
    ]
    if !rollout.reward.parts.isEmpty {
      members["rewards"] = .array(rollout.reward.parts.map(JSON.exact))
    }
    members["hidden"] = rollout.reward.hidden.map(JSON.exact)
    return try JSON.object(members).canonical() + [0x0A]
  }

  /// Metadata say where the response is from, beside what the prompt's said.
  private func metadata(_ record: TrainingRecord, _ notes: [String: JSON]) -> JSON {
    var metadata = record.metadata.objectValue ?? [:]
    metadata["rejection"] = .object(notes)
    return .object(metadata)
  }

  private func conversation(_ record: TrainingRecord, _ best: Candidate) -> TrainingRecord {
    TrainingRecord(
      id: record.id, source: record.source,
      body: .conversation(record.prompt + [.assistant(best.rollout.text)]),
      metadata: metadata(
        record,
        [
          "member": .integer(best.member), "sample": .integer(best.sample),
          "reward": .exact(best.reward),
        ]))
  }

  private func preference(
    _ record: TrainingRecord, _ best: Candidate, _ worst: Candidate
  ) -> TrainingRecord {
    TrainingRecord(
      id: record.id, source: record.source,
      body: .preference(
        .init(
          prompt: record.prompt, chosen: [.assistant(best.rollout.text)],
          rejected: [.assistant(worst.rollout.text)])),
      metadata: metadata(
        record,
        ["chosen": .exact(best.reward), "rejected": .exact(worst.reward)]))
  }

  private func addScores(kept: Int, pairs: Int, flat: Int) {
    let groups = candidates.filter { !$0.isEmpty }
    let all = groups.flatMap { $0 }
    let mean = { (values: [Double]) in Advantages.mean(values[...]) }
    average("reward/mean", groups) { mean($0.map(\.reward)) }
    average("reward/best", groups) { $0.map(\.reward).max() ?? 0 }
    average("reward/worst", groups) { $0.map(\.reward).min() ?? 0 }
    average("reward/deviation", groups) { Advantages.deviation($0.map(\.reward)[...]) }
    let score = { [context] (name: String, value: Double) in context.score(name, Score(value)) }
    score("length", mean(all.map { Double($0.rollout.response.count) }))
    score("empty", mean(all.map { $0.rollout.isEmpty ? 1 : 0 }))
    score("unfinished", mean(all.map { $0.rollout.isFinished ? 0 : 1 }))
    score("records", Double(kept))
    score("pairs", Double(pairs))
    score("reward/flat", Double(flat) / Double(max(1, groups.count)))
    if all.contains(where: { $0.rollout.reward.hidden != nil }) { addHidden(groups) }
    if flat > 0, flat == groups.count {
      context.log("warning: all responses of each of the \(flat) prompts earn the same")
    }
    for member in policies.indices where policies.count > 1 {
      let own = all.filter { $0.member == member }
      score("reward/mean/\(member)", mean(own.map(\.reward)))
    }
  }

  /// What the hidden reward says of all responses, of those that were picked, and of picking: whether the
  /// reward model's choice is better than one at random.
  private func addHidden(_ groups: [[Candidate]]) {
    let hidden = { (candidate: Candidate) in candidate.rollout.reward.hidden ?? 0 }
    let usual = { (all: [Candidate]) in Advantages.mean(all.map(hidden)[...]) }
    let picked = { (all: [Candidate]) in hidden(Self.best(all)) }
    average("reward/hidden", groups, usual)
    average("reward/hidden/picked", groups, picked)
    average("reward/hidden/gain", groups) { picked($0) - usual($0) }
  }

  /// A mean over prompts, with its standard error.
  private func average(
    _ name: String, _ groups: [[Candidate]], _ measure: ([Candidate]) -> Double
  ) {
    let estimate = ScoreEstimate(of: groups.map(measure))
    context.score(
      name,
      Score(
        groups.isEmpty ? 0 : estimate.value, standardError: estimate.standardError,
        count: groups.count))
  }

  /// The first of equals, whichever member it is from.
  private static func best(_ all: [Candidate]) -> Candidate {
    all.reduce(all[0]) { $1.reward > $0.reward ? $1 : $0 }
  }
}

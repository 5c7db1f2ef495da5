import LanguageModel
import Numerics
package import Pipeline
import Training

/// Preference tuning on the policy's own responses.
package enum OnlinePreference: Stage {
  package struct Parameters: StageParameters {
    let tuning: TuningParameters
    let objective: PreferenceParameters
    let sampling: SamplingParameters
    let rewarder: RewarderParameters
    let anchor: AnchorParameters
    let ties: OnlinePreferenceObjective.Ties
    let maximumKL: Double?
    let merging: OnlineMergeParameters

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      tuning = try TuningParameters(
        from: &reader, .tuning(5e-7), epochs: 1, batch: 8, item: "prompts")
      objective = try PreferenceParameters(from: &reader)
      sampling = try SamplingParameters(from: &reader, samples: 2, least: 2, temperature: 0.9)
      rewarder = try RewarderParameters(from: &reader)
      anchor = try AnchorParameters(from: &reader)
      ties = try reader.choice(
        "ties", default: .skip,
        "When all responses to a prompt earn the same: skip it, or take the first for the better (TRL)."
      )
      maximumKL = try reader.optionalNumber(
        "maxKL", in: 0...1e6, unit: "nats",
        "Training stops with an error when responses' mean log π − log π_anchor is above it.")
      merging = try OnlineMergeParameters(from: &reader)
    }

    package func check(
      goingOnFrom parent: Parameters, after step: Int
    ) throws(ParameterError) {
      try sampling.check(goingOnFrom: parent.sampling, after: step)
      try tuning.check(goingOnFrom: parent.tuning, after: step)
    }
  }

  package static let op = "online-preference"
  package static let revision = 2
  package static let summary =
    "Tune a policy on the best and the worst of its own responses: online DPO."
  package static let usesSeed = true
  package static let usesNumerics = true

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [
        Port("checkpoint", .checkpoint, "The policy to tune."),
        Port("prompts", .records, "What it responds to.", list: true),
        Port("validation", .records, "Held-out prompts.", optional: true, list: true),
        Port(
          "reference", .checkpoint,
          "The model that the policy is held to; left out, the checkpoint itself.", optional: true),
        Port(
          "base", .checkpoint,
          "With merge: the model that the checkpoint was tuned from.", optional: true),
      ] + RewarderParameters.inputs + TrainingSession.inputs,
      outputs: TrainingSession.outputs
        + (parameters?.tuning.averages.ports() ?? AverageParameters.ports))
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let online = try OnlineTuning(
      parameters.tuning, parameters.sampling, parameters.rewarder, context)
    let compute = online.tuning.session.compute
    let merge = try parameters.merging.merge(
      online.tuning.checkpoint.model,
      base: try context.inputs("base").first?
        .model(beside: online.tuning.checkpoint, named: "base"), seed: context.seed, on: compute)
    try online.train(note: " of \(parameters.tuning.batch)") {
      OnlinePreferenceObjective(
        parameters.objective, ties: parameters.ties, maximumKL: parameters.maximumKL, online.maker,
        anchor: Anchor(online.reference, rate: parameters.anchor.rate, on: compute), merge: merge,
        formatting: online.tuning.codec.formatting, Warnings(context))
    }
  }
}

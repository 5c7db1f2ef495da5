import Corpus
import LanguageModel
import Ledger
import Numerics
package import Pipeline
import Training

/// Reinforcement learning from rewards of sampled responses.
package enum PolicyGradient: Stage {
  package struct Parameters: StageParameters {
    let tuning: TuningParameters
    let sampling: SamplingParameters
    let rewarder: RewarderParameters
    let gradient: PolicyGradientParameters
    let anchor: AnchorParameters
    let critic: CriticParameters

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      tuning = try TuningParameters(
        from: &reader, .tuning(1e-6), epochs: 1, batch: 16, item: "prompts")
      gradient = try PolicyGradientParameters(from: &reader)
      sampling = try SamplingParameters(
        from: &reader, samples: 4, least: gradient.leastSamples, temperature: 1)
      rewarder = try RewarderParameters(from: &reader)
      anchor = try AnchorParameters(from: &reader)
      critic = try CriticParameters(from: &reader)
      guard tuning.optimiser.dropout == 0 else {
        throw ParameterError(
          path: "dropout",
          message: "must be 0: responses are drawn without it, and ratios to them would be wrong")
      }
      guard tuning.batch * sampling.samples >= gradient.parts else {
        throw ParameterError(
          path: "parts",
          message: "must be at most batch × samples, \(tuning.batch * sampling.samples)")
      }
    }

    package func check(
      goingOnFrom parent: Parameters, after step: Int
    ) throws(ParameterError) {
      try gradient.check(goingOnFrom: parent.gradient, after: step)
      try sampling.check(goingOnFrom: parent.sampling, after: step)
      try tuning.check(goingOnFrom: parent.tuning, after: step)
    }
  }

  package static let op = "policy-gradient"
  package static let revision = 1
  package static let summary =
    "Tune a policy on rewards of its own responses: REINFORCE, RLOO, MDLOO, PPO, GRPO."
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
          "critic", .checkpoint,
          "ppo: a reward model that the critic begins as; left out, the policy with a new head.",
          optional: true),
      ] + RewarderParameters.inputs + TrainingSession.inputs,
      outputs: TrainingSession.outputs
        + (parameters?.tuning.averages.ports() ?? AverageParameters.ports))
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let online = try OnlineTuning(
      parameters.tuning, parameters.sampling, parameters.rewarder, context)
    let compute = online.tuning.session.compute
    let updates = parameters.gradient.updatesPerSampling
    try online.train(updates: updates, note: ", \(updates) to a batch of samples") {
      PolicyGradientObjective(
        parameters.gradient, parameters.critic, online.maker,
        anchor: Anchor(online.reference, rate: parameters.anchor.rate, on: compute),
        critic: try parameters.makeCritic(online.tuning.checkpoint, context, compute),
        Warnings(context),
        seed: context.seed)
    }
  }
}

extension PolicyGradient.Parameters {
  /// A critic of its own for ppo; nil for the others.
  fileprivate func makeCritic(
    _ policy: Checkpoint, _ context: any StageContext, _ compute: Compute
  ) throws -> Critic? {
    guard gradient.method == .ppo else { return nil }
    var model =
      try context.inputs("critic").first?
      .model(beside: policy, named: "critic", predictsTokens: false) ?? policy.model
    guard model.configuration.experts == nil else {
      throw StageError("a critic of experts cannot be trained; connect a dense one to \"critic\"")
    }
    if model.configuration.scoreHead == nil {
      model = model.scoring(ScoreHead(labels: 1), seed: context.seed, on: compute)
    } else {
      model = model.copy()
    }
    return Critic(
      model, loss: ValueLoss(clip: critic.clip), rule: tuning.optimiser.update,
      rate: critic.learningRate, clip: tuning.optimiser.clipNorm, on: compute)
  }
}

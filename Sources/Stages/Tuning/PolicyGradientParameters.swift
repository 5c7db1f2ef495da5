import Pipeline
import Training

/// What a policy gradient makes of rewards. Every method is some choice of these; where a method leaves one
/// open the default is its source's.
struct PolicyGradientParameters: StageParameters {
  /// Named by what each is known for; what they set can be set otherwise.
  enum Method: String, CaseIterable, Sendable {
    /// −A log π with one update per batch of samples (Williams 1992; WARP trains so).
    case reinforce
    /// Whole responses, others' mean as baseline, clipped (Ahmadian et al. 2024; TRL's RLOOTrainer).
    case rloo
    /// Whole responses, others' mean as baseline, held to the policy that drew them (AFM, §4.3).
    case mdloo
    /// Tokens, clipped, with a critic (Schulman et al. 2017; TRL's PPOTrainer up to 0.20).
    case ppo
    /// Tokens, clipped, relative to the group (Shao et al. 2024; TRL's GRPOTrainer).
    case grpo
  }

  enum Baseline: String, CaseIterable, Sendable {
    case none
    /// The mean of all rewards of the batch.
    case mean
    /// The mean of the prompt's other responses.
    case leaveOneOut = "leave-one-out"
    /// The mean of the prompt's responses, scaled by `scaleRewards`.
    case group
  }

  enum Place: String, CaseIterable, Sendable { case reward, loss }

  let method: Method
  let updates: Int
  let parts: Int
  let baseline: Baseline
  let scale: Advantages.Scale
  let normalises: Bool
  let ratio: PolicyLoss.Ratio
  let weighting: TokenWeighting
  let clipLow: Double?
  let clipHigh: Double?
  let beta: Double
  let klPlace: Place
  let klEstimator: KLEstimator
  let gamma: Double
  let maximumKL: Double?

  init(from reader: inout ParameterReader) throws(ParameterError) {
    let method = try reader.choice(
      "method", default: Method.rloo,
      "reinforce, rloo, mdloo, ppo or grpo: sets the defaults of what follows.")
    self.method = method
    let defaults = Defaults(method)
    updates = try reader.integer(
      "updates", default: defaults.updates, in: 1...1024,
      "Times that each batch of samples is gone over.")
    parts = try reader.integer(
      "parts", default: 1, in: 1...4096,
      "Parts that a batch of samples is cut into, each an update.")
    baseline = try reader.choice(
      "baseline", default: defaults.baseline,
      "What is taken off a reward: none, mean (of the batch), leave-one-out (the mean of the prompt's "
        + "others) or group (as GRPO); ppo has its critic instead.")
    scale = try reader.choice(
      "scaleRewards", default: .group,
      "With the baseline group: whose standard deviation divides, TRL's scale_rewards.")
    normalises = try reader.boolean(
      "normaliseAdvantages", default: method == .ppo,
      "Whether advantages are brought to mean 0 and deviation 1 over the batch; ppo whitens tokens'."
    )
    ratio = try reader.choice(
      "ratio", default: defaults.ratio,
      "What the likelihood ratio is of: none, token, sequence (the product over a response) or mean (its "
        + "geometric mean; GSPO).")
    weighting = try reader.choice(
      "lossType", default: defaults.weighting,
      "What tokens count for, TRL's loss_type: dapo, grpo, bnpo, dr_grpo; sum: a response's sum. With "
        + "ratios of whole responses, grpo counts each once.")
    clipLow = try Self.clip(&reader, "clipLow", defaults, "Ratios below 1 minus this are clipped")
    clipHigh = try Self.clip(&reader, "clipHigh", defaults, "Ratios above 1 plus this are clipped")
    beta = try reader.number(
      "beta", default: defaults.beta, in: 0...1e6,
      "β: the weight of the divergence from the anchor.")
    klPlace = try reader.choice(
      "klIn", default: method == .grpo ? .loss : .reward,
      "Whether the divergence is taken off the reward or added to the loss.")
    klEstimator = try reader.choice(
      "klEstimator", default: method == .grpo ? .k3 : .k1,
      "How a token's divergence is estimated by d = log π − log π_anchor: k1 is d, k2 d²/2, k3 e^−d + d "
        + "− 1.")
    gamma = try reader.number(
      "gamma", default: defaults.gamma, in: 0...1e6,
      "γ: the weight of the divergence from the policy that drew the samples, in the loss (the report on "
        + "AFM gives no value).")
    maximumKL = try reader.optionalNumber(
      "maxKL", in: 0...1e6, unit: "nats",
      "Training stops with an error when responses' mean log π − log π_anchor is above it.")
    try check()
    if !reader.isListing, !reader.isRecorded { try checkUse(reader) }
  }

  /// Refuses what would not be looked at.
  private func checkUse(_ reader: ParameterReader) throws(ParameterError) {
    for (name, clip) in [("clipLow", clipLow), ("clipHigh", clipHigh)]
    where ratio == .none && clip != nil && reader.isWritten(name) {
      throw ParameterError(
        path: name, message: "has no ratio to clip, as ratio is none; leave it out")
    }
    if scale != .group, baseline != .group || method == .ppo {
      throw ParameterError(
        path: "scaleRewards",
        message: "is used with the baseline group only; leave it out, or set baseline to group")
    }
  }

  package func check(
    goingOnFrom parent: PolicyGradientParameters, after step: Int
  ) throws(ParameterError) {
    let reason = "it says which prompts come in which step, before the snapshot too"
    try checkSame("updates", updates, as: parent.updates, because: reason)
    try checkSame("parts", parts, as: parent.parts, because: reason)
  }

  private static func clip(
    _ reader: inout ParameterReader, _ name: String, _ defaults: Defaults, _ summary: String
  ) throws(ParameterError) -> Double? {
    let value = try reader.number(
      name, default: defaults.clip, in: 0...1e6, "\(summary); 0 clips none.")
    return value > 0 ? value : nil
  }

  private func check() throws(ParameterError) {
    if ratio == .none, updates * parts > 1 {
      throw ParameterError(
        path: "ratio", message: "must not be none with more than one update per batch of samples")
    }
    if ratio == .sequence || ratio == .mean, method == .ppo {
      throw ParameterError(path: "ratio", message: "must be token or none with ppo")
    }
  }

  /// Updates that one batch of samples serves.
  var updatesPerSampling: Int { updates * parts }

  /// The fewest responses of a prompt that the baseline needs.
  var leastSamples: Int { method != .ppo && baseline == .leaveOneOut ? 2 : 1 }

  var objective: PolicyObjective {
    PolicyObjective(
      PolicyLoss(
        ratio, clipLow: clipLow, clipHigh: clipHigh, klWeight: klPlace == .loss ? beta : 0,
        klEstimator: klEstimator, proximalWeight: gamma))
  }

  /// What a method takes where the experiment says nothing.
  private struct Defaults {
    var updates = 1
    var baseline = Baseline.leaveOneOut
    var ratio = PolicyLoss.Ratio.sequence
    var weighting = TokenWeighting.grpo
    var clip = 0.2
    var beta = 0.05
    var gamma = 0.0

    init(_ method: Method) {
      switch method {
      case .reinforce:
        (baseline, ratio, weighting, clip, beta) = (.mean, .none, .sum, 0, 0.1)
      case .rloo: break
      case .mdloo: (updates, clip, gamma) = (4, 0, 0.1)
      case .ppo: (updates, baseline, ratio, weighting) = (4, .none, .token, .bnpo)
      case .grpo: (baseline, ratio, weighting, beta) = (.group, .token, .dapo, 0)
      }
    }
  }
}

/// The anchor of an op that holds its policy to a model.
struct AnchorParameters: StageParameters {
  enum Kind: String, CaseIterable, Sendable { case fixed, average }

  let kind: Kind
  private let averageRate: Double

  init(from reader: inout ParameterReader) throws(ParameterError) {
    kind = try reader.choice(
      "anchor", default: .fixed,
      "fixed: the input reference, or the checkpoint as it was; average: an exponential average of the "
        + "policy (WARP).")
    averageRate = try reader.number(
      "anchorRate", default: 0.01, in: 0...1,
      "μ: how much of the policy the average takes in with every update.")
  }

  /// μ; nil for a model that stays.
  var rate: Double? { kind == .average ? averageRate : nil }
}

/// PPO's critic.
struct CriticParameters: StageParameters {
  let discount: Double
  let decay: Double
  let clip: Double?
  let learningRate: Double

  init(from reader: inout ParameterReader) throws(ParameterError) {
    discount = try reader.number(
      "discount", default: 1, in: 0...1, "ppo: γ of generalised advantage estimates.")
    decay = try reader.number(
      "lambda", default: 0.95, in: 0...1, "ppo: λ of generalised advantage estimates.")
    let clip = try reader.number(
      "valueClip", default: 0.2, in: 0...1e6,
      "ppo: how far a value may move from when it was drawn; 0 does not clip.")
    self.clip = clip > 0 ? clip : nil
    learningRate = try reader.number(
      "criticLearningRate", default: 1e-5, in: 0...1e3, "ppo: the critic's rate, constant.")
  }
}

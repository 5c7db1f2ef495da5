import Numerics

/// Estimates of KL(π ‖ π_ref) from one token drawn from π, by d = log π − log π_ref (Schulman 2020).
package enum KLEstimator: String, CaseIterable, Sendable {
  /// d: unbiased, may be negative.
  case k1
  /// d²/2: its slope is an unbiased estimate of the divergence's.
  case k2
  /// e^{−d} + d − 1: unbiased and never negative; TRL's GRPO.
  case k3

  /// The estimate and its slope in log π.
  package func value(_ difference: Double) -> (value: Double, slope: Double) {
    switch self {
    case .k1: return (difference, 1)
    case .k2: return (difference * difference / 2, difference)
    case .k3:
      let inverse = Elementary.exp(-difference)
      return (inverse + difference - 1, 1 - inverse)
    }
  }
}

/// The surrogate that a policy gradient makes small, as a function of x, the logarithm of the ratio of the
/// policy to the one that drew the samples.
package struct PolicyLoss: Hashable, Sendable {
  /// What the ratio is of.
  package enum Ratio: String, CaseIterable, Sendable {
    /// No ratio: −A log π, REINFORCE. Right for the first update after sampling alone.
    case none
    /// Each token's: PPO and GRPO.
    case token
    /// A whole response's, one action: RLOO and MDLOO.
    case sequence
    /// The geometric mean over a response's tokens: GSPO (Zheng et al. 2025).
    case mean
  }

  package var ratio: Ratio
  /// The ratio is clipped to 1 − low … 1 + high; nil for not at all.
  package var clipLow: Double?
  package var clipHigh: Double?
  /// Weight of the divergence from the reference in the loss, and how it is estimated from tokens.
  package var klWeight: Double
  package var klEstimator: KLEstimator
  /// Weight of the divergence from the policy that drew the samples (MDLOO's γ).
  package var proximalWeight: Double

  package init(
    _ ratio: Ratio, clipLow: Double? = nil, clipHigh: Double? = nil, klWeight: Double = 0,
    klEstimator: KLEstimator = .k3, proximalWeight: Double = 0
  ) {
    self.ratio = ratio
    self.clipLow = clipLow
    self.clipHigh = clipHigh
    self.klWeight = klWeight
    self.klEstimator = klEstimator
    self.proximalWeight = proximalWeight
  }

  /// −min(ρA, clip(ρ)A) with ρ = eˣ, its slope in x, and whether clipping holds the policy back.
  package func surrogate(
    _ x: Double, advantage: Double
  ) -> (loss: Double, slope: Double, isClipped: Bool) {
    let ratio = Elementary.exp(x)
    let clipped = min(max(ratio, 1 - (clipLow ?? 1)), 1 + (clipHigh ?? .infinity))
    let (free, held) = (ratio * advantage, clipped * advantage)
    return held < free ? (-held, 0, true) : (-free, -free, false)
  }

  /// ρ log ρ − ρ + 1, whose mean over samples of the old policy is KL(π ‖ π_old), and its slope in x.
  package func proximal(_ x: Double) -> (value: Double, slope: Double) {
    let ratio = Elementary.exp(x)
    return (ratio * x - ratio + 1, ratio * x)
  }
}

/// How tokens' losses become one: what each counts for. `loss_type` of TRL's GRPO.
package enum TokenWeighting: String, CaseIterable, Sendable {
  /// The mean over all tokens of the samples, shared out evenly among the updates on their parts (DAPO, Yu
  /// et al. 2025).
  case dapo
  /// The mean of each response's mean.
  case grpo
  /// The mean over the tokens of the update.
  case bnpo
  /// The sum over the number of responses times the most tokens one may have (Liu et al. 2025).
  case drGRPO = "dr_grpo"
  /// The mean of each response's sum: the whole response is one action.
  case sum

  /// What each token of responses of these lengths counts for.
  /// - Parameters:
  ///   - longest: the most tokens that a response may have.
  ///   - shared: tokens of all samples over the updates that one pass over them makes.
  package func weights(
    lengths: [Int], longest: Int, shared: Double
  ) -> [Double] {
    let count = Double(max(1, lengths.count))
    let all = Double(max(1, lengths.reduce(0, +)))
    return lengths.map { length in
      switch self {
      case .dapo: 1 / max(1, shared)
      case .grpo: 1 / (count * Double(max(1, length)))
      case .bnpo: 1 / all
      case .drGRPO: 1 / (count * Double(longest))
      case .sum: 1 / count
      }
    }
  }
}

/// The clipped loss of a critic (PPO): ½ max((v − R)², (v′ − R)²), where v′ is v held within `clip` of what
/// it was when the samples were drawn.
package struct ValueLoss: Hashable, Sendable {
  package var clip: Double?

  package init(clip: Double?) { self.clip = clip }

  /// The loss of one token and its slope in the value.
  package func value(
    _ value: Double, old: Double, target: Double
  ) -> (loss: Double, slope: Double) {
    let error = value - target
    guard let clip else { return (0.5 * error * error, error) }
    let held = min(max(value, old - clip), old + clip) - target
    return held * held > error * error ? (0.5 * held * held, 0) : (0.5 * error * error, error)
  }
}

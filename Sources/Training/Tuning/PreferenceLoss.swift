import Numerics

/// The losses of a pair of responses, as TRL 1.16's `DPOTrainer` defines and names them. They are
/// functions of a = log π(chosen) − log π_ref(chosen) and b, the same of the rejected response; log π of
/// a response is the sum over its tokens.
package enum PreferenceLoss: String, CaseIterable, Sendable {
  /// −log σ(β(a − b)): DPO (Rafailov et al. 2023); with label smoothing ε, cDPO as TRL had it until 0.28.
  case sigmoid
  /// max(0, 1 − β(a − b)): SLiC.
  case hinge
  /// (a/n_c − b/n_r − 1/(2β))²: IPO (Azar et al. 2023) over token means, which TRL confirmed with its
  /// authors.
  case ipo
  /// (a − b − 1/(2β))²: IPO as printed, over sums; TRL's OnlineDPO.
  case ipoSum = "ipo_sum"
  /// EXO's pairwise form (Ji et al. 2024, eq. 16); needs label smoothing above 0.
  case exoPair = "exo_pair"
  /// NCA (Chen et al. 2024).
  case ncaPair = "nca_pair"
  /// Robust DPO (Chowdhury et al. 2024): unbiased under flipped labels at the rate ε.
  case robust
  /// BCO without its running shift (Jung et al. 2024).
  case bcoPair = "bco_pair"
  /// SPPO with hard labels (Wu et al. 2024, eq. 4.7).
  case sppoHard = "sppo_hard"
  /// Alignment by optimal transport on paired data: sorts the batch (Melnyk et al. 2024).
  case aot
  /// The same on unpaired data.
  case aotUnpaired = "aot_unpaired"
  /// APO (D'Oosterlinck et al. 2024, eq. 7): raises chosen, lowers rejected responses.
  case apoZero = "apo_zero"
  /// Eq. 8: lowers both, the rejected more.
  case apoDown = "apo_down"
  /// DiscoPOP (Lu et al. 2024, eq. 5).
  case discopop
  /// −log σ(β(a/n_c − b/n_r)): DPO over token means.
  case sigmoidNorm = "sigmoid_norm"

  /// Whether a pair's loss depends on the other pairs of its batch.
  package var isJoint: Bool { self == .aot || self == .aotUnpaired }
}

/// By what function of the likelihood ratio the implied reward is measured (f-DPO, Wang et al. 2023); TRL's
/// `f_divergence_type`.
package enum PreferenceDivergence: String, CaseIterable, Sendable {
  case reverseKL = "reverse_kl"
  case forwardKL = "forward_kl"
  case jensenShannon = "js_divergence"
  case alpha = "alpha_divergence"
}

/// The numbers that the losses take.
package struct PreferenceSettings: Hashable, Sendable {
  package var beta = 0.1
  /// ε, the rate at which labels are taken to be wrong.
  package var labelSmoothing = 0.0
  package var divergence = PreferenceDivergence.reverseKL
  /// α of `alpha_divergence`.
  package var alpha = 0.5
  /// τ of `discopop`.
  package var discopopTemperature = 0.05

  package init(beta: Double = 0.1, labelSmoothing: Double = 0) {
    self.beta = beta
    self.labelSmoothing = labelSmoothing
  }
}

/// One pair's numbers.
package struct PreferencePair: Hashable, Sendable {
  /// a and b.
  package var chosen: Double
  package var rejected: Double
  /// Tokens of the responses.
  package var chosenLength: Int
  package var rejectedLength: Int

  package init(
    chosen: Double, rejected: Double, chosenLength: Int = 1, rejectedLength: Int = 1
  ) {
    self.chosen = chosen
    self.rejected = rejected
    self.chosenLength = chosenLength
    self.rejectedLength = rejectedLength
  }
}

/// A loss with its slopes in a and b.
package struct PreferenceValue: Hashable, Sendable {
  package var loss: Double
  package var chosenSlope: Double
  package var rejectedSlope: Double
}

extension PreferenceLoss {
  /// The loss of one pair; for a joint loss, of a batch of this pair alone.
  package func value(_ pair: PreferencePair, _ settings: PreferenceSettings) -> PreferenceValue {
    let chosen = settings.score(pair.chosen)
    let rejected = settings.score(pair.rejected)
    let (beta, epsilon) = (settings.beta, settings.labelSmoothing)
    switch self {
    case .ncaPair, .bcoPair, .sppoHard, .apoZero, .apoDown:
      // These are of the plain log-ratios, whatever the divergence.
      return unpaired(pair.chosen, pair.rejected, settings)
    case .ipo, .sigmoidNorm:
      let scales = (1 / Double(max(1, pair.chosenLength)), 1 / Double(max(1, pair.rejectedLength)))
      let form: PreferenceLoss = self == .ipo ? .ipoSum : .sigmoid
      let (loss, slope) = form.ofDifference(
        chosen.value * scales.0 - rejected.value * scales.1, beta, 0, settings)
      return PreferenceValue(
        loss: loss, chosenSlope: slope * scales.0 * chosen.slope,
        rejectedSlope: -slope * scales.1 * rejected.slope)
    case .aot:
      let (loss, slope) = Self.smoothed(beta * (pair.chosen - pair.rejected), epsilon)
      return PreferenceValue(
        loss: loss, chosenSlope: beta * slope, rejectedSlope: -beta * slope)
    case .aotUnpaired:
      return PreferenceLoss.aot.value(pair, settings)
    default:
      let (loss, slope) = ofDifference(chosen.value - rejected.value, beta, epsilon, settings)
      return PreferenceValue(
        loss: loss, chosenSlope: slope * chosen.slope, rejectedSlope: -slope * rejected.slope)
    }
  }

  /// Losses of the difference of two scores alone, and their slopes.
  private func ofDifference(
    _ d: Double, _ beta: Double, _ epsilon: Double, _ settings: PreferenceSettings
  ) -> (loss: Double, slope: Double) {
    let z = beta * d
    let (up, down) = (Elementary.sigmoid(z), Elementary.sigmoid(-z))
    switch self {
    case .hinge: return (max(0, 1 - z), z < 1 ? -beta : 0)
    case .ipoSum:
      let error = d - 1 / (2 * beta)
      return (error * error, 2 * error)
    case .exoPair:
      let (logUp, logDown) = (Elementary.logSigmoid(z), Elementary.logSigmoid(-z))
      let (p, q) = (logUp - Elementary.log(1 - epsilon), logDown - Elementary.log(epsilon))
      // d(up)/dz = up · down; the entropies' own slopes cancel but for these.
      return (up * p + down * q, beta * up * down * (p - q))
    case .robust:
      let scale = 1 / (1 - 2 * epsilon)
      let loss =
        -(1 - epsilon) * Elementary.logSigmoid(z) + epsilon * Elementary.logSigmoid(-z)
      return (loss * scale, beta * scale * (-(1 - epsilon) * down - epsilon * up))
    case .discopop:
      let tau = settings.discopopTemperature
      let share = Elementary.sigmoid(z / tau)
      let (logistic, power) = (-Elementary.logSigmoid(z), Elementary.exp(-z))
      let slope =
        share * (1 - share) / tau * (power - logistic) - (1 - share) * down - share * power
      return (logistic * (1 - share) + power * share, beta * slope)
    default:
      let (loss, slope) = Self.smoothed(z, epsilon)
      return (loss, beta * slope)
    }
  }

  /// −(1 − ε) log σ(z) − ε log σ(−z), and its slope in z.
  private static func smoothed(_ z: Double, _ epsilon: Double) -> (loss: Double, slope: Double) {
    let loss = -(1 - epsilon) * Elementary.logSigmoid(z) - epsilon * Elementary.logSigmoid(-z)
    return (loss, -(1 - epsilon) * Elementary.sigmoid(-z) + epsilon * Elementary.sigmoid(z))
  }

  /// Losses of each log-ratio on its own.
  private func unpaired(
    _ a: Double, _ b: Double, _ settings: PreferenceSettings
  ) -> PreferenceValue {
    let beta = settings.beta
    let (x, y) = (beta * a, beta * b)
    let (sx, sy) = (Elementary.sigmoid(x), Elementary.sigmoid(y))
    let (nx, ny) = (Elementary.sigmoid(-x), Elementary.sigmoid(-y))
    switch self {
    case .ncaPair:
      return PreferenceValue(
        loss: -Elementary.logSigmoid(x) - 0.5 * Elementary.logSigmoid(-x)
          - 0.5 * Elementary.logSigmoid(-y),
        chosenSlope: beta * (0.5 * sx - nx), rejectedSlope: beta * 0.5 * sy)
    case .bcoPair:
      return PreferenceValue(
        loss: -Elementary.logSigmoid(x) - Elementary.logSigmoid(-y),
        chosenSlope: -beta * nx, rejectedSlope: beta * sy)
    case .sppoHard:
      let (p, q) = (a - 0.5 / beta, b + 0.5 / beta)
      return PreferenceValue(loss: p * p + q * q, chosenSlope: 2 * p, rejectedSlope: 2 * q)
    case .apoZero:
      return PreferenceValue(
        loss: 1 - sx + sy, chosenSlope: -beta * sx * nx, rejectedSlope: beta * sy * ny)
    default:
      let (s, n) = (Elementary.sigmoid(x - y), Elementary.sigmoid(y - x))
      let slope = beta * s * n
      return PreferenceValue(
        loss: sx + 1 - s, chosenSlope: beta * sx * nx - slope, rejectedSlope: slope)
    }
  }
}

extension PreferenceSettings {
  /// f′ of a likelihood ratio given as its logarithm, and the slope in that.
  func score(_ ratio: Double) -> (value: Double, slope: Double) {
    switch divergence {
    case .reverseKL: return (ratio, 1)
    case .forwardKL:
      let inverse = Elementary.exp(-ratio)
      return (1 - inverse, inverse)
    case .jensenShannon:
      return (
        Elementary.log(2) + Elementary.logSigmoid(ratio), Elementary.sigmoid(-ratio)
      )
    case .alpha:
      let power = alpha - 1
      guard power.magnitude >= 1e-6 else { return (ratio, 1) }
      // TRL's limit, so that the power stays finite in float32.
      let exponent = power * ratio
      let value = Elementary.exp(min(exponent, 80))
      return ((value - 1) / power, exponent < 80 ? value : 0)
    }
  }
}

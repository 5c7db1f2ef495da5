import Numerics

/// The learning rate of every step, by the rules of transformers' `get_…_schedule_with_warmup` and
/// `get_wsd_schedule`.
package struct Schedule: Hashable, Sendable {
  /// What the rate does after the warm-up.
  package enum Decay: String, CaseIterable, Sendable {
    case constant, linear, cosine
    /// Warm-up, stable, decay: the peak until the last `decaySteps` steps.
    case wsd
  }

  /// How a `wsd` schedule falls from the peak.
  package enum Fall: String, CaseIterable, Sendable {
    case linear, cosine
    case oneMinusRoot = "1-sqrt"
  }

  /// The highest learning rate.
  package var peak: Double
  package var decay: Decay
  /// Steps of linear rise from 0; the first step's rate is 0 when there are any. A `wsd` schedule rises
  /// from the minimum ratio.
  package var warmup: Int
  /// Steps in all, after which the last rate stays.
  package var steps: Int
  /// The last rate as a fraction of the peak.
  package var minimumRatio: Double
  /// Steps of the fall of a `wsd` schedule.
  package var decaySteps: Int
  package var fall: Fall

  package init(
    peak: Double, decay: Decay = .cosine, warmup: Int = 0, steps: Int, minimumRatio: Double = 0,
    decaySteps: Int = 0, fall: Fall = .cosine
  ) {
    self.peak = peak
    self.decay = decay
    self.warmup = warmup
    self.steps = steps
    self.minimumRatio = minimumRatio
    self.decaySteps = decaySteps
    self.fall = fall
  }

  /// The rate of the update that follows `step` earlier ones.
  package func rate(after step: Int) -> Double { peak * factor(after: step) }

  /// That rate as a fraction of the peak.
  package func factor(after step: Int) -> Double {
    if step < warmup {
      let rise = Double(step) / Double(warmup)
      return decay == .wsd ? raised(rise) : rise
    }
    let span = max(1, steps - warmup)
    let progress = min(1, Double(step - warmup) / Double(span))
    return switch decay {
    case .constant: 1
    case .linear: raised(1 - progress)
    case .cosine: raised(Self.cosine(progress))
    case .wsd: fallen(after: step)
    }
  }

  private func fallen(after step: Int) -> Double {
    let start = max(warmup, steps - decaySteps)
    if step < start { return 1 }
    if step >= steps { return minimumRatio }
    let progress = Double(step - start) / Double(max(1, steps - start))
    return switch fall {
    case .linear: raised(1 - progress)
    case .cosine: raised(Self.cosine(progress))
    case .oneMinusRoot: raised(1 - progress.squareRoot())
    }
  }

  private static func cosine(_ progress: Double) -> Double {
    0.5 * (1 + Elementary.cos(.pi * progress))
  }

  /// From 0…1 to minimumRatio…1.
  private func raised(_ factor: Double) -> Double { factor * (1 - minimumRatio) + minimumRatio }
}

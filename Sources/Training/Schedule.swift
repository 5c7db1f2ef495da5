import Numerics

/// The learning rate of every step, by the rules of transformers' `get_…_schedule_with_warmup`.
package struct Schedule: Hashable, Sendable {
  /// What the rate does after the warm-up.
  package enum Decay: String, CaseIterable, Sendable {
    case constant, linear, cosine
  }

  /// The highest learning rate.
  package var peak: Double
  package var decay: Decay
  /// Steps of linear rise from 0; the first step's rate is 0 when there are any.
  package var warmup: Int
  /// Steps in all.
  package var steps: Int
  /// The last rate as a fraction of the peak.
  package var minimumRatio: Double

  package init(
    peak: Double, decay: Decay = .cosine, warmup: Int = 0, steps: Int, minimumRatio: Double = 0
  ) {
    self.peak = peak
    self.decay = decay
    self.warmup = warmup
    self.steps = steps
    self.minimumRatio = minimumRatio
  }

  /// The rate of the update that follows `step` earlier ones.
  package func rate(after step: Int) -> Double {
    if step < warmup { return peak * (Double(step) / Double(warmup)) }
    let span = max(1, steps - warmup)
    let progress = min(1, Double(step - warmup) / Double(span))
    let factor: Double =
      switch decay {
      case .constant: 1
      case .linear: 1 - progress
      case .cosine: 0.5 * (1 + Elementary.cos(.pi * progress))
      }
    return peak * (decay == .constant ? 1 : factor * (1 - minimumRatio) + minimumRatio)
  }
}

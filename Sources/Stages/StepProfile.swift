import Numerics
import Pipeline

/// Says in a training stage's log where the time of some steps went. The first step, which makes memory,
/// is left out.
final class StepProfile {
  private let steps: Int
  private let profile: Profile
  private let compute: Compute
  private var first: (step: Int, tokens: Int, time: ContinuousClock.Instant)?

  /// nil when nobody asked.
  init?(steps: Int, _ compute: Compute) {
    guard steps > 0, let profile = compute.profile else { return nil }
    (self.steps, self.profile, self.compute) = (steps, profile, compute)
  }

  /// After each step; `tokens` are those seen so far.
  func heard(_ step: Int, tokens: Int, _ context: any StageContext) {
    guard let first else {
      profile.isOn = true
      return self.first = (step, tokens, .now)
    }
    guard profile.isOn, step == first.step + steps else { return }
    profile.isOn = false
    let seconds = (ContinuousClock.now - first.time) / .seconds(1)
    let table = profile.table(of: "\(steps) steps", seconds, tokens - first.tokens, on: compute)
    for line in table { context.log(line) }
  }
}

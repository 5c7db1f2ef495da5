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
    for line in lines(seconds, tokens: tokens - first.tokens) { context.log(line) }
  }

  private func lines(_ seconds: Double, tokens: Int) -> [String] {
    let peak = NumericsBenchmark.peak(on: compute)
    let shares = Profile.Kind.allCases.map { ($0.rawValue, profile.share(of: $0)) }
    let told = shares.reduce(0) { $0 + $1.1.seconds }
    let all = shares.reduce(0) { $0 + $1.1.operations }
    let rest = Profile.Share(seconds: max(0, seconds - told))
    let rows = (shares + [("everything else", rest)]).map { row($0, $1, of: seconds, peak) }
    return [
      "profile of \(steps) steps: \(Int(Double(tokens) / seconds)) tokens/s on \(compute.threads) "
        + "threads, \(number(all / seconds * 1e-9)) GFLOP/s, \(percent(all / seconds * 1e-9 / peak)) of the "
        + "matrix product's \(number(peak))"
    ] + rows
  }

  private func row(
    _ name: String, _ share: Profile.Share, of seconds: Double, _ peak: Double
  ) -> String {
    let time = "\(padded(name, 20))\(padded(percent(share.seconds / seconds), -8))"
    guard share.operations > 0, share.seconds > 0 else { return time }
    let rate = share.operations / share.seconds * 1e-9
    return time + "\(padded(number(rate), -8)) GFLOP/s\(padded(percent(rate / peak), -8)) of peak"
  }

  private func percent(_ value: Double) -> String { "\(number(value * 100)) %" }

  private func number(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

  /// To a width, on the left when it is negative.
  private func padded(_ text: String, _ width: Int) -> String {
    let space = String(repeating: " ", count: max(0, abs(width) - text.count))
    return width < 0 ? space + text : text + space
  }
}

/// From rewards of sampled responses to advantages: what a policy gradient multiplies by. All sums run in
/// the order of the responses.
package enum Advantages {
  /// What group-relative advantages are divided by; TRL's `scale_rewards`.
  package enum Scale: String, CaseIterable, Sendable { case group, batch, none }

  /// Each reward minus the mean of the others of its group (RLOO; AFM's MDLOO): K/(K − 1) times the
  /// distance to the group's mean.
  /// - Parameter group: K, the responses of one prompt, which lie together; at least 2.
  package static func leaveOneOut(_ rewards: [Double], group: Int) -> [Double] {
    precondition(group > 1 && rewards.count % group == 0, "whole groups of at least two")
    return rewards.indices.map { index in
      let start = index / group * group
      let sum = rewards[start..<start + group].reduce(0, +)
      return rewards[index] - (sum - rewards[index]) / Double(group - 1)
    }
  }

  /// Each reward minus its group's mean, divided by the standard deviation (n − 1) of the group or of all,
  /// plus 10⁻⁴: GRPO as TRL's `GRPOTrainer` has it; with `none`, Dr. GRPO.
  package static func grouped(_ rewards: [Double], group: Int, scale: Scale) -> [Double] {
    precondition(group > 0 && rewards.count % group == 0, "whole groups")
    let all = deviation(rewards[...])
    return rewards.indices.map { index in
      let start = index / group * group
      let own = rewards[start..<start + group]
      let distance = rewards[index] - mean(own)
      switch scale {
      case .group: return distance / (deviation(own) + 1e-4)
      case .batch: return distance / (all + 1e-4)
      case .none: return distance
      }
    }
  }

  /// (x − mean) / (deviation + 10⁻⁴): TRL's `normalize_advantages`.
  package static func normalised(_ values: [Double]) -> [Double] {
    let (mean, deviation) = (mean(values[...]), deviation(values[...]))
    return values.map { ($0 - mean) / (deviation + 1e-4) }
  }

  /// (x − mean) / √(variance + 10⁻⁸), the variance unbiased: TRL's `masked_whiten` over real tokens.
  package static func whitened(_ values: [Double]) -> [Double] {
    guard values.count > 1 else { return values.map { _ in 0 } }
    let mean = mean(values[...])
    let variance =
      values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
    let scale = 1 / (variance + 1e-8).squareRoot()
    return values.map { ($0 - mean) * scale }
  }

  /// Generalised advantage estimates of one response's tokens (Schulman et al. 2016): the sum of
  /// (γλ)ᵏ δ with δ = r + γ V(next) − V; after the last token there is nothing.
  package static func generalised(
    rewards: [Double], values: [Double], discount: Double, decay: Double
  ) -> [Double] {
    precondition(rewards.count == values.count, "a value per token")
    var advantages = [Double](repeating: 0, count: rewards.count)
    var (last, next) = (0.0, 0.0)
    for index in rewards.indices.reversed() {
      last = rewards[index] + discount * next - values[index] + discount * decay * last
      advantages[index] = last
      next = values[index]
    }
    return advantages
  }

  package static func mean(_ values: ArraySlice<Double>) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }

  /// With n − 1; 0 of a single value.
  package static func deviation(_ values: ArraySlice<Double>) -> Double {
    guard values.count > 1 else { return 0 }
    let mean = mean(values)
    return
      (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot()
  }
}

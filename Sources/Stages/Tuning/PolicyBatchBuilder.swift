import LanguageModel
import Training

/// Makes batches to learn from of rewarded responses.
struct PolicyBatchBuilder {
  let parameters: PolicyGradientParameters
  let critics: CriticParameters
  /// Responses of one prompt.
  let group: Int
  /// The most tokens that a response may have.
  let longest: Int

  /// What a response's tokens are to a policy gradient.
  private struct Lesson {
    var rollout: Rollout
    /// Per token.
    var advantages: [Double]
    /// A critic's, per token; empty without.
    var values: [Double] = []
    var returns: [Double] = []
  }

  /// - Parameters:
  ///   - values: a critic's, per token of every response; nil without.
  ///   - order: in which responses are dealt out to the parts.
  func parts(_ rollouts: [Rollout], values: [[Double]]?, order: [Int]) -> [Batch] {
    let lessons = values.map { criticised(rollouts, $0) } ?? whole(rollouts)
    let all = rollouts.reduce(0) { $0 + $1.response.count }
    guard parameters.parts > 1 else { return [batch(lessons, all)] }
    return (0..<parameters.parts).map { part in
      let from = order.count * part / parameters.parts
      let end = order.count * (part + 1) / parameters.parts
      return batch(order[from..<end].sorted().map { lessons[$0] }, all)
    }
  }

  // MARK: Advantages

  /// A response's reward with its divergence from the anchor taken off.
  private func penalised(_ rollout: Rollout) -> Double {
    guard parameters.klPlace == .reward, parameters.beta != 0 else { return rollout.reward.value }
    return rollout.reward.value - parameters.beta * divergences(rollout).reduce(0, +)
  }

  private func divergences(_ rollout: Rollout) -> [Double] {
    zip(rollout.old, rollout.reference).map {
      parameters.klEstimator.value(Double($0) - Double($1)).value
    }
  }

  /// One advantage for all tokens of a response.
  private func whole(_ rollouts: [Rollout]) -> [Lesson] {
    let rewards = rollouts.map(penalised)
    var advantages: [Double]
    switch parameters.baseline {
    case .none: advantages = rewards
    case .mean:
      let mean = Advantages.mean(rewards[...])
      advantages = rewards.map { $0 - mean }
    case .leaveOneOut: advantages = Advantages.leaveOneOut(rewards, group: group)
    case .group:
      advantages = Advantages.grouped(rewards, group: group, scale: parameters.scale)
    }
    if parameters.normalises { advantages = Advantages.normalised(advantages) }
    return zip(rollouts, advantages).map { rollout, advantage in
      Lesson(rollout: rollout, advantages: rollout.response.map { _ in advantage })
    }
  }

  /// Tokens' rewards are their divergences', the last one's the response's too; a critic's values make
  /// advantages of them (TRL's PPOTrainer).
  private func criticised(_ rollouts: [Rollout], _ values: [[Double]]) -> [Lesson] {
    var lessons = zip(rollouts, values).map { rollout, values in
      let penalties =
        parameters.klPlace == .reward && parameters.beta != 0
        ? divergences(rollout).map { -parameters.beta * $0 } : rollout.response.map { _ in 0 }
      var rewards = penalties
      rewards[rewards.count - 1] += rollout.reward.value
      let advantages = Advantages.generalised(
        rewards: rewards, values: values, discount: critics.discount, decay: critics.decay)
      return Lesson(
        rollout: rollout, advantages: advantages, values: values,
        returns: zip(advantages, values).map { $0 + $1 })
    }
    guard parameters.normalises else { return lessons }
    let whitened = Advantages.whitened(lessons.flatMap(\.advantages))
    var start = 0
    for index in lessons.indices {
      let end = start + lessons[index].advantages.count
      lessons[index].advantages = Array(whitened[start..<end])
      start = end
    }
    return lessons
  }

  // MARK: Columns

  /// - Parameter all: tokens of all parts' responses.
  private func batch(_ lessons: [Lesson], _ all: Int) -> Batch {
    let tokens = TokenBatch(lessons.map(\.rollout.sequence))
    let lengths = lessons.map(\.rollout.response.count)
    let weights = parameters.weighting.weights(
      lengths: lengths, longest: longest, shared: Double(all) / Double(parameters.parts))
    let perToken = { (value: (Lesson) -> [Double]) in column(tokens, lessons.map(value)) }
    let spread = zip(weights, lengths).map { Array(repeating: $0, count: $1) }
    var columns = [
      PolicyObjective.advantage: perToken(\.advantages),
      PolicyObjective.old: perToken { $0.rollout.old.map(Double.init) },
      PolicyObjective.reference: perToken { $0.rollout.reference.map(Double.init) },
      PolicyObjective.weight: column(tokens, spread),
    ]
    if parameters.method == .ppo {
      let count = lengths.reduce(0, +)
      columns[Critic.old] = perToken(\.values)
      columns[Critic.target] = perToken(\.returns)
      columns[Critic.weight] = column(
        tokens, lengths.map { Array(repeating: 1 / Double(max(1, count)), count: $0) })
    }
    return Batch(tokens, columns: columns)
  }

  /// Values of responses' tokens on the rows that predict them.
  private func column(_ tokens: TokenBatch, _ values: [[Double]]) -> [Float] {
    var column = [Float](repeating: 0, count: tokens.tokens.count)
    for (document, values) in zip(tokens.documents, values) {
      for (row, value) in zip(document.filter { tokens.targets[$0] >= 0 }, values) {
        column[row] = Float(value)
      }
    }
    return column
  }
}

/// A smooth choice of k of n: m = argmax ⟨s, m⟩ + εH(m) over 0 ≤ m ≤ 1 with Σ m = k, by coordinate ascent
/// on its dual (CoDA, Lei et al. 2023, arXiv 2304.04947, as `papers.md` §6.10 gives it):
///
///     b ← −s;  then per iteration:  a ← ε (log k − log Σ exp((s + b) / ε)),  b ← −relu(s + a)
///     m = exp((s + a + b) / ε)
///
/// with an ε of its own in iteration n, max(floor, ε₀ · decayⁿ); the last one's is that of m. The gradient
/// is that of the iterations, as automatic differentiation has it.
package struct SoftTopK: Hashable, Sendable {
  package var iterations: Int
  /// ε of the first iteration.
  package var epsilon: Double
  /// What each iteration multiplies it by.
  package var decay: Double
  /// The lowest ε.
  package var floor: Double

  package init(
    iterations: Int = 20, epsilon: Double = 4, decay: Double = 0.7, floor: Double = 0
  ) {
    precondition(
      iterations >= 1 && epsilon > 0 && decay > 0 && floor >= 0,
      "soft top-k needs an iteration and a positive epsilon")
    self.iterations = iterations
    self.epsilon = epsilon
    self.decay = decay
    self.floor = floor
  }

  /// ε by iteration.
  package var epsilons: [Double] {
    var value = epsilon
    return (0..<iterations).map { _ in
      defer { value *= decay }
      return max(floor, value)
    }
  }

  /// The masks of some scores, of which about `count` are 1.
  package func masks(_ scores: [Double], keeping count: Int) -> [Double] {
    solve(scores, count).masks
  }

  /// ∂loss/∂scores, given ∂loss/∂masks.
  package func gradient(
    _ slopes: [Double], scores: [Double], keeping count: Int
  ) -> [Double] {
    let solution = solve(scores, count)
    var result = [Double](repeating: 0, count: scores.count)
    // Through m: s, a and b have one slope.
    let last = solution.steps[iterations - 1].epsilon
    var toB = zip(slopes, solution.masks).map { $0 * $1 / last }
    var toA = toB.reduce(0, +)
    for index in result.indices { result[index] += toB[index] }
    for step in solution.steps.reversed() {
      // b = −relu(s + a)
      for index in result.indices where scores[index] + step.a > 0 {
        result[index] -= toB[index]
        toA -= toB[index]
      }
      // a falls with s + b as their softmax says.
      for index in result.indices {
        toB[index] = -toA * step.shares[index]
        result[index] += toB[index]
      }
      toA = 0
    }
    // b began as −s.
    for index in result.indices { result[index] -= toB[index] }
    return result
  }

  private struct Step {
    var epsilon: Double
    var a: Double
    /// softmax((s + b) / ε)
    var shares: [Double]
  }

  private func solve(_ scores: [Double], _ count: Int) -> (masks: [Double], steps: [Step]) {
    let logCount = Elementary.log(Double(count))
    var b = scores.map { -$0 }
    var steps: [Step] = []
    for epsilon in epsilons {
      let exponents = zip(scores, b).map { ($0 + $1) / epsilon }
      let most = exponents.max() ?? 0
      let terms = exponents.map { Elementary.exp($0 - most) }
      let sum = terms.reduce(0, +)
      let a = epsilon * (logCount - (most + Elementary.log(sum)))
      steps.append(Step(epsilon: epsilon, a: a, shares: terms.map { $0 / sum }))
      b = scores.map { -max(0, $0 + a) }
    }
    let last = steps[steps.count - 1]
    let masks = zip(scores, b).map { Elementary.exp(($0 + last.a + $1) / last.epsilon) }
    return (masks, steps)
  }
}

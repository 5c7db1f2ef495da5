import Numerics

/// Steps over which parameters are averaged.
package struct StepWindow: Hashable, Sendable {
  /// The first and the last step that count.
  package var first: Int
  package var last: Int
  /// Steps from one that counts to the next.
  package var every: Int

  package init(first: Int, last: Int, every: Int = 1) {
    self.first = first
    self.last = last
    self.every = every
  }

  func contains(_ step: Int) -> Bool {
    step >= first && step <= last && (step - first) % every == 0
  }

  /// How many of the first `step` steps count.
  func count(through step: Int) -> Int {
    let end = min(step, last)
    return end < first ? 0 : (end - first) / every + 1
  }
}

/// An average of the parameters after some steps. Its arenas are part of the training state.
package struct Average: Sendable {
  package enum Kind: Hashable, Sendable {
    /// e ← e + (1 − decay)(p − e), from the first step's parameters on, with the arithmetic of
    /// torch.lerp (`torch.optim.swa_utils.get_ema_avg_fn`).
    case exponential(decay: Double)
    /// The mean (Polyak): a sum in two floats, whose rounding errors are kept, divided once at the end.
    case uniform
  }

  package let kind: Kind
  package let window: StepWindow
  /// The exponential average, or the sum and its rounding errors.
  let arenas: [Floats]

  init(_ kind: Kind, _ window: StepWindow, count: Int) {
    self.kind = kind
    self.window = window
    arenas = (0..<(kind == .uniform ? 2 : 1)).map { _ in Floats(count: count) }
  }

  /// The output's name, and that of its tensors in a training state.
  package var name: String { kind == .uniform ? "average" : "ema" }

  /// What a training state must agree on.
  var description: String {
    switch kind {
    case .exponential(let decay): "ema \(decay) from \(window.first) every \(window.every)"
    case .uniform: "average from \(window.first) every \(window.every)"
    }
  }

  /// The names of a tensor's parts in a training state.
  func names(of tensor: String) -> [String] {
    kind == .uniform
      ? ["average.sum.\(tensor)", "average.error.\(tensor)"] : ["ema.\(tensor)"]
  }

  /// Whether a state after `step` steps has anything of it.
  func hasBegun(by step: Int) -> Bool { step >= window.first }

  /// Takes the parameters after a step in.
  func add(_ parameters: Floats, after step: Int, on compute: Compute) {
    guard window.contains(step) else { return }
    switch kind {
    case .uniform: compute.add(parameters, high: arenas[0], low: arenas[1])
    case .exponential where step == window.first: arenas[0].copy(from: parameters)
    case .exponential(let decay):
      compute.interpolate(arenas[0], towards: parameters, by: Float(1 - decay))
    }
  }

  /// The average after `step` steps; nil before its window.
  func value(after step: Int, on compute: Compute) -> Floats? {
    let count = window.count(through: step)
    guard count > 0 else { return nil }
    if kind != .uniform { return arenas[0] }
    let mean = Floats(count: arenas[0].count)
    compute.divide(high: arenas[0], low: arenas[1], by: count, into: mean)
    return mean
  }
}

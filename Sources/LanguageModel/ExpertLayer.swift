import Numerics

/// A layer of experts (Qwen2-MoE), forward beside backward:
///
///     p = softmax(router · x);   y = Σ_{e ∈ top-k(p)} pₑ · MLPₑ(x) + σ(sharedGate · x) · shared(x)
///
/// The rows of an expert are gathered, ascending, and go through its MLP together; a row's result
/// depends on that row alone, and a weight's gradient is one chain over its expert's rows.
struct ExpertLayer: Sendable {
  let experts: ExpertConfiguration
  let gate: Gate

  /// y from x, both `[rows, hidden]`. Keeps in `a` what `backward` needs.
  func forward(
    _ x: Matrix, _ a: ExpertActivations, _ w: ExpertWeights, into y: Matrix, on compute: Compute
  ) {
    let m = a.first(x.rows)
    w.router.forward(x, into: m.probabilities, on: compute)
    compute.softmaxRows(m.probabilities)
    let routing = Routing(m.probabilities, active: experts.active, on: compute)
    a.routing = routing
    compute.routeWeights(
      m.probabilities, routing, normalising: experts.normalises, into: m.weights)
    compute.gatherRows(routing.rows, of: x, into: m.gathered)
    for expert in 0..<experts.count {
      let places = routing.places(of: expert)
      if places.isEmpty { continue }
      m.routed.rows(places).forward(
        m.gathered[rows: places], w.routed[expert], gate, into: m.routedOutput[rows: places],
        on: compute)
    }
    m.shared.forward(x, w.shared, gate, into: m.sharedOutput, on: compute)
    w.sharedGate.forward(x, into: m.shares, on: compute)
    compute.sigmoid(m.shares.floats[0..<x.rows])
    compute.mixExperts(
      m.routedOutput, routing, weights: m.weights, shared: m.sharedOutput, shares: m.shares.floats,
      into: y)
  }

  /// Replaces dx, given dy; adds to the weights' gradients `g`. `balance` is the balancing loss's slope in
  /// every expert's probability. Overwrites `a`; dx must not be the memory of dy.
  func backward(
    _ dy: Matrix, x: Matrix, _ a: ExpertActivations, _ w: ExpertWeights, gradient g: ExpertWeights,
    scratch: ExpertGradients, balance: Floats, into dx: Matrix, on compute: Compute
  ) {
    guard let routing = a.routing else { preconditionFailure("backward before forward") }
    let (m, s) = (a.first(x.rows), scratch.first(x.rows, experts.active))
    compute.mixExpertsBackward(
      dy, routed: m.routedOutput, routing, weights: m.weights, shared: m.sharedOutput,
      shares: m.shares.floats, routedGradient: s.routed, weightGradient: s.weights,
      sharedGradient: s.shared, gateGradient: s.shares.floats)
    compute.routeBackward(
      m.probabilities, routing, weights: m.weights, normalising: experts.normalises,
      weightGradient: s.weights, balance: balance, into: s.logits)
    w.router.backward(s.logits, x: x, into: dx, gradient: g.router, on: compute)
    w.sharedGate.backward(s.shares, x: x, into: s.input, gradient: g.sharedGate, on: compute)
    compute.add(s.input, to: dx)
    m.shared.backward(
      s.shared, x: x, w.shared, gradient: g.shared, gate, scratch: s.sharedGated, into: s.input,
      on: compute)
    compute.add(s.input, to: dx)
    routedBackward(m, routing, w, g, s, compute)
    compute.addGathered(s.gathered, routing, to: dx)
  }

  private func routedBackward(
    _ m: ExpertMemory, _ routing: Routing, _ w: ExpertWeights, _ g: ExpertWeights,
    _ s: ExpertGradients, _ compute: Compute
  ) {
    for expert in 0..<experts.count {
      let places = routing.places(of: expert)
      if places.isEmpty { continue }
      m.routed.rows(places).backward(
        s.routed[rows: places], x: m.gathered[rows: places], w.routed[expert],
        gradient: g.routed[expert], gate, scratch: s.gated[rows: places],
        into: s.gathered[rows: places], on: compute)
    }
  }
}

/// What a layer of experts computes for some rows. A class, for its routing is made anew in every pass.
final class ExpertActivations {
  /// The choices of the last forward pass.
  var routing: Routing?
  private let memory: ExpertMemory

  /// New memory for `rows` tokens.
  init(rows: Int, _ c: ModelConfiguration, _ experts: ExpertConfiguration) {
    memory = ExpertMemory(rows: rows, c, experts)
  }

  /// What the last forward pass, of `rows` rows, gave as probabilities.
  func probabilities(rows: Int) -> Matrix { memory.probabilities[rows: 0..<rows] }

  func first(_ rows: Int) -> ExpertMemory { ExpertMemory(memory, rows: rows) }
}

/// The matrices behind `ExpertActivations`. A row has `active` places among the gathered rows.
struct ExpertMemory {
  /// `[rows, experts]`
  let probabilities: Matrix
  /// `[rows · active]`
  let weights: Floats
  /// `[rows · active, hidden]`
  let gathered: Matrix
  let routed: MLPActivations
  let routedOutput: Matrix
  let shared: MLPActivations
  /// `[rows, hidden]`, before its share.
  let sharedOutput: Matrix
  /// `[rows, 1]`
  let shares: Matrix
  private let active: Int

  init(rows: Int, _ c: ModelConfiguration, _ experts: ExpertConfiguration) {
    active = experts.active
    let places = rows * active
    probabilities = Matrix(rows: rows, columns: experts.count)
    weights = Floats(count: places)
    gathered = Matrix(rows: places, columns: c.hidden)
    routed = MLPActivations(rows: places, width: experts.intermediate)
    routedOutput = Matrix(rows: places, columns: c.hidden)
    shared = MLPActivations(rows: rows, width: experts.sharedIntermediate)
    sharedOutput = Matrix(rows: rows, columns: c.hidden)
    shares = Matrix(rows: rows, columns: 1)
  }

  init(_ other: ExpertMemory, rows: Int) {
    active = other.active
    let (all, places) = (0..<rows, 0..<rows * active)
    probabilities = other.probabilities[rows: all]
    weights = other.weights[places]
    gathered = other.gathered[rows: places]
    routed = other.routed.rows(places)
    routedOutput = other.routedOutput[rows: places]
    shared = other.shared.rows(all)
    sharedOutput = other.sharedOutput[rows: all]
    shares = other.shares[rows: all]
  }
}

/// Gradients inside a layer of experts.
struct ExpertGradients {
  let logits: Matrix
  let weights: Floats
  let routed: Matrix
  let gathered: Matrix
  let gated: Matrix
  let shared: Matrix
  let sharedGated: Matrix
  let shares: Matrix
  let input: Matrix

  init(rows: Int, _ c: ModelConfiguration, _ experts: ExpertConfiguration) {
    let places = rows * experts.active
    logits = Matrix(rows: rows, columns: experts.count)
    weights = Floats(count: places)
    routed = Matrix(rows: places, columns: c.hidden)
    gathered = Matrix(rows: places, columns: c.hidden)
    gated = Matrix(rows: places, columns: experts.intermediate)
    shared = Matrix(rows: rows, columns: c.hidden)
    sharedGated = Matrix(rows: rows, columns: experts.sharedIntermediate)
    shares = Matrix(rows: rows, columns: 1)
    input = Matrix(rows: rows, columns: c.hidden)
  }

  private init(_ other: ExpertGradients, rows: Int, places: Int) {
    logits = other.logits[rows: 0..<rows]
    weights = other.weights[0..<places]
    routed = other.routed[rows: 0..<places]
    gathered = other.gathered[rows: 0..<places]
    gated = other.gated[rows: 0..<places]
    shared = other.shared[rows: 0..<rows]
    sharedGated = other.sharedGated[rows: 0..<rows]
    shares = other.shares[rows: 0..<rows]
    input = other.input[rows: 0..<rows]
  }

  func first(_ rows: Int, _ active: Int) -> ExpertGradients {
    ExpertGradients(self, rows: rows, places: rows * active)
  }
}

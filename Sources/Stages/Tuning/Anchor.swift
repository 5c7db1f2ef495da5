import LanguageModel
import Numerics
import Pipeline
import Training

/// The model that a policy is held to: one that stays, or an exponential average of the policy itself
/// (WARP's first stage, Ramé et al. 2024, §3.1). One thread may use it at a time.
final class Anchor {
  private let pass: TrainingPass
  /// μ; nil for a model that stays.
  private let rate: Double?
  private let compute: Compute

  /// - Parameter rate: μ in θ_ema ← (1 − μ) θ_ema + μ θ after every update; nil for a model that stays.
  ///   The moving one is a copy.
  init(_ model: Transformer, rate: Double?, on compute: Compute) {
    self.rate = rate
    self.compute = compute
    var configuration = model.configuration
    // Nobody balances an anchor's experts.
    configuration.experts?.lossWeight = 0
    let own = rate == nil ? model : model.copy()
    pass = TrainingPass(Transformer(configuration, parameters: own.parameters), on: compute)
    // A batch without an end, while the model stays.
    if rate == nil { pass.beginBatch() }
  }

  /// A value per row; 0 where nothing is predicted.
  func logProbabilities(
    of batch: TokenBatch, rows: Int, check: () throws -> Void
  ) throws -> [Float] {
    if rate != nil { pass.beginBatch() }
    defer { if rate != nil { pass.endBatch() } }
    return try batch.parts(rows: rows).flatMap { part in
      try check()
      return pass.forward(part)
    }
  }

  /// Follows the policy after an update.
  func follow(_ policy: Transformer) {
    guard let rate else { return }
    compute.interpolate(pass.model.parameters, towards: policy.parameters, by: Float(rate))
  }

  private static let name = "anchor"

  /// Part of the training state, when it moves.
  var state: [String: Floats] { rate == nil ? [:] : [Self.name: pass.model.parameters] }

  func restore(_ state: [String: Floats]) throws(TrainingError) {
    guard rate != nil else { return }
    try Self.restore(state, Self.name, into: pass.model.parameters)
  }

  /// Copies one arena of a training state.
  static func restore(
    _ state: [String: Floats], _ name: String, into arena: Floats
  ) throws(TrainingError) {
    guard let values = state[name], values.count == arena.count else {
      throw TrainingError(
        "the snapshot has no \"\(name)\" of \(arena.count) numbers, which this objective goes on with"
      )
    }
    arena.copy(from: values)
  }
}

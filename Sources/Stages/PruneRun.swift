import LanguageModel
import Ledger
import Numerics
import Pipeline
import Training

/// The scores by which a method without training ranks the units of every layer.
struct UnitRanking {
  let parameters: Prune.Parameters
  let setting: TokenSetting

  func scores(_ method: Prune.Method, of model: Transformer) throws -> [[Double]] {
    switch method {
    case .magnitude: return try UnitPruning.magnitudes(of: model, on: setting.compute)
    case .activation: return try activations(of: model)
    case .softTopK, .random:
      let stream = RandomStream(seed: setting.context.seed, purpose: "units to keep")
      return (0..<model.configuration.layers).map { layer in
        let own = stream.substream(UInt64(layer))
        return (0..<model.configuration.intermediate).map { own.uniformDouble(at: UInt64($0)) }
      }
    }
  }

  /// On the first batches that a run on these tokens would see.
  private func activations(of model: Transformer) throws -> [[Double]] {
    let mixture = setting.data.mixture
    var sums: [[Double]] = []
    let count = min(parameters.batches, mixture.steps)
    for step in 0..<count {
      let some = try UnitPruning.activations(
        of: model, on: mixture.batch(after: step).tokens, rows: setting.rows(model.configuration),
        compute: setting.compute, check: { try setting.context.checkCancellation() })
      sums = sums.isEmpty ? some : zip(sums, some).map { zip($0, $1).map { $0 + $1 } }
      setting.context.progress(
        Progress(done: Double(step + 1), total: Double(count), unit: "batches"))
    }
    return sums.map { $0.map { $0 / Double(count) } }
  }
}

/// A model cut by a ranking.
struct PlainPruning {
  let parameters: Prune.Parameters
  let setting: TokenSetting

  func carryOut() throws {
    let context = setting.context
    let model = try context.input("checkpoint").checkpoint().model
    try UnitPruning.check(model.configuration, keeping: parameters.intermediate)
    let ranking = UnitRanking(parameters: parameters, setting: setting)
    let units = try ranking.scores(parameters.method, of: model).map {
      UnitPruning.best(parameters.intermediate, of: $0)
    }
    let cut = try UnitPruning.cut(model, to: units)
    try Checkpoint(cut, tokenizerFiles: context.input("tokenizer").files())
      .write(to: context.makeTree("checkpoint"))
    try setting.score(cut, as: nil)
    try setting.score(model, as: "base")
    context.score("parameters", Score(Double(cut.parameters.count)))
  }
}

/// Masks trained on the data, then cut.
struct PruningTask: TokenTask {
  let parameters: Prune.Parameters
  let masks: Prune.MaskParameters
  let setting: TokenSetting

  func reparametrisation(of model: Transformer) throws -> (any Reparametrisation)? {
    try UnitPruning.check(model.configuration, keeping: parameters.intermediate)
    return MaskTraining(
      try UnitMasks(
        masks.softTopK, keeping: parameters.intermediate, of: model, scores: initial(model),
        trainsModel: masks.trained == .all),
      scoreRate: masks.trained == .all ? masks.scoreRate : 1)
  }

  private func initial(_ model: Transformer) throws -> [[Double]] {
    let c = model.configuration
    let ranking = UnitRanking(parameters: parameters, setting: setting)
    switch masks.start {
    case .zeros:
      return [[Double]](
        repeating: [Double](repeating: 0, count: c.intermediate), count: c.layers)
    case .magnitude: return try ranking.scores(.magnitude, of: model).map(standardised)
    case .activation: return try ranking.scores(.activation, of: model).map(standardised)
    }
  }

  /// Mean 0 and standard deviation 1, or all 0.
  private func standardised(_ values: [Double]) -> [Double] {
    let mean = values.reduce(0, +) / Double(values.count)
    let square = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    return values.map { square > 0 ? ($0 - mean) / square.squareRoot() : 0 }
  }

  /// The trained masks, and which units stay.
  private func outcome(_ trainer: Trainer) -> (masks: [[Double]], units: [[Int]]) {
    guard let training = trainer.reparametrisation as? MaskTraining else { return ([], []) }
    let masks = training.masks
    let units = masks.scores.map { UnitPruning.best(parameters.intermediate, of: $0) }
    return (masks.masks, units)
  }

  func writeModel(
    _ trainer: Trainer, tokenizer: [String: [UInt8]], in context: any StageContext
  ) throws {
    try Checkpoint(
      UnitPruning.cut(trainer.model, to: outcome(trainer).units), tokenizerFiles: tokenizer
    ).write(to: context.makeTree("checkpoint"))
  }

  func addScores(_ trainer: Trainer, _ setting: TokenSetting) throws {
    let (masks, units) = outcome(trainer)
    let cut = try UnitPruning.cut(trainer.model, to: units)
    try setting.score(cut, as: "cut")
    try setting.score(setting.context.input("checkpoint").checkpoint().model, as: "base")
    setting.context.score("parameters/cut", Score(Double(cut.parameters.count)))
    let kept = zip(masks, units).flatMap { masks, units in units.map { masks[$0] } }
    let all = masks.flatMap { $0 }
    // 1 and 0 when every mask has made up its mind.
    let sum = kept.reduce(0, +)
    setting.context.score("mask/kept", Score(sum / Double(kept.count)))
    setting.context.score(
      "mask/cut", Score((all.reduce(0, +) - sum) / Double(max(1, all.count - kept.count))))
  }
}

extension TokenSetting {
  /// The validation losses of a model as scores, `loss/validation/NAME`.
  func score(_ model: Transformer, as name: String?) throws {
    for (set, loss) in zip(validation, try validationLosses(of: model)) {
      guard let loss else { continue }
      let source = set.name == mainSource ? "" : "/\(set.name)"
      context.score(
        "loss/validation\(source)" + (name.map { "/\($0)" } ?? ""),
        Score(loss, count: set.batch.tokens.targetCount, higherIsBetter: false))
    }
  }
}

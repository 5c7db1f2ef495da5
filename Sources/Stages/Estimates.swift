import ContentStore
import LanguageModel
package import Pipeline

/// What ops say of their cost. An op's `estimate` is one line of these, with the models of its inputs:
///
/// ```swift
/// Estimates.training(inputs.model("checkpoint"), tokens: Double(p.tokens), sequence: p.sequence)
/// Estimates.training(inputs.model("policy"), tokens: …, sequence: …, beside: [inputs.model("reference")])
/// Estimates.sampling(inputs.model("checkpoint"), samples: Double(p.count), tokens: p.tokens)
/// Estimates.scoring(inputs.model("checkpoint"), tokens: nil)
/// Estimates.surgery(inputs.model("checkpoint"))
/// ```
///
/// A model that is not known (an imported one) gives nil; tokens that only the data tell are nil, and then the
/// estimate has no operations, but still hands the model on to the stages downstream.
enum Estimates {
  /// A stretch of training with sequences of one length.
  struct Stretch {
    var tokens: Double
    var sequence: Int
    /// Tokens in a step.
    var batchTokens: Double?
  }

  /// Training a model.
  /// - Parameters:
  ///   - tokens: all that go through the model, every epoch and both sides of a pair counted.
  ///   - sequence: the length of a row, tokens.
  ///   - beside: frozen models that see the same tokens: a reference, a reward model.
  ///   - kept: checkpoints that are written, averages and snapshots counted.
  static func training(
    _ model: ModelShape?, tokens: Double?, sequence: Int, batchTokens: Double? = nil,
    beside frozen: [ModelShape?] = [], kept: Double = 1
  ) -> Estimate? {
    let stretches = tokens.map {
      [Stretch(tokens: $0, sequence: sequence, batchTokens: batchTokens)]
    }
    return training(model, stretches: stretches ?? [], beside: frozen, kept: kept)
  }

  /// The same over phases of different lengths.
  static func training(
    _ model: ModelShape?, stretches: [Stretch], beside frozen: [ModelShape?] = [],
    kept: Double = 1
  ) -> Estimate? {
    guard let model else { return nil }
    let frozen = frozen.compactMap(\.self)
    var work = stretches.map { passes(.training, model, $0) }
    for other in frozen { work += stretches.map { passes(.scoring, other, $0) } }
    // Parameters, gradients and two moments in 32 bits, and the parameters and moments once more while a
    // state is written; frozen models' parameters.
    let frozenBytes = frozen.reduce(0) { $0 + 4 * $1.parameters }
    var estimate = summary(model, work)
    estimate.memoryBytes = 28 * model.parameters + frozenBytes + Self.activations
    estimate.storageBytes = 4 * model.parameters * kept
    return estimate
  }

  /// Writing with a model.
  /// - Parameters:
  ///   - samples: texts written in all; nil while unknown.
  ///   - tokens: of a text written, at most.
  ///   - promptTokens: of a prompt; 0 where the data say it.
  ///   - group: texts of one prompt.
  ///   - judges: models that read every text whole, such as a reward model.
  static func sampling(
    _ model: ModelShape?, samples: Double?, tokens: Int, promptTokens: Int = 0,
    group: Int = 1, judges: [ModelShape?] = []
  ) -> Estimate? {
    guard let model else { return nil }
    var work: [ModelWork] = []
    if let samples {
      work.append(
        written(
          by: model, samples: samples, tokens: Double(tokens), promptTokens: Double(promptTokens),
          group: Double(group)))
      let whole = Double(tokens + promptTokens)
      work += judges.compactMap(\.self).map {
        ModelWork(.scoring, $0, tokens: samples * whole, sequence: whole)
      }
    }
    return reading(model, work, others: judges.compactMap(\.self))
  }

  /// Texts written by a model.
  static func written(
    by model: ModelShape, samples: Double, tokens: Double, promptTokens: Double, group: Double
  ) -> ModelWork {
    ModelWork(
      .sampling, model, tokens: samples * (tokens + promptTokens), sequence: tokens + promptTokens,
      written: tokens, group: group)
  }

  /// What a model does, added up.
  /// - Parameter others: models that are held beside it.
  static func work(
    _ model: ModelShape?, _ work: [ModelWork], others: [ModelShape?] = []
  ) -> Estimate? {
    model.map { reading($0, work, others: others.compactMap(\.self)) }
  }

  /// Reading texts with a model: evaluation, rewards, log-probabilities.
  /// - Parameter tokens: read in all; nil while unknown.
  static func scoring(
    _ model: ModelShape?, tokens: Double?, sequence: Int = 1024
  ) -> Estimate? {
    guard let model else { return nil }
    let stretch = tokens.map { Stretch(tokens: $0, sequence: sequence) }
    return reading(model, stretch.map { [passes(.scoring, model, $0)] } ?? [], others: [])
  }

  /// Making a checkpoint of others without training: merging, pruning, upcycling, quantising.
  /// - Parameters:
  ///   - result: the model that comes out; nil when it is like the first.
  ///   - inputs: how many models are held at once.
  ///   - bits: of a parameter as it is written.
  static func surgery(
    _ model: ModelShape?, result: ModelShape? = nil, inputs: Int = 1, bits: Double = 32
  ) -> Estimate? {
    guard let made = result ?? model else { return nil }
    var estimate = summary(made, [])
    estimate.memoryBytes = 4 * made.parameters + 4 * Double(inputs) * (model ?? made).parameters
    estimate.storageBytes = bits / 8 * made.parameters
    return estimate
  }

  /// A micro-batch's activations and what a process needs besides.
  private static let activations = 0x1p28

  /// The same estimate with more work, for what training does beside its steps.
  static func adding(_ more: [ModelWork], to estimate: Estimate?) -> Estimate? {
    guard var estimate, let model = estimate.model else { return estimate }
    let whole = summary(model, estimate.work + more)
    estimate.work = whole.work
    (estimate.flops, estimate.attentionFlops) = (whole.flops, whole.attentionFlops)
    (estimate.tokens, estimate.formula) = (whole.tokens, whole.formula)
    return estimate
  }

  /// The same training, learning what a teacher predicts of its tokens.
  /// - Parameter targets: its whole distributions are part of the training's own work; of its first choices
  ///   only a forward pass is needed.
  static func taught(
    _ estimate: Estimate?, by teacher: ModelShape?, targets: TeacherTargets
  ) -> Estimate? {
    guard var estimate, let teacher else { return estimate }
    // Its parameters and their prepared forms are held, and no moments.
    estimate.memoryBytes = (estimate.memoryBytes ?? 0) + 16 * teacher.parameters
    var read: [ModelWork] = []
    switch targets {
    case .full: for index in estimate.work.indices { estimate.work[index].teacher = teacher }
    case .firstChoice:
      read = estimate.work.map {
        ModelWork(.scoring, teacher, tokens: $0.tokens, sequence: $0.sequence)
      }
    }
    return adding(read, to: estimate)
  }

  private static func reading(
    _ model: ModelShape, _ work: [ModelWork], others: [ModelShape]
  ) -> Estimate {
    var estimate = summary(model, work)
    let parameters = others.reduce(model.parameters) { $0 + $1.parameters }
    estimate.memoryBytes = 4 * parameters + activations
    return estimate
  }

  private static func passes(
    _ kind: ModelWork.Kind, _ model: ModelShape, _ stretch: Stretch
  ) -> ModelWork {
    ModelWork(
      kind, model, tokens: stretch.tokens, sequence: Double(stretch.sequence),
      batchTokens: stretch.batchTokens)
  }

  private static func summary(_ model: ModelShape, _ work: [ModelWork]) -> Estimate {
    var estimate = Estimate(parameters: model.parameters, model: model, work: work)
    guard !work.isEmpty else { return estimate }
    // A token counts once, however many models see it.
    let first = work.filter { $0.kind == work[0].kind && $0.model == work[0].model }
    estimate.tokens = first.reduce(0) { $0 + $1.tokens }
    estimate.flops = work.reduce(0) { $0 + $1.flops }
    estimate.attentionFlops = work.reduce(0) { $0 + $1.attentionFlops }
    estimate.formula = Self.formula(model, work)
    return estimate
  }

  private static func formula(_ model: ModelShape, _ work: [ModelWork]) -> String {
    let own = work[0].kind == .training ? "6 · N · D" : "2 · N · D"
    let hasOthers = work.contains {
      $0.kind != work[0].kind || $0.model != model || $0.teacher != nil
    }
    let counted = model.vocabularySize == nil ? ", embeddings not counted" : ""
    let active =
      model.activeBodyParameters < model.bodyParameters ? "active parameters" : "parameters"
    return own + (hasOthers ? " + 2 · M · D" : "") + "; N: \(active)\(counted), D: tokens"
      + (hasOthers ? ", M: models that only read or write" : "")
  }
}

extension Reported.Plan {
  /// What training the model that the paper describes costs, where the experiment has no stage of this size.
  /// Throws what is wrong with `model`.
  package func estimate() throws(ParameterError) -> Estimate? {
    guard let members = model?.objectValue else { return nil }
    var reader = ParameterReader(members, path: "model")
    let parameters = try reader.decode { (reader) throws(ParameterError) in
      try ModelParameters(from: &reader)
    }
    let tokens = values.first { $0.quantity == .tokens }?.value
    return Estimates.training(
      parameters.shape(vocabularySize: vocabularySize), tokens: tokens, sequence: 1)
  }
}

extension [String: [Estimate]] {
  /// The model that a port's checkpoint holds, when its stage knows it.
  func model(_ port: String) -> ModelShape? { self[port]?.first?.model }

  /// The size of a port's tokenizer, when its stage knows it.
  func vocabularySize(_ port: String = "tokenizer") -> Double? {
    self[port]?.first?.vocabularySize
  }

  /// Tokens in a port's data, when its stage knows them.
  func tokens(_ port: String) -> Double? {
    self[port]?.reduce(nil) { sum, estimate in
      estimate.tokens.map { (sum ?? 0) + $0 }
    }
  }
}

extension ModelConfiguration {
  /// The sizes that cost follows from.
  /// - Parameter vocabularySize: rows of the embedding matrix; nil while unknown.
  func shape(vocabularySize: Double?) -> ModelShape {
    let windows = (0..<layers).compactMap { window(layer: $0) }
    let widths = (0..<layers).map { layer in
      experts(layer: layer).map { $0.active * $0.intermediate + $0.sharedIntermediate }
        ?? intermediate
    }
    return ModelShape(
      layers: Double(layers), hidden: Double(hidden), heads: Double(heads),
      keyValueHeads: Double(keyValueHeads), headSize: Double(headSize),
      mlpWidth: Double(widths.reduce(0, +)) / Double(max(1, layers)),
      bodyParameters: Double(bodyParameterCount(activeOnly: false)),
      activeBodyParameters: Double(bodyParameterCount(activeOnly: true)),
      vocabularySize: vocabularySize, isTied: isTied, window: windows.first.map(Double.init),
      windowLayers: Double(windows.count))
  }
}

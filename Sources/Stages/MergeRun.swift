import ContentStore
import LanguageModel
import Ledger
import Numerics
import Pipeline

/// A merge being carried out, tensor by tensor.
struct MergeRun {
  private let parameters: Merge.Parameters
  private let context: any StageContext
  private let inputs: MergeInputs
  private let merging: Merging
  private let layout: ParameterLayout

  init(_ parameters: Merge.Parameters, _ context: any StageContext) throws {
    self.parameters = parameters
    self.context = context
    inputs = try MergeInputs(parameters, context)
    try inputs.check(parameters.method)
    merging = Merging(on: Compute(threads: context.threads))
    layout = inputs.models[0].checkpoint.model.layout
  }

  private var arenas: [Floats] { inputs.models.map(\.parameters) }

  func carryOut() throws {
    let merged = try merged()
    if let index = merging.compute.firstNonFinite(merged) {
      throw StageError(
        "the merged tensor \"\(layout.view(containing: index)?.name ?? "")\" holds "
          + "\(merged[index]); look at the weights")
    }
    try record(merged)
    let first = inputs.models[0].checkpoint
    let model = Transformer(first.model.configuration, parameters: merged)
    try Checkpoint(model, tokenizerFiles: first.tokenizerFiles)
      .write(to: context.makeTree("checkpoint"))
  }

  private func merged() throws -> Floats {
    switch parameters.method {
    case .linear, .average, .warm: try linear()
    case .ema: try ema()
    case .liti:
      try byGroup(.tensor) { base, inputs, _ in
        merging.interpolation(from: base, to: inputs[0], by: parameters.eta)
      }
    case .slerp, .nuslerp, .taskSlerp: try spherical()
    case .taskArithmetic, .ties, .dareLinear, .dareTIES: try task()
    case .modelStock:
      try byGroup(parameters.filterWise ? layout.rowGroups : layout.groups(.tensor)) {
        base, inputs, _ in merging.stock(inputs, base: base)
      }
    }
  }

  /// What `body` makes of base (the first model when there is none) and models, group by group.
  private func byGroup(
    _ groups: [MergeGroup], _ body: (Floats, [Floats], MergeGroup) -> Floats
  ) throws -> Floats {
    let (base, arenas) = (inputs.base?.parameters ?? arenas[0], arenas)
    var done = 0
    return try merging.byGroup(groups) {
      try context.checkCancellation()
      context.progress(
        Progress(done: Double(done), total: Double(groups.count), unit: "tensors"))
      done += 1
    } _: { group in
      body(base[group.range], arenas.map { $0[group.range] }, group)
    }
  }

  private func byGroup(
    _ scope: MergeScope, _ body: (Floats, [Floats], MergeGroup) -> Floats
  ) throws -> Floats {
    try byGroup(layout.groups(scope), body)
  }

  // MARK: Methods

  private func linear() throws -> Floats {
    let weights = try inputs.weights(parameters)
    guard !parameters.normalize || weights.reduce(0, +) != 0 else {
      throw ParameterError(path: "weights", message: "add up to 0; set normalize to false")
    }
    // The mean divides whatever `normalize` says.
    let normalizing = parameters.method != .linear || parameters.normalize
    return try byGroup(.tensor) { _, inputs, _ in
      merging.linear(inputs, weights: weights, normalizing: normalizing)
    }
  }

  private func ema() throws -> Floats {
    let hasBase = inputs.base != nil
    return try byGroup(.tensor) { base, inputs, _ in
      merging.exponentialAverage((hasBase ? [base] : []) + inputs, decay: parameters.decay)
    }
  }

  /// t by depth; nil for the middle, and for more than two inputs.
  private func course() throws -> DepthGradient? {
    if !parameters.gradient.isEmpty || parameters.t != nil {
      guard parameters.method == .slerp || inputs.models.count == 2 else {
        throw ParameterError(
          path: parameters.t == nil ? "gradient" : "t",
          message: "is for two inputs, found \(inputs.models.count)")
      }
      return DepthGradient(parameters.t.map { [$0] } ?? parameters.gradient)
    }
    guard !parameters.weights.isEmpty else { return nil }
    let weights = try inputs.weights(parameters)
    guard weights.count == 2 else {
      throw ParameterError(
        path: "weights", message: "are for two inputs of nuslerp, found \(weights.count)")
    }
    let sum = weights[0] + weights[1]
    return DepthGradient([sum.magnitude < 1e-6 ? 0.5 : weights[1] / sum])
  }

  private func spherical() throws -> Floats {
    let course = try course()
    let hasBase = inputs.base != nil
    return try byGroup(parameters.scope) { base, inputs, group in
      let t = course?.value(at: group.depth)
      if parameters.method == .slerp {
        return merging.slerp(base, hasBase ? inputs[0] : inputs[1], t: t ?? 0.5)
      }
      return hasBase
        ? merging.taskSlerp(inputs, from: base, t: t) : merging.sphericalMean(inputs, t: t)
    }
  }

  private func task() throws -> Floats {
    let method = parameters.method
    let (isTIES, isDARE) = (
      method == .ties || method == .dareTIES, method == .dareLinear || method == .dareTIES
    )
    let merge = TaskMerge(
      selection: isDARE ? .random(seed: context.seed) : isTIES ? .largest : .all,
      rescaling: parameters.rescale, electsSigns: isTIES, normalizes: parameters.normalize,
      scale: parameters.lambda)
    let weights = try inputs.weights(parameters)
    let densities = try inputs.values(
      parameters.densities, "densities", default: parameters.density, needsAll: false)
    let models = zip(inputs.models, zip(weights, densities)).map { model, numbers in
      TaskMerge.Input(
        name: model.name, parameters: model.parameters, weight: numbers.0, density: numbers.1)
    }
    return try byGroup(.tensor) { base, _, group in
      merge.merge(models.map { $0[group.range] }, base: base, tensor: group.name, on: merging)
    }
  }

  // MARK: Reporting

  private func record(_ merged: Floats) throws {
    context.score("parameters", Score(Double(merged.count)))
    for model in (inputs.base.map { [$0] } ?? []) + inputs.models {
      try context.checkCancellation()
      let size = merging.compute.sumOfSquares(model.parameters).squareRoot()
      let distance = merging.compute.sumOfSquares(merging.difference(merged, model.parameters))
        .squareRoot()
      context.score("distance/\(model.name)", Score(size > 0 ? distance / size : distance))
    }
    if parameters.method.isSpherical, let angle = try meanAngle() {
      context.score("angle", Score(angle))
      context.log(
        "the two are \(JSON.ecmaScript((angle * 100).rounded() / 100))° apart, in the mean over each "
          + "\(parameters.scope.rawValue)")
    }
  }

  /// Degrees between the two vectors that a spherical method mixes, the mean over groups.
  private func meanAngle() throws -> Double? {
    var ends = (inputs.base.map { [$0.parameters] } ?? []) + arenas
    let isTask = inputs.base != nil && parameters.method != .slerp
    if isTask { ends = ends.dropFirst().map { merging.difference($0, ends[0]) } }
    guard ends.count == 2 else { return nil }
    let groups = layout.groups(parameters.scope)
    let sum = groups.reduce(0.0) {
      $0 + Elementary.acos(merging.cosine(ends[0][$1.range], ends[1][$1.range]))
    }
    return sum / Double(groups.count) * 180 / Double.pi
  }
}

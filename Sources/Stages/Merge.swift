import LanguageModel
import Ledger
import Numerics
package import Pipeline

/// Makes one model of several without training.
package enum Merge: Stage {
  package enum Method: String, CaseIterable, Sendable {
    case linear, average, warm, ema, liti, slerp, nuslerp
    case taskSlerp = "task-slerp"
    case taskArithmetic = "task-arithmetic"
    case ties
    case dareLinear = "dare-linear"
    case dareTIES = "dare-ties"
    case modelStock = "model-stock"
  }

  package struct Parameters: StageParameters {
    let method: Method
    let weights: [String: Double]
    let order: [String]
    let normalize: Bool
    let lambda: Double
    let density: Double
    let densities: [String: Double]
    let rescale: Rescaling
    let t: Double?
    let gradient: [Double]
    let scope: MergeScope
    let filterWise: Bool
    let decay: Double
    let eta: Double

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      method = try reader.choice(
        "method", default: .linear,
        "How: linear, a weighted sum; average and warm, the plain mean; ema, an exponential average in the "
          + "inputs' order; liti, from base towards the input by eta; slerp, of full weights; nuslerp, of "
          + "weights or with base of task vectors; task-slerp, WARP's, the same with base for certain; "
          + "task-arithmetic; ties; dare-linear; dare-ties; model-stock.")
      weights = try reader.numberMap(
        "weights", default: [:], in: -1e6...1e6,
        "Weights by input (linear, nuslerp, task-arithmetic, ties, dare); left out, 1 each.")
      order = try reader.strings(
        "order", default: [],
        "The inputs' order where it matters (ema, slerp, task-slerp); left out, by name.")
      normalize = try reader.boolean(
        "normalize", default: method == .linear || method == .ties,
        "Whether weighted sums are divided by the sum of their weights; left out, for linear and ties only, as "
          + "mergekit does.")
      lambda = try reader.number(
        "lambda", default: 1, in: -1e6...1e6,
        "Factor on the merged task vector (task-arithmetic, ties, dare).")
      density = try reader.number(
        "density", default: 1, in: 0...1,
        "The share of a task vector's entries that is kept: in each tensor the largest (ties), or each entry with "
          + "this probability (dare).")
      densities = try reader.numberMap(
        "densities", default: [:], in: 0...1, "The density by input, where it is another.")
      rescale = try reader.choice(
        "rescale",
        default: method == .dareLinear || method == .dareTIES ? .density : Rescaling.none,
        "What becomes of kept entries: none, nothing; density, divided by the density, as the DARE paper; norm, "
          + "scaled to the L1 norm of the whole, as mergekit. Left out, density for dare, none for ties."
      )
      t = try reader.optionalNumber(
        "t", in: 0...1,
        "Where between the first of two inputs and the second (slerp, nuslerp, task-slerp); left out, what the "
          + "weights say, or in the middle, and the m-th of more with 1/m.")
      gradient = try reader.numbers(
        "gradient", default: [], in: 0...1,
        "In place of t, anchors from the first layer to the last, linear between them; the embedding has the first, "
          + "what follows the layers the last.")
      scope = try reader.choice(
        "per", default: .tensor,
        "What angles are measured over (slerp, nuslerp, task-slerp): each tensor, each decoder layer, or the model."
      )
      filterWise = try reader.boolean(
        "filterWise", default: false,
        "Whether model-stock treats every row of a matrix for itself.")
      decay = try reader.number(
        "decay", default: 0.99, in: 0...1,
        "What stays of an exponential average when an input comes.")
      eta = try reader.number(
        "eta", default: 0.3, in: 0...1, "How far liti goes from base to the input; WARP's 0.3.")
      if reader.isListing { return }
      try check()
      if !reader.isRecorded { try checkUse() }
    }

    /// Refuses what the method would not look at.
    private func checkUse() throws(ParameterError) {
      let between: Set<Method> = [.slerp, .nuslerp, .taskSlerp]
      let sparse: Set<Method> = [.ties, .dareLinear, .dareTIES]
      let uses: [(name: String, isSet: Bool, methods: Set<Method>)] = [
        ("t", t != nil, between), ("gradient", !gradient.isEmpty, between),
        ("per", scope != .tensor, between), ("decay", decay != 0.99, [.ema]),
        ("eta", eta != 0.3, [.liti]), ("filterWise", filterWise, [.modelStock]),
        ("density", density != 1, sparse), ("densities", !densities.isEmpty, sparse),
        ("lambda", lambda != 1, sparse.union([.taskArithmetic])),
      ]
      guard let use = uses.first(where: { $0.isSet && !$0.methods.contains(method) }) else {
        return
      }
      let methods = use.methods.map(\.rawValue).sorted().joined(separator: ", ")
      throw ParameterError(
        path: use.name,
        message: "is not used by method \(method.rawValue), but by \(methods); leave it out")
    }

    private func check() throws(ParameterError) {
      guard t == nil || gradient.isEmpty else {
        throw ParameterError(path: "gradient", message: "cannot be given beside t")
      }
      guard weights.isEmpty || method.takesWeights else {
        throw ParameterError(
          path: "weights", message: "are not used by method \(method.rawValue); leave them out")
      }
      guard weights.isEmpty || method != .nuslerp || (t == nil && gradient.isEmpty) else {
        throw ParameterError(path: "weights", message: "cannot be given beside t or gradient")
      }
    }
  }

  package static let op = "merge"
  package static let revision = 1
  package static let summary =
    "Make one model of several: soups, SLERP, task arithmetic, TIES, DARE, WARP, WARM."
  package static let usesSeed = true

  package static func ports(_ parameters: Parameters?) -> Ports {
    let needsBase = parameters?.method.needsBase ?? false
    return Ports(
      inputs: [
        Port(
          "base", .checkpoint,
          "What the others were trained from; slerp's and liti's first end; where an ema begins.",
          optional: !needsBase)
      ],
      outputs: [
        Port("checkpoint", .checkpoint, "The merged model, with the first input's tokenizer.")
      ],
      otherInputs: .checkpoint)
  }

  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    let models = inputs.sorted { $0.key < $1.key }.flatMap(\.value)
    return Estimates.surgery(models.compactMap(\.model).first, inputs: models.count + 1)
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    try MergeRun(parameters, context).carryOut()
  }
}

extension Merge.Method {
  /// Whether there is nothing to do without what the inputs were trained from.
  var needsBase: Bool {
    switch self {
    case .liti, .taskSlerp, .taskArithmetic, .ties, .dareLinear, .dareTIES, .modelStock: true
    case .linear, .average, .warm, .ema, .slerp, .nuslerp: false
    }
  }

  var takesWeights: Bool {
    switch self {
    case .linear, .nuslerp, .taskArithmetic, .ties, .dareLinear, .dareTIES: true
    case .average, .warm, .ema, .liti, .slerp, .taskSlerp, .modelStock: false
    }
  }

  var isSpherical: Bool { self == .slerp || self == .nuslerp || self == .taskSlerp }
}

import Numerics

extension DecoderLayer {
  /// What a backward pass needs to know beside activations and weights.
  struct BackwardContext {
    var documents: [Range<Int>]
    var positions: [Int32]
    var rotary: RotaryTable
    var masks: LayerMasks?
    /// The balancing loss's slope in every expert's probability; nil in models without.
    var balance: Floats?
  }

  /// Turns `s.residual` from the gradient of the layer's output into that of its input, and adds the
  /// weights' gradients to `g`. Overwrites what the block keeps in `a`.
  func backward(
    _ a: LayerActivations, _ w: LayerWeights, gradient g: LayerWeights, scratch s: LayerGradients,
    _ context: BackwardContext, on compute: Compute
  ) {
    let slope = blockBackward(a, w, g, s, context, compute)
    norm.backward(
      slope, x: a.middle, weight: w.mlpNorm, inverseRoots: a.mlpRoots, into: s.residual,
      adding: true, weightGradient: g.mlpNorm, on: compute)
    attentionBackward(a, w, g, s, context, compute)
  }

  /// The gradient of the block's input.
  private func blockBackward(
    _ a: LayerActivations, _ w: LayerWeights, _ g: LayerWeights, _ s: LayerGradients,
    _ context: BackwardContext, _ compute: Compute
  ) -> Matrix {
    let dy = branchBackward(
      a.rawOutput, w.outputNorm, g.outputNorm, context.masks?.block, s, compute)
    switch (w.block, g.block) {
    case (.mlp(let weights), .mlp(let gradient)):
      a.mlp.backward(
        dy, x: a.mlpNormed, weights, gradient: gradient, gate, scratch: s.gated, into: s.normed,
        on: compute)
      return s.normed
    case (.experts(let weights), .experts(let gradient)):
      guard let experts, let memory = a.experts, let scratch = s.experts,
        let balance = context.balance
      else { preconditionFailure("a layer of experts without their memory") }
      experts.backward(
        dy, x: a.mlpNormed, memory, weights, gradient: gradient, scratch: scratch,
        balance: balance, into: s.expertInput, on: compute)
      return s.expertInput
    default: preconditionFailure("weights and gradients of different layers")
    }
  }

  /// The gradient of what a branch gave, from that of the residual stream: back through dropout and the
  /// branch's own norm.
  private func branchBackward(
    _ kept: NormActivations?, _ weight: Floats?, _ gradient: Floats?, _ mask: DropoutMask?,
    _ s: LayerGradients, _ compute: Compute
  ) -> Matrix {
    var dy = s.residual
    if let mask {
      compute.copy(s.residual, to: s.normed)
      mask.apply(to: s.normed, on: compute)
      dy = s.normed
    }
    guard let kept, let weight, let gradient else { return dy }
    norm.backward(
      dy, x: kept.input, weight: weight, inverseRoots: kept.roots, into: s.normed,
      weightGradient: gradient, on: compute)
    return s.normed
  }

  private func attentionBackward(
    _ a: LayerActivations, _ w: LayerWeights, _ g: LayerWeights, _ s: LayerGradients,
    _ context: BackwardContext, _ compute: Compute
  ) {
    let dy = branchBackward(
      a.rawAttention, w.attentionNorm, g.attentionNorm, context.masks?.attention, s, compute)
    w.output.backward(
      dy, x: a.attended, into: s.attended, gradient: g.output, on: compute)
    attention.backward(
      s.attended, queries: a.split.query, keys: a.split.key, values: a.split.value,
      out: a.attended, logSums: a.attendedLogSums, documents: context.documents,
      queryGradient: s.split.query, keyGradient: s.split.key, valueGradient: s.split.value,
      on: compute)
    let (rotary, positions) = (context.rotary, context.positions)
    rotary.rotate(s.split.query, rowPositions: positions, inverse: true, on: compute)
    rotary.rotate(s.split.key, rowPositions: positions, inverse: true, on: compute)
    headsBackward(s.split.query, w.queryNorm, a.rawQuery, g.queryNorm, s, compute)
    headsBackward(s.split.key, w.keyNorm, a.rawKey, g.keyNorm, s, compute)
    w.queryKeyValue.backward(
      s.queryKeyValue, x: a.inputNormed, into: s.normed, gradient: g.queryKeyValue,
      on: compute)
    norm.backward(
      s.normed, x: a.input, weight: w.inputNorm, inverseRoots: a.inputRoots, into: s.residual,
      adding: true, weightGradient: g.inputNorm, on: compute)
  }

  /// Where the family normalises heads; the gradient of attention's result is free memory by then.
  private func headsBackward(
    _ dx: Matrix, _ weight: Floats?, _ kept: NormActivations?, _ gradient: Floats?,
    _ s: LayerGradients, _ compute: Compute
  ) {
    guard let weight, let kept, let gradient else { return }
    headNorm.backward(
      dx, weight: weight, kept: kept, weightGradient: gradient, scratch: s.attended.floats,
      on: compute)
  }
}

/// Gradients of activations, one layer at a time.
struct LayerGradients {
  /// `[rows, hidden]`: of the residual stream.
  let residual: Matrix
  /// `[rows, hidden]`: of a norm's output.
  let normed: Matrix
  let queryKeyValue: Matrix
  let attended: Matrix
  let gated: Matrix
  /// nil in models without experts.
  let experts: ExpertGradients?
  /// `[rows, hidden]`, of what experts were given; no rows in models without.
  let expertInput: Matrix
  private let configuration: ModelConfiguration

  /// New memory for `rows` tokens.
  init(rows: Int, _ c: ModelConfiguration) {
    configuration = c
    residual = Matrix(rows: rows, columns: c.hidden)
    normed = Matrix(rows: rows, columns: c.hidden)
    queryKeyValue = Matrix(rows: rows, columns: c.queryWidth + 2 * c.keyValueWidth)
    attended = Matrix(rows: rows, columns: c.queryWidth)
    gated = Matrix(rows: rows, columns: c.intermediate)
    experts = c.experts.map { ExpertGradients(rows: rows, c, $0) }
    expertInput = Matrix(rows: c.experts == nil ? 0 : rows, columns: c.hidden)
  }

  /// The first `rows` rows of another's memory.
  init(_ other: LayerGradients, rows: Int) {
    configuration = other.configuration
    let all = 0..<rows
    residual = other.residual[rows: all]
    normed = other.normed[rows: all]
    queryKeyValue = other.queryKeyValue[rows: all]
    attended = other.attended[rows: all]
    gated = other.gated[rows: all]
    experts = other.experts
    expertInput = other.experts == nil ? other.expertInput : other.expertInput[rows: all]
  }

  var split: QueryKeyValue { QueryKeyValue(queryKeyValue, configuration) }
}

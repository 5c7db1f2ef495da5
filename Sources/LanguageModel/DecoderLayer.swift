import Numerics

/// The arithmetic of one decoder layer (Touvron et al. 2023, §2.2), forward beside backward:
///
///     middle = x + Wo · attention(rope(Wqkv · norm(x)))
///     output = middle + Wdown · (silu(Wgate · n) ⊙ Wup · n),   n = norm(middle)
struct DecoderLayer: Sendable {
  let norm: RMSNorm
  let headNorm: HeadNorm
  let attention: Attention
  let gate: Gate

  /// The layer at `index`; layers differ in what they attend to.
  init(_ c: ModelConfiguration, index: Int) {
    norm = RMSNorm(epsilon: c.normEpsilon, offset: c.normOffset)
    headNorm = HeadNorm(norm: norm, headSize: c.headSize)
    attention = Attention(
      queryHeads: c.heads, keyHeads: c.keyValueHeads, headSize: c.headSize,
      scale: c.queryScalar.map { Float(1 / $0.squareRoot()) }
        ?? 1 / Float(c.headSize).squareRoot(),
      softCap: c.scoreCap.map { Float($0) }, window: index % 2 == 0 ? c.slidingWindow : nil)
    gate = c.architecture == .gemma2 ? .tanhGELU : .silu
  }

  /// Computes `a` from `a.input`, and the next layer's input. `attend` fills `a.attended` from the
  /// turned queries and keys: from the packed documents in training, from caches in decoding.
  func forward(
    _ a: LayerActivations, _ w: LayerWeights, positions: [Int32], rotary: RotaryTable,
    into output: Matrix, on compute: Compute, attend: (QueryKeyValue) -> Void
  ) {
    norm.forward(
      a.input, weight: w.inputNorm, into: a.inputNormed, inverseRoots: a.inputRoots, on: compute)
    w.queryKeyValue.forward(a.inputNormed, into: a.queryKeyValue, on: compute)
    normHeads(a.split.query, w.queryNorm, a.rawQuery, a, compute)
    normHeads(a.split.key, w.keyNorm, a.rawKey, a, compute)
    rotary.rotate(a.split.query, rowPositions: positions, on: compute)
    rotary.rotate(a.split.key, rowPositions: positions, on: compute)
    attend(a.split)
    w.output.forward(a.attended, into: a.rawAttention?.input ?? a.middle, on: compute)
    normOutput(a.rawAttention, w.attentionNorm, into: a.middle, compute)
    compute.add(a.input, to: a.middle)
    norm.forward(
      a.middle, weight: w.mlpNorm, into: a.mlpNormed, inverseRoots: a.mlpRoots, on: compute)
    w.gateUp.forward(a.mlpNormed, into: a.gateUp, on: compute)
    gate.forward(a.gate, up: a.up, into: a.gated, on: compute)
    w.down.forward(a.gated, into: a.rawOutput?.input ?? output, on: compute)
    normOutput(a.rawOutput, w.outputNorm, into: output, compute)
    compute.add(a.middle, to: output)
  }

  /// Normalises what a block gave, where the family does so.
  private func normOutput(
    _ kept: NormActivations?, _ weight: Floats?, into output: Matrix, _ compute: Compute
  ) {
    guard let kept, let weight else { return }
    norm.forward(kept.input, weight: weight, into: output, inverseRoots: kept.roots, on: compute)
  }

  /// The gradient of what a block gave, from that of the residual stream.
  private func outputBackward(
    _ kept: NormActivations?, _ weight: Floats?, _ gradient: Floats?, _ s: LayerGradients,
    _ compute: Compute
  ) -> Matrix {
    guard let kept, let weight, let gradient else { return s.residual }
    norm.backward(
      s.residual, x: kept.input, weight: weight, inverseRoots: kept.roots, into: s.normed,
      weightGradient: gradient, on: compute)
    return s.normed
  }

  /// Normalises heads where the family does so. What attention will give is free memory till then.
  private func normHeads(
    _ x: Matrix, _ weight: Floats?, _ kept: NormActivations?, _ a: LayerActivations,
    _ compute: Compute
  ) {
    guard let weight, let kept else { return }
    headNorm.forward(x, weight: weight, kept: kept, scratch: a.attended.floats, on: compute)
  }

  /// Turns `s.residual` from the gradient of the layer's output into that of its input, and adds the
  /// weights' gradients to `g`. Overwrites `a.gateUp`.
  func backward(
    _ a: LayerActivations, _ w: LayerWeights, gradient g: LayerWeights, scratch s: LayerGradients,
    documents: [Range<Int>], positions: [Int32], rotary: RotaryTable, on compute: Compute
  ) {
    mlpBackward(a, w, g, s, compute)
    attentionBackward(a, w, g, s, documents, positions, rotary, compute)
  }

  private func mlpBackward(
    _ a: LayerActivations, _ w: LayerWeights, _ g: LayerWeights, _ s: LayerGradients,
    _ compute: Compute
  ) {
    let dy = outputBackward(a.rawOutput, w.outputNorm, g.outputNorm, s, compute)
    w.down.backward(
      dy, x: a.gated, into: s.gated, gradient: g.down, on: compute)
    gate.backward(
      s.gated, gate: a.gate, up: a.up, gateGradient: a.gate, upGradient: a.up, on: compute)
    w.gateUp.backward(
      a.gateUp, x: a.mlpNormed, into: s.normed, gradient: g.gateUp, on: compute)
    norm.backward(
      s.normed, x: a.middle, weight: w.mlpNorm, inverseRoots: a.mlpRoots, into: s.residual,
      adding: true, weightGradient: g.mlpNorm, on: compute)
  }

  private func attentionBackward(
    _ a: LayerActivations, _ w: LayerWeights, _ g: LayerWeights, _ s: LayerGradients,
    _ documents: [Range<Int>], _ positions: [Int32], _ rotary: RotaryTable, _ compute: Compute
  ) {
    let dy = outputBackward(a.rawAttention, w.attentionNorm, g.attentionNorm, s, compute)
    w.output.backward(
      dy, x: a.attended, into: s.attended, gradient: g.output, on: compute)
    attention.backward(
      s.attended, queries: a.split.query, keys: a.split.key, values: a.split.value,
      out: a.attended, logSums: a.attendedLogSums, documents: documents,
      queryGradient: s.split.query, keyGradient: s.split.key, valueGradient: s.split.value,
      on: compute)
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
  private let configuration: ModelConfiguration

  /// New memory for `rows` tokens.
  init(rows: Int, _ c: ModelConfiguration) {
    configuration = c
    residual = Matrix(rows: rows, columns: c.hidden)
    normed = Matrix(rows: rows, columns: c.hidden)
    queryKeyValue = Matrix(rows: rows, columns: c.queryWidth + 2 * c.keyValueWidth)
    attended = Matrix(rows: rows, columns: c.queryWidth)
    gated = Matrix(rows: rows, columns: c.intermediate)
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
  }

  var split: QueryKeyValue { QueryKeyValue(queryKeyValue, configuration) }
}

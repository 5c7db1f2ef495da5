import Numerics

/// The arithmetic of one decoder layer (Touvron et al. 2023, §2.2), forward beside backward:
///
///     middle = x + Wo · attention(rope(Wqkv · norm(x)))
///     output = middle + block(norm(middle))
///
/// The block is a gated MLP or a layer of experts. Gemma 2 normalises what attention and the block give;
/// dropout, in training, comes last before each sum.
struct DecoderLayer: Sendable {
  let norm: RMSNorm
  let headNorm: HeadNorm
  let attention: Attention
  let gate: Gate
  /// nil in a layer with a gated MLP.
  let experts: ExpertLayer?

  /// The layer at `index`; layers differ in what they attend to, and in their blocks.
  init(_ c: ModelConfiguration, index: Int) {
    norm = RMSNorm(epsilon: c.normEpsilon, offset: c.normOffset)
    headNorm = HeadNorm(norm: norm, headSize: c.headSize)
    attention = c.attention(layer: index)
    let gate: Gate = c.architecture == .gemma2 ? .tanhGELU : .silu
    self.gate = gate
    experts = c.experts(layer: index).map { ExpertLayer(experts: $0, gate: gate) }
  }

  /// Computes `a` from `a.input`, and the next layer's input; not that, and only what `backward` reads,
  /// when `output` is not wanted. `attend` turns the queries and keys and fills `a.attended`: from the
  /// packed documents in training, from caches in decoding.
  func forward(
    _ a: LayerActivations, _ w: LayerWeights, masks: LayerMasks? = nil, into output: Matrix,
    wantsOutput: Bool = true, on compute: Compute, attend: (QueryKeyValue) -> Void
  ) {
    norm.forward(
      a.input, weight: w.inputNorm, into: a.inputNormed, inverseRoots: a.inputRoots, on: compute)
    w.queryKeyValue.forward(a.inputNormed, into: a.queryKeyValue, on: compute)
    normHeads(a.split.query, w.queryNorm, a.rawQuery, a, compute)
    normHeads(a.split.key, w.keyNorm, a.rawKey, a, compute)
    attend(a.split)
    w.output.forward(a.attended, into: a.rawAttention?.input ?? a.middle, on: compute)
    normOutput(a.rawAttention, w.attentionNorm, into: a.middle, compute)
    masks?.attention.apply(to: a.middle, on: compute)
    compute.add(a.input, to: a.middle)
    norm.forward(
      a.middle, weight: w.mlpNorm, into: a.mlpNormed, inverseRoots: a.mlpRoots, on: compute)
    let needsBlock = wantsOutput || a.rawOutput != nil
    blockForward(a, w, into: a.rawOutput?.input ?? output, wantsOutput: needsBlock, compute)
    normOutput(a.rawOutput, w.outputNorm, into: output, compute)
    guard wantsOutput else { return }
    masks?.block.apply(to: output, on: compute)
    compute.add(a.middle, to: output)
  }

  private func blockForward(
    _ a: LayerActivations, _ w: LayerWeights, into y: Matrix, wantsOutput: Bool, _ compute: Compute
  ) {
    switch w.block {
    case .mlp(let mlp):
      a.mlp.forward(a.mlpNormed, mlp, gate, into: wantsOutput ? y : nil, on: compute)
    case .experts(let weights):
      guard let experts, let memory = a.experts else { return }
      experts.forward(a.mlpNormed, memory, weights, into: y, on: compute)
    }
  }

  /// Normalises what a block gave, where the family does so.
  private func normOutput(
    _ kept: NormActivations?, _ weight: Floats?, into output: Matrix, _ compute: Compute
  ) {
    guard let kept, let weight else { return }
    norm.forward(kept.input, weight: weight, into: output, inverseRoots: kept.roots, on: compute)
  }

  /// Normalises heads where the family does so. What attention will give is free memory till then.
  private func normHeads(
    _ x: Matrix, _ weight: Floats?, _ kept: NormActivations?, _ a: LayerActivations,
    _ compute: Compute
  ) {
    guard let weight, let kept else { return }
    headNorm.forward(x, weight: weight, kept: kept, scratch: a.attended.floats, on: compute)
  }
}

/// The dropout of a layer's two branches.
struct LayerMasks: Sendable {
  var attention: DropoutMask
  var block: DropoutMask
}

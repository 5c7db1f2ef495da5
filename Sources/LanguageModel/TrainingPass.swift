package import Numerics

/// Forward and backward passes of a model over packed batches, with the memory they need.
///
/// A parameter's gradient is one chain of fused multiply-adds over the batch's rows, ascending. It
/// goes on where the last micro-batch stopped, so that cutting a batch into micro-batches at any
/// sequence changes no bit. A tied embedding's two gradients (as table and as output matrix) are kept
/// apart until the batch is whole, for the same reason.
///
/// When a batch's activations would take more memory than the options allow, only every layer's input
/// is kept and the layer is computed again on the way back: the same bits from less memory.
package final class TrainingPass {
  package let model: Transformer
  package let options: PassOptions
  /// ∂loss/∂parameter, placed by the model's layout; whole after `endBatch`.
  package let gradients: Floats

  let compute: Compute
  private(set) var head: Linear
  let headGradient: Linear
  let score: ScoreLayer?
  let scoreGradient: ScoreLayer?
  private let layers: [DecoderLayer]
  private let norm: RMSNorm
  private var weights: [LayerWeights]
  private let layerGradients: [LayerWeights]
  private let plain: PassWeights
  /// The weights in the kernels' order, read anew by every batch; nil till the first, and where they
  /// would take too much memory.
  private var prepared: PassWeights?
  private var rotary: RotaryTable
  private var memory: PassMemory
  private var balance: BatchBalance
  /// The batch that dropout acts on; nil outside `beginBatch` and `endBatch`.
  private var step: Int?
  /// Those of the last forward pass.
  private var masks: PassMasks?

  /// `model` is trained in place: its parameters are read when a batch begins, and outside batches anew by
  /// every pass.
  package init(_ model: Transformer, on compute: Compute, _ options: PassOptions = PassOptions()) {
    self.model = model
    self.options = options
    self.compute = compute
    let (c, views) = (model.configuration, model.views)
    let gradients = Floats(count: model.parameters.count)
    self.gradients = gradients
    layers = (0..<c.layers).map { DecoderLayer(c, index: $0) }
    norm = RMSNorm(epsilon: c.normEpsilon, offset: c.normOffset)
    plain = PassWeights(
      layers: views.layers.map { LayerWeights($0, in: model.parameters) },
      head: Linear([views.head], in: model.parameters))
    weights = plain.layers
    layerGradients = views.layers.map { LayerWeights($0, in: gradients) }
    head = plain.head
    let hasOwnHead = !c.isTied || c.scoreHead != nil
    headGradient =
      hasOwnHead
      ? Linear([views.head], in: gradients)
      : Linear(Matrix(rows: c.vocabularySize, columns: c.hidden))
    score = views.score.map { ScoreLayer($0, in: model.parameters) }
    scoreGradient = views.score.map { ScoreLayer($0, in: gradients) }
    rotary = c.rotaryTable(positions: 1)
    memory = PassMemory(rows: 0, c, options)
    balance = BatchBalance(experts: c.experts?.count ?? 0)
  }

  /// How many tokens to send through a model at once so that a pass's memory stays near a quarter of a
  /// gigabyte; at least enough to keep the matrix units busy.
  package static func comfortableRows(_ c: ModelConfiguration) -> Int {
    let perRow = PassMemory.bytes(c, rows: 1) + 4 * c.vocabularySize
    return max(256, min(8192, (1 << 28) / perRow))
  }

  /// How many of up to `rows` tokens to send through at once where nothing but speed asks for more: a small
  /// model's passes are short enough for what they compute to stay in the processor's last cache. With an
  /// engine whose bits would follow, all of them.
  package func quickRows(_ rows: Int) -> Int {
    let c = model.configuration
    let cached = (1 << 24) / (PassMemory.bytes(c, rows: 1) + 4 * c.vocabularySize)
    return compute.engine.isBatchInvariant && cached >= 384 ? min(rows, cached) : rows
  }

  // MARK: Batches

  /// Forgets the gradients of the last batch. `step` numbers the batch, for dropout.
  package func beginBatch(step: Int = 0) {
    gradients.fill(0)
    if isTied { headGradient.weights.floats.fill(0) }
    balance.beginBatch()
    self.step = step
    prepareWeights()
  }

  /// Till the batch ends, parameters stay as they are.
  private func prepareWeights() {
    if let prepared {
      prepared.refresh(on: compute)
    } else if 8 * model.parameters.count <= options.activationBytes {
      prepared = plain.prepared(on: compute)
    }
    use(prepared ?? plain)
  }

  private func use(_ chosen: PassWeights) { (weights, head) = (chosen.layers, chosen.head) }

  /// Joins what was kept apart while micro-batches came in.
  package func endBatch() {
    step = nil
    use(plain)
    guard isTied else { return }
    compute.add(headGradient.weights.floats, to: gradients[model.views.embedding.range])
  }

  private var isTied: Bool { model.configuration.isTied && model.configuration.scoreHead == nil }

  /// Whether all parts of a batch must go forward before the first goes backward: a router's balancing
  /// loss is a matter of the whole batch.
  package var needsWholeBatch: Bool { balancingWeight > 0 }

  /// The router's balancing loss of the batch, times its weight: what training adds to the objective's
  /// loss. 0 in models without experts; else every part of the batch must have gone forward.
  package var balancingLoss: Double { needsWholeBatch ? balancingWeight * balance.total.loss : 0 }

  private var balancingWeight: Double {
    let c = model.configuration
    let hasExperts = (0..<c.layers).contains { c.experts(layer: $0) != nil }
    return hasExperts ? c.experts?.lossWeight ?? 0 : 0
  }

  // MARK: Layers

  /// The final norm's output for the batch's rows. Keeps what `backward` needs.
  func encode(_ batch: TokenBatch) -> PassMemory {
    let (m, c) = (prepare(batch), model.configuration)
    masks = step.flatMap { PassMasks(options, step: $0, firstRow: batch.firstRow) }
    let input = m.layers.first?.input ?? m.final
    compute.gatherRows(
      batch.tokens, of: embedding(model.parameters), into: input, scale: c.embeddingScale)
    masks?.embedding.apply(to: input, on: compute)
    var used = ExpertBalance(experts: c.experts?.count ?? 0)
    for (index, a) in m.layers.enumerated() {
      let next = index + 1 < m.layers.count ? m.layers[index + 1].input : m.final
      forward(layer: index, a, batch, batch.positions, into: next)
      if layers[index].experts != nil, let experts = a.experts, let routing = experts.routing {
        used.add(experts.probabilities(rows: m.rows), routing)
      }
    }
    if needsWholeBatch { balance.add(used, of: batch) }
    norm.forward(
      m.final, weight: model.parameters[model.views.norm.range], into: m.finalNormed,
      inverseRoots: m.finalRoots, on: compute)
    return m
  }

  /// Adds to the gradients of all but the head; `m.scratch.normed` is the gradient of the final norm's
  /// output. Call once per `encode`: it overwrites activations.
  func encodeBackward(_ m: PassMemory, _ batch: TokenBatch) {
    norm.backward(
      m.scratch.normed, x: m.final, weight: model.parameters[model.views.norm.range],
      inverseRoots: m.finalRoots, into: m.scratch.residual,
      weightGradient: gradients[model.views.norm.range], on: compute)
    var context = DecoderLayer.BackwardContext(
      documents: batch.documents, positions: batch.positions, rotary: rotary,
      balance: balanceSlopes())
    for (index, a) in m.layers.enumerated().reversed() {
      if m.isRecomputing, index + 1 < m.layers.count {
        forward(
          layer: index, a, batch, context.positions, into: m.finalNormed, wantsOutput: false)
      }
      context.masks = masks?.layer(index)
      layers[index].backward(
        a, weights[index], gradient: layerGradients[index], scratch: m.scratch, context,
        on: compute)
    }
    masks?.embedding.apply(to: m.scratch.residual, on: compute)
    compute.scatterRows(
      m.scratch.residual, by: batch.tokens, addingTo: embedding(gradients),
      scale: model.configuration.embeddingScale)
  }

  private func forward(
    layer index: Int, _ a: LayerActivations, _ batch: TokenBatch, _ positions: [Int32],
    into output: Matrix, wantsOutput: Bool = true
  ) {
    let layer = layers[index]
    layer.forward(
      a, weights[index], masks: masks?.layer(index), into: output, wantsOutput: wantsOutput,
      on: compute
    ) { qkv in
      rotary.rotate(qkv.query, rowPositions: positions, on: compute)
      rotary.rotate(qkv.key, rowPositions: positions, on: compute)
      layer.attention.forward(
        qkv.query, keys: qkv.key, values: qkv.value, documents: batch.documents,
        into: a.attended, logSums: a.attendedLogSums, on: compute)
    }
  }

  private func balanceSlopes() -> Floats? {
    guard let experts = model.configuration.experts else { return nil }
    guard needsWholeBatch else { return Floats(count: experts.count) }
    precondition(balance.isWhole, "a part went backward before the whole batch went forward")
    return balance.total.slopes(weight: balancingWeight)
  }

  /// The memory of the last batch, for its `rows` tokens.
  func memory(rows: Int) -> PassMemory { memory.first(rows) }

  private func embedding(_ arena: Floats) -> Matrix {
    Matrix(
      arena[model.views.embedding.range], rows: model.configuration.vocabularySize,
      columns: model.configuration.hidden)
  }

  /// Makes room for a batch.
  private func prepare(_ batch: TokenBatch) -> PassMemory {
    if batch.tokens.count > memory.rows {
      memory = PassMemory(rows: 0, model.configuration, options)
      memory = PassMemory(rows: batch.tokens.count, model.configuration, options)
    }
    let longest = batch.documents.map(\.count).max() ?? 0
    if longest > rotary.positions { rotary = model.configuration.rotaryTable(positions: longest) }
    return memory.first(batch.tokens.count)
  }
}

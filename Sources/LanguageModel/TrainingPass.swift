package import Numerics

/// Forward and backward passes of a model over packed batches, with the memory they need.
///
/// A parameter's gradient is one chain of fused multiply-adds over the batch's rows, ascending. It
/// goes on where the last micro-batch stopped, so that cutting a batch into micro-batches at any
/// sequence changes no bit. A tied embedding's two gradients (as table and as output matrix) are kept
/// apart until the batch is whole, for the same reason.
package final class TrainingPass {
  package let model: Transformer
  /// ∂loss/∂parameter, placed by the model's layout; whole after `endBatch`.
  package let gradients: Floats

  private let compute: Compute
  private let layers: [DecoderLayer]
  private let norm: RMSNorm
  private let weights: [LayerWeights]
  private let layerGradients: [LayerWeights]
  private let head: Linear
  private let headGradient: Matrix
  private var rotary: RotaryTable
  private var memory: PassMemory

  /// `model` is trained in place: its parameters are read anew by every pass.
  package init(_ model: Transformer, on compute: Compute) {
    self.model = model
    self.compute = compute
    let (c, views) = (model.configuration, model.views)
    let gradients = Floats(count: model.parameters.count)
    self.gradients = gradients
    layers = (0..<c.layers).map { DecoderLayer(c, index: $0) }
    norm = RMSNorm(epsilon: c.normEpsilon, offset: c.normOffset)
    weights = views.layers.map { LayerWeights($0, in: model.parameters) }
    layerGradients = views.layers.map { LayerWeights($0, in: gradients) }
    head = Linear(
      Matrix(model.parameters[views.head.range], rows: c.vocabularySize, columns: c.hidden))
    headGradient =
      c.isTied
      ? Matrix(rows: c.vocabularySize, columns: c.hidden)
      : Matrix(gradients[views.head.range], rows: c.vocabularySize, columns: c.hidden)
    rotary = c.rotaryTable(positions: 1)
    memory = PassMemory(rows: 0, c)
  }

  /// How many tokens to send through a model at once so that a pass's memory stays near a quarter of a
  /// gigabyte; at least enough to keep the matrix units busy.
  package static func comfortableRows(_ c: ModelConfiguration) -> Int {
    let layer = 4 * c.hidden + 2 * c.queryWidth + 2 * c.keyValueWidth + 3 * c.intermediate
    let perRow = 4 * (c.layers * layer + c.vocabularySize)
    return max(256, min(8192, (1 << 28) / perRow))
  }

  /// Forgets the gradients of the last batch.
  package func beginBatch() {
    gradients.fill(0)
    headGradient.floats.fill(0)
  }

  /// Joins what was kept apart while micro-batches came in.
  package func endBatch() {
    guard model.configuration.isTied else { return }
    compute.add(headGradient.floats, to: gradients[model.views.embedding.range])
  }

  /// Each row's log-probability of its target (0 where there is none). Keeps what `backward` needs.
  package func forward(_ batch: TokenBatch) -> [Float] {
    prepare(batch)
    let m = memory.first(batch.tokens.count)
    let positions = batch.positions
    compute.gatherRows(
      batch.tokens, of: embedding(model.parameters), into: m.layers[0].input,
      scale: model.configuration.embeddingScale)
    for index in m.layers.indices {
      let a = m.layers[index]
      let next = index + 1 < m.layers.count ? m.layers[index + 1].input : m.final
      let layer = layers[index]
      layer.forward(
        a, weights[index], positions: positions, rotary: rotary, into: next, on: compute
      ) { qkv in
        layer.attention.forward(
          qkv.query, keys: qkv.key, values: qkv.value, documents: batch.documents,
          into: a.attended, logSums: a.attendedLogSums, on: compute)
      }
    }
    norm.forward(
      m.final, weight: model.parameters[model.views.norm.range], into: m.finalNormed,
      inverseRoots: m.finalRoots, on: compute)
    head.forward(m.finalNormed, into: m.logits, on: compute)
    model.configuration.tokenHead.forward(
      m.logits, targets: batch.targets, logProbabilities: m.logProbabilities, logSums: m.logSums,
      on: compute)
    return m.logProbabilities.array
  }

  /// Adds to the gradients, given ∂loss/∂(log-probability) of every row of the batch that `forward`
  /// has just seen. Call once per forward pass: it overwrites activations.
  package func backward(_ batch: TokenBatch, slopes: [Float]) {
    let m = memory.first(batch.tokens.count)
    let positions = batch.positions
    model.configuration.tokenHead.backward(
      m.logits, targets: batch.targets, logSums: m.logSums, slopes: Floats(slopes), on: compute)
    head.backward(
      m.logits, x: m.finalNormed, into: m.scratch.normed, gradient: Linear(headGradient),
      on: compute)
    norm.backward(
      m.scratch.normed, x: m.final, weight: model.parameters[model.views.norm.range],
      inverseRoots: m.finalRoots, into: m.scratch.residual,
      weightGradient: gradients[model.views.norm.range], on: compute)
    for index in m.layers.indices.reversed() {
      layers[index].backward(
        m.layers[index], weights[index], gradient: layerGradients[index], scratch: m.scratch,
        documents: batch.documents, positions: positions, rotary: rotary, on: compute)
    }
    compute.scatterRows(
      m.scratch.residual, by: batch.tokens, addingTo: embedding(gradients),
      scale: model.configuration.embeddingScale)
  }

  /// The logits that `forward` computed, `[rows, vocabulary]`; gone after `backward`.
  package func logits(rows: Int) -> Matrix { memory.logits[rows: 0..<rows] }

  private func embedding(_ arena: Floats) -> Matrix {
    Matrix(
      arena[model.views.embedding.range], rows: model.configuration.vocabularySize,
      columns: model.configuration.hidden)
  }

  /// Makes room for a batch.
  private func prepare(_ batch: TokenBatch) {
    if batch.tokens.count > memory.rows {
      memory = PassMemory(rows: batch.tokens.count, model.configuration)
    }
    let longest = batch.documents.map(\.count).max() ?? 0
    if longest > rotary.positions { rotary = model.configuration.rotaryTable(positions: longest) }
  }
}

/// Activations and their gradients for up to `rows` tokens.
private struct PassMemory {
  let rows: Int
  let layers: [LayerActivations]
  let final: Matrix
  let finalNormed: Matrix
  let finalRoots: Floats
  /// `[rows, vocabulary]`; the backward pass turns it into its own gradient.
  let logits: Matrix
  let logProbabilities: Floats
  let logSums: Floats
  let scratch: LayerGradients

  init(rows: Int, _ c: ModelConfiguration) {
    self.rows = rows
    layers = (0..<c.layers).map { _ in LayerActivations(rows: rows, c) }
    final = Matrix(rows: rows, columns: c.hidden)
    finalNormed = Matrix(rows: rows, columns: c.hidden)
    finalRoots = Floats(count: rows)
    logits = Matrix(rows: rows, columns: c.vocabularySize)
    logProbabilities = Floats(count: rows)
    logSums = Floats(count: rows)
    scratch = LayerGradients(rows: rows, c)
  }

  private init(_ other: PassMemory, rows: Int) {
    self.rows = rows
    layers = other.layers.map { LayerActivations($0, rows: rows) }
    final = other.final[rows: 0..<rows]
    finalNormed = other.finalNormed[rows: 0..<rows]
    finalRoots = other.finalRoots[0..<rows]
    logits = other.logits[rows: 0..<rows]
    logProbabilities = other.logProbabilities[0..<rows]
    logSums = other.logSums[0..<rows]
    scratch = LayerGradients(other.scratch, rows: rows)
  }

  /// The part that a batch of `rows` tokens uses.
  func first(_ rows: Int) -> PassMemory { PassMemory(self, rows: rows) }
}

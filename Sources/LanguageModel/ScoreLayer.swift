package import Numerics

/// A score head's arithmetic, forward beside backward: of the score and of every graded aspect, one after
/// the other.
struct ScoreLayer: Sendable {
  private let parts: [ScorePart]

  init(_ views: ScoreViews, in arena: Floats) {
    parts = views.parts.map { ScorePart($0, in: arena) }
  }

  /// Numbers per row.
  var outputs: Int { parts.reduce(0) { $0 + $1.outputs } }

  /// Scores of the rows of `x`, `[rows, outputs]`.
  func forward(_ x: Matrix, on compute: Compute) -> Matrix {
    if parts.count == 1 { return parts[0].forward(x, on: compute) }
    let scores = Matrix(rows: x.rows, columns: outputs)
    var first = 0
    for part in parts {
      let own = part.forward(x, on: compute)
      for row in 0..<x.rows {
        for column in 0..<own.columns { scores[row, first + column] = own[row, column] }
      }
      first += own.columns
    }
    return scores
  }

  /// The gradient of `x`, given that of its scores; adds to the weights' in `gradient`.
  func backward(
    _ dy: Matrix, x: Matrix, gradient: ScoreLayer, on compute: Compute
  ) -> Matrix {
    if parts.count == 1 {
      return parts[0].backward(dy, x: x, gradient: gradient.parts[0], on: compute)
    }
    let dx = Matrix(rows: x.rows, columns: x.columns)
    var first = 0
    for (part, own) in zip(parts, gradient.parts) {
      let slope = Matrix(rows: x.rows, columns: part.outputs)
      for row in 0..<x.rows {
        for column in 0..<part.outputs { slope[row, column] = dy[row, first + column] }
      }
      let more = part.backward(slope, x: x, gradient: own, on: compute)
      compute.add(more.floats, to: dx.floats)
      first += part.outputs
    }
    return dx
  }
}

/// Wout · x, or Wout · tanh(Wdense · x + b).
private struct ScorePart: Sendable {
  private let dense: Linear?
  private let output: Linear

  init(_ views: ScorePartViews, in arena: Floats) {
    dense = views.dense.map { dense in
      Linear([dense], biases: views.denseBias.map { [$0] } ?? [], in: arena)
    }
    output = Linear([views.output], in: arena)
  }

  var outputs: Int { output.weights.rows }

  func forward(_ x: Matrix, on compute: Compute) -> Matrix {
    let scores = Matrix(rows: x.rows, columns: outputs)
    output.forward(hidden(x, compute), into: scores, on: compute)
    return scores
  }

  func backward(
    _ dy: Matrix, x: Matrix, gradient: ScorePart, on compute: Compute
  ) -> Matrix {
    let hidden = hidden(x, compute)
    let slope = Matrix(rows: x.rows, columns: hidden.columns)
    output.backward(dy, x: hidden, into: slope, gradient: gradient.output, on: compute)
    guard let dense, let denseGradient = gradient.dense else { return slope }
    compute.tanhBackward(slope, y: hidden)
    let dx = Matrix(rows: x.rows, columns: x.columns)
    dense.backward(slope, x: x, into: dx, gradient: denseGradient, on: compute)
    return dx
  }

  private func hidden(_ x: Matrix, _ compute: Compute) -> Matrix {
    guard let dense else { return x }
    let hidden = Matrix(rows: x.rows, columns: dense.weights.rows)
    dense.forward(x, into: hidden, on: compute)
    compute.tanh(hidden)
    return hidden
  }
}

// MARK: Training

extension TrainingPass {
  /// The scores of every document from its last token, `[documents, outputs]`, of a model with a score
  /// head. Keeps what `backward(_:scoreSlopes:)` needs.
  package func scores(of batch: TokenBatch) -> Matrix {
    guard let score else { preconditionFailure("the model has no score head") }
    return score.forward(lastRows(encode(batch), batch), on: compute)
  }

  /// Adds to the gradients, given ∂loss/∂scores, `[documents, outputs]`, of the batch that `scores(of:)`
  /// has just seen.
  package func backward(_ batch: TokenBatch, scoreSlopes: Matrix) {
    guard let score, let scoreGradient else {
      preconditionFailure("the model has no score head")
    }
    let m = memory(rows: batch.tokens.count)
    let slope = score.backward(
      scoreSlopes, x: lastRows(m, batch), gradient: scoreGradient, on: compute)
    m.scratch.normed.floats[0..<m.rows * m.scratch.normed.columns].fill(0)
    for (index, document) in batch.documents.enumerated() {
      let row = document.upperBound - 1
      compute.copy(slope[rows: index..<index + 1], to: m.scratch.normed[rows: row..<row + 1])
    }
    encodeBackward(m, batch)
  }

  private func lastRows(_ m: PassMemory, _ batch: TokenBatch) -> Matrix {
    let rows = Matrix(rows: batch.documents.count, columns: m.final.columns)
    compute.gatherRows(
      batch.documents.map { Int32($0.upperBound - 1) }, of: m.finalNormed, into: rows)
    return rows
  }
}

// MARK: Models

extension Transformer {
  /// This model with a score head in place of its output over the vocabulary; the head starts random,
  /// N(0, deviation), and its bias at 0. The parameters are copied.
  package func scoring(
    _ head: ScoreHead, seed: UInt64, deviation: Float = 0.02, on compute: Compute
  ) -> Transformer {
    var configuration = configuration
    configuration.scoreHead = head
    let model = Transformer(configuration, seed: seed, deviation: deviation, on: compute)
    for view in model.layout.views {
      guard let own = tensor(view.name), own.count == view.count else { continue }
      model.parameters[view.range].copy(from: own)
    }
    return model
  }

  /// The scores of texts from their last tokens, `[texts][outputs]`, of a model with a score head. A text
  /// has at least one token; its scores do not depend on the others.
  package func scores(of texts: [[Int]], on compute: Compute) throws(TokenError) -> [[Float]] {
    guard let views = views.score else {
      throw TokenError("the model has no score head; train one or give another model")
    }
    for text in texts {
      try configuration.check(text, isScoring: true)
      guard !text.isEmpty else { throw TokenError("a text to score needs at least one token") }
    }
    let engine = InferenceEngine(self, window: texts.map(\.count).max() ?? 1, on: compute)
    let layer = ScoreLayer(views, in: parameters)
    return texts.map { text in
      var pieces = [
        InferenceEngine.Piece(
          cache: engine.makeCache(capacity: text.count), tokens: text.map(Int32.init), wanted: 1)
      ]
      return layer.forward(engine.lastHidden(&pieces), on: compute).floats.array
    }
  }
}

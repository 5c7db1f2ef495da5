import Numerics

/// Forward passes without gradients, over sequences that each have a cache of keys and values. A
/// token's logits are the same bits whether its predecessors came in the same call or before, and
/// whatever other sequences are in the call.
struct InferenceEngine: Sendable {
  /// New tokens of one sequence.
  struct Piece {
    var cache: KeyValueCache
    var tokens: [Int32]
    /// Which of the tokens' logits are wanted: the last ones.
    var wanted: Int
  }

  let model: Transformer
  let compute: Compute
  private let layers: [DecoderLayer]
  private let norm: RMSNorm
  private let weights: [LayerWeights]
  private let head: Linear
  private let rotary: RotaryTable

  private let passRows: Int?

  /// An engine for sequences of up to `window` tokens, that takes about `passRows` of them at once.
  init(_ model: Transformer, window: Int, passRows: Int? = nil, on compute: Compute) {
    self.model = model
    self.passRows = passRows
    self.compute = compute
    let (c, views) = (model.configuration, model.views)
    layers = (0..<c.layers).map { DecoderLayer(c, index: $0) }
    norm = RMSNorm(epsilon: c.normEpsilon, offset: c.normOffset)
    weights = views.layers.map {
      LayerWeights($0, in: model.parameters).prepared(on: compute)
    }
    let matrix = Matrix(
      model.parameters[views.head.range], rows: c.vocabularySize, columns: c.hidden)
    head = Linear(matrix).prepared(on: compute)
    rotary = c.rotaryTable(positions: window)
  }

  /// Tokens that one pass may take: enough to fill the matrix units, few enough to fit in memory.
  var passLimit: Int {
    passRows ?? max(64, min(4096, (1 << 26) / model.configuration.vocabularySize))
  }

  /// An empty cache for up to `capacity` tokens.
  func makeCache(capacity: Int) -> KeyValueCache {
    KeyValueCache(capacity: capacity, model.configuration)
  }

  /// Takes every piece's tokens into its cache. Gives the logits of the wanted tokens, piece by piece,
  /// `[sum of wanted, vocabulary]`.
  func forward(_ pieces: inout [Piece]) -> Matrix {
    let c = model.configuration
    let tokens = pieces.flatMap(\.tokens)
    let positions = pieces.flatMap { piece in
      piece.tokens.indices.map { Int32(piece.cache.length + $0) }
    }
    // One set of activations serves every layer: nothing is kept for a backward pass.
    let a = LayerActivations(rows: tokens.count, c)
    let output = Matrix(rows: tokens.count, columns: c.hidden)
    compute.gatherRows(tokens, of: embedding, into: a.input, scale: c.embeddingScale)
    for index in weights.indices {
      layers[index].forward(
        a, weights[index], positions: positions, rotary: rotary, into: output, on: compute
      ) { attend($0, pieces, layer: index, into: a.attended) }
      compute.copy(output, to: a.input)
    }
    for index in pieces.indices { pieces[index].cache.advance(by: pieces[index].tokens.count) }
    return logits(a.input, pieces)
  }

  private var embedding: Matrix {
    Matrix(
      model.parameters[model.views.embedding.range], rows: model.configuration.vocabularySize,
      columns: model.configuration.hidden)
  }

  /// Puts the new keys and values into the caches, and attends to what is there.
  private func attend(
    _ qkv: QueryKeyValue, _ pieces: [Piece], layer index: Int, into out: Matrix
  ) {
    var segments: [AttentionSegment] = []
    var row = 0
    for piece in pieces {
      let rows = row..<row + piece.tokens.count
      let start = piece.cache.length
      let end = start + rows.count
      let single = Compute(threads: 1)  // a row or a few: not worth waking threads for
      single.copy(qkv.key[rows: rows], to: piece.cache.keys(layer: index, start..<end))
      single.copy(qkv.value[rows: rows], to: piece.cache.values(layer: index, start..<end))
      segments.append(
        AttentionSegment(
          queries: rows, firstPosition: start, keys: piece.cache.keys(layer: index, 0..<end),
          values: piece.cache.values(layer: index, 0..<end)))
      row = rows.upperBound
    }
    layers[index].attention.forward(qkv.query, segments: segments, into: out, on: compute)
  }

  /// Final norm and output matrix, for the wanted rows only.
  private func logits(_ hidden: Matrix, _ pieces: [Piece]) -> Matrix {
    let c = model.configuration
    var rows: [Int32] = []
    var end = 0
    for piece in pieces {
      end += piece.tokens.count
      rows += (end - piece.wanted..<end).map { Int32($0) }
    }
    guard !rows.isEmpty else { return Matrix(rows: 0, columns: c.vocabularySize) }
    let wanted = Matrix(rows: rows.count, columns: c.hidden)
    compute.gatherRows(rows, of: hidden, into: wanted)
    let normed = Matrix(rows: rows.count, columns: c.hidden)
    norm.forward(
      wanted, weight: model.parameters[model.views.norm.range], into: normed,
      inverseRoots: Floats(count: rows.count), on: compute)
    let logits = Matrix(rows: rows.count, columns: c.vocabularySize)
    head.forward(normed, into: logits, on: compute)
    c.tokenHead.cap(logits, on: compute)
    return logits
  }

  /// Log-probabilities of `targets` under the rows of `logits`.
  func logProbabilities(_ logits: Matrix, of targets: [Int32]) -> [Float] {
    let result = Floats(count: logits.rows)
    TokenHead().forward(
      logits, targets: targets, logProbabilities: result, logSums: Floats(count: logits.rows),
      on: compute)
    return result.array
  }

  /// Each row's most likely token; the lowest id wins ties.
  func firstChoices(_ logits: Matrix) -> [Int32] {
    var choices = [Int32](repeating: 0, count: logits.rows)
    choices.withUnsafeMutableBufferPointer { buffer in
      // Each thread writes the rows of its own part.
      nonisolated(unsafe) let buffer = buffer
      compute.split(logits.rows, grain: 8) { part in
        for row in part {
          buffer[row] = Int32(logits[row: row].withSpan { indexOfMaximum($0) })
        }
      }
    }
    return choices
  }
}

/// The index of the largest value; the lowest wins ties.
func indexOfMaximum(_ values: Span<Float>) -> Int {
  var best = 0
  for index in values.indices where values[index] > values[best] { best = index }
  return best
}

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
  /// nil in plain attention.
  private let dualChunk: DualChunkAttention?

  /// An engine for sequences of up to `window` tokens.
  init(_ model: Transformer, window: Int, on compute: Compute) {
    self.model = model
    self.compute = compute
    let (c, views) = (model.configuration, model.views)
    layers = (0..<c.layers).map { DecoderLayer(c, index: $0) }
    norm = RMSNorm(epsilon: c.normEpsilon, offset: c.normOffset)
    weights = views.layers.map {
      LayerWeights($0, in: model.parameters).prepared(on: compute)
    }
    let matrix = Linear([views.head], in: model.parameters)
    head = c.scoreHead == nil ? matrix.prepared(on: compute) : matrix
    dualChunk = c.dualChunk.map { DualChunkAttention($0, c) }
    let isLong = c.dualChunk.map { window > $0.length } ?? false
    let positions = isLong ? c.dualChunk.map { $0.chunkSize + 1 } ?? window : window
    rotary = c.rotaryTable(positions: positions)
  }

  /// Tokens that one pass may take: enough to fill the matrix units, few enough to fit in memory.
  var passLimit: Int { max(64, min(4096, (1 << 26) / model.configuration.vocabularySize)) }

  /// An empty cache for up to `capacity` tokens.
  func makeCache(capacity: Int) -> KeyValueCache {
    KeyValueCache(capacity: capacity, model.configuration)
  }

  /// Takes every piece's tokens into its cache. Gives the logits of the wanted tokens, piece by piece,
  /// `[sum of wanted, vocabulary]`.
  func forward(_ pieces: inout [Piece]) -> Matrix {
    let normed = lastHidden(&pieces)
    let logits = Matrix(rows: normed.rows, columns: model.configuration.vocabularySize)
    guard normed.rows > 0 else { return logits }
    head.forward(normed, into: logits, on: compute)
    model.configuration.tokenHead.cap(logits, on: compute)
    return logits
  }

  /// Takes every piece's tokens into its cache. Gives the final norm's output for the wanted tokens,
  /// `[sum of wanted, hidden]`.
  func lastHidden(_ pieces: inout [Piece]) -> Matrix {
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
      layers[index].forward(a, weights[index], into: output, on: compute) {
        attend($0, pieces, positions, layer: index, into: a.attended)
      }
      compute.copy(output, to: a.input)
    }
    for index in pieces.indices { pieces[index].cache.advance(by: pieces[index].tokens.count) }
    return normed(a.input, pieces)
  }

  private var embedding: Matrix {
    Matrix(
      model.parameters[model.views.embedding.range], rows: model.configuration.vocabularySize,
      columns: model.configuration.hidden)
  }

  /// Turns queries and keys, puts the new keys and values into the caches, and attends to what is there.
  private func attend(
    _ qkv: QueryKeyValue, _ pieces: [Piece], _ positions: [Int32], layer index: Int,
    into out: Matrix
  ) {
    let keyPositions = dualChunk?.keyPositions(positions) ?? positions
    rotary.rotate(qkv.key, rowPositions: keyPositions, on: compute)
    let segments = cache(qkv, pieces, layer: index)
    let attention = layers[index].attention
    if let dualChunk {
      dualChunk.forward(
        qkv.query, segments: segments, attention, rotary: rotary, into: out, on: compute)
    } else {
      rotary.rotate(qkv.query, rowPositions: positions, on: compute)
      attention.forward(qkv.query, segments: segments, into: out, on: compute)
    }
  }

  /// Puts the new keys and values into the caches.
  private func cache(
    _ qkv: QueryKeyValue, _ pieces: [Piece], layer index: Int
  ) -> [AttentionSegment] {
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
    return segments
  }

  /// The final norm, for the wanted rows only.
  private func normed(_ hidden: Matrix, _ pieces: [Piece]) -> Matrix {
    var rows: [Int32] = []
    var end = 0
    for piece in pieces {
      end += piece.tokens.count
      rows += (end - piece.wanted..<end).map { Int32($0) }
    }
    let normed = Matrix(rows: rows.count, columns: model.configuration.hidden)
    guard !rows.isEmpty else { return normed }
    let wanted = Matrix(rows: rows.count, columns: model.configuration.hidden)
    compute.gatherRows(rows, of: hidden, into: wanted)
    norm.forward(
      wanted, weight: model.parameters[model.views.norm.range], into: normed,
      inverseRoots: Floats(count: rows.count), on: compute)
    return normed
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
  func firstChoices(_ logits: Matrix) -> [Int32] { compute.firstChoices(logits) }
}

/// The index of the largest value; the lowest wins ties.
func indexOfMaximum(_ values: Span<Float>) -> Int {
  var best = 0
  for index in values.indices where values[index] > values[best] { best = index }
  return best
}

import Numerics

/// Forward passes without gradients, over sequences that each have a cache of keys and values. A
/// token's logits are the same bits whether its predecessors came in the same call or before, and
/// whatever other sequences are in the call.
struct InferenceEngine: Sendable {
  /// New tokens of one sequence.
  struct Piece: Sendable {
    var cache: KeyValueCache
    var tokens: [Int32]
    /// Which of the tokens' logits are wanted: the last ones.
    var wanted: Int
  }

  let model: Transformer
  private(set) var compute: Compute
  private let layers: [DecoderLayer]
  private let norm: RMSNorm
  private let weights: PassWeights
  private var rotary: RotaryTable
  /// nil in plain attention.
  private let dualChunk: DualChunkAttention?
  private let passRows: Int?
  private let memories: InferenceMemories

  /// An engine for sequences of up to `window` tokens, that takes about `passRows` of them at once. It
  /// reads the parameters now, and anew by `refresh`.
  init(_ model: Transformer, window: Int, passRows: Int? = nil, on compute: Compute) {
    self.model = model
    self.passRows = passRows
    self.compute = compute
    let (c, views) = (model.configuration, model.views)
    layers = (0..<c.layers).map { DecoderLayer(c, index: $0) }
    norm = RMSNorm(epsilon: c.normEpsilon, offset: c.normOffset)
    let matrix = Linear([views.head], in: model.parameters)
    weights = PassWeights(
      layers: views.layers.map { LayerWeights($0, in: model.parameters).prepared(on: compute) },
      head: c.scoreHead == nil ? matrix.prepared(on: compute) : matrix)
    dualChunk = c.dualChunk.map { DualChunkAttention($0, c) }
    memories = InferenceMemories(c)
    rotary = c.rotaryTable(positions: 1)
    reach(window)
  }

  /// Reads the parameters anew, after they have changed.
  func refresh() { weights.refresh(on: compute) }

  /// Makes ready for sequences of up to `window` tokens.
  mutating func reach(_ window: Int) {
    let c = model.configuration
    let isLong = c.dualChunk.map { window > $0.length } ?? false
    let positions = isLong ? c.dualChunk.map { $0.chunkSize + 1 } ?? window : window
    if positions != rotary.positions { rotary = c.rotaryTable(positions: positions) }
  }

  /// The same engine on one thread, with the same weights.
  private var single: InferenceEngine {
    var copy = self
    copy.compute = Compute(threads: 1, engine: compute.engine, profile: compute.profile)
    return copy
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
    let normed = lastHidden(&pieces)
    let logits = Matrix(rows: normed.rows, columns: model.configuration.vocabularySize)
    guard normed.rows > 0 else { return logits }
    output(normed, into: logits)
    return logits
  }

  private func output(_ normed: Matrix, into logits: Matrix) {
    weights.head.forward(normed, into: logits, on: compute)
    model.configuration.tokenHead.cap(logits, on: compute)
  }

  /// Takes every piece's tokens into its cache. Gives the final norm's output for the wanted tokens,
  /// `[sum of wanted, hidden]`.
  func lastHidden(_ pieces: inout [Piece]) -> Matrix {
    let normed = Matrix(
      rows: pieces.reduce(0) { $0 + $1.wanted }, columns: model.configuration.hidden)
    let rows = pieces.reduce(0) { $0 + $1.tokens.count }
    guard rows > 0 else { return normed }
    memories.lend(rows: rows) { memory in
      let hidden = encode(pieces, memory)
      if normed.rows > 0 { normalise(hidden, pieces, into: normed) }
    }
    for index in pieces.indices { pieces[index].cache.advance(by: pieces[index].tokens.count) }
    return normed
  }

  /// Takes a token into each cache and calls `body` with each piece's index, the matrix of logits and the
  /// row in it that is the piece's; the matrix is overwritten by the next pass. Many pieces are shared out
  /// among threads that take theirs through all layers.
  func decode(_ pieces: [Piece], _ body: @Sendable (Int, Matrix, Int) -> Void) {
    let parts = parts(pieces.count)
    if parts.count <= 1 { return decode(pieces, 0..<pieces.count, body) }
    let single = single
    compute.split(parts.count) { range in
      for part in parts[range] { single.decode(pieces, part, body) }
    }
  }

  private func decode(
    _ pieces: [Piece], _ part: Range<Int>, _ body: @Sendable (Int, Matrix, Int) -> Void
  ) {
    let c = model.configuration
    let chosen = Array(pieces[part])
    memories.lend(rows: part.count) { memory in
      let normed = memory.normed[rows: 0..<part.count]
      let logits = memory.logits[rows: 0..<part.count]
      norm.forward(
        encode(chosen, memory), weight: model.parameters[model.views.norm.range], into: normed,
        inverseRoots: memory.roots, on: compute)
      output(normed, into: logits)
      compute.split(part.count, grain: max(1, 8192 / c.vocabularySize)) { rows in
        for row in rows { body(part.lowerBound + row, logits, row) }
      }
    }
  }

  /// How many pieces go through the layers together. A part has whole tiles of the product's kernel; few
  /// pieces stay together, and threads share each product.
  private func parts(_ count: Int) -> [Range<Int>] {
    let threads = compute.threads
    guard threads > 1, compute.engine.isBatchInvariant, count >= 32 * threads else {
      return [0..<count]
    }
    let tiles = (count + 5) / 6
    let number = tiles >= 32 * threads ? 2 * threads : threads
    return (0..<number).map { part in
      min(count, 6 * (tiles * part / number))..<min(count, 6 * (tiles * (part + 1) / number))
    }
  }

  /// Takes every piece's tokens through the layers and into its cache, without counting them there.
  private func encode(_ pieces: [Piece], _ memory: InferenceMemory) -> Matrix {
    let tokens = pieces.flatMap(\.tokens)
    let positions = pieces.flatMap { piece in
      piece.tokens.indices.map { Int32(piece.cache.length + $0) }
    }
    var starts: [Int] = []
    var row = 0
    for piece in pieces {
      starts.append(row)
      row += piece.tokens.count
    }
    let rows = PieceRows(pieces: pieces, starts: starts, positions: positions)
    // One set of activations serves every layer, for nothing is kept for a backward pass: but for its
    // input, for the layer writes the next one's.
    var a = memory.activations(rows: tokens.count)
    var next = a.with(input: memory.other[rows: 0..<tokens.count])
    compute.gatherRows(
      tokens, of: embedding, into: a.input, scale: model.configuration.embeddingScale)
    for index in weights.layers.indices {
      layers[index].forward(a, weights.layers[index], into: next.input, on: compute) {
        attend($0, rows, layer: index, into: a.attended)
      }
      swap(&a, &next)
    }
    return a.input
  }

  /// Pieces, the row of the first token of each, and the position of every row.
  private struct PieceRows: Sendable {
    let pieces: [Piece]
    let starts: [Int]
    let positions: [Int32]

    func range(_ index: Int) -> Range<Int> {
      starts[index]..<starts[index] + pieces[index].tokens.count
    }
  }

  private var embedding: Matrix {
    Matrix(
      model.parameters[model.views.embedding.range], rows: model.configuration.vocabularySize,
      columns: model.configuration.hidden)
  }

  /// Turns queries and keys, puts the new keys and values into the caches, and attends to what is there.
  private func attend(
    _ qkv: QueryKeyValue, _ rows: PieceRows, layer index: Int, into out: Matrix
  ) {
    let keyPositions = dualChunk?.keyPositions(rows.positions) ?? rows.positions
    rotary.rotate(qkv.key, rowPositions: keyPositions, on: compute)
    let segments = cache(qkv, rows, layer: index)
    let attention = layers[index].attention
    if let dualChunk {
      dualChunk.forward(
        qkv.query, segments: segments, attention, rotary: rotary, into: out, on: compute)
    } else {
      rotary.rotate(qkv.query, rowPositions: rows.positions, on: compute)
      attention.forward(qkv.query, segments: segments, into: out, on: compute)
    }
  }

  /// Puts the new keys and values into the caches.
  private func cache(
    _ qkv: QueryKeyValue, _ rows: PieceRows, layer: Int
  ) -> [AttentionSegment] {
    compute.split(rows.pieces.count, grain: 16) { part in
      for index in part {
        let range = rows.range(index)
        rows.pieces[index].cache.write(
          keys: qkv.key[rows: range], values: qkv.value[rows: range], layer: layer)
      }
    }
    return rows.pieces.enumerated().map { index, piece in
      let range = rows.range(index)
      let start = piece.cache.length
      return AttentionSegment(
        queries: range, firstPosition: start,
        piece.cache.source(layer: layer, start + range.count))
    }
  }

  /// The final norm, for the wanted rows only.
  private func normalise(_ hidden: Matrix, _ pieces: [Piece], into normed: Matrix) {
    var rows: [Int32] = []
    var end = 0
    for piece in pieces {
      end += piece.tokens.count
      rows += (end - piece.wanted..<end).map { Int32($0) }
    }
    compute.gatherRows(rows, of: hidden, into: normed)
    norm.forward(
      normed, weight: model.parameters[model.views.norm.range], into: normed,
      inverseRoots: Floats(count: rows.count), on: compute)
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

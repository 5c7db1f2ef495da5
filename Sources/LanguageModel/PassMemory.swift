import Numerics

/// Activations and their gradients for up to `rows` tokens.
struct PassMemory {
  let rows: Int
  /// Of every layer; all but the inputs are the same memory when layers are computed twice.
  let layers: [LayerActivations]
  let isRecomputing: Bool
  let final: Matrix
  let finalNormed: Matrix
  let finalRoots: Floats
  /// Of some rows at a time, `[headRows, vocabulary]`; the backward pass turns it into its gradient.
  let logits: Matrix
  let logProbabilities: Floats
  let logSums: Floats
  let scratch: LayerGradients

  init(rows: Int, _ c: ModelConfiguration, activationBytes: Int) {
    self.rows = rows
    isRecomputing = rows > 0 && c.layers > 1 && Self.bytes(c, rows: rows) > activationBytes
    if isRecomputing {
      let shared = LayerActivations(rows: rows, c)
      layers = (0..<c.layers).map { index in
        index == 0 ? shared : shared.with(input: Matrix(rows: rows, columns: c.hidden))
      }
    } else {
      layers = (0..<c.layers).map { LayerActivations(rows: rows, c, layer: $0) }
    }
    final = Matrix(rows: rows, columns: c.hidden)
    finalNormed = Matrix(rows: rows, columns: c.hidden)
    finalRoots = Floats(count: rows)
    logits = Matrix(rows: min(rows, Self.headRows(c)), columns: c.vocabularySize)
    logProbabilities = Floats(count: rows)
    logSums = Floats(count: rows)
    scratch = LayerGradients(rows: rows, c)
  }

  private init(_ other: PassMemory, rows: Int) {
    self.rows = rows
    layers = other.layers.map { LayerActivations($0, rows: rows) }
    isRecomputing = other.isRecomputing
    final = other.final[rows: 0..<rows]
    finalNormed = other.finalNormed[rows: 0..<rows]
    finalRoots = other.finalRoots[0..<rows]
    logits = other.logits
    logProbabilities = other.logProbabilities[0..<rows]
    logSums = other.logSums[0..<rows]
    scratch = LayerGradients(other.scratch, rows: rows)
  }

  /// The part that a batch of `rows` tokens uses.
  func first(_ rows: Int) -> PassMemory { PassMemory(self, rows: rows) }

  /// Rows whose logits are there at a time: 128 MiB of them, and at least 64.
  static func headRows(_ c: ModelConfiguration) -> Int {
    c.scoreHead == nil ? max(64, (1 << 25) / c.vocabularySize) : 0
  }

  /// The batch's rows in runs of at most `headRows`.
  func headParts(_ c: ModelConfiguration) -> [Range<Int>] {
    let size = max(1, Self.headRows(c))
    return stride(from: 0, to: rows, by: size).map { $0..<min(rows, $0 + size) }
  }

  /// Floats that a layer keeps for each row.
  static func floatsPerRow(_ c: ModelConfiguration, layer index: Int) -> Int {
    var sum = 4 * c.hidden + 2 * c.queryWidth + 2 * c.keyValueWidth + c.heads + 2
    if c.hasHeadNorms { sum += c.queryWidth + c.keyValueWidth }
    if c.hasOutputNorms { sum += 2 * c.hidden }
    guard let experts = c.experts(layer: index) else { return sum + 3 * c.intermediate }
    sum += experts.count + experts.active * (2 * c.hidden + 3 * experts.intermediate + 1)
    return sum + c.hidden + 3 * experts.sharedIntermediate + 1
  }

  /// Bytes of all layers' activations for `rows` tokens.
  static func bytes(_ c: ModelConfiguration, rows: Int) -> Int {
    (0..<c.layers).reduce(0) { $0 + 4 * rows * floatsPerRow(c, layer: $1) }
  }
}

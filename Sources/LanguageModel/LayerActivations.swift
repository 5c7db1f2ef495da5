import Numerics

/// What one layer computes for `rows` tokens; training keeps it for the backward pass.
struct LayerActivations {
  /// The layer's input, `[rows, hidden]`.
  private(set) var input: Matrix
  /// `[rows, hidden]`, with 1/√(mean x² + ε) of each row.
  let inputNormed: Matrix
  let inputRoots: Floats
  /// `[rows, queryWidth + 2 · keyValueWidth]`
  let queryKeyValue: Matrix
  /// `[rows, queryWidth]`, with the log of each softmax's sum.
  let attended: Matrix
  let attendedLogSums: Floats
  /// The residual stream between attention and MLP, `[rows, hidden]`.
  let middle: Matrix
  let mlpNormed: Matrix
  let mlpRoots: Floats
  /// Of the gated MLP; no rows in a layer of experts.
  let mlp: MLPActivations
  /// nil in a layer without.
  let experts: ExpertActivations?
  /// Queries and keys before their norms; nil in families without.
  let rawQuery: NormActivations?
  let rawKey: NormActivations?
  /// What attention and the MLP gave before their norms; nil in families without.
  let rawAttention: NormActivations?
  let rawOutput: NormActivations?

  private let configuration: ModelConfiguration

  /// New memory for `rows` tokens of the layer at `index`; nil for memory that serves any layer in turn.
  init(rows: Int, _ c: ModelConfiguration, layer index: Int? = nil) {
    configuration = c
    let indices = index.map { [$0] } ?? Array(0..<c.layers)
    let expertKinds = indices.compactMap { c.experts(layer: $0) }
    let hasMLP = expertKinds.count < indices.count
    input = Matrix(rows: rows, columns: c.hidden)
    inputNormed = Matrix(rows: rows, columns: c.hidden)
    inputRoots = Floats(count: rows)
    queryKeyValue = Matrix(rows: rows, columns: c.queryWidth + 2 * c.keyValueWidth)
    attended = Matrix(rows: rows, columns: c.queryWidth)
    attendedLogSums = Floats(count: rows * c.heads)
    middle = Matrix(rows: rows, columns: c.hidden)
    mlpNormed = Matrix(rows: rows, columns: c.hidden)
    mlpRoots = Floats(count: rows)
    mlp = MLPActivations(rows: hasMLP ? rows : 0, width: c.intermediate)
    experts = expertKinds.first.map { ExpertActivations(rows: rows, c, $0) }
    func heads(_ count: Int) -> NormActivations? {
      c.hasHeadNorms ? NormActivations(rows: rows, heads: count, headSize: c.headSize) : nil
    }
    rawQuery = heads(c.heads)
    rawKey = heads(c.keyValueHeads)
    func whole() -> NormActivations? {
      c.hasOutputNorms ? NormActivations(rows: rows, heads: 1, headSize: c.hidden) : nil
    }
    rawAttention = whole()
    rawOutput = whole()
  }

  /// The first `rows` rows of another's memory.
  init(_ other: LayerActivations, rows: Int) {
    configuration = other.configuration
    let all = 0..<rows
    input = other.input[rows: all]
    inputNormed = other.inputNormed[rows: all]
    inputRoots = other.inputRoots[all]
    queryKeyValue = other.queryKeyValue[rows: all]
    attended = other.attended[rows: all]
    attendedLogSums = other.attendedLogSums[0..<rows * configuration.heads]
    middle = other.middle[rows: all]
    mlpNormed = other.mlpNormed[rows: all]
    mlpRoots = other.mlpRoots[all]
    mlp = other.mlp.gated.rows < rows ? other.mlp : other.mlp.rows(all)
    experts = other.experts
    rawQuery = other.rawQuery.map { NormActivations($0, rows: rows) }
    rawKey = other.rawKey.map { NormActivations($0, rows: rows) }
    rawAttention = other.rawAttention.map { NormActivations($0, rows: rows) }
    rawOutput = other.rawOutput.map { NormActivations($0, rows: rows) }
  }

  var split: QueryKeyValue { QueryKeyValue(queryKeyValue, configuration) }

  /// The same memory with another layer's input.
  func with(input: Matrix) -> LayerActivations {
    var copy = self
    copy.input = input
    return copy
  }
}

/// The three parts of a `[rows, queryWidth + 2 · keyValueWidth]` matrix.
struct QueryKeyValue {
  let query: Matrix
  let key: Matrix
  let value: Matrix

  init(_ all: Matrix, _ c: ModelConfiguration) {
    query = all[columns: 0..<c.queryWidth]
    key = all[columns: c.queryWidth..<c.queryWidth + c.keyValueWidth]
    value = all[columns: c.queryWidth + c.keyValueWidth..<all.columns]
  }
}

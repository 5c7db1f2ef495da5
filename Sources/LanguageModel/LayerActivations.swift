import Numerics

/// What one layer computes for `rows` tokens; training keeps it for the backward pass.
struct LayerActivations {
  /// The layer's input, `[rows, hidden]`.
  let input: Matrix
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
  /// `[rows, 2 · intermediate]`
  let gateUp: Matrix
  /// `[rows, intermediate]`
  let gated: Matrix
  /// Queries and keys before their norms; nil in families without.
  let rawQuery: NormActivations?
  let rawKey: NormActivations?
  /// What attention and the MLP gave before their norms; nil in families without.
  let rawAttention: NormActivations?
  let rawOutput: NormActivations?

  private let configuration: ModelConfiguration

  /// New memory for `rows` tokens.
  init(rows: Int, _ c: ModelConfiguration) {
    configuration = c
    input = Matrix(rows: rows, columns: c.hidden)
    inputNormed = Matrix(rows: rows, columns: c.hidden)
    inputRoots = Floats(count: rows)
    queryKeyValue = Matrix(rows: rows, columns: c.queryWidth + 2 * c.keyValueWidth)
    attended = Matrix(rows: rows, columns: c.queryWidth)
    attendedLogSums = Floats(count: rows * c.heads)
    middle = Matrix(rows: rows, columns: c.hidden)
    mlpNormed = Matrix(rows: rows, columns: c.hidden)
    mlpRoots = Floats(count: rows)
    gateUp = Matrix(rows: rows, columns: 2 * c.intermediate)
    gated = Matrix(rows: rows, columns: c.intermediate)
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
    gateUp = other.gateUp[rows: all]
    gated = other.gated[rows: all]
    rawQuery = other.rawQuery.map { NormActivations($0, rows: rows) }
    rawKey = other.rawKey.map { NormActivations($0, rows: rows) }
    rawAttention = other.rawAttention.map { NormActivations($0, rows: rows) }
    rawOutput = other.rawOutput.map { NormActivations($0, rows: rows) }
  }

  var split: QueryKeyValue { QueryKeyValue(queryKeyValue, configuration) }
  var gate: Matrix { gateUp[columns: 0..<configuration.intermediate] }
  var up: Matrix { gateUp[columns: configuration.intermediate..<2 * configuration.intermediate] }
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

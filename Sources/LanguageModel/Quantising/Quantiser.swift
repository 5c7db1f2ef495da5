package import Numerics

/// Writes matrices with few bits. A function of the matrix alone: threads share groups.
package struct Quantiser: Sendable {
  package var precision: StoredPrecision
  /// Rounds of k-means.
  package var rounds: Int
  private let compute: Compute

  package init(precision: StoredPrecision = .float16, rounds: Int = 30, on compute: Compute) {
    self.precision = precision
    self.rounds = rounds
    self.compute = compute
  }

  /// - Precondition: `matrix` is finite and not empty.
  package func quantised(_ matrix: Matrix, as form: Quantisation) -> QuantisedTensor {
    switch form {
    case .palette(let bits, let axis, let group): palette(matrix, bits, axis, group)
    case .integers(let bits, let group, let isSymmetric):
      integers(matrix, bits, group, isSymmetric)
    }
  }

  // MARK: Tables

  private func palette(
    _ matrix: Matrix, _ bits: Int, _ axis: Quantisation.Axis, _ group: Int
  ) -> QuantisedTensor {
    let form = Quantisation.palette(bits: bits, axis: axis, group: group)
    let shape = [matrix.rows, matrix.columns]
    let made = QuantisedTensor.groups(form, shape)
    let parts = mapped(made) { index -> (table: [Float], codes: [UInt8]) in
      let part = part(of: matrix, axis, index * group, group)
      let values = part.rowArrays.flatMap { $0 }
      let table = ValueTable(of: values, size: 1 << bits, rounds: rounds).centres
        .map { precision.rounded(Float($0)) }
      return (table, values.map { UInt8(ValueTable.nearest($0, in: table)) })
    }
    var codes = [UInt8](repeating: 0, count: matrix.rows * matrix.columns)
    for (index, made) in parts.enumerated() {
      let part = part(of: matrix, axis, index * group, group)
      let (firstRow, firstColumn) = axis == .rows ? (index * group, 0) : (0, index * group)
      for row in 0..<part.rows {
        let start = (firstRow + row) * matrix.columns + firstColumn
        codes.replaceSubrange(
          start..<start + part.columns,
          with: made.codes[row * part.columns..<(row + 1) * part.columns])
      }
    }
    return QuantisedTensor(
      form: form, shape: shape, precision: precision, codes: PackedCodes(codes, bits: bits),
      values: parts.flatMap(\.table))
  }

  /// Some rows, or columns, of a matrix, from `first` on.
  private func part(
    of matrix: Matrix, _ axis: Quantisation.Axis, _ first: Int, _ count: Int
  ) -> Matrix {
    axis == .rows
      ? matrix[rows: first..<min(matrix.rows, first + count)]
      : matrix[columns: first..<min(matrix.columns, first + count)]
  }

  // MARK: Scales

  private func integers(
    _ matrix: Matrix, _ bits: Int, _ group: Int?, _ isSymmetric: Bool
  ) -> QuantisedTensor {
    let size = group ?? matrix.columns
    let parts = QuantisedTensor.parts(matrix.columns, size)
    let made = mapped(matrix.rows * parts) { index -> ScaledGroup in
      let first = index % parts * size
      let values = matrix[row: index / parts][first..<min(matrix.columns, first + size)].array
      return isSymmetric
        ? ScaledGroup(symmetric: values, bits: bits, precision)
        : ScaledGroup(asymmetric: values, bits: bits, precision)
    }
    return QuantisedTensor(
      form: .integers(bits: bits, group: group, isSymmetric: isSymmetric),
      shape: [matrix.rows, matrix.columns], precision: precision,
      codes: PackedCodes(made.flatMap(\.codes), bits: bits), values: made.map(\.scale),
      zeros: isSymmetric ? [] : made.map(\.zero))
  }

  /// `body` of 0..<count, in order, carried out by several threads.
  private func mapped<Value: Sendable>(
    _ count: Int, _ body: @Sendable (Int) -> Value
  ) -> [Value] {
    [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
      nonisolated(unsafe) let buffer = buffer
      compute.split(count) { range in
        for index in range { buffer.initializeElement(at: index, to: body(index)) }
      }
      initialized = count
    }
  }
}

/// A group of values as whole numbers and their scale.
private struct ScaledGroup: Sendable {
  let scale: Float
  var zero: UInt8 = 0
  let codes: [UInt8]

  /// The largest magnitude is 2^(bits − 1) − 1; codes are two's complement.
  init(symmetric values: [Float], bits: Int, _ precision: StoredPrecision) {
    let most = Float((1 << (bits - 1)) - 1)
    let scale = precision.rounded((values.map(\.magnitude).max() ?? 0) / most)
    let mask = (1 << bits) - 1
    self.scale = scale
    codes = values.map { value in
      let whole = scale > 0 ? Self.whole(value / scale, -most, most) : 0
      return UInt8(whole & mask)
    }
  }

  /// From the least value to the largest, 0 always among them, as torch's affine quantisation has it.
  init(asymmetric values: [Float], bits: Int, _ precision: StoredPrecision) {
    let most = Float((1 << bits) - 1)
    let (low, high) = (min(0, values.min() ?? 0), max(0, values.max() ?? 0))
    let scale = precision.rounded((high - low) / most)
    let zero = scale > 0 ? Self.whole(-low / scale, 0, most) : 0
    self.scale = scale
    self.zero = UInt8(zero)
    codes = values.map { value in
      guard scale > 0 else { return UInt8(zero) }
      return UInt8(Self.whole(value / scale, -Float(zero), most - Float(zero)) + zero)
    }
  }

  /// Rounded to the nearest whole number, ties to even, within a range of at most 256.
  private static func whole(_ x: Float, _ low: Float, _ high: Float) -> Int {
    let clamped = min(max(x, low - 1), high + 1)
    // Adding 1.5 · 2²³ rounds.
    let rounded = (clamped + 0x1.8p23) - 0x1.8p23
    return Int(min(max(rounded, low), high))
  }
}

extension Matrix {
  /// Every row's values.
  fileprivate var rowArrays: [[Float]] { (0..<rows).map { self[row: $0].array } }
}

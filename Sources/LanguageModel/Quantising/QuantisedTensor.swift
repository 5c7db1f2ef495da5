package import Numerics

/// How a tensor is written with few bits.
package enum Quantisation: Hashable, Sendable {
  /// A table of 2^bits values for every `group` neighbouring rows, or columns (Apple's palettisation: 16 rows or columns
  /// share a table of 16; papers.md §3.3 A-Q).
  case palette(bits: Int, axis: Axis, group: Int)
  /// Whole numbers times a scale for every `group` neighbouring elements of a row; nil for a whole row. Symmetric:
  /// x ≈ s · q with |q| ≤ 2^(bits − 1) − 1. Otherwise x ≈ s · (q − z) with 0 ≤ q, z < 2^bits.
  case integers(bits: Int, group: Int?, isSymmetric: Bool)

  package enum Axis: String, CaseIterable, Sendable { case rows, columns }

  package var bits: Int {
    switch self {
    case .palette(let bits, _, _), .integers(let bits, _, _): bits
    }
  }
}

/// A matrix in few bits.
package struct QuantisedTensor: Sendable {
  package let form: Quantisation
  /// `[rows, columns]`
  package let shape: [Int]
  package let precision: StoredPrecision
  /// A code for every element, row by row.
  package let codes: PackedCodes
  /// Tables one after the other, or scales.
  package let values: [Float]
  /// Zero points of asymmetric integers; empty in other forms.
  package let zeros: [UInt8]

  init(
    form: Quantisation, shape: [Int], precision: StoredPrecision, codes: PackedCodes,
    values: [Float], zeros: [UInt8] = []
  ) {
    self.form = form
    self.shape = shape
    self.precision = precision
    self.codes = codes
    self.values = values
    self.zeros = zeros
  }

  /// Bytes of codes, tables, scales and zero points.
  package var byteCount: Int {
    codes.bytes.count + values.count * precision.type.width + zeros.count
  }

  /// How many groups there are: tables, or scales.
  static func groups(_ form: Quantisation, _ shape: [Int]) -> Int {
    switch form {
    case .palette(_, let axis, let group): parts(shape[axis == .rows ? 0 : 1], group)
    case .integers(_, let group, _): shape[0] * parts(shape[1], group ?? shape[1])
    }
  }

  static func parts(_ count: Int, _ size: Int) -> Int { (count + size - 1) / size }

  /// The matrix that the codes stand for.
  package func dequantised(on compute: Compute) -> Floats {
    let (rows, columns) = (shape[0], shape[1])
    let result = Floats(count: rows * columns)
    compute.split(rows, grain: max(1, 8192 / columns)) { range in
      for row in range {
        result[row * columns..<(row + 1) * columns].withMutableSpan { line in
          fill(&line, row: row)
        }
      }
    }
    return result
  }

  private func fill(_ line: inout MutableSpan<Float>, row: Int) {
    let columns = line.count
    switch form {
    case .palette(let bits, let axis, let group):
      for column in 0..<columns {
        let table = (axis == .rows ? row : column) / group
        line[column] = values[table << bits + Int(codes[row * columns + column])]
      }
    case .integers(let bits, let size, let isSymmetric):
      let size = size ?? columns
      let first = row * Self.parts(columns, size)
      for column in 0..<columns {
        let (code, group) = (Int(codes[row * columns + column]), first + column / size)
        // Symmetric codes are two's complement in their bits.
        let whole =
          isSymmetric
          ? (code << (64 - bits)) >> (64 - bits) : code - Int(zeros[group])
        line[column] = values[group] * Float(whole)
      }
    }
  }
}

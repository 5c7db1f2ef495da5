import COpenBLAS
import Numerics
import Testing

/// Values without pattern, for comparisons.
func pseudoRandom(_ rows: Int, _ columns: Int, seed: UInt64, stride: Int? = nil) -> Matrix {
  let stride = stride ?? columns
  let matrix = Matrix(Floats(count: rows * stride), rows: rows, columns: columns, stride: stride)
  var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
  for row in 0..<rows {
    for column in 0..<columns {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      matrix[row, column] = Float(Int32(truncatingIfNeeded: state >> 33) & 0xFFFF) / 32768 - 1
    }
  }
  return matrix
}

/// The elements' bits, row by row.
func bits(_ matrix: Matrix) -> [UInt32] {
  (0..<matrix.rows).flatMap { row in matrix[row: row].array.map(\.bitPattern) }
}

enum Form: CaseIterable, Sendable {
  case transposedRight, plain, transposedLeft

  func operands(_ m: Int, _ n: Int, _ k: Int) -> (Matrix, Matrix) {
    let pad = 3
    return switch self {
    case .transposedRight:
      (pseudoRandom(m, k, seed: 1, stride: k + pad), pseudoRandom(n, k, seed: 2, stride: k + pad))
    case .plain:
      (pseudoRandom(m, k, seed: 1, stride: k + pad), pseudoRandom(k, n, seed: 2, stride: n + pad))
    case .transposedLeft:
      (pseudoRandom(k, m, seed: 1, stride: m + pad), pseudoRandom(k, n, seed: 2, stride: n + pad))
    }
  }

  func multiply(_ a: Matrix, _ b: Matrix, into c: Matrix, from start: ProductStart, threads: Int) {
    multiply(a, b, into: c, from: start, on: Compute(threads: threads))
  }

  func multiply(
    _ a: Matrix, _ b: Matrix, into c: Matrix, from start: ProductStart, on compute: Compute
  ) {
    switch self {
    case .transposedRight: compute.multiply(a, transposed: b, into: c, from: start)
    case .plain: compute.multiply(a, b, into: c, from: start)
    case .transposedLeft: compute.multiply(transposed: a, b, into: c, from: start)
    }
  }

  /// Element (i, j)'s chain, one scalar step after the other.
  func chain(_ a: Matrix, _ b: Matrix, _ i: Int, _ j: Int, _ depth: Int, from start: Float) -> Float
  {
    var sum = start
    for k in 0..<depth {
      let left = self == .transposedLeft ? a[k, i] : a[i, k]
      let right = self == .transposedRight ? b[j, k] : b[k, j]
      sum.addProduct(left, right)
    }
    return sum
  }
}

struct Shape: CustomTestStringConvertible, Sendable {
  let m: Int
  let n: Int
  let k: Int
  var testDescription: String { "\(m)×\(n)×\(k)" }
}

@Suite struct MatrixProductTests {
  static let shapes = [
    Shape(m: 1, n: 1, k: 1), Shape(m: 6, n: 16, k: 256), Shape(m: 7, n: 17, k: 257),
    Shape(m: 1, n: 50, k: 300), Shape(m: 13, n: 5, k: 3), Shape(m: 5, n: 33, k: 0),
    Shape(m: 151, n: 70, k: 40), Shape(m: 300, n: 130, k: 515),
  ]

  @Test(arguments: Form.allCases, shapes)
  func `every element is the scalar chain of fused multiply-adds`(form: Form, shape: Shape) {
    let (a, b) = form.operands(shape.m, shape.n, shape.k)
    let bias = pseudoRandom(1, shape.n, seed: 3)[row: 0]
    for kind in 0..<3 {
      let c = pseudoRandom(shape.m, shape.n, seed: 4, stride: shape.n + 5)
      let before = pseudoRandom(shape.m, shape.n, seed: 4)
      let start: ProductStart = kind == 0 ? .zero : kind == 1 ? .existing : .bias(bias)
      form.multiply(a, b, into: c, from: start, threads: 2)
      var wrong = 0
      for i in 0..<shape.m {
        for j in 0..<shape.n {
          let first = kind == 0 ? 0 : kind == 1 ? before[i, j] : bias[j]
          let chain = form.chain(a, b, i, j, shape.k, from: first)
          if chain.bitPattern != c[i, j].bitPattern { wrong += 1 }
        }
      }
      #expect(wrong == 0)
    }
  }

  @Test(arguments: Form.allCases)
  func `one, two and seven threads give the same bits`(form: Form) {
    let (a, b) = form.operands(421, 333, 600)
    let results = [1, 2, 7].map { threads in
      let c = Matrix(rows: 421, columns: 333)
      form.multiply(a, b, into: c, from: .zero, threads: threads)
      return bits(c)
    }
    #expect(results[0] == results[1])
    #expect(results[0] == results[2])
  }

  @Test func `a product continued over row blocks equals the product of all rows`() {
    let x = pseudoRandom(500, 40, seed: 5)
    let dy = pseudoRandom(500, 30, seed: 6)
    let compute = Compute(threads: 2)
    let whole = Matrix(rows: 30, columns: 40)
    compute.multiply(transposed: dy, x, into: whole)
    let parts = Matrix(rows: 30, columns: 40)
    for range in [0..<130, 130..<131, 131..<500] {
      compute.multiply(transposed: dy[rows: range], x[rows: range], into: parts, from: .existing)
    }
    #expect(bits(whole) == bits(parts))
  }

  @Test func `a row's product does not depend on its neighbours, nor on packed weights`() {
    let x = pseudoRandom(100, 70, seed: 7)
    let w = pseudoRandom(50, 70, seed: 8)
    let compute = Compute(threads: 2)
    let all = Matrix(rows: 100, columns: 50)
    compute.multiply(x, transposed: w, into: all)
    let packed = PackedWeights(w, on: compute)
    let one = Matrix(rows: 1, columns: 50)
    for row in [0, 5, 6, 99] {
      compute.multiply(x[rows: row..<row + 1], packed: packed, into: one)
      #expect(bits(one) == bits(all[rows: row..<row + 1]))
    }
  }

  @Test(arguments: Form.allCases)
  func `OpenBLAS agrees within rounding`(form: Form) {
    let (m, n, k) = (130, 95, 300)
    let (a, b) = form.operands(m, n, k)
    let c = Matrix(rows: m, columns: n)
    form.multiply(a, b, into: c, from: .zero, threads: 2)
    let oracle = openBLAS(form, a, b, m, n, k)
    let worst = zip(c.floats.array, oracle).map { abs($0 - $1) }.max() ?? .infinity
    #expect(worst < 2e-5)
  }

  private func openBLAS(
    _ form: Form, _ a: Matrix, _ b: Matrix, _ m: Int, _ n: Int, _ k: Int
  ) -> [Float] {
    let left = a.floats.array
    let right = b.floats.array
    var result = [Float](repeating: 0, count: m * n)
    cblas_sgemm(
      CblasRowMajor, form == .transposedLeft ? CblasTrans : CblasNoTrans,
      form == .transposedRight ? CblasTrans : CblasNoTrans, Int32(m), Int32(n), Int32(k), 1, left,
      Int32(a.stride), right, Int32(b.stride), 0, &result, Int32(n))
    return result
  }
}

/// A matrix of floats whose rows are padded with zeros to lanes of four. Sums go in the order that
/// fastText's loops have, one rounding after each product and each sum, so the bits are those of
/// fastText without fused multiply-adds.
///
/// @unchecked Sendable: `base` never changes. A model's trainer writes alone; afterwards all only read.
package final class FastTextRows: @unchecked Sendable {
  typealias Lane = SIMD4<Float>
  typealias Vector = UnsafeMutablePointer<Lane>

  package let rows: Int
  package let columns: Int
  /// Lanes of a row.
  let lanes: Int
  private let base: Vector

  init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    lanes = (columns + 3) / 4
    base = Self.vector(lanes: rows * lanes)
  }

  deinit { base.deallocate() }

  /// Zeros.
  static func vector(lanes: Int) -> Vector {
    let vector = Vector.allocate(capacity: max(1, lanes))
    vector.initialize(repeating: Lane(repeating: 0), count: max(1, lanes))
    return vector
  }

  @inline(__always)
  func row(_ row: Int) -> Vector {
    precondition(row >= 0 && row < rows, "row beyond the matrix")
    return base + row * lanes
  }

  package subscript(row: Int, column: Int) -> Float {
    get { self.row(row)[column / 4][column % 4] }
    set { self.row(row)[column / 4][column % 4] = newValue }
  }

  // MARK: Rows and vectors

  /// vector += row.
  @inline(__always)
  func add(row: Int, to vector: Vector) {
    let source = self.row(row)
    for lane in 0..<lanes { vector[lane] += source[lane] }
  }

  /// row += vector.
  @inline(__always)
  func add(_ vector: Vector, toRow row: Int) {
    let target = self.row(row)
    for lane in 0..<lanes { target[lane] += vector[lane] }
  }

  /// gradient += scale · row, then row += scale · hidden.
  @inline(__always)
  func step(row: Int, _ scale: Float, hidden: Vector, gradient: Vector) {
    let target = self.row(row)
    let scale = Lane(repeating: scale)
    for lane in 0..<lanes {
      let old = target[lane]
      gradient[lane] += scale * old
      target[lane] = old + scale * hidden[lane]
    }
  }

  @inline(__always)
  func scale(_ vector: Vector, by factor: Float) {
    for lane in 0..<lanes { vector[lane] *= Lane(repeating: factor) }
  }

  /// Σ row · vector, from the left. The padding adds zeros, which change nothing.
  @inline(__always)
  func dot(row: Int, _ vector: Vector) -> Float {
    let source = self.row(row)
    var sum: Float = 0
    for lane in 0..<lanes {
      let product = source[lane] * vector[lane]
      sum += product[0]
      sum += product[1]
      sum += product[2]
      sum += product[3]
    }
    return sum
  }

  /// Every row's product with a vector. Four sums at a time, each in its own lane and order, hide
  /// the time that one sum waits for itself.
  @inline(__always)
  func dots(_ vector: Vector, into result: inout [Float]) {
    var row = 0
    while row + 4 <= rows {
      let sums = dotsOfFour(row, vector)
      for index in 0..<4 { result[row + index] = sums[index] }
      row += 4
    }
    while row + 2 <= rows {
      (result[row], result[row + 1]) = dotsOfTwo(row, vector)
      row += 2
    }
    if row < rows { result[row] = dot(row: row, vector) }
  }

  @inline(__always)
  private func dotsOfFour(_ first: Int, _ vector: Vector) -> Lane {
    let (a, b, c, d) = (row(first), row(first + 1), row(first + 2), row(first + 3))
    var sums = Lane(repeating: 0)
    for lane in 0..<lanes {
      let v = vector[lane]
      let (p, q, r, s) = (a[lane] * v, b[lane] * v, c[lane] * v, d[lane] * v)
      sums += Lane(p[0], q[0], r[0], s[0])
      sums += Lane(p[1], q[1], r[1], s[1])
      sums += Lane(p[2], q[2], r[2], s[2])
      sums += Lane(p[3], q[3], r[3], s[3])
    }
    return sums
  }

  @inline(__always)
  private func dotsOfTwo(_ first: Int, _ vector: Vector) -> (Float, Float) {
    let (a, b) = (row(first), row(first + 1))
    var (x, y): (Float, Float) = (0, 0)
    for lane in 0..<lanes {
      let (p, q) = (a[lane] * vector[lane], b[lane] * vector[lane])
      for index in 0..<4 {
        x += p[index]
        y += q[index]
      }
    }
    return (x, y)
  }

  // MARK: Beginning

  /// Uniform in ±1/columns, by tenths of the matrix with a generator each, as fastText's threads do it.
  func fillUniform(seed: Int, _ initialization: FastTextOptions.Initialization) {
    let bound = Double(Float(1 / Double(columns)))
    let block = rows * columns / 10
    let blocks = initialization == .full ? 11 : 1
    for index in 0..<blocks {
      var random = MinimalRandom(seed: index + seed)
      for place in block * index..<max(block * index, min(rows * columns, block * (index + 1))) {
        let value = random.uniform(from: -bound, to: bound)
        self[place / columns, place % columns] = Float(value)
      }
    }
  }
}

import Numerics

/// The values of a matrix in double precision, row by row.
func doubles(_ matrix: Matrix) -> [Double] {
  (0..<matrix.rows).flatMap { matrix[row: $0].array.map(Double.init) }
}

/// ∂f/∂x by central differences.
func gradient(_ x: [Double], step: Double = 1e-5, of f: ([Double]) -> Double) -> [Double] {
  x.indices.map { i in
    var (above, below) = (x, x)
    above[i] += step
    below[i] -= step
    return (f(above) - f(below)) / (2 * step)
  }
}

/// The largest difference, relative to the largest magnitude expected (at least 1).
func deviation(_ values: [Double], from expected: [Double]) -> Double {
  guard values.count == expected.count else { return .infinity }
  let size = max(1, expected.map(\.magnitude).max() ?? 1)
  // NaN must not be lost in max.
  let differences = zip(values, expected).map { ($0 - $1).magnitude }
  return differences.contains { $0.isNaN } ? .infinity : (differences.max() ?? 0) / size
}

func weightedSum(_ x: [Double], _ weights: [Double]) -> Double {
  zip(x, weights).reduce(0) { $0 + $1.0 * $1.1 }
}

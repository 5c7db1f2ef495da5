/// One pass over memory, element by element; views of equal counts.
extension Compute {
  /// x ← x · factor
  package func scale(_ x: Floats, by factor: Float) { fatalError("to be built") }
  /// y ← y + x
  package func add(_ x: Floats, to y: Floats) { fatalError("to be built") }
  /// y ← fma(factor, x, y)
  package func add(_ x: Floats, times factor: Float, to y: Floats) { fatalError("to be built") }
  /// y ← y + weight · (x − y), as torch.lerp computes it
  package func interpolate(_ y: Floats, towards x: Floats, by weight: Float) {
    fatalError("to be built")
  }
  /// Row by row: y ← y + x
  package func add(_ x: Matrix, to y: Matrix) { fatalError("to be built") }
  /// y ← x, for matrices of any strides
  package func copy(_ x: Matrix, to y: Matrix) { fatalError("to be built") }

  /// Scales gradients so that their joint L2 norm is at most `limit`, as torch's `clip_grad_norm_`:
  /// factor min(1, limit / (norm + 1e-6)). Returns the norm before.
  package func clip(_ gradients: Floats, norm limit: Double) -> Double { fatalError("to be built") }
}

/// Sums of fixed shape: fixed chunks, fixed lanes, partial results joined in index order.
extension Compute {
  package func sum(_ x: Floats) -> Double { fatalError("to be built") }
  package func sumOfSquares(_ x: Floats) -> Double { fatalError("to be built") }
  package func dot(_ x: Floats, _ y: Floats) -> Double { fatalError("to be built") }
  /// The largest magnitude; NaN if any value is NaN; 0 for none.
  package func maximumMagnitude(_ x: Floats) -> Float { fatalError("to be built") }
  /// Index of the first NaN or infinity.
  package func firstNonFinite(_ x: Floats) -> Int? { fatalError("to be built") }
}

/// Rotary position embedding (Su et al. 2021) in Hugging Face's pairing: element i of a head turns
/// with element i + d/2.
package struct RotaryTable: Sendable {
  package let positions: Int
  package let headSize: Int

  /// cos and sin of `position · frequencies[i]`, times `scale` (YaRN), for every position;
  /// `frequencies` has headSize / 2 entries in radians per position.
  package init(positions: Int, frequencies: [Double], scale: Double = 1) {
    fatalError("to be built")
  }

  /// Turns every head of every row in place. x is [rows, heads · headSize]; `rowPositions[r]` is row r's
  /// position. `inverse` turns back, which is also the gradient.
  package func rotate(
    _ x: Matrix, rowPositions: [Int32], inverse: Bool = false, on compute: Compute
  ) {
    fatalError("to be built")
  }
}

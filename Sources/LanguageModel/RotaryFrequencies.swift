import Numerics

extension ModelConfiguration {
  /// θ^(−2i/D) for i < D/2 (Su et al. 2021), in radians per position.
  var rotaryFrequencies: [Double] {
    (0..<headSize / 2).map {
      Elementary.pow(ropeBase, -2 * Double($0) / Double(headSize))
    }
  }

  /// Angles for positions below `positions`. A position's do not depend on how many there are.
  func rotaryTable(positions: Int) -> RotaryTable {
    RotaryTable(positions: positions, frequencies: rotaryFrequencies)
  }
}

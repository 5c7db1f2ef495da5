import Numerics

extension ModelConfiguration {
  /// θ^(−2i/D) for i < D/2 (Su et al. 2021), scaled where the model says so, in radians per position.
  package var rotaryFrequencies: [Double] {
    let frequencies = (0..<headSize / 2).map {
      Elementary.pow(ropeBase, -2 * Double($0) / Double(headSize))
    }
    return ropeScaling?.apply(to: frequencies, base: ropeBase) ?? frequencies
  }

  /// Angles for positions below `positions`. A position's do not depend on how many there are.
  func rotaryTable(positions: Int) -> RotaryTable {
    RotaryTable(
      positions: positions, frequencies: rotaryFrequencies, scale: ropeScaling?.amplitude ?? 1)
  }
}

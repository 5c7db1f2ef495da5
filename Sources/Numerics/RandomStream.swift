/// Random numbers by position: sample `i` of a stream is the same whatever was drawn before it.
/// Philox4x32-10 (Salmon et al., SC 2011), keyed by seed and purpose.
package struct RandomStream: Sendable {
  /// Two purposes under one seed give unrelated streams.
  package init(seed: UInt64, purpose: String) { fatalError("to be built") }

  /// A stream of its own for item `index` of this one (a layer, a document, a step).
  package func substream(_ index: UInt64) -> RandomStream { fatalError("to be built") }

  package func uint32(at index: UInt64) -> UInt32 { fatalError("to be built") }
  package func uint64(at index: UInt64) -> UInt64 { fatalError("to be built") }
  /// In [0, 1), a multiple of 2⁻²⁴.
  package func uniform(at index: UInt64) -> Float { fatalError("to be built") }
  /// In [0, 1), a multiple of 2⁻⁵³.
  package func uniformDouble(at index: UInt64) -> Double { fatalError("to be built") }
  /// Mean 0, standard deviation 1 (Box and Muller).
  package func normal(at index: UInt64) -> Double { fatalError("to be built") }
  /// A normal variate given to be within ±`bound` standard deviations, by inverting its distribution's rejection.
  package func truncatedNormal(at index: UInt64, bound: Double) -> Double {
    fatalError("to be built")
  }
  /// In 0..<bound, without bias.
  package func integer(at index: UInt64, below bound: UInt64) -> UInt64 {
    fatalError("to be built")
  }
  /// The numbers 0..<count in random order.
  package func permutation(_ count: Int) -> [Int] { fatalError("to be built") }
  /// Where element `index` of 0..<count goes in a random permutation; O(1), for huge counts.
  package func permuted(_ index: UInt64, of count: UInt64) -> UInt64 { fatalError("to be built") }
  /// Fills `floats` with `mean + deviation · normal(at: i)`.
  package func fillNormal(_ floats: Floats, mean: Float = 0, deviation: Float, on compute: Compute)
  {
    fatalError("to be built")
  }
  /// Fills with a truncated normal, cut at ±`bound` deviations.
  package func fillTruncatedNormal(
    _ floats: Floats, deviation: Float, bound: Float, on compute: Compute
  ) {
    fatalError("to be built")
  }
}

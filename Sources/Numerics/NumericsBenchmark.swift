/// Rates of the kernels on this machine, for `script/bench`.
package enum NumericsBenchmark {
  /// One measured kernel.
  package struct Rate: Sendable {
    package let name: String
    /// 10⁹ floating-point operations (or elements, as the name says) per second.
    package let billions: Double
  }

  package static func run(on compute: Compute) -> [Rate] { fatalError("to be built") }
}

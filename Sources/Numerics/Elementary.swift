/// Elementary functions by the project's own polynomials: the same bits on every machine, where
/// libm's change with the CPU.
package enum Elementary {
  package static func exp(_ x: Double) -> Double { fatalError("to be built") }
  package static func log(_ x: Double) -> Double { fatalError("to be built") }
  package static func sin(_ x: Double) -> Double { fatalError("to be built") }
  package static func cos(_ x: Double) -> Double { fatalError("to be built") }
  package static func tanh(_ x: Double) -> Double { fatalError("to be built") }
  /// x raised to y, as exp(y · log x) in extended precision; x ≥ 0.
  package static func pow(_ x: Double, _ y: Double) -> Double { fatalError("to be built") }
  /// log(1 + exp(x)), without overflow.
  package static func softplus(_ x: Double) -> Double { fatalError("to be built") }
  package static func sigmoid(_ x: Double) -> Double { fatalError("to be built") }

  package static func exp(_ x: Float) -> Float { fatalError("to be built") }
  package static func log(_ x: Float) -> Float { fatalError("to be built") }
  package static func tanh(_ x: Float) -> Float { fatalError("to be built") }
  package static func sigmoid(_ x: Float) -> Float { fatalError("to be built") }
}

import Numerics
import Testing

/// The second engine, OpenBLAS, against the first.
@Suite struct EngineTests {
  private func engine() throws -> Engine { try Engine(named: "openblas") }

  @Test func `an engine's name says all that decides its bits`() throws {
    #expect(try Engine(named: "portable/1").name == "portable/1")
    let name = try engine().name
    let parts = name.split(separator: "/")
    #expect(parts.count == 3 && parts[0] == "openblas" && parts[1].contains("."))
    #expect(try Engine(named: name).name == name)
    #expect(try Engine(named: "portable/1").isBatchInvariant)
    #expect(try !engine().isBatchInvariant)
  }

  @Test func `an engine that is not here is refused by name`() throws {
    let other = #expect(throws: EngineError.self) { try Engine(named: "openblas/0.3.99/Other") }
    #expect(other?.message.contains("computed with openblas/0.3.99/Other") == true)
    #expect(other?.message.contains(try engine().name) == true)
    for name in ["portable/2", "openblasx", "", "mkl"] {
      #expect(throws: EngineError.self) { try Engine(named: name) }
    }
  }

  @Test(arguments: Form.allCases, MatrixProductTests.shapes + [Shape(m: 400, n: 1100, k: 70)])
  func `both engines agree within rounding, whatever the chains start from`(
    form: Form, shape: Shape
  ) throws {
    let (a, b) = form.operands(shape.m, shape.n, shape.k)
    let bias = pseudoRandom(1, shape.n, seed: 3)[row: 0]
    for start in [ProductStart.zero, .existing, .bias(bias)] {
      let results = try [Engine.portable, engine()].map { engine in
        let c = pseudoRandom(shape.m, shape.n, seed: 4, stride: shape.n + 5)
        form.multiply(a, b, into: c, from: start, on: Compute(threads: 2, engine: engine))
        return (0..<shape.m).flatMap { c[row: $0].array }
      }
      let worst = zip(results[0], results[1]).map { abs($0 - $1) }.max() ?? .infinity
      #expect(worst <= 1e-6 * Float(max(1, shape.k)), "\(worst)")
    }
  }

  @Test(arguments: Form.allCases)
  func `the number of threads changes no bit of the second engine either`(form: Form) throws {
    let (a, b) = form.operands(421, 1333, 600)
    let engine = try engine()
    let results = [1, 2, 7].map { threads in
      let c = Matrix(rows: 421, columns: 1333)
      form.multiply(a, b, into: c, from: .zero, on: Compute(threads: threads, engine: engine))
      return bits(c)
    }
    #expect(results[0] == results[1])
    #expect(results[0] == results[2])
  }

  @Test func `packed weights give the second engine's bits`() throws {
    let compute = Compute(threads: 2, engine: try engine())
    let x = pseudoRandom(9, 70, seed: 7)
    let w = pseudoRandom(50, 70, seed: 8)
    let (plain, packed) = (Matrix(rows: 9, columns: 50), Matrix(rows: 9, columns: 50))
    compute.multiply(x, transposed: w, into: plain)
    compute.multiply(x, packed: PackedWeights(w, on: compute), into: packed)
    #expect(bits(plain) == bits(packed))
  }
}

import Foundation
import Numerics
import Testing

/// One line of elementary.txt.
struct ElementaryCase {
  let name: String
  let arguments: [Double]
  /// The result as the sum of two doubles.
  let high: Double
  let low: Double

  init(_ line: Substring) {
    let fields = line.split(separator: " ")
    let numbers = fields.dropFirst().map { Double(bitPattern: UInt64($0, radix: 16) ?? 0) }
    name = String(fields[0])
    arguments = Array(numbers.dropLast(2))
    high = numbers[numbers.count - 2]
    low = numbers[numbers.count - 1]
  }

  /// In units in the last place of a double, or of a float.
  func error(_ value: Double, float: Bool = false) -> Double {
    if high == value && low == 0 { return 0 }
    let unit = float ? Double(Float(high).ulp) : high.ulp
    let distance = ((value - high) - low).magnitude / unit
    return distance.isNaN ? .infinity : distance
  }
}

func fixture(_ name: String) throws -> String {
  let url = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil))
  return try String(contentsOf: url, encoding: .utf8)
}

@Suite struct ElementaryTests {
  typealias Function = @Sendable ([Double]) -> Double

  static let functions: [(String, limit: Double, float: Bool, Function)] = [
    ("exp", 1, false, { Elementary.exp($0[0]) }), ("log", 1, false, { Elementary.log($0[0]) }),
    ("sin", 1, false, { Elementary.sin($0[0]) }), ("cos", 1, false, { Elementary.cos($0[0]) }),
    ("acos", 1, false, { Elementary.acos($0[0]) }),
    ("tanh", 2, false, { Elementary.tanh($0[0]) }),
    ("pow", 2, false, { Elementary.pow($0[0], $0[1]) }),
    ("softplus", 2, false, { Elementary.softplus($0[0]) }),
    ("sigmoid", 2.5, false, { Elementary.sigmoid($0[0]) }),
    ("expf", 1, true, { Double(Elementary.exp(Float($0[0]))) }),
    ("tanhf", 2, true, { Double(Elementary.tanh(Float($0[0]))) }),
    ("sigmoidf", 3, true, { Double(Elementary.sigmoid(Float($0[0]))) }),
    ("logf", 0.51, true, { Double(Elementary.log(Float($0[0]))) }),
  ]

  @Test func `every function stays within its error bound of mpmath`() throws {
    let cases = try fixture("elementary.txt").split(separator: "\n").map { ElementaryCase($0) }
    for (name, limit, float, function) in Self.functions {
      let own = cases.filter { $0.name == name }
      let errors = own.map { $0.error(function($0.arguments), float: float) }
      let worst = errors.indices.max { errors[$0] < errors[$1] } ?? 0
      #expect(own.count > 50)
      #expect(errors[worst] <= limit, "\(name) \(own[worst].arguments)")
    }
  }

  @Test func `special values are those of IEEE 754`() {
    #expect(Elementary.exp(0.0) == 1 && Elementary.exp(-Double.infinity) == 0)
    #expect(Elementary.exp(Double.infinity) == .infinity && Elementary.exp(Double.nan).isNaN)
    #expect(Elementary.log(1.0).bitPattern == 0 && Elementary.log(-0.0) == -Double.infinity)
    #expect(Elementary.log(-1.0).isNaN && Elementary.log(Double.infinity) == .infinity)
    #expect(Elementary.sin(-0.0).sign == .minus && Elementary.cos(0) == 1)
    #expect(Elementary.sin(.infinity).isNaN && Elementary.cos(.nan).isNaN)
    #expect(Elementary.acos(1) == 0 && Elementary.acos(-1) == Double.pi)
    #expect(Elementary.acos(1.0.nextUp).isNaN && Elementary.acos(.nan).isNaN)
    #expect(Elementary.tanh(-0.0).sign == .minus && Elementary.tanh(Double.infinity) == 1)
    #expect(Elementary.tanh(-Double.infinity) == -1 && Elementary.tanh(Double.nan).isNaN)
    #expect(Elementary.pow(0, 2) == 0 && Elementary.pow(0, -1) == .infinity)
    #expect(Elementary.pow(-1, 0.5).isNaN && Elementary.pow(.nan, 0) == 1)
    #expect(Elementary.pow(2, 10) == 1024)
    #expect(Elementary.sigmoid(-Double.infinity) == 0 && Elementary.sigmoid(Double.infinity) == 1)
    #expect(Elementary.softplus(-Double.infinity) == 0 && Elementary.softplus(1000) == 1000)
  }

  @Test func `special floats are those of IEEE 754`() {
    #expect(Elementary.exp(Float(0)) == 1 && Elementary.exp(-Float.infinity) == 0)
    #expect(Elementary.exp(Float.infinity) == .infinity && Elementary.exp(Float.nan).isNaN)
    #expect(Elementary.exp(Float(89)) == .infinity && Elementary.exp(Float(-104)) == 0)
    #expect(Elementary.exp(Float(-103)) == Float(Foundation.exp(-103.0)))
    #expect(Elementary.tanh(-Float(0)).sign == .minus && Elementary.tanh(Float.infinity) == 1)
    #expect(Elementary.tanh(Float.nan).isNaN && Elementary.tanh(-Float.infinity) == -1)
    #expect(Elementary.tanh(Float.leastNonzeroMagnitude) == .leastNonzeroMagnitude)
    #expect(Elementary.sigmoid(-Float.infinity) == 0 && Elementary.sigmoid(Float.infinity) == 1)
    #expect(Elementary.sigmoid(Float.nan).isNaN && Elementary.sigmoid(Float(0)) == 0.5)
    #expect(Elementary.log(Float(0)) == -.infinity && Elementary.log(Float(-1)).isNaN)
  }

  @Test func `functions that rise do so between neighbours`() {
    for start in stride(from: Float(-20), to: 20, by: 0.37) {
      var x = start
      for _ in 0..<50 {
        let next = x.nextUp
        #expect(Elementary.exp(x) <= Elementary.exp(next).nextUp)
        #expect(Elementary.tanh(x) <= Elementary.tanh(next).nextUp)
        #expect(Elementary.exp(Double(x)) <= Elementary.exp(Double(next)))
        x = next
      }
    }
  }
}

import Foundation
import Numerics
import Testing

@Suite struct LayerTests {
  private let compute = Compute(threads: 2)

  @Test(arguments: [Float(0), 1], [5, 8, 37])
  func `normalisation equals its definition and finite differences`(offset: Float, width: Int) {
    let rule = RMSNorm(epsilon: 1e-5, offset: offset)
    let x = pseudoRandom(7, width, seed: 1)
    let w = pseudoRandom(1, width, seed: 2)[row: 0]
    let dy = pseudoRandom(7, width, seed: 3)
    let (y, roots) = (Matrix(rows: 7, columns: width), Floats(count: 7))
    rule.forward(x, weight: w, into: y, inverseRoots: roots, on: compute)
    let (dx, dw) = (Matrix(rows: 7, columns: width), Floats(count: width))
    rule.backward(
      dy, x: x, weight: w, inverseRoots: roots, into: dx, weightGradient: dw, on: compute)

    func reference(_ x: [Double], _ w: [Double]) -> [Double] {
      (0..<7).flatMap { row in
        let values = x[row * width..<(row + 1) * width]
        let mean = values.reduce(0) { $0 + $1 * $1 } / Double(width)
        return zip(values, w).map { $0 / (mean + 1e-5).squareRoot() * (Double(offset) + $1) }
      }
    }
    let (xs, ws, slopes) = (doubles(x), w.array.map(Double.init), doubles(dy))
    #expect(deviation(doubles(y), from: reference(xs, ws)) < 1e-6)
    let expectedX = gradient(xs) { weightedSum(reference($0, ws), slopes) }
    let expectedW = gradient(ws) { weightedSum(reference(xs, $0), slopes) }
    #expect(deviation(doubles(dx), from: expectedX) < 2e-6)
    #expect(deviation(dw.array.map(Double.init), from: expectedW) < 2e-6)
    rule.backward(
      dy, x: x, weight: w, inverseRoots: roots, into: dx, adding: true, weightGradient: dw,
      on: compute)
    #expect(deviation(doubles(dx), from: expectedX.map { 2 * $0 }) < 2e-6)
  }

  /// Through all ways of going over columns: four vectors, one, and a rest.
  @Test(arguments: [64, 96, 109, 200], [1, 3])
  func `a norm's gradients are the scalar chains, in place too`(width: Int, threads: Int) {
    let compute = Compute(threads: threads)
    let rule = RMSNorm(epsilon: 1e-5, offset: 1)
    let (x, dy) = (pseudoRandom(9, width, seed: 1), pseudoRandom(9, width, seed: 3))
    let w = pseudoRandom(1, width, seed: 2)[row: 0]
    let (y, roots) = (Matrix(rows: 9, columns: width), Floats(count: 9))
    rule.forward(x, weight: w, into: y, inverseRoots: roots, on: compute)
    let (dx, dw, second) = (
      Matrix(rows: 9, columns: width), Floats(count: width), Floats(count: width)
    )
    rule.backward(
      dy, x: x, weight: w, inverseRoots: roots, into: dx, weightGradient: dw, on: compute)
    let chains = (0..<width).map { column in
      (0..<9).reduce(Float(0)) { sum, row in
        sum.addingProduct(dy[row, column], x[row, column] * roots[row])
      }
    }
    #expect(dw.array == chains)
    rule.backward(
      dy, x: x, weight: w, inverseRoots: roots, into: dy, weightGradient: second, on: compute)
    #expect(dy.floats.array == dx.floats.array && second.array == chains)
  }

  @Test func `rotation turns pairs by the position's angle, and its inverse turns back`() {
    let frequencies = (0..<5).map { Elementary.pow(10000, -Double($0) / 5) }
    let table = RotaryTable(positions: 200, frequencies: frequencies, scale: 1.25)
    let x = pseudoRandom(4, 30, seed: 1)
    let before = doubles(x)
    let positions: [Int32] = [0, 7, 199, 3]
    table.rotate(x, rowPositions: positions, on: compute)
    var expected = before
    for (row, position) in positions.enumerated() {
      for head in 0..<3 {
        for i in 0..<5 {
          let place = row * 30 + head * 10 + i
          let angle = Double(position) * frequencies[i]
          let (a, b) = (before[place], before[place + 5])
          expected[place] = 1.25 * (a * Foundation.cos(angle) - b * Foundation.sin(angle))
          expected[place + 5] = 1.25 * (b * Foundation.cos(angle) + a * Foundation.sin(angle))
        }
      }
    }
    #expect(deviation(doubles(x), from: expected) < 2e-7)
    table.rotate(x, rowPositions: positions, inverse: true, on: compute)
    #expect(deviation(doubles(x), from: before.map { $0 * 1.25 * 1.25 }) < 4e-7)
  }

  @Test(arguments: [Gate.silu, .tanhGELU])
  func `gates equal their definition and finite differences`(gate: Gate) {
    let (g, u) = (pseudoRandom(5, 21, seed: 1), pseudoRandom(5, 21, seed: 2))
    for i in 0..<g.floats.count { g.floats[i] *= 6 }
    let dy = pseudoRandom(5, 21, seed: 3)
    let y = Matrix(rows: 5, columns: 21)
    gate.forward(g, up: u, into: y, on: compute)
    let (dg, du) = (Matrix(rows: 5, columns: 21), Matrix(rows: 5, columns: 21))
    gate.backward(dy, gate: g, up: u, gateGradient: dg, upGradient: du, on: compute)

    func activation(_ x: Double) -> Double {
      switch gate {
      case .silu: x / (1 + exp(-x))
      case .tanhGELU:
        0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
      }
    }
    func reference(_ g: [Double], _ u: [Double]) -> [Double] {
      zip(g, u).map { activation($0) * $1 }
    }
    let (gs, us, slopes) = (doubles(g), doubles(u), doubles(dy))
    #expect(deviation(doubles(y), from: reference(gs, us)) < 3e-7)
    let expectedG = gradient(gs) { weightedSum(reference($0, us), slopes) }
    let expectedU = gradient(us) { weightedSum(reference(gs, $0), slopes) }
    #expect(deviation(doubles(dg), from: expectedG) < 1e-6)
    #expect(deviation(doubles(du), from: expectedU) < 1e-6)
  }

  @Test(arguments: [1, 2, 7])
  func `embedding rows are gathered, and their gradients added in row order`(threads: Int) {
    let compute = Compute(threads: threads)
    let table = pseudoRandom(11, 9, seed: 1)
    let ids: [Int32] = [3, 10, 3, 0, 3, 10, 5]
    let out = Matrix(rows: ids.count, columns: 9)
    compute.gatherRows(ids, of: table, into: out, scale: 3)
    for (row, id) in ids.enumerated() {
      #expect(out[row: row].array == table[row: Int(id)].array.map { $0 * 3 })
    }
    let gradient = pseudoRandom(ids.count, 9, seed: 2)
    let sums = pseudoRandom(11, 9, seed: 3)
    let expected = pseudoRandom(11, 9, seed: 3)
    for (row, id) in ids.enumerated() {
      for column in 0..<9 {
        expected[Int(id), column].addProduct(gradient[row, column], 3)
      }
    }
    compute.scatterRows(gradient, by: ids, addingTo: sums, scale: 3)
    #expect(bits(sums) == bits(expected))
  }

  @Test(arguments: [Float?.none, 3], [1, 31, 32, 100])
  func `the token head equals its definition and finite differences`(cap: Float?, width: Int) {
    let head = TokenHead(softCap: cap)
    let logits = pseudoRandom(6, width, seed: 1)
    for i in 0..<logits.floats.count { logits.floats[i] *= 4 }
    let zs = doubles(logits)
    let targets: [Int32] = [0, Int32(width - 1), -1, Int32(width / 2), 0, 0]
    let slopes = pseudoRandom(1, 6, seed: 2)[row: 0]
    let (logProbabilities, logSums) = (Floats(count: 6), Floats(count: 6))
    head.forward(
      logits, targets: targets, logProbabilities: logProbabilities, logSums: logSums, on: compute)

    func reference(_ z: [Double]) -> [Double] {
      (0..<6).map { row in
        guard targets[row] >= 0 else { return 0 }
        let line = z[row * width..<(row + 1) * width].map { value in
          cap.map { Double($0) * tanh(value / Double($0)) } ?? value
        }
        return line[Int(targets[row])] - log(line.reduce(0) { $0 + exp($1) })
      }
    }
    #expect(deviation(logProbabilities.array.map(Double.init), from: reference(zs)) < 5e-7)
    head.backward(logits, targets: targets, logSums: logSums, slopes: slopes, on: compute)
    let expected = gradient(zs) { weightedSum(reference($0), slopes.array.map(Double.init)) }
    #expect(deviation(doubles(logits), from: expected) < 1e-6)
  }

  @Test func `column sums add row after row`() {
    let x = pseudoRandom(40, 70, seed: 1)
    let sums = pseudoRandom(1, 70, seed: 2)[row: 0]
    var expected = sums.array
    for row in 0..<40 {
      for column in 0..<70 { expected[column] += x[row, column] }
    }
    compute.addColumnSums(of: x, to: sums)
    #expect(sums.array == expected)
  }
}

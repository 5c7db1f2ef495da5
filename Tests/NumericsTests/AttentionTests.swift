import Foundation
import Numerics
import Testing

/// One attention problem: documents in a packed row, with or without caps and windows.
struct AttentionCase: CustomTestStringConvertible, Sendable {
  var queryHeads = 4
  var keyHeads = 2
  var headSize = 8
  var softCap: Float?
  var window: Int?
  var lengths = [13, 1, 30]

  var testDescription: String {
    "heads \(queryHeads)/\(keyHeads) of \(headSize), lengths \(lengths), "
      + "cap \(softCap.map { "\($0)" } ?? "none"), window \(window.map { "\($0)" } ?? "none")"
  }

  var rule: Attention {
    Attention(
      queryHeads: queryHeads, keyHeads: keyHeads, headSize: headSize, scale: 0.4, softCap: softCap,
      window: window)
  }
  var rows: Int { lengths.reduce(0, +) }
  var documents: [Range<Int>] {
    var first = 0
    return lengths.map { length in
      defer { first += length }
      return first..<first + length
    }
  }
  var queries: Matrix {
    pseudoRandom(rows, queryHeads * headSize, seed: 1, stride: queryHeads * headSize + 3)
  }
  var keys: Matrix { pseudoRandom(rows, keyHeads * headSize, seed: 2) }
  var values: Matrix { pseudoRandom(rows, keyHeads * headSize, seed: 3) }

  func forward(threads: Int = 2) -> (out: Matrix, logSums: Floats) {
    let out = Matrix(rows: rows, columns: queryHeads * headSize)
    let logSums = Floats(count: rows * queryHeads)
    rule.forward(
      queries, keys: keys, values: values, documents: documents, into: out, logSums: logSums,
      on: Compute(threads: threads))
    return (out, logSums)
  }

  func backward(_ dOut: Matrix, threads: Int = 2) -> (dq: Matrix, dk: Matrix, dv: Matrix) {
    let (out, logSums) = forward()
    let dq = Matrix(rows: rows, columns: queryHeads * headSize)
    let dk = Matrix(rows: rows, columns: keyHeads * headSize)
    let dv = Matrix(rows: rows, columns: keyHeads * headSize)
    rule.backward(
      dOut, queries: queries, keys: keys, values: values, out: out, logSums: logSums,
      documents: documents, queryGradient: dq, keyGradient: dk, valueGradient: dv,
      on: Compute(threads: threads))
    return (dq, dk, dv)
  }

  /// The definition, in double precision.
  func reference(_ q: [Double], _ k: [Double], _ v: [Double]) -> [Double] {
    var result: [Double] = []
    for document in documents {
      for i in document {
        for head in 0..<queryHeads { result += row(q, k, v, i, head, document.lowerBound) }
      }
    }
    return result
  }

  private func row(
    _ q: [Double], _ k: [Double], _ v: [Double], _ i: Int, _ head: Int, _ start: Int
  ) -> [Double] {
    let keyHead = head / (queryHeads / keyHeads)
    let first = max(start, window.map { i - $0 + 1 } ?? start)
    let query = (i * queryHeads + head) * headSize
    var sum = 0.0
    var result = [Double](repeating: 0, count: headSize)
    // Plain loops: this runs unoptimised, many times.
    for j in first...i {
      let key = (j * keyHeads + keyHead) * headSize
      var dot = 0.0
      for d in 0..<headSize { dot += q[query + d] * k[key + d] }
      var score = dot * Double(Float(0.4))
      if let softCap { score = Double(softCap) * tanh(score / Double(softCap)) }
      let weight = exp(score)
      sum += weight
      for d in 0..<headSize { result[d] += weight * v[key + d] }
    }
    return result.map { $0 / sum }
  }
}

@Suite struct AttentionTests {
  static let cases = [
    AttentionCase(), AttentionCase(softCap: 0.7), AttentionCase(window: 4),
    AttentionCase(
      queryHeads: 3, keyHeads: 3, headSize: 5, softCap: 2, window: 7, lengths: [9, 20]),
    AttentionCase(queryHeads: 6, keyHeads: 1, headSize: 34, lengths: [40]),
  ]
  static let large = [
    AttentionCase(headSize: 32, lengths: [100, 1, 203]),
    AttentionCase(headSize: 16, window: 50, lengths: [150, 77]),
    AttentionCase(queryHeads: 2, keyHeads: 1, headSize: 8, lengths: [560]),
  ]

  @Test(arguments: cases + large)
  func `attention equals its definition`(problem: AttentionCase) {
    let expected = problem.reference(
      doubles(problem.queries), doubles(problem.keys), doubles(problem.values))
    #expect(deviation(doubles(problem.forward().out), from: expected) < 2e-6)
  }

  @Test(arguments: cases)
  func `attention's gradients equal finite differences`(problem: AttentionCase) {
    let slope = pseudoRandom(problem.rows, problem.queryHeads * problem.headSize, seed: 9)
    let (q, k, v) = (doubles(problem.queries), doubles(problem.keys), doubles(problem.values))
    let weights = doubles(slope)
    let result = problem.backward(slope)
    let dq = sampled(q) { weightedSum(problem.reference($0, k, v), weights) }
    let dk = sampled(k) { weightedSum(problem.reference(q, $0, v), weights) }
    let dv = sampled(v) { weightedSum(problem.reference(q, k, $0), weights) }
    #expect(worst(doubles(result.dq), dq) < 5e-6)
    #expect(worst(doubles(result.dk), dk) < 5e-6)
    #expect(worst(doubles(result.dv), dv) < 5e-6)
  }

  /// Central differences at some elements, which keeps the test short.
  private func sampled(_ x: [Double], _ f: ([Double]) -> Double) -> [(Int, Double)] {
    stride(from: 1, to: x.count, by: max(1, x.count / 19)).map { i in
      var (above, below) = (x, x)
      above[i] += 1e-5
      below[i] -= 1e-5
      return (i, (f(above) - f(below)) / 2e-5)
    }
  }

  private func worst(_ values: [Double], _ expected: [(Int, Double)]) -> Double {
    deviation(expected.map { values[$0.0] }, from: expected.map(\.1))
  }

  @Test(arguments: cases + large)
  func `threads never change attention or its gradients`(problem: AttentionCase) {
    let slope = pseudoRandom(problem.rows, problem.queryHeads * problem.headSize, seed: 9)
    let one = problem.forward(threads: 1)
    let seven = problem.forward(threads: 7)
    #expect(bits(one.out) == bits(seven.out))
    #expect(one.logSums.array == seven.logSums.array)
    let single = problem.backward(slope, threads: 1)
    let several = problem.backward(slope, threads: 7)
    #expect(bits(single.dq) == bits(several.dq))
    #expect(bits(single.dk) == bits(several.dk))
    #expect(bits(single.dv) == bits(several.dv))
  }

  @Test(arguments: cases + large)
  func `a cache gives the bits of the full pass, one query at a time or several`(
    problem: AttentionCase
  ) {
    let full = problem.forward().out
    for chunk in [1, 3, 11] {
      let out = Matrix(rows: problem.rows, columns: full.columns)
      for document in problem.documents {
        let keys = problem.keys[rows: document]
        let values = problem.values[rows: document]
        for first in stride(from: 0, to: document.count, by: chunk) {
          let end = min(document.count, first + chunk)
          let queries = document.lowerBound + first..<document.lowerBound + end
          // Only the keys so far: later ones do not exist yet.
          let segment = AttentionSegment(
            queries: queries, firstPosition: first, keys: keys[rows: 0..<end],
            values: values[rows: 0..<end])
          problem.rule.forward(
            problem.queries, segments: [segment], into: out, on: Compute(threads: 1))
        }
      }
      #expect(bits(out) == bits(full))
    }
  }

  @Test(arguments: cases + large)
  func `keys and values in panels give the bits of those in rows`(problem: AttentionCase) {
    let full = problem.forward()
    for chunk in [1, 2, 11, 600] {
      let out = Matrix(rows: problem.rows, columns: full.out.columns)
      let logSums = Floats(count: full.logSums.count)
      for document in problem.documents {
        let (heads, size) = (problem.keyHeads, problem.headSize)
        let capacity = document.count + 5
        let count = KeyValuePanels.count(heads: heads, headSize: size, capacity: capacity)
        let panels = KeyValuePanels(
          Floats(count: count), heads: heads, headSize: size, capacity: capacity)
        for first in stride(from: 0, to: document.count, by: chunk) {
          let rows =
            document.lowerBound
            + first..<min(document.upperBound, document.lowerBound + first + chunk)
          panels.write(
            keys: problem.keys[rows: rows], values: problem.values[rows: rows], at: first)
          let segment = AttentionSegment(queries: rows, firstPosition: first, .panels(panels))
          problem.rule.forward(
            problem.queries, segments: [segment], into: out, logSums: logSums,
            on: Compute(threads: 2))
        }
      }
      #expect(bits(out) == bits(full.out))
      #expect(logSums.array == full.logSums.array)
    }
  }

  @Test func `copied panels go their own way`() {
    func panels(_ capacity: Int) -> KeyValuePanels {
      let count = KeyValuePanels.count(heads: 2, headSize: 20, capacity: capacity)
      return KeyValuePanels(Floats(count: count), heads: 2, headSize: 20, capacity: capacity)
    }
    let rule = Attention(queryHeads: 4, keyHeads: 2, headSize: 20, scale: 0.3)
    let (keys, values) = (pseudoRandom(40, 40, seed: 1), pseudoRandom(40, 40, seed: 2))
    let query = pseudoRandom(1, 80, seed: 3)
    func last(_ panels: KeyValuePanels, at position: Int) -> [UInt32] {
      let out = Matrix(rows: 1, columns: 80)
      rule.forward(
        query,
        segments: [AttentionSegment(queries: 0..<1, firstPosition: position, .panels(panels))],
        into: out, on: Compute(threads: 1))
      return bits(out)
    }
    let (whole, part) = (panels(40), panels(21))
    whole.write(keys: keys, values: values, at: 0)
    part.write(keys: keys[rows: 0..<20], values: values[rows: 0..<20], at: 0)
    let copy = panels(33)
    copy.copy(part, positions: 0..<20)
    copy.write(keys: keys[rows: 20..<33], values: values[rows: 20..<33], at: 20)
    #expect(last(copy, at: 32) == last(whole, at: 32))
    #expect(last(part, at: 19) == last(whole, at: 19))
  }

  @Test(arguments: [nil, 5, 21, 40] as [Int?], [(8, 2, 32), (6, 1, 20), (4, 4, 16), (7, 1, 24)])
  func `queries that share a prefix give the bits of each alone`(
    window: Int?, shape: (heads: Int, keyHeads: Int, size: Int)
  ) {
    let (heads, keyHeads, size) = shape
    func panels(_ capacity: Int) -> KeyValuePanels {
      let count = KeyValuePanels.count(heads: keyHeads, headSize: size, capacity: capacity)
      return KeyValuePanels(
        Floats(count: count), heads: keyHeads, headSize: size, capacity: capacity)
    }
    let rule = Attention(
      queryHeads: heads, keyHeads: keyHeads, headSize: size, scale: 0.3, window: window)
    let (common, shared, branches) = (37, 32, 11)
    let width = keyHeads * size
    let start = (pseudoRandom(common, width, seed: 1), pseudoRandom(common, width, seed: 2))
    let prefix = panels(common)
    prefix.write(keys: start.0, values: start.1, at: 0)
    var (whole, forked): ([KeyValuePanels], [ForkedPanels]) = ([], [])
    for _ in 0..<branches {
      whole.append(panels(70))
      whole[whole.count - 1].write(keys: start.0, values: start.1, at: 0)
      let own = panels(70 - shared)
      own.copy(prefix, positions: shared..<common)
      forked.append(ForkedPanels(prefix: prefix, length: shared, own: own))
    }
    for position in common..<70 {
      let queries = pseudoRandom(branches, heads * size, seed: UInt64(position))
      for branch in 0..<branches {
        let seed = UInt64(1000 * branch + position)
        let (key, value) = (pseudoRandom(1, width, seed: seed), pseudoRandom(1, width, seed: ~seed))
        whole[branch].write(keys: key, values: value, at: position)
        forked[branch].own.write(keys: key, values: value, at: position - shared)
      }
      func results(_ sources: [KeyValueSource], _ threads: Int) -> [[UInt32]] {
        let out = Matrix(rows: branches, columns: heads * size)
        let logSums = Floats(count: branches * heads)
        let segments = sources.enumerated().map {
          AttentionSegment(queries: $0..<$0 + 1, firstPosition: position, $1)
        }
        rule.forward(
          queries, segments: segments, into: out, logSums: logSums, on: Compute(threads: threads))
        return [bits(out), logSums.array.map(\.bitPattern)]
      }
      let alone = results(whole.map { .panels($0) }, 1)
      #expect(results(forked.map { .forked($0) }, 1) == alone)
      #expect(results(forked.map { .forked($0) }, 2) == alone)
    }
  }

  @Test func `a document's bits do not depend on what is packed beside it`() {
    let together = AttentionCase(lengths: [13, 50, 30])
    let slope = pseudoRandom(together.rows, 32, seed: 9)
    let all = together.forward().out
    let gradients = together.backward(slope)
    let range = 13..<63
    let alone = Matrix(rows: 50, columns: 32)
    let sums = Floats(count: 50 * 4)
    let (q, k, v) = (
      together.queries[rows: range], together.keys[rows: range], together.values[rows: range]
    )
    let compute = Compute(threads: 1)
    together.rule.forward(
      q, keys: k, values: v, documents: [0..<50], into: alone, logSums: sums, on: compute)
    #expect(bits(alone) == bits(all[rows: range]))
    let (dq, dk, dv) = (
      Matrix(rows: 50, columns: 32), Matrix(rows: 50, columns: 16), Matrix(rows: 50, columns: 16)
    )
    together.rule.backward(
      slope[rows: range], queries: q, keys: k, values: v, out: alone, logSums: sums,
      documents: [0..<50], queryGradient: dq, keyGradient: dk, valueGradient: dv, on: compute)
    #expect(bits(dq) == bits(gradients.dq[rows: range]))
    #expect(bits(dk) == bits(gradients.dk[rows: range]))
    #expect(bits(dv) == bits(gradients.dv[rows: range]))
  }

  @Test func `poisoned keys of later positions and other documents never reach a query`() {
    let problem = AttentionCase(lengths: [20, 20])
    let clean = problem.forward().out
    let (keys, values) = (problem.keys, problem.values)
    for row in 27..<40 {
      keys[row: row].fill(.nan)
      values[row: row].fill(.infinity)
    }
    let out = Matrix(rows: problem.rows, columns: clean.columns)
    problem.rule.forward(
      problem.queries, keys: keys, values: values, documents: problem.documents, into: out,
      logSums: Floats(count: problem.rows * 4), on: Compute(threads: 2))
    #expect(bits(out[rows: 0..<27]) == bits(clean[rows: 0..<27]))
  }
}

/// Which rows go to which experts. A row's experts are its most likely ones, the lowest index winning
/// ties; its places are kept in the order of the experts. Rows of one expert lie together, ascending.
package struct Routing: Sendable {
  /// Experts that see a row.
  package let active: Int
  /// `[rows · active]`: a row's experts, ascending.
  package let choices: [Int32]
  /// `[rows · active]`: where each choice's row lies among the gathered rows.
  package let places: [Int32]
  /// `[rows · active]`: the row at each place.
  package let rows: [Int32]
  /// `[experts + 1]`: where each expert's rows start.
  package let starts: [Int]

  /// The choices of every row of `probabilities`, `[rows, experts]`.
  package init(_ probabilities: Matrix, active: Int, on compute: Compute) {
    precondition(active >= 1 && active <= probabilities.columns, "more choices than experts")
    self.active = active
    choices = Self.choose(probabilities, active, compute)
    var counts = [Int](repeating: 0, count: probabilities.columns)
    for choice in choices { counts[Int(choice)] += 1 }
    var starts = [0]
    for count in counts { starts.append(starts[starts.count - 1] + count) }
    var next = starts
    var places = [Int32](repeating: 0, count: choices.count)
    var rows = places
    for (index, choice) in choices.enumerated() {
      let place = next[Int(choice)]
      next[Int(choice)] += 1
      places[index] = Int32(place)
      rows[place] = Int32(index / active)
    }
    (self.places, self.rows, self.starts) = (places, rows, starts)
  }

  /// The gathered rows of an expert.
  package func places(of expert: Int) -> Range<Int> { starts[expert]..<starts[expert + 1] }

  /// How many rows each expert sees.
  package var counts: [Int] { zip(starts.dropFirst(), starts).map { $0 - $1 } }

  private static func choose(_ p: Matrix, _ active: Int, _ compute: Compute) -> [Int32] {
    [Int32](unsafeUninitializedCapacity: p.rows * active) { buffer, count in
      // Each thread writes the choices of its own rows.
      nonisolated(unsafe) let buffer = buffer
      compute.eachRow(p.rows, p.columns) { row in
        let line = UnsafeMutableBufferPointer(rebasing: buffer[row * active..<(row + 1) * active])
        choose(p.floats.base + row * p.stride, p.columns, into: line)
      }
      count = p.rows * active
    }
  }

  /// The largest of a row, by insertion; then ascending by index.
  private static func choose(
    _ p: ConstPointer, _ count: Int, into best: UnsafeMutableBufferPointer<Int32>
  ) {
    var found = 0
    for index in 0..<count {
      var place = found
      while place > 0, p[index] > p[Int(best[place - 1])] { place -= 1 }
      guard place < best.count else { continue }
      found = min(found + 1, best.count)
      for i in stride(from: found - 1, to: place, by: -1) { best[i] = best[i - 1] }
      best[place] = Int32(index)
    }
    var best = best
    best.sort()
  }
}

extension Compute {
  /// Rows of logits become probabilities, in place: exponentials of the distance from the largest, over
  /// their sum in double, ascending.
  package func softmaxRows(_ x: Matrix) {
    eachRow(x.rows, x.columns) { row in
      let p = x.floats.base + row * x.stride
      var most = p[0]
      for i in 1..<max(1, x.columns) where p[i] > most { most = p[i] }
      eachLanes(0..<x.columns) { i, n in store(laneExp(load(p + i, n) - most), p + i, n) }
      var sum = 0.0
      for i in 0..<x.columns { sum += Double(p[i]) }
      let total = Float(sum)
      eachLanes(0..<x.columns) { i, n in store(load(p + i, n) / total, p + i, n) }
    }
  }

  /// weights[r · active + j] = the probability of the row's choice j, over the choices' sum when
  /// `normalising`.
  package func routeWeights(
    _ probabilities: Matrix, _ routing: Routing, normalising: Bool, into weights: Floats
  ) {
    let active = routing.active
    eachRow(probabilities.rows, probabilities.columns) { row in
      let p = probabilities.floats.base + row * probabilities.stride
      let w = weights.base + row * active
      let sum = normalising ? chosenSum(p, routing, row) : 1
      for j in 0..<active { w[j] = p[Int(routing.choices[row * active + j])] / sum }
    }
  }

  /// gradient[r] = ∂loss/∂logits of the router, given the slopes in the weights and the balancing loss's
  /// slope in every expert's probability.
  package func routeBackward(
    _ probabilities: Matrix, _ routing: Routing, weights: Floats, normalising: Bool,
    weightGradient: Floats, balance: Floats, into gradient: Matrix
  ) {
    precondition(balance.count == probabilities.columns, "one slope per expert is needed")
    let active = routing.active
    eachRow(probabilities.rows, probabilities.columns) { row in
      let p = probabilities.floats.base + row * probabilities.stride
      let g = gradient.floats.base + row * gradient.stride
      let (w, dw) = (weights.base + row * active, weightGradient.base + row * active)
      g.update(from: balance.base, count: probabilities.columns)
      let sum = normalising ? chosenSum(p, routing, row) : 1
      var mean: Float = 0
      if normalising { for j in 0..<active { mean.addProduct(dw[j], w[j]) } }
      for j in 0..<active { g[Int(routing.choices[row * active + j])] += (dw[j] - mean) / sum }
      var dot = 0.0
      for e in 0..<probabilities.columns { dot.addProduct(Double(p[e]), Double(g[e])) }
      let shift = Float(dot)
      eachLanes(0..<probabilities.columns) { e, n in
        store(load(p + e, n) * (load(g + e, n) - shift), g + e, n)
      }
    }
  }

  /// Σ of a row's chosen probabilities, in the order of the experts.
  private func chosenSum(_ p: ConstPointer, _ routing: Routing, _ row: Int) -> Float {
    var sum: Float = 0
    for j in 0..<routing.active { sum += p[Int(routing.choices[row * routing.active + j])] }
    return sum
  }
}

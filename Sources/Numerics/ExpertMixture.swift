/// Sums over the experts of a row, always in the experts' order.
extension Compute {
  /// out[r] = Σ weight · routed[place] + shares[r] · shared[r]. `routed` is [rows · active, d], in the
  /// routing's places; the others have a row per row.
  package func mixExperts(
    _ routed: Matrix, _ routing: Routing, weights: Floats, shared: Matrix, shares: Floats,
    into out: Matrix
  ) {
    let active = routing.active
    precondition(
      routed.columns == out.columns && shared.columns == out.columns && shared.rows == out.rows
        && routing.choices.count == out.rows * active && shares.count >= out.rows,
      "mixture of shapes that do not fit")
    eachRow(out.rows, out.columns) { row in
      let q = out.floats.base + row * out.stride
      let s = shared.floats.base + row * shared.stride
      eachLanes(0..<out.columns) { i, n in
        var sum = Lanes(repeating: 0)
        for j in row * active..<(row + 1) * active {
          let y = routed.floats.base + Int(routing.places[j]) * routed.stride
          sum = fma(load(y + i, n), Lanes(repeating: weights.base[j]), sum)
        }
        store(fma(load(s + i, n), Lanes(repeating: shares.base[row]), sum), q + i, n)
      }
    }
  }

  /// What `mixExperts` hands back: routedGradient[place] = weight · dy[row] and
  /// weightGradient[choice] = dy[row] · routed[place]; sharedGradient[r] = share · dy[r], and
  /// gateGradient[r] by the logit of the share's sigmoid.
  package func mixExpertsBackward(
    _ dy: Matrix, routed: Matrix, _ routing: Routing, weights: Floats, shared: Matrix,
    shares: Floats, routedGradient: Matrix, weightGradient: Floats, sharedGradient: Matrix,
    gateGradient: Floats
  ) {
    let active = routing.active
    eachRow(dy.rows, dy.columns * (active + 1)) { row in
      let g = dy.floats.base + row * dy.stride
      for j in row * active..<(row + 1) * active {
        let place = Int(routing.places[j])
        scaled(
          g, weights.base[j], routedGradient.floats.base + place * routedGradient.stride,
          dy.columns)
        weightGradient.base[j] = laneDot(
          g, routed.floats.base + place * routed.stride, dy.columns)
      }
      let share = shares.base[row]
      scaled(
        g, share, sharedGradient.floats.base + row * sharedGradient.stride, dy.columns)
      let slope = laneDot(g, shared.floats.base + row * shared.stride, dy.columns)
      gateGradient.base[row] = slope * (share * (1 - share))
    }
  }

  /// x[r] += Σ of the row's gathered rows.
  package func addGathered(_ gathered: Matrix, _ routing: Routing, to x: Matrix) {
    let active = routing.active
    precondition(
      gathered.columns == x.columns && routing.choices.count == x.rows * active,
      "sum of shapes that do not fit")
    eachRow(x.rows, x.columns) { row in
      let q = x.floats.base + row * x.stride
      for j in row * active..<(row + 1) * active {
        let p = gathered.floats.base + Int(routing.places[j]) * gathered.stride
        eachLanes(0..<x.columns) { i, n in store(load(q + i, n) + load(p + i, n), q + i, n) }
      }
    }
  }

  /// x ← 1 / (1 + e⁻ˣ)
  package func sigmoid(_ x: Floats) {
    let p = x.base
    eachLanes(0..<x.count) { i, n in store(laneSigmoid(load(p + i, n)), p + i, n) }
  }

  private func scaled(_ p: ConstPointer, _ factor: Float, _ q: Pointer, _ count: Int) {
    eachLanes(0..<count) { i, n in store(load(p + i, n) * factor, q + i, n) }
  }
}

/// How evenly experts are used (Fedus et al. 2021, eq. 4–6, as transformers' `load_balancing_loss_func`):
/// experts · Σₑ fₑ Pₑ, where f is the share of rows that an expert sees (their sum is the number of
/// experts per row) and P its mean probability, over all rows of all layers.
///
/// Counts and probabilities (in steps of 2⁻³²) are integers, so that their sums are the same however a
/// batch is cut.
package struct ExpertBalance: Hashable, Sendable {
  /// Rows · layers.
  package private(set) var rows = 0
  private var counts: [Int]
  private var sums: [Int]

  package init(experts: Int) {
    counts = Array(repeating: 0, count: experts)
    sums = counts
  }

  /// Counts a layer's rows; `probabilities` is [rows, experts].
  package mutating func add(_ probabilities: Matrix, _ routing: Routing) {
    rows += probabilities.rows
    for (expert, count) in routing.counts.enumerated() { counts[expert] += count }
    for row in 0..<probabilities.rows {
      let p = probabilities.floats.base + row * probabilities.stride
      for expert in counts.indices {
        // A probability that is no number makes the loss none; here it must only not trap.
        let steps = (Double(p[expert]) * 0x1p32).rounded(.toNearestOrEven)
        sums[expert] &+= steps.isFinite ? Int(steps) : 0
      }
    }
  }

  package mutating func add(_ other: ExpertBalance) {
    rows += other.rows
    for expert in counts.indices {
      counts[expert] += other.counts[expert]
      sums[expert] &+= other.sums[expert]
    }
  }

  /// The loss; 0 without rows.
  package var loss: Double {
    guard rows > 0 else { return 0 }
    var sum = 0.0
    for expert in counts.indices {
      sum += Double(counts[expert]) / Double(rows) * (Double(sums[expert]) * 0x1p-32 / Double(rows))
    }
    return sum * Double(counts.count)
  }

  /// `weight` · ∂loss/∂(one row's probability) of every expert; counts have no slope.
  package func slopes(weight: Double) -> Floats {
    Floats(
      counts.map {
        rows == 0
          ? 0
          : Float(weight * Double(counts.count) * Double($0) / Double(rows) / Double(rows))
      })
  }
}

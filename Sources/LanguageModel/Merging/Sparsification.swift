package import Numerics

/// What becomes of the kept entries of a task vector when the others are dropped.
package enum Rescaling: String, CaseIterable, Sendable {
  case none
  /// Divided by the density: the expected vector stays (DARE; Yu et al. 2023).
  case density
  /// Scaled so that the L1 norm of this very vector stays (mergekit 0.1.5 `rescale: true`).
  case norm
}

extension Merging {
  /// Which entries are kept: the `density` of them with the largest magnitudes, at least one, of equals the
  /// first (TIES; mergekit 0.1.5 `magnitude`: k = max(1, int(density · n)), all from 1 on, none at 0).
  package func largest(_ x: Floats, density: Double) -> [Bool] {
    guard density < 1 else { return .init(repeating: true, count: x.count) }
    guard density > 0, x.count > 0 else { return .init(repeating: false, count: x.count) }
    return largest(x, count: max(1, Int(density * Double(x.count))))
  }

  /// The `count` entries with the largest magnitudes, of equals the first.
  func largest(_ x: Floats, count: Int) -> [Bool] {
    x.withSpan { x in
      // Magnitudes order as their bits do.
      let least = Self.bits(ofRank: count, in: x)
      var atLeast = count
      for i in x.indices where x[i].magnitude.bitPattern > least { atLeast -= 1 }
      var kept = [Bool](repeating: false, count: x.count)
      for i in x.indices {
        let bits = x[i].magnitude.bitPattern
        if bits > least {
          kept[i] = true
        } else if bits == least, atLeast > 0 {
          kept[i] = true
          atLeast -= 1
        }
      }
      return kept
    }
  }

  /// The bits of the magnitude that is number `rank` from the largest: two counts, by the upper and by the lower
  /// half of the bits.
  private static func bits(ofRank rank: Int, in x: borrowing Span<Float>) -> UInt32 {
    var counts = [Int](repeating: 0, count: 1 << 16)
    for i in x.indices { counts[Int(x[i].magnitude.bitPattern >> 16)] += 1 }
    let (upper, before) = bin(ofRank: rank, counts)
    counts = .init(repeating: 0, count: 1 << 16)
    for i in x.indices {
      let bits = x[i].magnitude.bitPattern
      if bits >> 16 == upper { counts[Int(bits & 0xFFFF)] += 1 }
    }
    let (lower, _) = bin(ofRank: rank - before, counts)
    return UInt32(upper) << 16 | UInt32(lower)
  }

  /// The bin, from the highest, that holds an element of this rank, and how many are in those above.
  private static func bin(ofRank rank: Int, _ counts: [Int]) -> (bin: Int, before: Int) {
    var before = 0
    for bin in counts.indices.reversed() {
      if before + counts[bin] >= rank { return (bin, before) }
      before += counts[bin]
    }
    return (0, before)
  }

  /// Which of `count` entries are kept, each with probability `density`: entry i by draw i of the stream.
  package func random(_ count: Int, density: Double, _ stream: RandomStream) -> [Bool] {
    guard density < 1 else { return .init(repeating: true, count: count) }
    return (0..<count).map { Double(stream.uniform(at: UInt64($0))) < density }
  }

  /// x with zeros where it is not kept, rescaled.
  package func masked(
    _ x: Floats, keeping kept: [Bool], density: Double, rescaling: Rescaling
  ) -> Floats {
    precondition(kept.count == x.count, "a mask of another size")
    let result = made(x.count) { range, out in
      x[range].withSpan { x in
        for i in x.indices { out[i] = kept[range.lowerBound + i] ? x[i] : 0 }
      }
    }
    switch rescaling {
    case .none: break
    case .density:
      if density > 0 && density < 1 { compute.scale(result, by: Float(1 / density)) }
    case .norm:
      let (before, after) = (sumOfMagnitudes(x), sumOfMagnitudes(result))
      if before >= 1e-7 && after >= 1e-7 { compute.scale(result, by: Float(before / after)) }
    }
    return result
  }

  private func sumOfMagnitudes(_ x: Floats) -> Double {
    compute.sum(
      made(x.count) { range, out in
        x[range].withSpan { x in
          for i in x.indices { out[i] = x[i].magnitude }
        }
      })
  }
}

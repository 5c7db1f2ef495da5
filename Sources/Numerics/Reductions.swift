/// Sums of fixed shape: chunks of 4,096, eight double lanes in each (element i in lane i mod 8),
/// partial results joined in index order.
extension Compute {
  private static let chunk = 4096

  package func sum(_ x: Floats) -> Double {
    joined(x.count) { range in
      var lanes = SIMD8<Double>(repeating: 0)
      eachLanes(range) { i, n in lanes += doubles(load(x.base + i, n)) }
      return lanes
    }
  }

  package func sumOfSquares(_ x: Floats) -> Double {
    joined(x.count) { range in
      var lanes = SIMD8<Double>(repeating: 0)
      eachLanes(range) { i, n in
        let values = doubles(load(x.base + i, n))
        lanes.addProduct(values, values)
      }
      return lanes
    }
  }

  package func dot(_ x: Floats, _ y: Floats) -> Double {
    precondition(x.count == y.count, "product of different sizes")
    return joined(x.count) { range in
      var lanes = SIMD8<Double>(repeating: 0)
      eachLanes(range) { i, n in
        lanes.addProduct(doubles(load(x.base + i, n)), doubles(load(y.base + i, n)))
      }
      return lanes
    }
  }

  /// The largest magnitude; NaN if any value is NaN; 0 for none.
  package func maximumMagnitude(_ x: Floats) -> Float {
    var most: Float = 0
    for value in partials(x.count, { range in largest(x, range) }) {
      if value.isNaN { return .nan }
      most = max(most, Float(value))
    }
    return most
  }

  private func largest(_ x: Floats, _ range: Range<Int>) -> Double {
    // Magnitudes order as their bits do, with NaN above infinity.
    var most = SIMD8<UInt32>(repeating: 0)
    eachLanes(range) { i, n in
      let bits = unsafeBitCast(magnitude(load(x.base + i, n)), to: SIMD8<UInt32>.self)
      most = most.replacing(with: bits, where: bits .> most)
    }
    return Double(Float(bitPattern: most.max()))
  }

  /// Index of the first NaN or infinity.
  package func firstNonFinite(_ x: Floats) -> Int? {
    let found = partials(x.count) { range in
      largest(x, range).isFinite ? 0 : 1
    }
    guard let chunk = found.firstIndex(of: 1) else { return nil }
    return (chunk * Self.chunk..<x.count).first { !x.base[$0].isFinite }
  }

  private func joined(_ count: Int, _ body: @Sendable (Range<Int>) -> SIMD8<Double>) -> Double {
    partials(count) { range in
      let lanes = body(range)
      let four = lanes.lowHalf + lanes.highHalf
      let two = four.lowHalf + four.highHalf
      return two[0] + two[1]
    }.reduce(0, +)
  }

  /// One value per chunk, in order.
  private func partials(_ count: Int, _ body: @Sendable (Range<Int>) -> Double) -> [Double] {
    let chunks = (count + Self.chunk - 1) / Self.chunk
    return [Double](unsafeUninitializedCapacity: chunks) { buffer, initialized in
      nonisolated(unsafe) let buffer = buffer
      split(chunks, grain: 16) { range in
        for chunk in range {
          let first = chunk * Self.chunk
          buffer.initializeElement(at: chunk, to: body(first..<min(count, first + Self.chunk)))
        }
      }
      initialized = chunks
    }
  }
}

@inline(__always)
private func doubles(_ x: Lanes) -> SIMD8<Double> {
  SIMD8(
    Double(x[0]), Double(x[1]), Double(x[2]), Double(x[3]), Double(x[4]), Double(x[5]),
    Double(x[6]), Double(x[7]))
}

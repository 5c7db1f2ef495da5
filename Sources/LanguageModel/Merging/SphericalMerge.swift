package import Numerics

// Spherical interpolation. In both tools' forms the original vectors are mixed, not their directions.

/// The shares of two vectors in their spherical interpolation.
package struct SphericalShares: Hashable, Sendable {
  package var first: Double
  package var second: Double

  /// sin((1 − t)θ) / sin θ and sin(tθ) / sin θ, θ = arccos `cosine`; 1 − t and t when `isStraight`.
  init(t: Double, cosine: Double, isStraight: Bool) {
    guard !isStraight else {
      (first, second) = (1 - t, t)
      return
    }
    let angle = Elementary.acos(cosine)
    let sine = Elementary.sin(angle)
    first = Elementary.sin((1 - t) * angle) / sine
    second = Elementary.sin(t * angle) / sine
  }

  /// mergekit 0.1.5 `slerp`: straight beyond |cosine| 0.9995, so for equal and for opposite vectors.
  package static func full(t: Double, cosine: Double) -> SphericalShares {
    SphericalShares(t: t, cosine: cosine, isStraight: cosine.magnitude > 0.9995)
  }

  /// mergekit 0.1.5 `nuslerp`: straight when 1 − c² ≤ 1e-16 in float32, so where the cosine rounds to ±1.
  package static func task(t: Double, cosine: Double) -> SphericalShares {
    SphericalShares(t: t, cosine: cosine, isStraight: Float(cosine).magnitude == 1)
  }
}

extension Merging {
  /// The cosine of the angle between two vectors, in −1...1. Norms up to `floor` count as `substitute`: with a
  /// vector of zeros the cosine is 0.
  func cosine(
    _ a: Floats, _ b: Floats, normFloor floor: Double, as substitute: Double
  ) -> Double {
    let (squareA, squareB) = (compute.sumOfSquares(a), compute.sumOfSquares(b))
    let (normA, normB) = (squareA.squareRoot(), squareB.squareRoot())
    let product: Double
    if normA > floor && normB > floor {
      // √(x · x) is x: equal and opposite vectors have a cosine of exactly ±1.
      product = (squareA * squareB).squareRoot()
    } else {
      product = (normA > floor ? normA : substitute) * (normB > floor ? normB : substitute)
    }
    return min(1, max(-1, compute.dot(a, b) / product))
  }

  /// The cosine of the angle between two vectors, as `nuslerp` has it.
  package func cosine(_ a: Floats, _ b: Floats) -> Double {
    cosine(a, b, normFloor: 1e-7, as: 1e-7)
  }

  /// mergekit's `slerp` of full weights, from `a` (its base model) to `b`.
  package func slerp(_ a: Floats, _ b: Floats, t: Double) -> Floats {
    mixed(a, b, .full(t: t, cosine: cosine(a, b, normFloor: 1e-8, as: 1)))
  }

  /// mergekit's `nuslerp` of two vectors, which in WARP's second stage are task vectors (papers.md §6.12).
  package func taskSlerp(_ a: Floats, _ b: Floats, t: Double) -> Floats {
    mixed(a, b, .task(t: t, cosine: cosine(a, b)))
  }

  /// WARP's second stage: start + the spherical mean of the task vectors inputᵢ − start. More than two are taken in
  /// one after the other, the m-th with t = 1/m, so the order of the inputs matters.
  ///
  /// - Parameter t: for two inputs; ½ when left out.
  package func taskSlerp(_ inputs: [Floats], from start: Floats, t: Double? = nil) -> Floats {
    let vectors = inputs.map { difference($0, start) }
    return weightedSum([(start, 1), (sphericalMean(vectors, t: t), 1)])
  }

  /// The vectors taken in one after the other, the m-th with t = 1/m.
  ///
  /// - Parameter t: for two vectors; ½ when left out.
  package func sphericalMean(_ vectors: [Floats], t: Double? = nil) -> Floats {
    precondition(!vectors.isEmpty && (t == nil || vectors.count == 2), "t is for two vectors")
    var mean = vectors[0]
    for (index, vector) in vectors.enumerated().dropFirst() {
      mean = taskSlerp(mean, vector, t: t ?? 1 / Double(index + 1))
    }
    return mean
  }

  private func mixed(_ a: Floats, _ b: Floats, _ shares: SphericalShares) -> Floats {
    weightedSum([(a, shares.first), (b, shares.second)])
  }
}

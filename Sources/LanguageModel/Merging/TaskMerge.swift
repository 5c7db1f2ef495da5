package import Numerics

/// Adds weighted task vectors, thinned out or not, to a base model: task arithmetic, TIES and DARE. The arithmetic is
/// float32, operation by operation that of mergekit 0.1.5 (`generalized_task_arithmetic.py`), so that signs are
/// elected as there.
package struct TaskMerge: Sendable {
  /// Which entries of a task vector are kept.
  package enum Selection: Hashable, Sendable {
    case all
    /// TIES: a share, those of the largest magnitudes.
    case largest
    /// DARE: each with a probability. The mask is a function of the seed, the tensor's name and the input's.
    case random(seed: UInt64)
  }

  package var selection: Selection
  package var rescaling: Rescaling
  /// Whether an entry is merged only from the vectors whose sign there is that of the weighted sum (TIES): a sum of 0
  /// counts as positive, an entry of 0 never agrees.
  package var electsSigns: Bool
  /// Whether the sum is divided by that of the weights: of the vectors that agree, or of all.
  package var normalizes: Bool
  /// λ, a factor on the merged task vector.
  package var scale: Double

  package init(
    selection: Selection = .all, rescaling: Rescaling = .none, electsSigns: Bool = false,
    normalizes: Bool = false, scale: Double = 1
  ) {
    self.selection = selection
    self.rescaling = rescaling
    self.electsSigns = electsSigns
    self.normalizes = normalizes
    self.scale = scale
  }

  /// A model to merge.
  package struct Input: Sendable {
    /// What random masks are named by.
    package var name: String
    package var parameters: Floats
    package var weight: Double
    /// Which share of the task vector is kept.
    package var density: Double

    package init(name: String, parameters: Floats, weight: Double = 1, density: Double = 1) {
      self.name = name
      self.parameters = parameters
      self.weight = weight
      self.density = density
    }

    /// The same with a part of the parameters.
    package subscript(range: Range<Int>) -> Input {
      Input(name: name, parameters: parameters[range], weight: weight, density: density)
    }
  }

  /// A merged tensor.
  package func merge(
    _ inputs: [Input], base: Floats, tensor: String, on merging: Merging
  ) -> Floats {
    let vectors = inputs.map { input in
      let vector = selected(merging.difference(input.parameters, base), of: tensor, input, merging)
      merging.compute.scale(vector, by: Float(input.weight))
      return vector
    }
    return sum(vectors, inputs.map { Float($0.weight) }, onto: base, merging)
  }

  private func selected(
    _ vector: Floats, of tensor: String, _ input: Input, _ merging: Merging
  ) -> Floats {
    let kept: [Bool]
    switch selection {
    case .all: return vector
    case .largest: kept = merging.largest(vector, density: input.density)
    case .random(let seed):
      let stream = RandomStream(seed: seed, purpose: "mask of \(tensor) in \(input.name)")
      kept = merging.random(vector.count, density: input.density, stream)
    }
    return merging.masked(vector, keeping: kept, density: input.density, rescaling: rescaling)
  }

  /// base + λ · the vectors' sum; they are weighted already.
  private func sum(
    _ vectors: [Floats], _ weights: [Float], onto base: Floats, _ merging: Merging
  ) -> Floats {
    let all = weights.reduce(0, +)
    return merging.made(base.count) { range, out in
      let signs = electsSigns ? Self.signs(vectors, range) : []
      var sums = [Float](repeating: 0, count: range.count)
      var divisors = [Float](repeating: electsSigns ? 0 : all, count: range.count)
      for (vector, weight) in zip(vectors, weights) {
        vector[range].withSpan { x in
          for i in x.indices {
            if electsSigns {
              guard x[i] != 0, (x[i] > 0) == signs[i] else { continue }
              divisors[i] += weight
            }
            sums[i] += x[i]
          }
        }
      }
      base[range].withSpan { base in
        for i in base.indices {
          if normalizes { sums[i] /= divisor(divisors[i]) }
          if scale != 1 { sums[i] *= Float(scale) }
          out[i] = base[i] + sums[i]
        }
      }
    }
  }

  private func divisor(_ sum: Float) -> Float {
    (electsSigns ? sum == 0 : sum.magnitude < 1e-8) ? 1 : sum
  }

  /// Whether the elected sign is positive, entry by entry.
  private static func signs(_ vectors: [Floats], _ range: Range<Int>) -> [Bool] {
    var sums = [Float](repeating: 0, count: range.count)
    for vector in vectors {
      vector[range].withSpan { x in
        for i in x.indices { sums[i] += x[i] }
      }
    }
    return sums.map { $0 >= 0 }
  }
}

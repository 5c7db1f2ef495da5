package import Numerics

extension Merging {
  /// Model Stock (Jang et al. 2024; mergekit 0.1.5 `model_stock`): of N models fine-tuned from one, whose task vectors
  /// have a mean cosine c over all pairs, t · mean + (1 − t) · base with t = N c / (1 + (N − 1) c). Where that has no
  /// finite value, the base stays.
  ///
  /// - Precondition: at least two inputs.
  package func stock(_ inputs: [Floats], base: Floats) -> Floats {
    precondition(inputs.count >= 2, "model stock needs two models")
    let share = stockShare(inputs.map { difference($0, base) })
    let each = share / Double(inputs.count)
    return weightedSum(inputs.map { ($0, each) } + [(base, 1 - share)])
  }

  /// t for the task vectors.
  package func stockShare(_ vectors: [Floats]) -> Double {
    let squares = vectors.map { compute.sumOfSquares($0) }
    var (sum, pairs) = (0.0, 0.0)
    for (i, a) in vectors.enumerated() {
      for (j, b) in vectors.enumerated().dropFirst(i + 1) {
        let norms = max((squares[i] * squares[j]).squareRoot(), 1e-6)
        sum += min(1, max(-1, compute.dot(a, b) / norms))
        pairs += 1
      }
    }
    let (count, cosine) = (Double(vectors.count), sum / pairs)
    let divisor = 1 + (count - 1) * cosine
    return divisor.magnitude < 1e-6 ? 0 : count * cosine / divisor
  }
}

extension ParameterLayout {
  /// Every row of every matrix, and every vector, for itself (mergekit's `filter_wise`).
  package var rowGroups: [MergeGroup] {
    groups(.tensor).enumerated().flatMap { index, group -> [MergeGroup] in
      let shape = views[index].shape
      guard shape.count == 2 else { return [group] }
      return (0..<shape[0]).map { row in
        let start = group.range.lowerBound + row * shape[1]
        return MergeGroup(
          name: "\(group.name)[\(row)]", range: start..<start + shape[1], depth: group.depth)
      }
    }
  }
}

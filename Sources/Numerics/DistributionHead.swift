/// What a row's logits say beside a target distribution t; p is their softmax. In nats.
package struct DistributionScore: Hashable, Sendable {
  /// −Σ t log p
  package var crossEntropy: Float
  /// −Σ p log p: how unsure the model is.
  package var entropy: Float
  /// Σ t log (t / p): how far the model is from its target.
  package var divergence: Float

  package init(crossEntropy: Float, entropy: Float, divergence: Float) {
    self.crossEntropy = crossEntropy
    self.entropy = entropy
    self.divergence = divergence
  }
}

/// From logits to their cross-entropy with a distribution over the vocabulary, and back.
package struct DistributionHead: Sendable {
  /// The targets of some rows; each sums to 1, or to 0 where a row has none.
  package enum Targets: Sendable {
    /// Probabilities, [rows, vocabulary].
    case dense(Matrix)
    /// `width` pairs (token, probability) per row; a token may come twice.
    case sparse(tokens: [Int32], probabilities: [Float], width: Int)
  }

  /// A cap that the logits have passed: `cap · tanh(logit / cap)`.
  package var softCap: Float?

  package init(softCap: Float? = nil) { self.softCap = softCap }

  /// `logits` are the capped ones. Keeps the log of each row's sum of exponentials.
  package func forward(
    _ logits: Matrix, targets: Targets, logSums: Floats, on compute: Compute
  ) -> [DistributionScore] {
    check(logits, targets)
    return [DistributionScore](unsafeUninitializedCapacity: logits.rows) { buffer, count in
      // Each thread writes the scores of its own rows.
      nonisolated(unsafe) let buffer = buffer
      compute.eachRow(logits.rows, logits.columns) { row in
        let x = logits.floats.base + row * logits.stride
        let (logSum, entropy) = Self.sums(x, logits.columns)
        logSums.base[row] = logSum
        let (cross, own) = Self.cross(x, logSum, targets, row, logits.columns)
        buffer.initializeElement(
          at: row,
          to: DistributionScore(crossEntropy: cross, entropy: entropy, divergence: cross - own))
      }
      count = logits.rows
    }
  }

  /// Replaces the capped logits by the gradient of Σ weights[r] · crossEntropy[r] by the uncapped ones:
  /// row r is `weights[r] · (softmax · Σ t − t)`.
  package func backward(
    _ logits: Matrix, targets: Targets, logSums: Floats, weights: Floats, on compute: Compute
  ) {
    check(logits, targets)
    compute.eachRow(logits.rows, logits.columns) { row in
      let x = logits.floats.base + row * logits.stride
      let weight = weights.base[row]
      let total = Self.total(targets, row, logits.columns)
      let logSum = logSums.base[row]
      Scratch.with(logits.columns) { t in
        Self.spread(targets, row, logits.columns, into: t)
        eachLanes(0..<logits.columns) { i, n in
          let value = load(x + i, n)
          var gradient = (laneExp(value - logSum) * total - load(t + i, n)) * weight
          if let softCap {
            let share = value / softCap
            gradient *= 1 - share * share
          }
          store(gradient, x + i, n)
        }
      }
    }
  }

  /// The log of the sum of exponentials, and the entropy, of a row.
  static func sums(_ x: ConstPointer, _ count: Int) -> (logSum: Float, entropy: Float) {
    var most = x[0]
    for i in 1..<max(1, count) where x[i] > most { most = x[i] }
    var sum = Lanes(repeating: 0)
    var product = sum
    eachLanes(0..<count) { i, n in
      let distance = load(x + i, n, filler: -.infinity) - most
      let term = laneExp(distance)
      sum += term
      // 0 · ∞ is no number.
      product = fma(term, distance.replacing(with: 0, where: term .== 0), product)
    }
    let (total, weighted) = (sum.foldedSum, product.foldedSum)
    let log = Elementary.log(total)
    return (most + log, log - weighted / total)
  }

  /// −Σ t log p and −Σ t log t of a row.
  private static func cross(
    _ x: ConstPointer, _ logSum: Float, _ targets: Targets, _ row: Int, _ count: Int
  ) -> (cross: Float, own: Float) {
    var (cross, own) = (0.0, 0.0)
    func add(_ token: Int, _ t: Float) {
      cross.addProduct(Double(t), Double(logSum) - Double(x[token]))
      own -= Double(t) * Elementary.log(Double(t))
    }
    switch targets {
    case .dense(let matrix):
      let t = matrix.floats.base + row * matrix.stride
      for token in 0..<count where t[token] > 0 { add(token, t[token]) }
    case .sparse:
      for (token, t) in merged(targets, row) where t > 0 { add(token, t) }
    }
    return (Float(cross), Float(own))
  }

  /// A sparse row's pairs, with those of one token joined.
  private static func merged(_ targets: Targets, _ row: Int) -> [(Int, Float)] {
    guard case .sparse(let tokens, let probabilities, let width) = targets else { return [] }
    var pairs: [(Int, Float)] = []
    for index in row * width..<(row + 1) * width {
      let token = Int(tokens[index])
      if let known = pairs.firstIndex(where: { $0.0 == token }) {
        pairs[known].1 += probabilities[index]
      } else {
        pairs.append((token, probabilities[index]))
      }
    }
    return pairs
  }

  private static func total(_ targets: Targets, _ row: Int, _ count: Int) -> Float {
    var sum = 0.0
    switch targets {
    case .dense(let matrix):
      for i in 0..<count { sum += Double(matrix.floats.base[row * matrix.stride + i]) }
    case .sparse(_, let probabilities, let width):
      for i in row * width..<(row + 1) * width { sum += Double(probabilities[i]) }
    }
    return Float(sum)
  }

  private static func spread(
    _ targets: Targets, _ row: Int, _ count: Int, into t: Pointer
  ) {
    if case .dense(let matrix) = targets {
      return t.update(from: matrix.floats.base + row * matrix.stride, count: count)
    }
    t.update(repeating: 0, count: count)
    for (token, probability) in merged(targets, row) { t[token] = probability }
  }

  private func check(_ logits: Matrix, _ targets: Targets) {
    switch targets {
    case .dense(let matrix):
      precondition(
        matrix.rows == logits.rows && matrix.columns == logits.columns,
        "target distributions of shapes that do not fit")
    case .sparse(let tokens, let probabilities, let width):
      precondition(
        tokens.count == logits.rows * width && probabilities.count == tokens.count
          && tokens.allSatisfy { $0 >= 0 && $0 < logits.columns },
        "target distributions of shapes that do not fit")
    }
  }
}

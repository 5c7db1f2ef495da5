import Numerics

/// How tokens are chosen.
package struct SamplingOptions: Hashable, Sendable {
  /// 0 chooses the most likely token (lowest id wins ties).
  package var temperature: Double
  /// Keeps only the k most likely tokens.
  package var topK: Int?
  /// Keeps the most likely tokens up to this probability mass, at least one.
  package var topP: Double?
  /// The most tokens to make per sample.
  package var maximumTokens: Int
  /// Token ids that end a sample; the one found is its last token.
  package var stopTokens: [Int]
  package var seed: UInt64

  package init(
    temperature: Double = 1, topK: Int? = nil, topP: Double? = nil, maximumTokens: Int,
    stopTokens: [Int] = [], seed: UInt64 = 0
  ) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.maximumTokens = maximumTokens
    self.stopTokens = stopTokens
    self.seed = seed
  }

  /// The token that a uniform draw in [0, 1) chooses from one row of logits. Cuts as transformers'
  /// warpers do, in the order temperature, top-k, top-p; ties go to lower ids.
  func choose(from logits: Span<Float>, draw: Double) -> Int {
    let best = indexOfMaximum(logits)
    guard temperature > 0 else { return best }
    let order = candidates(logits)
    var weights: [Double] = []
    weights.reserveCapacity(order.count)
    for index in order {
      weights.append(Elementary.exp(Double(logits[index] - logits[best]) / temperature))
    }
    if let topP { weights.removeLast(weights.count - Self.nucleus(weights, topP)) }
    let threshold = draw * weights.reduce(0, +)
    var sum = 0.0
    for (place, weight) in weights.enumerated() {
      sum += weight
      if sum > threshold { return order[place] }
    }
    return best
  }

  /// Token ids, the most likely first when a cut needs that order.
  private func candidates(_ logits: Span<Float>) -> [Int] {
    let all = Array(0..<logits.count)
    guard topK != nil || topP != nil else { return all }
    var keyed: [(logit: Float, id: Int)] = []
    keyed.reserveCapacity(all.count)
    for id in all { keyed.append((logits[id], id)) }
    keyed.sort { ($1.logit, $0.id) < ($0.logit, $1.id) }
    return keyed.prefix(max(1, topK ?? all.count)).map(\.id)
  }

  /// How many of the weights, largest first, make up the mass `p`.
  private static func nucleus(_ weights: [Double], _ p: Double) -> Int {
    let limit = p * weights.reduce(0, +)
    var sum = 0.0
    for (place, weight) in weights.enumerated() {
      sum += weight
      if sum >= limit { return place + 1 }
    }
    return weights.count
  }
}

/// One sampled continuation.
package struct Sample: Hashable, Sendable {
  package var tokens: [Int]
  /// Each token's natural log-probability under the model (temperature 1, nothing cut), the same
  /// bits that a full forward pass gives.
  package var logProbabilities: [Float]
  /// Whether a stop token ended it.
  package var isStopped: Bool

  package init(tokens: [Int], logProbabilities: [Float], isStopped: Bool) {
    self.tokens = tokens
    self.logProbabilities = logProbabilities
    self.isStopped = isStopped
  }
}

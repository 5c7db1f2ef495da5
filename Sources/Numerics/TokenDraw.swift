/// A token drawn from a row of logits, and what the model says of it.
package struct TokenDraw: Hashable, Sendable {
  package var token: Int32
  /// Natural, at temperature 1 with nothing cut: the bits of `TokenHead.forward`.
  package var logProbability: Float
  /// Of the whole row at temperature 1, in nats, the bits of `DistributionHead.forward`; 0 unless asked
  /// for.
  package var entropy: Float

  package init(token: Int32 = 0, logProbability: Float = 0, entropy: Float = 0) {
    self.token = token
    self.logProbability = logProbability
    self.entropy = entropy
  }
}

/// How tokens are drawn from logits. Cuts as transformers' warpers do, in the order temperature, top-k,
/// top-p; ties go to lower ids. A draw is a function of its row and its uniform number alone.
package struct TokenChooser: Sendable {
  /// 0 chooses the most likely token.
  private let temperature: Double
  private let topK: Int?
  private let topP: Double?
  private let wantsEntropy: Bool

  package init(temperature: Double, topK: Int?, topP: Double?, wantsEntropy: Bool) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.wantsEntropy = wantsEntropy
  }

  /// What row `row` of (capped) logits gives for a number in [0, 1).
  package func draw(_ logits: Matrix, row: Int, uniform: Double) -> TokenDraw {
    let count = logits.columns
    let x = logits[row: row]
    precondition(count > 0, "a token drawn from nothing")
    return Scratch.with(count) { weights in
      let most = rowMaximum(x.base, count)
      let sum = storeExponentials(x.base, count, scale: 1, shift: most, into: weights)
      let logSum = Double(most) + Elementary.log(Double(sum))
      let token = choose(x.base, count, most, weights, uniform)
      return TokenDraw(
        token: Int32(token), logProbability: Float(Double(x.base[token]) - logSum),
        entropy: wantsEntropy ? DistributionHead.sums(x.base, count).entropy : 0)
    }
  }

  /// `weights` are the exponentials at temperature 1, and may be overwritten.
  private func choose(
    _ x: ConstPointer, _ count: Int, _ most: Float, _ weights: Pointer, _ uniform: Double
  ) -> Int {
    let scale = Float(1 / temperature)
    guard temperature > 0, (most * scale).isFinite else { return first(most, x, count) }
    if scale != 1 {
      _ = storeExponentials(x, count, scale: scale, shift: most * scale, into: weights)
    }
    let row = WeightedRow(logits: x, weights: weights, count: count, most: most)
    let chosen =
      topK == nil && topP == nil
      ? row.draw(uniform)
      : row.draw(uniform, topK: max(1, topK ?? count), topP: topP, step: 4 * Float(temperature))
    return chosen ?? first(most, x, count)
  }

  private func first(_ most: Float, _ x: ConstPointer, _ count: Int) -> Int {
    for index in 0..<count where x[index] == most { return index }
    return 0
  }
}

/// A row's logits and the weights, not normalised, that they stand for. Sums run in double, over the
/// float sums of blocks of 64, ascending.
private struct WeightedRow {
  let logits: ConstPointer
  let weights: Pointer
  let count: Int
  let most: Float

  private static let block = 64

  private var blocks: Int { (count + Self.block - 1) / Self.block }

  private func range(_ block: Int) -> Range<Int> {
    block * Self.block..<min(count, (block + 1) * Self.block)
  }

  private func sum(_ block: Int) -> Double {
    var sums = Lanes(repeating: 0)
    eachLanes(range(block)) { i, n in sums += load(weights + i, n) }
    return Double(sums.foldedSum)
  }

  private func total() -> Double {
    var total = 0.0
    for block in 0..<blocks { total += sum(block) }
    return total
  }

  /// The token in whose share of the whole the number falls; nil when rounding leaves none.
  func draw(_ uniform: Double) -> Int? {
    let threshold = uniform * total()
    var before = 0.0
    for block in 0..<blocks {
      let after = before + sum(block)
      if after > threshold { return place(threshold, in: block, before: before) }
      before = after
    }
    return nil
  }

  private func place(_ threshold: Double, in block: Int, before: Double) -> Int? {
    var sum = before
    var last: Int?
    for index in range(block) where weights[index] > 0 {
      sum += Double(weights[index])
      if sum > threshold { return index }
      last = index
    }
    return last
  }

  /// The same among the most likely tokens: `topK` of them, and of those as many as make up `topP` of
  /// their mass.
  func draw(_ uniform: Double, topK: Int, topP: Double?, step: Float) -> Int? {
    let kept = kept(topK, topP, step)
    var threshold = 0.0
    for id in kept { threshold += Double(weights[id]) }
    threshold *= uniform
    var sum = 0.0
    for id in kept {
      sum += Double(weights[id])
      if sum > threshold { return id }
    }
    return nil
  }

  /// Token ids, the most likely first. Only those near the top are put in order, and more when they are
  /// not enough: how many bears on speed alone.
  private func kept(_ topK: Int, _ topP: Double?, _ step: Float) -> ArraySlice<Int> {
    let whole = topK < count ? nil : total()
    var depth = step
    while true {
      let found = ordered(most - depth).prefix(topK)
      let isComplete = found.count == topK || depth == .infinity
      if let topP, let mass = whole ?? (isComplete ? sum(found) : nil),
        let end = nucleus(found, topP * mass)
      {
        return found.prefix(end)
      }
      if isComplete { return found }
      depth = depth > 200 * step ? .infinity : depth * 4
    }
  }

  /// The ids of logits of at least `least`, by logit and then by id.
  private func ordered(_ least: Float) -> [Int] {
    var keyed: [(logit: Float, id: Int)] = []
    for id in 0..<count where logits[id] >= least { keyed.append((logits[id], id)) }
    keyed.sort { ($1.logit, $0.id) < ($0.logit, $1.id) }
    return keyed.map(\.id)
  }

  private func sum(_ ids: ArraySlice<Int>) -> Double {
    ids.reduce(0) { $0 + Double(weights[$1]) }
  }

  /// How many of the ids make up a mass; nil when they do not.
  private func nucleus(_ ids: ArraySlice<Int>, _ limit: Double) -> Int? {
    var sum = 0.0
    for (place, id) in ids.enumerated() {
      sum += Double(weights[id])
      if sum >= limit { return place + 1 }
    }
    return nil
  }
}

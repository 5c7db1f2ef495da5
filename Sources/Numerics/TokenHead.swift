/// From logits to the log-probability of the token that occurred, and back.
package struct TokenHead: Sendable {
  /// Gemma's cap: logits become `cap · tanh(logit / cap)`.
  package var softCap: Float?

  package init(softCap: Float? = nil) { self.softCap = softCap }

  /// logProbabilities[r] = log softmax(logits[r])[targets[r]]; a negative target gives 0. With a cap,
  /// `logits` are replaced by the capped ones. Keeps the log of each row's sum of exponentials.
  package func forward(
    _ logits: Matrix, targets: [Int32], logProbabilities: Floats, logSums: Floats,
    on compute: Compute
  ) {
    check(logits, targets, logProbabilities, logSums)
    compute.timed(.head) {
      compute.eachRow(logits.rows, logits.columns) { row in
        let x = logits.floats.base + row * logits.stride
        if let softCap { capRow(x, logits.columns, softCap) }
        let most = rowMaximum(x, logits.columns)
        let sum = sumExponentials(x, logits.columns, shift: most)
        // In double: the difference of two near values is the result.
        let logSum = Double(most) + Elementary.log(Double(sum))
        logSums.base[row] = Float(logSum)
        let target = Int(targets[row])
        logProbabilities.base[row] = target < 0 ? 0 : Float(Double(x[target]) - logSum)
      }
    }
  }

  /// Caps logits in place, as `forward` does; nothing without a cap.
  package func cap(_ logits: Matrix, on compute: Compute) {
    guard let softCap else { return }
    compute.eachRow(logits.rows, logits.columns) { row in
      capRow(logits.floats.base + row * logits.stride, logits.columns, softCap)
    }
  }

  /// Replaces the (capped) logits, in place, by the gradient of the loss by the uncapped logits, given
  /// ∂loss/∂logProbabilities: row r is `slopes[r] · (onehot(target) − softmax)`; zero for a negative
  /// target.
  package func backward(
    _ logits: Matrix, targets: [Int32], logSums: Floats, slopes: Floats, on compute: Compute
  ) {
    check(logits, targets, slopes, logSums)
    compute.timed(.head) {
      compute.eachRow(logits.rows, logits.columns) { row in
        let x = logits.floats.base + row * logits.stride
        let target = Int(targets[row])
        if target < 0 { return x.update(repeating: 0, count: logits.columns) }
        let slope = slopes.base[row]
        let capped = x[target]
        replaceByGradient(x, logits.columns, logSums.base[row], slope)
        // The target's own entry is slope · (1 − p), before the cap's derivative.
        let p = -Elementary.exp(capped - logSums.base[row])
        x[target] = slope * (1 + p) * derivative(capped)
      }
    }
  }

  private func replaceByGradient(_ x: Pointer, _ count: Int, _ logSum: Float, _ slope: Float) {
    eachLanes(0..<count) { i, n in
      let value = load(x + i, n)
      var gradient = laneExp(value - logSum) * -slope
      if let softCap {
        let share = value / softCap
        gradient *= 1 - share * share
      }
      store(gradient, x + i, n)
    }
  }

  /// Of the cap by the uncapped logit, from the capped one: 1 − tanh².
  private func derivative(_ capped: Float) -> Float {
    guard let softCap else { return 1 }
    let share = capped / softCap
    return 1 - share * share
  }

  private func check(_ logits: Matrix, _ targets: [Int32], _ a: Floats, _ b: Floats) {
    precondition(
      logits.columns > 0 && targets.count == logits.rows && a.count >= logits.rows
        && b.count >= logits.rows, "token head of shapes that do not fit")
    precondition(targets.allSatisfy { $0 < logits.columns }, "target beyond the vocabulary")
  }
}

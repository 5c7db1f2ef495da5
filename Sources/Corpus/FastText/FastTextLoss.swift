import Numerics

/// What an example's update works in, and a prediction: one a thread.
package final class FastTextState {
  let hidden: FastTextRows.Vector
  let gradient: FastTextRows.Vector
  var output: [Float]
  var random: MinimalRandom

  init(lanes: Int, outputs: Int, seed: Int) {
    hidden = FastTextRows.vector(lanes: lanes)
    gradient = FastTextRows.vector(lanes: lanes)
    output = Array(repeating: 0, count: outputs)
    random = MinimalRandom(seed: seed)
  }

  deinit {
    hidden.deallocate()
    gradient.deallocate()
  }
}

/// fastText's losses (loss.cc): forward, and the step on the output matrix and the gradient.
struct FastTextLoss: Sendable {
  private let kind: FastTextOptions.Loss
  private let output: FastTextRows
  private let tree: LabelTree
  private let negatives: NegativeTable
  private let negativesPerExample: Int
  private let sigmoids: [Float]
  private let logarithms: [Float]

  init(_ options: FastTextOptions, _ output: FastTextRows, labelCounts: [Int64]) {
    kind = options.loss
    self.output = output
    tree = LabelTree(kind == .hierarchical ? labelCounts : [])
    negatives = NegativeTable(kind == .negativeSampling ? labelCounts : [])
    negativesPerExample = options.negatives
    sigmoids = (0...512).map { index in
      let x = Float(index * 16) / 512 - 8
      return Float(1 / (1 + Double(Float(Elementary.exp(Double(-x))))))
    }
    logarithms = (0...512).map { index in
      Float(Elementary.log(Double(Float((Double(index) + 1e-5) / 512))))
    }
  }

  /// log(x + 10⁻⁵), as predictions have it.
  static func score(_ x: Float) -> Float { Float(Elementary.log(Double(x) + 1e-5)) }

  /// Takes a step towards the label at `target` among the example's `labels`; returns the loss, NaN
  /// when the model has diverged.
  func step(
    _ labels: [Int32], target: Int, _ rate: Float, _ state: FastTextState
  ) -> Float {
    switch kind {
    case .softmax: softmaxStep(Int(labels[target]), rate, state)
    case .oneVersusAll:
      (0..<output.rows).reduce(Float(0)) { sum, label in
        sum + binaryStep(label, labels.contains(Int32(label)), rate, state)
      }
    case .hierarchical:
      zip(tree.paths[Int(labels[target])], tree.codes[Int(labels[target])])
        .reduce(Float(0)) { $0 + binaryStep($1.0, $1.1, rate, state) }
    case .negativeSampling: negativeStep(Int(labels[target]), rate, state)
    }
  }

  @inline(__always)
  private func softmaxStep(_ target: Int, _ rate: Float, _ state: FastTextState) -> Float {
    softmax(state)
    for label in 0..<output.rows {
      let alpha = rate * ((label == target ? 1 : 0) - state.output[label])
      output.step(row: label, alpha, hidden: state.hidden, gradient: state.gradient)
    }
    return -logarithm(state.output[target])
  }

  private func negativeStep(_ target: Int, _ rate: Float, _ state: FastTextState) -> Float {
    var loss = binaryStep(target, true, rate, state)
    guard output.rows > 1 else { return loss }
    for _ in 0..<negativesPerExample {
      loss += binaryStep(negatives.draw(not: target, &state.random), false, rate, state)
    }
    return loss
  }

  private func binaryStep(
    _ row: Int, _ isTarget: Bool, _ rate: Float, _ state: FastTextState
  ) -> Float {
    let dot = output.dot(row: row, state.hidden)
    if dot.isNaN { return .nan }
    let score = sigmoid(dot)
    let alpha = rate * ((isTarget ? 1 : 0) - score)
    output.step(row: row, alpha, hidden: state.hidden, gradient: state.gradient)
    return -logarithm(isTarget ? score : 1 - score)
  }

  /// From tables, as fastText's training has it.
  private func sigmoid(_ x: Float) -> Float {
    x < -8 ? 0 : x > 8 ? 1 : sigmoids[Int((x + 8) * 512 / 8 / 2)]
  }

  private func logarithm(_ x: Float) -> Float {
    x.isNaN ? .nan : x > 1 ? 0 : logarithms[Int(x * 512)]
  }

  /// Every label's probability.
  @inline(__always)
  private func softmax(_ state: FastTextState) {
    output.dots(state.hidden, into: &state.output)
    var greatest = state.output[0]
    for value in state.output where greatest < value { greatest = value }
    var sum: Float = 0
    for label in 0..<output.rows {
      state.output[label] = Float(Elementary.exp(Double(state.output[label] - greatest)))
      sum += state.output[label]
    }
    for label in 0..<output.rows { state.output[label] /= sum }
  }

  // MARK: Predicting

  /// The best `count` labels with their scores (`FastTextLoss.score` of the probability), best first.
  func predict(_ count: Int, threshold: Float, _ state: FastTextState) -> [(
    score: Float, label: Int
  )] {
    var heap = LabelHeap(count: count)
    if kind == .hierarchical {
      descend(tree.nodes.count - 1, 0, Self.score(threshold), &heap, state)
    } else {
      probabilities(state)
      for label in 0..<output.rows where !(state.output[label] < threshold) {
        heap.offer(Self.score(state.output[label]), label)
      }
    }
    return heap.sorted()
  }

  private func probabilities(_ state: FastTextState) {
    if kind == .softmax { return softmax(state) }
    output.dots(state.hidden, into: &state.output)
    for label in 0..<output.rows { state.output[label] = sigmoid(state.output[label]) }
  }

  private func descend(
    _ node: Int, _ score: Float, _ least: Float, _ heap: inout LabelHeap, _ state: FastTextState
  ) {
    if score < least || !heap.takes(score) { return }
    guard let (left, right) = tree.nodes[node].children else { return heap.offer(score, node) }
    let dot = output.dot(row: node - output.rows, state.hidden)
    let f = Float(1 / Double(1 + Float(Elementary.exp(Double(-dot)))))
    descend(left, score + Self.score(Float(1 - Double(f))), least, &heap, state)
    descend(right, score + Self.score(f), least, &heap, state)
  }
}

/// The best labels so far, as fastText's heap keeps them.
private struct LabelHeap {
  let count: Int
  private var items: [(score: Float, label: Int)] = []

  init(count: Int) { self.count = count }

  private static func before(
    _ a: (score: Float, label: Int), _ b: (score: Float, label: Int)
  ) -> Bool { a.score > b.score }

  /// Whether a label of this score, or one below it in a tree, could be among the best.
  func takes(_ score: Float) -> Bool { !(items.count == count && score < items[0].score) }

  mutating func offer(_ score: Float, _ label: Int) {
    guard takes(score) else { return }
    items.append((score, label))
    StandardSort.pushHeap(&items, by: Self.before)
    if items.count > count { StandardSort.popHeap(&items, by: Self.before) }
  }

  func sorted() -> [(score: Float, label: Int)] {
    var items = items
    StandardSort.sortHeap(&items, by: Self.before)
    return items
  }
}

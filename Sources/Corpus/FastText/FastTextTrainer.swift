/// Trains a supervised fastText model on one thread: the same numbers as `fasttext supervised -thread 1`
/// (fasttext.cc, `trainThread`; model.cc, `update`), but for libm's rounding of exp and log.
package struct FastTextTrainer {
  package let model: FastTextModel
  private let state: FastTextState
  private var example = FastTextDictionary.Example()
  /// Tokens that the learning rate knows of.
  package private(set) var tokens: Int64 = 0
  /// Sum of the examples' losses since `takeLoss`.
  private var lossSum = 0.0
  private var lossCount = 0

  package init(_ model: FastTextModel) {
    self.model = model
    state = model.makeState()
  }

  /// Tokens of all epochs.
  package var total: Int64 { Int64(model.options.epochs) * model.dictionary.tokenCount }

  /// The mean loss of the examples since it was last taken.
  package mutating func takeLoss() -> Double {
    defer { (lossSum, lossCount) = (0, 0) }
    return lossCount == 0 ? 0 : lossSum / Double(lossCount)
  }

  /// Goes over the examples until all epochs are done. `progress` is called every thousand examples
  /// or so, and may throw to stop.
  package mutating func train(
    on examples: FastTextExamples, progress: (inout FastTextTrainer) throws -> Void = { _ in }
  ) throws {
    let total = total
    var waiting: Int64 = 0
    var number = 0
    while tokens < total {
      let done = Float(tokens) / Float(total)
      let rate = Float(model.options.learningRate * (1 - Double(done)))
      try examples.next(into: &example)
      waiting += Int64(example.tokens)
      try update(rate)
      if waiting > Int64(model.options.updateRate) {
        tokens += waiting
        waiting = 0
      }
      number += 1
      if number & 1023 == 0 || example.features.count > 1 << 20 { try progress(&self) }
    }
  }

  @inline(__always)
  private mutating func update(_ rate: Float) throws(CorpusError) {
    let (labels, features) = (example.labels, example.features)
    if labels.isEmpty || features.isEmpty { return }
    var target = 0
    if model.options.loss != .oneVersusAll { target = state.random.integer(below: labels.count) }
    model.computeHidden(features, state)
    let input = model.input
    for lane in 0..<input.lanes { state.gradient[lane] = FastTextRows.Lane(repeating: 0) }
    let loss = model.loss.step(labels, target: target, rate, state)
    guard !loss.isNaN else {
      throw CorpusError("the classifier's weights grew beyond all bounds; lower learningRate")
    }
    lossSum += Double(loss)
    lossCount += 1
    input.scale(state.gradient, by: Float(1 / Double(features.count)))
    for feature in features { input.add(state.gradient, toRow: Int(feature)) }
  }
}

import Numerics

/// A trained supervised fastText model.
package struct FastTextModel: Sendable {
  package let options: FastTextOptions
  package let dictionary: FastTextDictionary
  /// A row for each word, then one for each bucket of n-grams.
  package let input: FastTextRows
  /// A row for each label.
  package let output: FastTextRows
  let loss: FastTextLoss

  init(dictionary: FastTextDictionary, input: FastTextRows, output: FastTextRows) {
    options = dictionary.options
    self.dictionary = dictionary
    self.input = input
    self.output = output
    loss = FastTextLoss(options, output, labelCounts: dictionary.labelCounts)
  }

  /// A model as it is before its first example.
  package init(untrained dictionary: FastTextDictionary) {
    let options = dictionary.options
    let input = FastTextRows(
      rows: dictionary.wordCount + options.buckets, columns: options.dimension)
    input.fillUniform(seed: options.seed, options.initialization)
    self.init(
      dictionary: dictionary, input: input,
      output: FastTextRows(rows: dictionary.labelCount, columns: options.dimension))
  }

  /// By row of the input matrix.
  package var words: [String] { (0..<dictionary.wordCount).map(dictionary.word) }

  /// Without their prefix, by number.
  package var labels: [String] { (0..<dictionary.labelCount).map(dictionary.label) }

  func makeState() -> FastTextState {
    FastTextState(lanes: input.lanes, outputs: output.rows, seed: options.seed)
  }

  /// The mean of the features' rows.
  @inline(__always)
  func computeHidden(_ features: [Int32], _ state: FastTextState) {
    for lane in 0..<input.lanes { state.hidden[lane] = FastTextRows.Lane(repeating: 0) }
    for feature in features { input.add(row: Int(feature), to: state.hidden) }
    input.scale(state.hidden, by: Float(1 / Double(features.count)))
  }
}

/// A label that a model gives a text.
package struct FastTextPrediction: Hashable, Sendable {
  /// Its number, from 0, in `FastTextModel.labels`.
  package var label: Int
  /// As fastText prints it: e to the power of log(p + 10⁻⁵), so that it can be a little above 1.
  package var probability: Float
}

/// Asks a model. One a thread: it owns memory to work in.
package struct FastTextPredictor {
  package let model: FastTextModel
  private let state: FastTextState
  private var example = FastTextDictionary.Example()

  package init(_ model: FastTextModel) {
    self.model = model
    state = model.makeState()
  }

  /// The best `count` labels whose probability is at least `threshold`, best first; none for a line of
  /// which the model knows nothing.
  package mutating func predict(
    line: [UInt8], count: Int = 1, threshold: Float = 0
  ) -> [FastTextPrediction] {
    line.withUnsafeBufferPointer { model.dictionary.read($0, into: &example) }
    guard !example.features.isEmpty else { return [] }
    model.computeHidden(example.features, state)
    return model.loss.predict(count, threshold: threshold, state).map {
      FastTextPrediction(
        label: $0.label, probability: Float(Elementary.exp(Double($0.score))))
    }
  }

  /// The probability of every label for a text, by the label's number.
  package mutating func probabilities(_ text: String) -> [Float] {
    var result = Array(repeating: Float(0), count: model.dictionary.labelCount)
    for prediction in predict(line: FastTextLine.make(text), count: result.count) {
      result[prediction.label] = prediction.probability
    }
    return result
  }
}

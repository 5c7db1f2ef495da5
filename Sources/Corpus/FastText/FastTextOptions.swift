/// The parameters of a supervised fastText model, with fastText's names and defaults
/// (`fasttext supervised`, args.cc).
package struct FastTextOptions: Hashable, Sendable {
  /// How the answer's error is measured.
  package enum Loss: Int32, Sendable {
    /// Hierarchical softmax over a Huffman tree of the labels' counts.
    case hierarchical = 1
    /// Negative sampling.
    case negativeSampling = 2
    case softmax = 3
    /// An independent yes or no for each label.
    case oneVersusAll = 4
  }

  /// How the word vectors begin.
  package enum Initialization: Sendable {
    /// Uniform in ±1/dimension everywhere, as fastText with ten threads or more.
    case full
    /// Only the first tenth; the rest is 0, as fastText with `-thread 1`.
    case firstTenth
  }

  package var dimension: Int
  package var epochs: Int
  package var learningRate: Double
  /// Words (labels) seen less often are left out.
  package var minimumCount: Int
  package var minimumLabelCount: Int
  /// The longest sequence of words that is a feature.
  package var wordNgrams: Int
  /// How many rows all n-grams share.
  package var buckets: Int
  /// The shortest and longest sequences of characters of a word that are features; none at 0.
  package var minimumCharacters: Int
  package var maximumCharacters: Int
  package var loss: Loss
  /// Wrong labels drawn for each example by negative sampling.
  package var negatives: Int
  /// Tokens between two changes of the learning rate.
  package var updateRate: Int
  package var seed: Int
  package var initialization: Initialization

  package init(
    dimension: Int = 100, epochs: Int = 5, learningRate: Double = 0.1, minimumCount: Int = 1,
    minimumLabelCount: Int = 0, wordNgrams: Int = 1, buckets: Int = 2_000_000,
    minimumCharacters: Int = 0, maximumCharacters: Int = 0, loss: Loss = .softmax,
    negatives: Int = 5, updateRate: Int = 100, seed: Int = 0, initialization: Initialization = .full
  ) {
    self.dimension = dimension
    self.epochs = epochs
    self.learningRate = learningRate
    self.minimumCount = minimumCount
    self.minimumLabelCount = minimumLabelCount
    self.wordNgrams = wordNgrams
    self.buckets = wordNgrams <= 1 && maximumCharacters == 0 ? 0 : buckets
    self.minimumCharacters = minimumCharacters
    self.maximumCharacters = maximumCharacters
    self.loss = loss
    self.negatives = negatives
    self.updateRate = updateRate
    self.seed = seed
    self.initialization = initialization
  }

  /// What a word that is a label begins with.
  package static let labelPrefix = "__label__"
}

import Corpus
import Pipeline

extension FastTextOptions.Loss {
  /// fastText's names.
  enum Name: String, CaseIterable {
    case softmax, hs, ns, ova
  }

  init(_ name: Name) {
    self =
      switch name {
      case .softmax: .softmax
      case .hs: .hierarchical
      case .ns: .negativeSampling
      case .ova: .oneVersusAll
      }
  }
}

extension FastTextOptions {
  /// How word vectors begin.
  enum InitializationName: String, CaseIterable {
    case full, firstTenth
  }

  /// `with.fasttext`: fastText's parameters under longer names, with its defaults.
  init(from reader: inout ParameterReader) throws(ParameterError) {
    let dimension = try reader.integer(
      "dimension", default: 100, in: 1...4096, unit: "floats", "Size of the word vectors (-dim).")
    let epochs = try reader.integer(
      "epochs", default: 5, in: 1...100_000, "Times that the examples are gone over (-epoch).")
    let learningRate = try reader.number(
      "learningRate", default: 0.1, in: 0...1000, "At the start; it falls to 0 in a line (-lr).")
    let minimumCount = try reader.integer(
      "minCount", default: 1, in: 1...(1 << 30), "Words seen less often are left out (-minCount).")
    let minimumLabelCount = try reader.integer(
      "minLabelCount", default: 0, in: 0...(1 << 30),
      "Labels seen less often are left out (-minCountLabel).")
    let wordNgrams = try reader.integer(
      "wordNgrams", default: 1, in: 1...20, unit: "words",
      "The longest sequence of words that is a feature (-wordNgrams).")
    let buckets = try reader.integer(
      "buckets", default: 2_000_000, in: 1...1 << 28, unit: "rows",
      "What n-grams are hashed to (-bucket); each row takes four bytes for each float. Without "
        + "n-grams there is none.")
    let characters = try Self.characters(&reader)
    let loss = try reader.choice(
      "loss", default: Loss.Name.softmax,
      "softmax, hs (hierarchical), ns (negative sampling) or ova (one versus all) (-loss).")
    let negatives = try reader.integer(
      "negatives", default: 5, in: 1...1000, "Wrong labels drawn for each example by ns (-neg).")
    let updateRate = try reader.integer(
      "updateRate", default: 100, in: 1...1 << 30, unit: "tokens",
      "Between two changes of the learning rate (-lrUpdateRate).")
    let initialization = try reader.choice(
      "initialization", default: InitializationName.full,
      "full: every word vector begins random, as with fastText's twelve threads. firstTenth: the first "
        + "tenth of them, the others at 0, as with -thread 1.")
    self.init(
      dimension: dimension, epochs: epochs, learningRate: learningRate, minimumCount: minimumCount,
      minimumLabelCount: minimumLabelCount, wordNgrams: wordNgrams, buckets: buckets,
      minimumCharacters: characters.lowerBound, maximumCharacters: characters.upperBound,
      loss: Loss(loss), negatives: negatives, updateRate: updateRate,
      initialization: initialization == .full ? .full : .firstTenth)
  }

  private static func characters(
    _ reader: inout ParameterReader
  ) throws(ParameterError) -> ClosedRange<Int> {
    let least = try reader.integer(
      "minCharacters", default: 0, in: 0...64, unit: "characters",
      "The shortest sequence of a word's characters that is a feature (-minn).")
    let most = try reader.integer(
      "maxCharacters", default: 0, in: 0...64, unit: "characters",
      "The longest; 0 for none (-maxn).")
    guard least <= most else {
      throw ParameterError(
        path: "fasttext.minCharacters", message: "is more than maxCharacters, \(most)")
    }
    return least...most
  }
}

import Numerics

/// The model that knows how often each token occurs and nothing else: what any trained model must beat.
package struct Unigram: Sendable {
  private let logProbabilities: [Double]

  /// Fitted to a stream's tokens, with one added to every count (Laplace), so that unseen tokens have a
  /// probability.
  package init(_ stream: TokenStream, vocabularySize: Int) {
    var counts = [Int](repeating: 1, count: vocabularySize)
    for token in stream.documentTokens.joined() { counts[Int(token)] += 1 }
    let total = Elementary.log(Double(counts.reduce(0, +)))
    logProbabilities = counts.map { Elementary.log(Double($0)) - total }
  }

  /// Mean negative log-probability of the tokens that targets name, in nats; nil when there are none.
  package func loss(targets: [Int32]) -> Double? {
    var (sum, count) = (0.0, 0)
    for target in targets where target >= 0 {
      sum += logProbabilities[Int(target)]
      count += 1
    }
    return count == 0 ? nil : -sum / Double(count)
  }
}

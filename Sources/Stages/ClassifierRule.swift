import Corpus
import Pipeline

/// Keeps documents that a classifier gives a label with enough confidence.
struct ClassifierRule: DocumentRule {
  static let name = "classifier"

  private let label: String
  private let topShare: Double?
  private var threshold: Double
  private var classifier: TextClassifier?
  private var number = 0

  init(from reader: inout ParameterReader) throws(ParameterError) {
    let about = "classifier"
    label = try reader.string(
      "label", default: "positive", "\(about): the label that documents are kept for.")
    threshold = try reader.number(
      "threshold", default: 0.5, in: 0...1, "\(about): the least probability that keeps.")
    topShare = try reader.optionalNumber(
      "topShare", in: 0...1,
      "\(about): instead of a threshold, the share of the input's documents that are kept, the most "
        + "probable ones.")
  }

  /// The rule with its classifier, and the threshold that a share comes to.
  func prepared(in context: any StageContext) throws -> ClassifierRule {
    guard let input = context.inputs("classifier").first else {
      throw StageError(
        "the rule classifier needs a classifier; connect it to the input \"classifier\"")
    }
    var rule = self
    let classifier = try TextClassifier(input, threads: 1)
    rule.classifier = classifier
    rule.number = try classifier.number(of: label)
    if let topShare { rule.threshold = try rule.threshold(keeping: topShare, in: context) }
    return rule
  }

  private func threshold(keeping share: Double, in context: any StageContext) throws -> Double {
    var values: [Float] = []
    let rule = self
    try context.forEachDocument(
      "documents", "finding the best", { rule.probability($0.text) },
      consume: { _, value in values.append(value) })
    values.sort(by: >)
    let kept = Int((share * Double(values.count)).rounded())
    context.log(
      "the rule classifier keeps documents from a probability of "
        + "\(kept > 0 ? values[kept - 1].description : "more than 1") on")
    return kept > 0 ? Double(values[kept - 1]) : .infinity
  }

  private func probability(_ text: String) -> Float {
    (try? classifier?.probabilities(of: [text])[0][number]) ?? 0
  }

  func judge(_ draft: inout Draft) -> String? {
    // A share is one of the input's documents, as they came in.
    let text = topShare == nil ? draft.text : draft.original
    return Double(probability(text.string)) < threshold ? "not-\(label)" : nil
  }
}

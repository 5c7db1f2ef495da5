import ContentStore
import Corpus
import Evaluation
import LanguageModel
import Numerics
import Pipeline
import Synchronization
import Text

/// Keeps documents by how a model finds them, in cc_net's three parts (Wenzek et al. 2020): the head is
/// what is below the 30th percentile of perplexity, the tail what is above the 60th. cc_net's model is an
/// n-gram model of Wikipedia; here it is a checkpoint, as Qwen's models judge its corpora.
struct PerplexityRule: DocumentRule {
  static let name = "perplexity"

  enum Part: String, CaseIterable {
    case head, middle, tail
  }

  /// By what the perplexity is taken.
  enum Unit: String, CaseIterable {
    case token, word, byte
  }

  private let kept: Set<String>
  private let unit: Unit
  private let headPercentile: Double
  private let tailPercentile: Double
  private let most: Double?
  private var judge: PerplexityJudge?
  /// Perplexities at which the middle and the tail begin.
  private var bounds = (middle: Double.infinity, tail: Double.infinity)

  init(from reader: inout ParameterReader) throws(ParameterError) {
    let about = "perplexity"
    let keep = try reader.strings(
      "keep", default: ["head", "middle"], "\(about): which of head, middle and tail are kept.")
    kept = Set(keep)
    if keep.isEmpty {
      throw ParameterError(path: "keep", message: "must name one part at least: head, middle, tail")
    }
    for (index, part) in keep.enumerated() where Part(rawValue: part) == nil {
      throw ParameterError(
        path: "keep[\(index)]", message: "must be head, middle or tail, found \"\(part)\"")
    }
    unit = try reader.choice(
      "per", default: Unit.token, "\(about): the unit it is taken by: token, word or byte.")
    headPercentile = try reader.number(
      "headPercentile", default: 30, in: 0...100, unit: "%",
      "\(about): the share of the input's documents that are the head.")
    tailPercentile = try reader.number(
      "tailPercentile", default: 60, in: 0...100, unit: "%",
      "\(about): the share after which the tail begins.")
    if headPercentile > tailPercentile {
      throw ParameterError(
        path: "headPercentile",
        message: "must be at most tailPercentile, \(tailPercentile), where the tail begins")
    }
    most = try reader.optionalNumber(
      "maxPerplexity", in: 1...1e300, "\(about): instead of parts, the greatest that is kept.")
  }

  /// The rule with its model, and the perplexities that the percentiles come to.
  func prepared(in context: any StageContext) throws -> PerplexityRule {
    guard let input = context.inputs("checkpoint").first else {
      throw StageError("the rule perplexity needs a model; connect it to the input \"checkpoint\"")
    }
    var rule = self
    let judge = try PerplexityJudge(input, unit: unit)
    rule.judge = judge
    // What is wrong with the model is said now; a verdict cannot fail.
    _ = try judge.perplexity("a", isKeptInMind: false)
    if most != nil { return rule }
    var values: [Double] = []
    try context.forEachDocument(
      "documents", "measuring perplexity", { try judge.perplexity($0.text, isKeptInMind: true) },
      consume: { _, value in if let value { values.append(value) } })
    values.sort()
    rule.bounds = (
      Self.percentile(headPercentile, of: values), Self.percentile(tailPercentile, of: values)
    )
    context.log(
      "the middle begins at a perplexity of \(rule.bounds.middle), the tail at \(rule.bounds.tail)")
    return rule
  }

  /// The value at a percentile of sorted ones: the first of which at least this share is below.
  private static func percentile(_ percentile: Double, of values: [Double]) -> Double {
    let index = Int((percentile / 100 * Double(values.count)).rounded(.down))
    return index < values.count ? values[index] : .infinity
  }

  func judge(_ draft: inout Draft) -> String? {
    // Parts are parts of the input's documents, as they came in; a bound is one on what would stay.
    let text = most == nil ? draft.original : draft.text
    guard let judge, let value = try? judge.perplexity(text.string, isKeptInMind: false) else {
      return "empty"
    }
    if let most { return value > most ? "high" : nil }
    let part: Part = value < bounds.middle ? .head : value < bounds.tail ? .middle : .tail
    draft.count("perplexity/\(part.rawValue)")
    return kept.contains(part.rawValue) ? nil : part.rawValue
  }
}

/// A model that finds texts likely or not. Its answers do not depend on threads or on other texts.
private final class PerplexityJudge: Sendable {
  private let model: WritingModel
  private let scorer: Scorer
  private let unit: PerplexityRule.Unit
  /// By the first eight bytes of a text's digest: texts are measured twice, for the percentiles and then
  /// for the verdict.
  private let known = Mutex<[UInt64: Double]>([:])

  init(_ input: InputArtifact, unit: PerplexityRule.Unit) throws {
    model = try WritingModel(input, threads: 1)
    scorer = model.scorer
    self.unit = unit
  }

  /// Nil for a text with nothing to predict.
  func perplexity(_ text: String, isKeptInMind: Bool) throws -> Double? {
    let key = SHA256.hash(Array(text.utf8)).bytes.prefix(8).reduce(0 as UInt64) {
      $0 << 8 | UInt64($1)
    }
    if let value = known.withLock({ $0[key] }) { return value }
    let scoring = DocumentScoring(encoder: model.requestEncoder)
    let outcome = try scoring.outcomes(of: [("", text)], by: scorer)[0]
    let units =
      switch unit {
      case .token: outcome.tokens
      case .word: outcome.words
      case .byte: outcome.bytes
      }
    guard outcome.tokens > 0, units > 0 else { return nil }
    let value = Elementary.exp(-outcome.logLikelihood / Double(units))
    if isKeptInMind { known.withLock { $0[key] = value } }
    return value
  }
}

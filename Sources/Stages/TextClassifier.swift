import ContentStore
import Corpus
import LanguageModel
import Numerics
import Pipeline
import Text

/// What kind of model a classifier is.
enum ClassifierKind: String, CaseIterable {
  case fasttext, transformer
}

/// A trained classifier of texts, as the artifact `classifier` holds it: a folder with
/// `classifier.json`, and fastText's `model.bin` or a checkpoint with a score head.
struct TextClassifier: Sendable {
  static let description = "classifier.json"
  static let fastTextFile = "model.bin"

  private enum Model: Sendable {
    case fastText(FastTextModel)
    case transformer(TransformerClassifier)
  }

  private let model: Model
  /// By number.
  let labels: [String]
  private let compute: Compute

  init(_ model: FastTextModel, threads: Int) {
    self.model = .fastText(model)
    labels = model.labels
    compute = Compute(threads: threads)
  }

  init(_ model: TransformerClassifier, labels: [String], threads: Int) {
    self.model = .transformer(model)
    self.labels = labels
    compute = Compute(threads: threads)
  }

  /// Reads the artifact; a folder with fastText's own `model.bin` alone is one too.
  init(_ input: InputArtifact, threads: Int) throws {
    let paths = input.artifact.kind == .tree ? Set(try input.tree().entries.keys) : []
    if paths.contains(Self.fastTextFile) {
      self.init(try FastTextModel(file: input.read(path: Self.fastTextFile)), threads: threads)
    } else if paths.contains(Self.description) {
      let json = try JSON(parsing: input.read(path: Self.description))
      let labels = json["labels"]?.arrayValue?.compactMap(\.stringValue) ?? []
      let model = try TransformerClassifier(
        input.checkpoint(), maximumLength: json["maxLength"]?.intValue ?? 512)
      guard labels.count == model.labelCount else {
        throw StageError(
          "classifier.json names \(labels.count) labels, the model has \(model.labelCount)")
      }
      self.init(model, labels: labels, threads: threads)
    } else {
      throw StageError(
        "the input is no classifier; connect one of classify-train, or a folder with fastText's "
          + "model.bin")
    }
  }

  /// The number of a label.
  func number(of label: String) throws -> Int {
    if let number = labels.firstIndex(of: label) { return number }
    throw StageError(
      "the classifier has no label \"\(label)\"" + didYouMean(label, among: labels)
        + "; it has \(labels.prefix(20).joined(separator: ", "))")
  }

  /// Every label's probability for each text; an answer does not depend on the other texts.
  func probabilities(of texts: [String]) throws -> [[Float]] {
    switch model {
    case .fastText(let model):
      texts.mapped(on: compute) { part in
        var predictor = FastTextPredictor(model)
        return part.map { predictor.probabilities($0) }
      }
    case .transformer(let model): try model.probabilities(of: texts, on: compute)
    }
  }

  /// Writes the artifact.
  func write(to output: any OutputTree) throws {
    var description: [String: JSON] = ["labels": .array(labels.map(JSON.string))]
    switch model {
    case .fastText(let model):
      description["kind"] = .string(ClassifierKind.fasttext.rawValue)
      let file = try output.makeFile(Self.fastTextFile)
      try model.write { try file.write($0) }
      try file.finish()
    case .transformer(let model):
      description["kind"] = .string(ClassifierKind.transformer.rawValue)
      description["maxLength"] = .integer(model.maximumLength)
      for (path, bytes) in try model.checkpoint.files().sorted(by: { $0.key < $1.key })
      where path != Self.description { try output.add(path, bytes) }
    }
    try output.add(Self.description, JSON.object(description).canonical())
    try output.finish()
  }
}

extension [Float] {
  /// The place of the greatest; the first of equals.
  var best: Int { indices.reduce(0) { self[$1] > self[$0] ? $1 : $0 } }
}

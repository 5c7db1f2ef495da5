import ContentStore
import Corpus
import LanguageModel
import Numerics
import Pipeline
import Text

/// What kind of model a classifier is.
enum ClassifierKind: String, CaseIterable {
  case fasttext
}

/// A trained classifier of texts, as the artifact `classifier` holds it.
struct TextClassifier: Sendable {
  static let description = "classifier.json"
  static let fastTextFile = "model.bin"

  private let model: FastTextModel
  /// By number.
  let labels: [String]
  private let compute: Compute

  init(_ model: FastTextModel, threads: Int) {
    self.model = model
    labels = model.labels
    compute = Compute(threads: threads)
  }

  /// Reads the artifact; a folder with fastText's own `model.bin` alone is one too.
  init(_ input: InputArtifact, threads: Int) throws {
    guard input.artifact.kind == .tree,
      try input.tree().entries[Self.fastTextFile] != nil
    else {
      throw StageError(
        "the input is no classifier; connect one of classify-train, or a folder with fastText's "
          + "model.bin")
    }
    self.init(try FastTextModel(file: input.read(path: Self.fastTextFile)), threads: threads)
  }

  /// The number of a label.
  func number(of label: String) throws -> Int {
    if let number = labels.firstIndex(of: label) { return number }
    throw StageError(
      "the classifier has no label \"\(label)\"" + didYouMean(label, among: labels)
        + "; it has \(labels.prefix(20).joined(separator: ", "))")
  }

  /// Every label's probability for each text; an answer does not depend on the other texts.
  func probabilities(of texts: [String]) -> [[Float]] {
    texts.mapped(on: compute) { part in
      var predictor = FastTextPredictor(model)
      return part.map { predictor.probabilities($0) }
    }
  }

  /// Writes the artifact.
  func write(to output: any OutputTree) throws {
    let file = try output.makeFile(Self.fastTextFile)
    try model.write { try file.write($0) }
    try file.finish()
    let description: JSON = [
      "kind": .string(ClassifierKind.fasttext.rawValue), "labels": .array(labels.map(JSON.string)),
    ]
    try output.add(Self.description, description.canonical())
    try output.finish()
  }
}

extension [Float] {
  /// The place of the greatest; the first of equals.
  var best: Int { indices.reduce(0) { self[$1] > self[$0] ? $1 : $0 } }
}

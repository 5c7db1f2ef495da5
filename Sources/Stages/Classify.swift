import ContentStore
import Corpus
import Ledger
package import Pipeline

/// Labels documents by a classifier, and weighs a mixture by how much there is of each label.
package enum Classify: Stage {
  package struct Parameters: StageParameters {
    let name: String
    let power: Double
    let most: Double

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      name = try reader.string(
        "name", default: "class",
        "The member of the metadata that gets {label, probability}; mix groups by \"NAME.label\".")
      power = try reader.number(
        "power", default: 1, in: 0...10,
        "Weights are (characters of the label) to this power: 1 keeps what there is, 0 gives each label "
          + "the same.")
      most = try reader.number(
        "most", default: 1, in: 1e-6...1,
        "The greatest share of one label; what is more is sampled down.")
      if reader.isListing { return }
      guard !name.isEmpty, !name.contains(".") else {
        throw ParameterError(path: "name", message: "must be a name without dots")
      }
    }
  }

  package static let op = "classify"
  package static let revision = 1
  package static let summary = "Label documents by a classifier, and weigh a mixture by the labels."
  package static let usesNumerics = true

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [
        Port("documents", .documents, "What to label.", list: true),
        Port("classifier", .classifier, "A classifier of classify-train, or fastText's."),
      ],
      outputs: [
        Port("documents", .documents, "The documents with their labels in the metadata."),
        Port("weights", .weights, "Weights by label, for mix."),
      ])
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let classifier = try TextClassifier(context.input("classifier"), threads: context.threads)
    let output = try context.makeFile("documents")
    var counts: [String: (documents: Int, characters: Int)] = [:]
    for input in context.inputs("documents") {
      let reader = try input.documents()
      while case let batch = try reader.nextBatch(bytes: documentBatchBytes), !batch.isEmpty {
        let answers = try classifier.probabilities(of: batch.map(\.text))
        var lines: [UInt8] = []
        for (document, probabilities) in zip(batch, answers) {
          let label = classifier.labels[probabilities.best]
          let known = counts[label] ?? (0, 0)
          counts[label] = (
            known.documents + 1, known.characters + document.text.unicodeScalars.count
          )
          lines += try labelled(document, label, probabilities, parameters.name).line()
        }
        try output.write(lines)
        try context.checkCancellation()
        context.progress(
          Progress(done: Double(reader.position), total: Double(reader.size), unit: "bytes"))
      }
    }
    try output.finish()
    try report(counts, parameters, context)
  }

  private static func labelled(
    _ document: Document, _ label: String, _ probabilities: [Float], _ name: String
  ) -> Document {
    var result = document
    var members = document.metadata.objectValue ?? [:]
    members[name] = [
      "label": .string(label), "probability": .exact(Double(probabilities[probabilities.best])),
    ]
    result.metadata = .object(members)
    return result
  }

  private static func report(
    _ counts: [String: (documents: Int, characters: Int)], _ parameters: Parameters,
    _ context: any StageContext
  ) throws {
    let total = counts.values.reduce(0) { $0 + $1.documents }
    guard total > 0 else { throw StageError("there are no documents to label") }
    for (label, count) in counts.sorted(by: { $0.key < $1.key }) {
      context.score(
        "share/\(label)", Score(Double(count.documents) / Double(total), count: count.documents))
    }
    let weights = try MixtureWeights(
      amounts: counts.mapValues { Double($0.characters) }, power: parameters.power,
      most: parameters.most)
    let output = try context.makeFile("weights")
    try output.write(weights.json.canonical())
    try output.finish()
  }
}

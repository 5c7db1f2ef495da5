import ContentStore
import Corpus
import Ledger
import Numerics
package import Pipeline

/// Trains a classifier of texts: good and bad pages, topics, whatever labels the documents have.
package enum ClassifyTrain: Stage {
  package struct Parameters: StageParameters {
    let model: ClassifierKind
    let labelField: String
    let heldOutShare: Double
    let isShuffled: Bool
    let fastText: FastTextOptions
    let transformer: TransformerTraining.Options

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      model = try reader.choice(
        "model", default: ClassifierKind.fasttext,
        "fasttext: fastText's supervised model, bit for bit. transformer: the input \"checkpoint\", "
          + "fine-tuned with a head on the last token.")
      labelField = try reader.string(
        "labelField", default: "source",
        "What labels the input \"documents\": source, or a path in the metadata such as "
          + "\"fields.topic\". Documents without it are left out.")
      heldOutShare = try reader.number(
        "heldOutShare", default: 0.1, in: 0...0.9,
        "The share of documents that are not learnt from but scored on; a document's id decides.")
      isShuffled = try reader.boolean(
        "shuffle", default: true,
        "Whether examples are put in a random order; false keeps the inputs' order, as fastText does."
      )
      fastText = try reader.object("fasttext", "fastText's own parameters.") {
        (inner) throws(ParameterError) in try FastTextOptions(from: &inner)
      }
      transformer = try reader.object("transformer", "How a checkpoint is fine-tuned.") {
        (inner) throws(ParameterError) in try TransformerTraining.Options(from: &inner)
      }
    }
  }

  package static let op = "classify-train"
  package static let revision = 1
  package static let summary = "Train a classifier of texts on labelled documents."
  package static let usesSeed = true
  package static let usesNumerics = true

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [
        Port(
          "positive", .documents, "Documents labelled \"positive\".", optional: true, list: true),
        Port(
          "negative", .documents, "Documents labelled \"negative\".", optional: true, list: true),
        Port(
          "documents", .documents, "Documents labelled by labelField.", optional: true, list: true),
        Port(
          "checkpoint", .checkpoint, "What a transformer begins from, with its tokenizer.",
          optional: true),
      ],
      outputs: [
        Port("classifier", .classifier, "The trained classifier."),
        Port("outcomes", .outcomes, "A line for every held-out document, as JSON Lines."),
      ])
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    try FileSystem.createFolder(context.scratchFolder)
    let examples = LabelledDocuments(parameters, context)
    let classifier =
      switch parameters.model {
      case .fasttext:
        TextClassifier(
          try FastTextTraining(parameters, examples, context).train(), threads: context.threads)
      case .transformer:
        try TransformerTraining(parameters.transformer, context).train(examples)
      }
    try classifier.write(to: context.makeTree("classifier"))
    try ClassifierTest(classifier, context).score(on: examples)
  }
}

/// The documents on the stage's inputs with their labels, as often as they are asked for.
struct LabelledDocuments {
  private let parameters: ClassifyTrain.Parameters
  private let context: any StageContext

  init(_ parameters: ClassifyTrain.Parameters, _ context: any StageContext) {
    (self.parameters, self.context) = (parameters, context)
  }

  /// Refuses documents of which none, or all, are labelled alike.
  static func requireTwo(_ labels: Set<String>) throws {
    if labels.count > 1 { return }
    throw StageError(
      labels.first.map {
        "all documents are labelled \"\($0)\"; a classifier needs two labels or more"
      }
        ?? "no document has a label; connect positive and negative, or documents whose labelField is one"
    )
  }

  /// Calls `body` with some labelled documents at a time, those to learn from or those held out.
  func each(
    heldOut: Bool, _ note: String, _ body: ([(document: Document, label: String)]) throws -> Void
  ) throws {
    for port in ["positive", "negative", "documents"] {
      for input in context.inputs(port) {
        let reader = try input.documents(named: port)
        while case let batch = try reader.nextBatch(bytes: documentBatchBytes), !batch.isEmpty {
          try body(labelled(batch, port, heldOut))
          try context.checkCancellation()
          context.progress(
            Progress(
              done: Double(reader.position), total: Double(reader.size), unit: "bytes", note: note))
        }
      }
    }
  }

  private func labelled(
    _ batch: [Document], _ port: String, _ heldOut: Bool
  ) -> [(document: Document, label: String)] {
    batch.compactMap { document in
      let label = port == "documents" ? document.field(parameters.labelField) : port
      guard let label, !label.isEmpty,
        Tokenize.isHeldOut(document.id, share: parameters.heldOutShare) == heldOut
      else { return nil }
      return (document, FastTextLine.name(label))
    }
  }
}

/// fastText's training on a stage's documents.
private struct FastTextTraining {
  let parameters: ClassifyTrain.Parameters
  let examples: LabelledDocuments
  let context: any StageContext

  init(
    _ parameters: ClassifyTrain.Parameters, _ examples: LabelledDocuments,
    _ context: any StageContext
  ) {
    (self.parameters, self.examples, self.context) = (parameters, examples, context)
  }

  func train() throws -> FastTextModel {
    var trainer = FastTextTrainer(FastTextModel(untrained: try dictionary()))
    let encoded = try encode(trainer.model.dictionary)
    var reported: Int64 = 0
    try trainer.train(on: encoded) { trainer in
      try context.checkCancellation()
      let (done, total) = (trainer.tokens, trainer.total)
      guard (done - reported) * 200 >= total else { return }
      reported = done
      let loss = trainer.takeLoss()
      context.metric("loss", step: Int(done), loss)
      context.progress(Progress(done: Double(done), total: Double(total), unit: "tokens"))
    }
    let dictionary = trainer.model.dictionary
    context.score("train/examples", Score(Double(encoded.count)))
    context.score("labels", Score(Double(dictionary.labelCounts.count)))
    return trainer.model
  }

  /// Counts words and labels.
  private func dictionary() throws -> FastTextDictionary {
    var options = parameters.fastText
    options.seed = Int(truncatingIfNeeded: context.seed & 0x7FFF_FFFF)
    var counting = FastTextCounting(options)
    var labels: Set<String> = []
    try examples.each(heldOut: false, "counting words") { batch in
      for (document, label) in batch {
        counting.add(FastTextLine.make(document.text, labels: [label]))
        labels.insert(label)
      }
    }
    try LabelledDocuments.requireTwo(labels)
    return try counting.dictionary()
  }

  private func encode(_ dictionary: FastTextDictionary) throws -> FastTextExamples {
    let encoded = try FastTextExamples(at: "\(context.scratchFolder)/examples")
    try examples.each(heldOut: false, "reading examples") { batch in
      for (document, label) in batch {
        try encoded.add(FastTextLine.make(document.text, labels: [label]), dictionary)
      }
    }
    guard parameters.isShuffled else {
      try encoded.finish()
      return encoded
    }
    let stream = RandomStream(seed: context.seed, purpose: "classify-train/order")
    return try encoded.reordered(
      stream.permutation(encoded.count), at: "\(context.scratchFolder)/shuffled"
    ) { try context.checkCancellation() }
  }
}

/// Scoring a classifier on the documents that were held out.
private struct ClassifierTest {
  let classifier: TextClassifier
  let context: any StageContext

  init(_ classifier: TextClassifier, _ context: any StageContext) {
    (self.classifier, self.context) = (classifier, context)
  }

  func score(on examples: LabelledDocuments) throws {
    let numbers = Dictionary(
      classifier.labels.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    var report = ClassificationReport(labels: classifier.labels)
    let output = try context.makeFile("outcomes")
    var unknown = 0
    try examples.each(heldOut: true, "scoring") { batch in
      let known = batch.filter { numbers[$0.label] != nil }
      unknown += batch.count - known.count
      let answers = try classifier.probabilities(of: known.map(\.document.text))
      for ((document, label), probabilities) in zip(known, answers) {
        report.add(actual: numbers[label]!, probabilities: probabilities)
        try output.write(outcome(document, label, probabilities).canonicalText() + "\n")
      }
    }
    try output.finish()
    if unknown > 0 {
      context.log("\(unknown) held-out documents have labels that no document learnt from has")
    }
    record(report)
  }

  private func outcome(_ document: Document, _ label: String, _ probabilities: [Float]) -> JSON {
    let best = probabilities.best
    return [
      "id": .string(document.id), "label": .string(label),
      "prediction": .string(classifier.labels[best]),
      "probability": .exact(Double(probabilities[best])),
      "correct": .bool(classifier.labels[best] == label),
    ]
  }

  private func record(_ report: ClassificationReport) {
    context.score("heldOut/documents", Score(Double(report.count)))
    guard report.count > 0 else {
      return context.log("no document was held out, so there is nothing to score the classifier on")
    }
    let accuracy = report.accuracy
    context.score(
      "accuracy",
      Score(
        accuracy.value, standardError: accuracy.standardError, count: report.count,
        higherIsBetter: true))
    context.score("macroF1", Score(report.macroF1, count: report.count, higherIsBetter: true))
    context.score(
      "calibrationError",
      Score(report.calibrationError, count: report.count, higherIsBetter: false))
    for label in report.byLabel {
      context.score(
        "precision/\(label.label)",
        Score(label.precision, count: label.chosen, higherIsBetter: true))
      context.score(
        "recall/\(label.label)", Score(label.recall, count: label.count, higherIsBetter: true))
      context.score("f1/\(label.label)", Score(label.f1, count: label.count, higherIsBetter: true))
    }
  }
}

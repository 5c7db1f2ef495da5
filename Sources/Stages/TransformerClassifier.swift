import ContentStore
import Corpus
import LanguageModel
import Ledger
import Numerics
import Pipeline
import Text
import Training

/// A decoder with a score head on the last token: the role that RoBERTa and DistilRoberta have in
/// Llama 3's filters.
struct TransformerClassifier: Sendable {
  let checkpoint: Checkpoint
  /// Texts are cut after this many tokens.
  let maximumLength: Int
  private let tokenizer: Tokenizer

  init(_ checkpoint: Checkpoint, maximumLength: Int) throws {
    guard let bytes = checkpoint.tokenizerFiles["tokenizer.json"] else {
      throw StageError("the checkpoint has no tokenizer.json; add its tokenizer to the folder")
    }
    self.checkpoint = checkpoint
    self.maximumLength = min(maximumLength, checkpoint.model.configuration.maximumPositions)
    tokenizer = try Tokenizer(json: bytes)
  }

  var labelCount: Int { checkpoint.model.configuration.scoreHead?.labels ?? 0 }

  /// A text's first tokens; the end-of-text token for an empty one.
  func tokens(of text: String) -> [Int] {
    let ids = Array(tokenizer.encode(text).prefix(maximumLength))
    return ids.isEmpty ? [checkpoint.model.configuration.endTokens.first ?? 0] : ids
  }

  func probabilities(of texts: [String], on compute: Compute) throws -> [[Float]] {
    let ids = texts.mapped(on: compute) { $0.map(tokens) }
    return try checkpoint.model.scores(of: ids, on: compute).map(Self.softmax)
  }

  /// In double, from the left.
  static func softmax(_ scores: [Float]) -> [Float] {
    let most = scores.max() ?? 0
    let powers = scores.map { Elementary.exp(Double($0 - most)) }
    let sum = powers.reduce(0, +)
    return powers.map { Float($0 / sum) }
  }
}

/// Fine-tunes a checkpoint to classify: cross-entropy over the labels, AdamW, a linear schedule.
struct TransformerTraining {
  struct Options {
    var epochs: Int
    var batch: Int
    var learningRate: Double
    var warmupShare: Double
    var maximumLength: Int
    var isHeadOnly: Bool

    /// `with.transformer`.
    init(from reader: inout ParameterReader) throws(ParameterError) {
      epochs = try reader.integer(
        "epochs", default: 3, in: 1...1000, "Times that the examples are gone over.")
      batch = try reader.integer(
        "batch", default: 32, in: 1...1 << 16, unit: "documents", "Documents of one update.")
      learningRate = try reader.number(
        "learningRate", default: 2e-5, in: 0...10, "At its peak; it then falls to 0 in a line.")
      warmupShare = try reader.number(
        "warmupShare", default: 0.06, in: 0...1, "The share of steps in which the rate rises.")
      maximumLength = try reader.integer(
        "maxLength", default: 512, in: 1...1 << 20, unit: "tokens",
        "Documents are cut after this many.")
      isHeadOnly = try reader.boolean(
        "headOnly", default: false,
        "Whether only the head is trained and the checkpoint kept as it is, as FineWeb-Edu's is.")
    }
  }

  private struct Example {
    var tokens: [Int32]
    var label: Int
  }

  let options: Options
  let context: any StageContext
  private let compute: Compute

  init(_ options: Options, _ context: any StageContext) {
    (self.options, self.context) = (options, context)
    compute = Compute(threads: context.threads)
  }

  func train(_ documents: LabelledDocuments) throws -> TextClassifier {
    guard let input = context.inputs("checkpoint").first else {
      throw StageError(
        "a transformer needs a model to begin with; connect the input \"checkpoint\"")
    }
    let base = try TransformerClassifier(input.checkpoint(), maximumLength: options.maximumLength)
    let (examples, labels) = try read(documents, base)
    let model = base.checkpoint.model.scoring(
      ScoreHead(labels: labels.count), seed: context.seed, on: compute)
    try train(model, frozen: options.isHeadOnly ? base.checkpoint.model : nil, examples)
    context.score("train/examples", Score(Double(examples.count)))
    context.score("labels", Score(Double(labels.count)))
    let trained = try TransformerClassifier(
      Checkpoint(model, tokenizerFiles: base.checkpoint.tokenizerFiles),
      maximumLength: options.maximumLength)
    return TextClassifier(trained, labels: labels, threads: context.threads)
  }

  private func read(
    _ documents: LabelledDocuments, _ model: TransformerClassifier
  ) throws -> (examples: [Example], labels: [String]) {
    var found: [(tokens: [Int32], label: String)] = []
    try documents.each(heldOut: false, "reading examples") { batch in
      let tokens = batch.map(\.document).mapped(on: compute) { part in
        part.map { model.tokens(of: $0.text).map(Int32.init) }
      }
      found += zip(tokens, batch).map { ($0, $1.label) }
    }
    let names = Set(found.map(\.label))
    try LabelledDocuments.requireTwo(names)
    let labels = names.sorted()
    let numbers = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($1, $0) })
    return (found.map { Example(tokens: $0.tokens, label: numbers[$0.label]!) }, labels)
  }

  private func train(
    _ model: Transformer, frozen: Transformer?, _ examples: [Example]
  ) throws {
    let pass = TrainingPass(model, on: compute)
    let ranges = model.layout.views.filter { frozen?.tensor($0.name) == nil }.map(\.range)
    let (first, second) = (
      Floats(count: model.parameters.count), Floats(count: model.parameters.count)
    )
    let perEpoch = (examples.count + options.batch - 1) / options.batch
    let steps = options.epochs * perEpoch
    let schedule = Schedule(
      peak: options.learningRate, decay: .linear,
      warmup: Int(options.warmupShare * Double(steps)), steps: steps)
    let stream = RandomStream(seed: context.seed, purpose: "classify-train/order")
    var order: [Int] = []
    for step in 0..<steps {
      if step % perEpoch == 0 {
        order = stream.substream(UInt64(step / perEpoch)).permutation(examples.count)
      }
      let start = step % perEpoch * options.batch
      let batch = order[start..<min(start + options.batch, order.count)].map { examples[$0] }
      let loss = try descend(pass, batch, step)
      for range in ranges {
        AdamW().update(
          model.parameters[range], gradients: pass.gradients[range], firstMoments: first[range],
          secondMoments: second[range], step: step + 1, learningRate: schedule.rate(after: step),
          weightDecay: 0, on: compute)
      }
      report(loss, step, steps)
    }
  }

  /// The gradients of one batch, cut into parts that fit memory; the batch's mean loss.
  private func descend(_ pass: TrainingPass, _ batch: [Example], _ step: Int) throws -> Double {
    pass.beginBatch(step: step)
    var loss = 0.0
    for part in Self.parts(batch, rows: TrainingPass.comfortableRows(pass.model.configuration)) {
      try context.checkCancellation()
      let tokens = Self.batch(part)
      let scores = pass.scores(of: tokens)
      for (row, example) in part.enumerated() {
        let values = (0..<scores.columns).map { scores[row, $0] }
        let probabilities = TransformerClassifier.softmax(values)
        loss -= Elementary.log(Double(max(probabilities[example.label], 1e-30)))
        for label in values.indices {
          let target: Float = label == example.label ? 1 : 0
          scores[row, label] = (probabilities[label] - target) / Float(batch.count)
        }
      }
      pass.backward(tokens, scoreSlopes: scores)
    }
    pass.endBatch()
    loss /= Double(batch.count)
    guard loss.isFinite else {
      throw StageError("step \(step + 1): the loss is \(loss); lower transformer.learningRate")
    }
    return loss
  }

  private static func parts(_ batch: [Example], rows: Int) -> [[Example]] {
    var parts: [[Example]] = []
    var count = 0
    for example in batch {
      count += example.tokens.count
      if parts.isEmpty || count > rows {
        parts.append([])
        count = example.tokens.count
      }
      parts[parts.count - 1].append(example)
    }
    return parts
  }

  private static func batch(_ examples: [Example]) -> TokenBatch {
    var (tokens, documents): ([Int32], [Range<Int>]) = ([], [])
    for example in examples {
      documents.append(tokens.count..<tokens.count + example.tokens.count)
      tokens += example.tokens
    }
    return TokenBatch(
      tokens: tokens, targets: Array(repeating: -1, count: tokens.count), documents: documents)
  }

  private func report(_ loss: Double, _ step: Int, _ steps: Int) {
    context.metric("loss", step: step + 1, loss)
    context.progress(Progress(done: Double(step + 1), total: Double(steps), unit: "steps"))
  }
}

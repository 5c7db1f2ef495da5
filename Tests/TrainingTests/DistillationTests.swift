import ContentStore
import Foundation
import LanguageModel
import Numerics
import Testing
import Training

/// A model of this folder's fixtures, and the documents its values are of.
private func load(_ name: String) throws -> (model: Transformer, documents: [[Int]]) {
  let folder = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures/\(name)")
  let checkpoint = try Checkpoint(paths: ["config.json", "model.safetensors"]) {
    Array(try Data(contentsOf: folder.appendingPathComponent($0)))
  }
  let documents = try fixture("\(name)/expected.json")["documents"]?.arrayValue ?? []
  return (checkpoint.model, documents.map { $0.numbers.map { Int($0) } })
}

private func norms(_ pass: TrainingPass, on compute: Compute) -> [String: Double] {
  var norms: [String: Double] = [:]
  for view in pass.model.layout.views {
    norms[view.name] = compute.sumOfSquares(pass.gradients[view.range]).squareRoot()
  }
  return norms
}

private func bits(_ values: Floats) -> [UInt32] { values.array.map(\.bitPattern) }

@Suite struct DistillationTests {
  private let compute = Compute(threads: 2)

  private func learn(
    _ objective: Distillation, _ pass: TrainingPass, _ batch: TokenBatch, rows: Int = 1000
  ) throws -> Outcome {
    pass.beginBatch()
    let outcome = try objective.learn(Batch(batch), by: pass, rows: rows, check: {})
    pass.endBatch()
    return outcome
  }

  @Test func `losses, metrics and gradients are torch's`() throws {
    let (student, documents) = try load("llama-untied")
    let teacher = Teacher(try load("llama-tied").model, on: compute)
    let batch = TokenBatch(documents: documents)
    let cases = try fixture("distillation.json").arrayValue ?? []
    #expect(cases.count == 5)
    for expected in cases {
      func number(_ key: String) -> Double { expected[key]?.doubleValue ?? .nan }
      let targets = try #require(
        expected["targets"]?.stringValue.flatMap(TeacherTargets.init(rawValue:)))
      let pass = TrainingPass(student, on: compute)
      let outcome = try learn(
        Distillation(
          teacher, targets, weight: number("weight"), temperature: number("temperature")),
        pass, batch)
      #expect(abs(outcome.loss - number("loss")) < 1e-5)
      #expect(abs(outcome.metrics[0] - number("kl")) < 1e-5)
      #expect(abs(outcome.metrics[1] - number("agreement")) < 1e-12)
      #expect(abs(outcome.metrics[2] - number("entropy")) < 1e-5)
      let found = norms(pass, on: compute)
      let gradients = try #require(expected["gradients"]?.objectValue)
      #expect(gradients.count == found.count)
      for (name, value) in gradients {
        let (norm, expected) = (try #require(found[name]), try #require(value.doubleValue))
        #expect(abs(norm - expected) < 1e-4 * expected, "\(name)")
      }
    }
  }

  @Test(arguments: [TeacherTargets.full, .firstChoice], [true, false])
  func `micro-batches and threads change no bit`(targets: TeacherTargets, withExperts: Bool) throws
  {
    let (student, documents) = try load(withExperts ? "qwen2-moe" : "llama-untied")
    let other = Transformer(student.configuration, seed: 4, deviation: 0.2, on: compute)
    let batch = TokenBatch(documents: documents)
    func run(rows: Int, threads: Int) throws -> (Outcome, [UInt32]) {
      let compute = Compute(threads: threads)
      let pass = TrainingPass(student, on: compute)
      let outcome = try learn(
        Distillation(Teacher(other, on: compute), targets, weight: 0.8), pass, batch, rows: rows)
      return (outcome, bits(pass.gradients))
    }
    let whole = try run(rows: 1000, threads: 1)
    for (rows, threads) in [(1, 1), (1, 2), (9, 2), (1000, 7)] {
      #expect(try run(rows: rows, threads: threads) == whole)
    }
  }

  @Test func `it is measured by the labels alone`() throws {
    let (student, documents) = try load("llama-untied")
    let teacher = Teacher(try load("llama-tied").model, on: compute)
    let batch = Batch(TokenBatch(documents: documents))
    let pass = TrainingPass(student, on: compute)
    let objective = Distillation(teacher, .full, weight: 1)
    #expect(
      try objective.measure(batch, by: pass, rows: 8, check: {})
        == NextToken().measure(batch, by: pass, rows: 8, check: {}))
  }

  @Test func `a student of itself has no divergence and no gradient`() throws {
    let (student, documents) = try load("llama-untied")
    let pass = TrainingPass(student, on: compute)
    let outcome = try learn(
      Distillation(Teacher(student.copy(), on: compute), .full, weight: 1), pass,
      TokenBatch(documents: documents))
    #expect(abs(outcome.metrics[0]) < 1e-6 && outcome.metrics[1] == 1)
    #expect(compute.sumOfSquares(pass.gradients).squareRoot() < 1e-5)
  }

  @Test func `stored first choices train as the teacher itself`() throws {
    let teacher = Teacher(
      Transformer(makeModel().configuration, seed: 31, deviation: 0.3, on: compute), on: compute)
    let stream = try makeStream(60)
    let mixture = try TokenMixture(
      ["tokens": stream], phases: [DataPhase(steps: 12, batch: 4, sequence: 16)], seed: 21)
    let rows = (0..<stream.rows(of: 16)).map { $0 * 16..<($0 + 1) * 16 }
    let choices = teacher.firstChoices(of: stream.batch(rows))
    func train(_ source: any BatchSource, _ objective: Distillation) throws -> Trainer {
      let trainer = Trainer(
        makeModel(), source: source, plan: makePlan(), objective: objective, on: compute)
      try trainer.run { _ in }
      return trainer
    }
    let asked = try train(mixture, Distillation(teacher, .firstChoice, weight: 0.9))
    let stored = try train(
      TaughtMixture(mixture, choices: choices), Distillation(storedWeight: 0.9))
    #expect(asked.rollingDigest == stored.rollingDigest && asked.history == stored.history)
  }
}

@Suite struct PruningTests {
  private let compute = Compute(threads: 2)

  @Test func `soft top-k and its gradient are those of torch's iterations`() throws {
    let cases = try fixture("pruning.json")["softTopK"]?.arrayValue ?? []
    #expect(cases.count == 6)
    for item in cases {
      func number(_ key: String) -> Double { item[key]?.doubleValue ?? .nan }
      func numbers(_ key: String) -> [Double] { item[key]?.numbers ?? [] }
      let softTopK = SoftTopK(
        iterations: Int(number("iterations")), epsilon: number("epsilon"),
        decay: number("decay"), floor: number("floor"))
      let (scores, count) = (numbers("scores"), Int(number("count")))
      let masks = softTopK.masks(scores, keeping: count)
      for (mask, expected) in zip(masks, numbers("masks")) { #expect(abs(mask - expected) < 1e-10) }
      let expected = numbers("gradient")
      let gradient = softTopK.gradient(numbers("slopes"), scores: scores, keeping: count)
      let size = expected.map(\.magnitude).max() ?? 0
      #expect(gradient.count == expected.count)
      for (value, expected) in zip(gradient, expected) {
        #expect(abs(value - expected) <= 1e-9 * max(1, size))
      }
    }
  }

  @Test func `soft top-k's gradient agrees with finite differences, and its masks add up`() {
    let softTopK = SoftTopK(floor: 0.3)
    let stream = RandomStream(seed: 8, purpose: "test")
    let scores = (0..<30).map { stream.normal(at: UInt64($0)) }
    let slopes = (30..<60).map { stream.normal(at: UInt64($0)) }
    let masks = softTopK.masks(scores, keeping: 9)
    // Twenty iterations come near to the sum, not to it.
    #expect(abs(masks.reduce(0, +) - 9) < 0.2)
    #expect(masks.allSatisfy { (0...1).contains($0) })
    let gradient = softTopK.gradient(slopes, scores: scores, keeping: 9)
    for index in scores.indices {
      func loss(_ step: Double) -> Double {
        var moved = scores
        moved[index] += step
        return zip(slopes, softTopK.masks(moved, keeping: 9)).reduce(0) { $0 + $1.0 * $1.1 }
      }
      let found = (loss(1e-5) - loss(-1e-5)) / 2e-5
      #expect(abs(found - gradient[index]) < 1e-6)
    }
  }

  private func masks(
    _ expected: JSON, _ model: Transformer, trainsModel: Bool
  ) throws -> UnitMasks {
    let count = try #require(expected["count"]?.intValue)
    return try UnitMasks(
      SoftTopK(floor: expected["floor"]?.doubleValue ?? 0), keeping: count, of: model,
      scores: (expected["scores"]?.arrayValue ?? []).map(\.numbers), trainsModel: trainsModel)
  }

  @Test(arguments: [true, false])
  func `a masked model has torch's loss and gradients`(trainsModel: Bool) throws {
    let (model, documents) = try load("llama-untied")
    let expected = try fixture("pruning.json")
    let masks = try masks(expected, model, trainsModel: trainsModel)
    masks.apply(to: model, on: compute)
    let batch = TokenBatch(documents: documents)
    let pass = TrainingPass(model, on: compute)
    pass.beginBatch()
    let values = pass.forward(batch)
    pass.backward(batch, slopes: NextToken().slopes(values, of: batch))
    pass.endBatch()
    let loss = NextToken().loss(values, of: batch)
    #expect(abs(loss - (expected["loss"]?.doubleValue ?? .nan)) < 1e-5)
    let gradients = masks.gradients(of: pass.gradients, on: compute)
    let views = masks.layout.views
    for (layer, list) in (expected["scoreGradients"]?.arrayValue ?? []).enumerated() {
      let view = try #require(views.first { $0.name == "scores.\(layer)" })
      #expect(masks.isScores(view))
      for (value, expected) in zip(gradients[view.range].array, list.numbers) {
        #expect(abs(Double(value) - expected) < 1e-5)
      }
    }
    #expect(views.count == (trainsModel ? model.layout.views.count : 0) + 2)
    for view in views where !masks.isScores(view) {
      let norm = compute.sumOfSquares(gradients[view.range]).squareRoot()
      let torch = try #require(expected["gradients"]?[view.name]?.doubleValue)
      #expect(abs(norm - torch) < 1e-4 * torch, "\(view.name)")
    }
  }

  @Test(arguments: [(1000, 2), (1, 1), (9, 7)])
  func `training masks is the same in micro-batches, on threads and over a stop`(
    rows: Int, threads: Int
  ) throws {
    func make(_ rows: Int, _ threads: Int) throws -> Trainer {
      let model = makeModel()
      let masks = try UnitMasks(
        SoftTopK(floor: 0.2), keeping: 10, of: model,
        scores: [[Double]](repeating: [Double](repeating: 0, count: 24), count: 2),
        trainsModel: true)
      let mixture = try TokenMixture(
        ["tokens": makeStream(60)], phases: [DataPhase(steps: 12, batch: 4, sequence: 16)],
        seed: 21)
      return Trainer(
        model, source: mixture, validation: [try makeValidation()], plan: makePlan(),
        reparametrisation: MaskTraining(masks, scoreRate: 3), microBatchRows: rows,
        on: Compute(threads: threads))
    }
    let plain = try make(1000, 1)
    try plain.run { _ in }
    let first = try make(rows, threads)
    for _ in 0..<5 { try first.advance() }
    let state = try first.snapshot()
    let second = try make(rows, threads)
    try second.restore(state)
    try second.run { _ in }
    #expect(second.rollingDigest == plain.rollingDigest && second.history == plain.history)
    #expect(bits(second.model.parameters) == bits(plain.model.parameters))
    #expect(try second.snapshot() == plain.snapshot())
  }

  @Test func `a cut model is the masked one whose cut units are 0`() throws {
    for name in ["llama-untied", "gemma2", "llama-biases"] {
      let (model, documents) = try load(name)
      let count = model.configuration.intermediate / 3
      let scores = try UnitPruning.magnitudes(of: model, on: compute)
      let units = scores.map { UnitPruning.best(count, of: $0) }
      let cut = try UnitPruning.cut(model, to: units)
      #expect(cut.configuration.intermediate == count)
      for (layer, kept) in units.enumerated() {
        let name = "model.layers.\(layer).mlp.down_proj.weight"
        let down = try #require(model.tensor(name))
        let width = model.configuration.intermediate
        for index in 0..<down.count where !kept.contains(index % width) { down[index] = 0 }
      }
      let ids = documents[0]
      let (a, b) = (
        try cut.logits(of: ids, on: compute), try model.logits(of: ids, on: compute)
      )
      for (x, y) in zip(a.floats.array, b.floats.array) { #expect(abs(x - y) < 1e-5) }
      #expect(throws: CheckpointError.self) {
        try UnitPruning.check(model.configuration, keeping: model.configuration.intermediate)
      }
    }
  }

  @Test func `activations are the mean magnitudes of what units give`() throws {
    let (model, documents) = try load("llama-untied")
    let batch = TokenBatch(documents: documents)
    func scores(_ rows: Int, _ threads: Int) throws -> [[Double]] {
      try UnitPruning.activations(
        of: model, on: batch, rows: rows, compute: Compute(threads: threads), check: {})
    }
    let found = try scores(1000, 1)
    #expect(try scores(1, 2) == found && scores(8, 7) == found)
    #expect(found.count == 2 && found.allSatisfy { $0.count == 40 && $0.allSatisfy { $0 > 0 } })
    // Twice the output weights of a unit count twice, and nothing else changes in its layer.
    let down = try #require(model.tensor("model.layers.1.mlp.down_proj.weight"))
    for row in 0..<model.configuration.hidden { down[row * 40 + 7] *= 2 }
    let changed = try scores(1000, 2)
    #expect(abs(changed[1][7] - 2 * found[1][7]) < 1e-9 * found[1][7])
    #expect(changed[1][8] == found[1][8] && changed[0] == found[0])
  }

  @Test func `the best units win, the first of equals`() {
    #expect(UnitPruning.best(3, of: [1, 5, 2, 5, 2]) == [1, 2, 3])
  }
}

@Suite struct PackedTokenTests {
  /// Two rows of 8: documents of 3 and 4 tokens and one of padding; a document of 6 and two of padding.
  private func stream(seesRows: Bool) throws -> TokenStream {
    try TokenStream(
      tokens: [1, 2, 3, 4, 5, 6, 7, 0, 11, 12, 13, 14, 15, 16, 0, 0],
      documentStarts: [0, 3, 8],
      rows: PackedRows(length: 8, documentLengths: [3, 4, 6], seesRows: seesRows),
      vocabularySize: 17)
  }

  @Test func `documents see themselves, padding itself alone`() throws {
    let batch = try stream(seesRows: false).batch([0..<8, 8..<16])
    #expect(batch.tokens == [1, 2, 3, 4, 5, 6, 7, 0, 11, 12, 13, 14, 15, 16, 0, 0])
    #expect(
      batch.targets == [2, 3, -1, 5, 6, 7, -1, -1, 12, 13, 14, 15, 16, -1, -1, -1])
    #expect(batch.documents == [0..<3, 3..<7, 7..<8, 8..<14, 14..<15, 15..<16])
    #expect(batch.sequences == [0..<8, 8..<16])
  }

  @Test func `a whole row is seen when it says so`() throws {
    let batch = try stream(seesRows: true).batch([0..<8, 8..<16])
    #expect(batch.targets == [2, 3, 4, 5, 6, 7, -1, -1, 12, 13, 14, 15, 16, -1, -1, -1])
    #expect(batch.documents == [0..<7, 7..<8, 8..<14, 14..<15, 15..<16])
  }

  @Test func `pieces of a row have no padding`() throws {
    let stream = try stream(seesRows: true)
    #expect(stream.pieces(of: 0..<8) == [0..<3, 3..<7])
    #expect(stream.pieces(of: 8..<16) == [8..<14])
    let wrapped = try TokenStream(
      tokens: [1, 2, 3, 4, 5, 6, 7, 8], documentStarts: [0, 1],
      rows: PackedRows(length: 4, documentLengths: [1, 6], seesRows: false), vocabularySize: 17)
    #expect(wrapped.pieces(of: 4..<8) == [4..<7])
    #expect(wrapped.batch([0..<4]).targets == [-1, 3, 4, -1])
  }

  @Test func `lengths that reach too far are refused`() {
    for lengths in [[4, 4, 6], [3, 4], [3, 4, 9]] {
      #expect(throws: TrainingError.self) {
        try TokenStream(
          tokens: [Int32](repeating: 0, count: 16), documentStarts: [0, 3, 8],
          rows: PackedRows(length: 8, documentLengths: lengths, seesRows: false),
          vocabularySize: 17)
      }
    }
  }

  @Test func `padding counts for no unigram`() throws {
    let packed = Unigram(try stream(seesRows: false), vocabularySize: 17)
    let plain = Unigram(
      try TokenStream(
        tokens: [1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15, 16], documentStarts: [0],
        vocabularySize: 17), vocabularySize: 17)
    #expect(packed.loss(targets: [0, 1]) == plain.loss(targets: [0, 1]))
  }
}

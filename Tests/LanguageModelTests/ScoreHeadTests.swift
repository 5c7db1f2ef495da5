import ContentStore
import LanguageModel
import Numerics
import Testing

@Suite struct ScoreHeadTests {
  private let compute = Compute(threads: 2)
  private let documents = [
    makeTokens(7, below: 19), makeTokens(1, below: 19, seed: 2), makeTokens(12, below: 19, seed: 3),
  ]

  private func makeScorer(_ head: ScoreHead) -> Transformer {
    let base = makeModel(
      ModelConfiguration(
        vocabularySize: 19, hidden: 12, layers: 2, heads: 4, keyValueHeads: 2, headSize: 6,
        intermediate: 20, isTied: false, maximumPositions: 32))
    return base.scoring(head, seed: 4, deviation: 0.4, on: compute)
  }

  /// Σ over documents and labels of (label + 1) · score².
  private func loss(_ scores: Matrix) -> Double {
    scores.floats.array.enumerated().reduce(0) {
      $0 + Double($1.offset % scores.columns + 1) * Double($1.element) * Double($1.element)
    }
  }

  private func slopes(_ scores: Matrix) -> Matrix {
    let slopes = scores.floats.array.enumerated().map {
      2 * Float($0.offset % scores.columns + 1) * $0.element
    }
    return Matrix(Floats(slopes), rows: scores.rows, columns: scores.columns)
  }

  @Test(arguments: ["score-reward", "score-classes"])
  func `scores and gradients are those of transformers`(name: String) throws {
    let fixture = try Fixture(name)
    let model = try fixture.model()
    let scores = try model.scores(of: fixture.documents, on: compute)
    for (found, expected) in zip(scores, fixture.rows("scores")) {
      #expect(found.count == expected.count)
      for (a, b) in zip(found, expected) { #expect(abs(Double(a) - b) < 5e-5) }
    }
    let batch = TokenBatch(documents: fixture.documents)
    let pass = TrainingPass(model, on: compute)
    pass.beginBatch()
    let values = pass.scores(of: batch)
    #expect(bits(values.floats.array) == bits(scores.flatMap { $0 }))
    pass.backward(batch, scoreSlopes: slopes(values))
    pass.endBatch()
    #expect(fixture.gradients.count == model.layout.views.count)
    for view in model.layout.views {
      let norm = compute.sumOfSquares(pass.gradients[view.range]).squareRoot()
      let expected = try #require(fixture.gradients[view.name])
      #expect(abs(norm - expected) < 1e-4 * max(expected, 1e-3), "\(view.name)")
    }
  }

  @Test(arguments: [ScoreHead(labels: 1), ScoreHead(labels: 3, hidden: 5)])
  func `a head's gradients agree with finite differences`(head: ScoreHead) {
    let model = makeScorer(head)
    let batch = TokenBatch(documents: documents)
    let pass = TrainingPass(model, on: compute)
    pass.beginBatch()
    pass.backward(batch, scoreSlopes: slopes(pass.scores(of: batch)))
    pass.endBatch()
    checkDifferences(
      model.layout, model.parameters, gradients: pass.gradients, tolerance: 2e-3
    ) { loss(pass.scores(of: batch)) }
  }

  @Test func `micro-batches change no bit of a head's gradient`() {
    let model = makeScorer(ScoreHead(labels: 2, hidden: 5))
    let batch = TokenBatch(documents: documents)
    func gradients(rows: Int) -> [UInt32] {
      let pass = TrainingPass(model, on: compute)
      pass.beginBatch()
      for part in batch.parts(rows: rows) {
        pass.backward(part, scoreSlopes: slopes(pass.scores(of: part)))
      }
      pass.endBatch()
      return bits(pass.gradients.array)
    }
    #expect(gradients(rows: 1) == gradients(rows: 100))
  }

  @Test(arguments: [ScoreHead(labels: 1), ScoreHead(labels: 2), ScoreHead(labels: 3, hidden: 5)])
  func `a model with a head is written and read back`(head: ScoreHead) throws {
    let model = makeScorer(head)
    let files = try Checkpoint(model, tokenizerFiles: [:]).files()
    let back = try Checkpoint(paths: files.keys) { try #require(files[$0]) }.model
    #expect(back.configuration == model.configuration)
    #expect(back.parameters.array == model.parameters.array)
    let json = model.configuration.huggingFace
    #expect(json["architectures"] == ["LlamaForSequenceClassification"])
    #expect(json["id2label"]?.objectValue?.count == head.labels)
    #expect(throws: TokenError.self) { try model.logits(of: [1], on: compute) }
  }

  @Test func `a model without a head refuses to score`() throws {
    let model = makeModel(
      ModelConfiguration(
        vocabularySize: 19, hidden: 12, layers: 1, heads: 2, intermediate: 8, maximumPositions: 8))
    #expect(throws: TokenError.self) { try model.scores(of: [[1]], on: compute) }
  }
}

import ContentStore
import Foundation
import LanguageModel
import Numerics
import Testing
import Training

/// What torch and transformers computed with the same weights: see `Fixtures/fixture.py`.
private struct ModelFixture {
  let checkpoint: Checkpoint
  let documents: [[Int]]
  let logits: [[[Double]]]
  let losses: [Double]
  let norms: [Double]
  let gradients: [String: Double]
  /// Of models with experts.
  let balancing: Double?

  init(_ name: String) throws {
    let folder = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures/\(name)")
    func read(_ path: String) throws -> [UInt8] {
      Array(try Data(contentsOf: folder.appendingPathComponent(path)))
    }
    checkpoint = try Checkpoint(paths: ["config.json", "model.safetensors"], read: read)
    let expected = try JSON(parsing: read("expected.json"))
    func numbers(_ json: JSON?) -> [Double] { json?.arrayValue?.compactMap(\.doubleValue) ?? [] }
    documents = (expected["documents"]?.arrayValue ?? []).map { numbers($0).map { Int($0) } }
    logits = (expected["logits"]?.arrayValue ?? []).map { ($0.arrayValue ?? []).map(numbers) }
    losses = numbers(expected["losses"])
    norms = numbers(expected["norms"])
    balancing = expected["balancing"]?.doubleValue
    gradients = (expected["gradients"]?.objectValue ?? [:]).compactMapValues(\.doubleValue)
  }
}

private let names = [
  "llama-untied", "llama-tied", "llama3-rope", "llama-linear-rope", "qwen2-yarn", "qwen2-tied",
  "qwen3-tied", "gemma2", "llama-biases", "qwen2-window", "gemma2-untied", "qwen2-moe",
  "qwen2-moe-mixed",
]

@Suite struct ModelFixtureTests {
  private let compute = Compute(threads: 2)

  @Test(arguments: names)
  func `logits are those of transformers`(name: String) throws {
    let fixture = try ModelFixture(name)
    #expect(fixture.documents.count == 3)
    for (document, expected) in zip(fixture.documents, fixture.logits) {
      let logits = try fixture.checkpoint.model.logits(of: document, on: compute)
      var largest = 0.0
      for (row, values) in expected.enumerated() {
        for (column, value) in values.enumerated() {
          largest = max(largest, abs(Double(logits[row, column]) - value))
        }
      }
      #expect(largest < 5e-5)
      #expect(expected.count == document.count)
    }
  }

  @Test(arguments: names)
  func `every tensor's gradient has torch's norm`(name: String) throws {
    let fixture = try ModelFixture(name)
    let model = fixture.checkpoint.model
    let batch = TokenBatch(documents: fixture.documents)
    let pass = TrainingPass(model, on: compute)
    let values = pass.forward(batch)
    pass.beginBatch()
    pass.backward(batch, slopes: NextToken().slopes(values, of: batch))
    pass.endBatch()
    let loss = NextToken().loss(values, of: batch) + pass.balancingLoss
    #expect(abs(loss - fixture.losses[0]) < 1e-5)
    #expect(pass.needsWholeBatch == (fixture.balancing != nil))
    if let balancing = fixture.balancing, let experts = model.configuration.experts {
      #expect(abs(pass.balancingLoss - experts.lossWeight * balancing) < 1e-6)
    }
    #expect(fixture.gradients.count == model.layout.views.count)
    for view in model.layout.views {
      let norm = compute.sumOfSquares(pass.gradients[view.range]).squareRoot()
      let expected = try #require(fixture.gradients[view.name])
      // An expert that no token goes to has none.
      #expect(abs(norm - expected) <= 1e-4 * expected, "\(view.name)")
    }
  }

  @Test(arguments: names)
  func `five AdamW steps have torch's losses and gradient norms`(name: String) throws {
    let fixture = try ModelFixture(name)
    let model = fixture.checkpoint.model
    let batch = TokenBatch(documents: fixture.documents)
    let pass = TrainingPass(model, on: compute)
    let optimiser = Optimiser(
      AdamW(beta1: 0.9, beta2: 0.95, epsilon: 1e-8), weightDecay: 0.1, for: model.layout)
    for step in 1...5 {
      let values = pass.forward(batch)
      let loss = NextToken().loss(values, of: batch) + pass.balancingLoss
      #expect(abs(loss - fixture.losses[step - 1]) < 5e-5)
      pass.beginBatch()
      pass.backward(batch, slopes: NextToken().slopes(values, of: batch))
      pass.endBatch()
      let norm = compute.clip(pass.gradients, norm: 1)
      #expect(abs(norm - fixture.norms[step - 1]) < 5e-4 * fixture.norms[step - 1])
      optimiser.update(
        model.parameters, gradients: pass.gradients, step: step, learningRate: 5e-3, on: compute)
    }
    let loss = NextToken().loss(pass.forward(batch), of: batch) + pass.balancingLoss
    #expect(abs(loss - fixture.losses[5]) < 5e-5)
  }
}

import ContentStore
import LanguageModel
import Numerics
import Testing

@Suite struct AdapterTests {
  private let compute = Compute(threads: 2)

  private func read(_ fixture: Fixture, for model: Transformer) throws -> Adapter {
    try Adapter(
      for: model.configuration, paths: ["adapter_config.json", "adapter_model.safetensors"]
    ) { try fixture.read("adapter/" + $0) }
  }

  @Test func `an adapter of PEFT gives its logits, loss and gradients`() throws {
    let fixture = try Fixture("lora")
    let base = try fixture.model("base/")
    let adapter = try read(fixture, for: base)
    #expect(
      adapter.configuration
        == AdapterConfiguration(rank: 3, alpha: 12, targets: ["down_proj", "q_proj", "v_proj"]))
    let model = adapter.merged(into: base, on: compute)
    let expected = (fixture.expected["logits"]?.arrayValue ?? []).map {
      ($0.arrayValue ?? []).map(Fixture.numbers)
    }
    for (document, rows) in zip(fixture.documents, expected) {
      let logits = try model.logits(of: document, on: compute)
      for (row, values) in rows.enumerated() {
        for (column, value) in values.enumerated() {
          #expect(abs(Double(logits[row, column]) - value) < 5e-5)
        }
      }
    }
    let batch = TokenBatch(documents: fixture.documents)
    let pass = TrainingPass(model, on: compute)
    pass.beginBatch()
    let loss = nextTokenLoss(pass.forward(batch), batch)
    #expect(abs(loss - (fixture.expected["loss"]?.doubleValue ?? 0)) < 1e-5)
    pass.backward(batch, slopes: nextTokenSlopes(batch))
    pass.endBatch()
    let gradients = adapter.gradients(of: pass.gradients, on: compute)
    #expect(fixture.gradients.count == adapter.layout.views.count)
    for view in adapter.layout.views {
      let norm = compute.sumOfSquares(gradients[view.range]).squareRoot()
      let expected = try #require(fixture.gradients[view.name])
      #expect(abs(norm - expected) < 1e-4 * expected, "\(view.name)")
    }
  }

  @Test func `an adapter's files are read back`() throws {
    let fixture = try Fixture("lora")
    let base = try fixture.model("base/")
    let files = try read(fixture, for: base).files()
    let back = try Adapter(for: base.configuration, paths: files.keys) { try #require(files[$0]) }
    #expect(try back.files() == files)
    var broken = files
    broken["adapter_config.json"] = Array(#"{"peft_type":"LORA","r":3,"use_dora":true}"#.utf8)
    #expect(throws: CheckpointError.self) {
      try Adapter(for: base.configuration, paths: broken.keys) { try #require(broken[$0]) }
    }
  }

  @Test func `a new adapter changes nothing, and its gradients agree with finite differences`()
    throws
  {
    let base = makeModel(
      ModelConfiguration(
        vocabularySize: 19, hidden: 12, layers: 2, heads: 4, keyValueHeads: 2, headSize: 6,
        intermediate: 20, maximumPositions: 32))
    let adapter = try Adapter(
      AdapterConfiguration(rank: 2, alpha: 3, targets: ["o_proj", "mlp.up_proj"]),
      for: base.configuration, seed: 5)
    let model = adapter.merged(into: base, on: compute)
    #expect(bits(model.parameters.array) == bits(base.parameters.array))
    RandomStream(seed: 6, purpose: "test").fillNormal(
      adapter.parameters, deviation: 0.3, on: compute)
    let batch = TokenBatch(documents: [makeTokens(14, below: 19)])
    let pass = TrainingPass(model, on: compute)
    func loss() -> Double {
      adapter.apply(to: model, base: base, on: compute)
      return nextTokenLoss(pass.forward(batch), batch)
    }
    adapter.apply(to: model, base: base, on: compute)
    pass.beginBatch()
    _ = pass.forward(batch)
    pass.backward(batch, slopes: nextTokenSlopes(batch))
    pass.endBatch()
    let gradients = adapter.gradients(of: pass.gradients, on: compute)
    checkDifferences(adapter.layout, adapter.parameters, gradients: gradients, loss: loss)
  }

  @Test func `a target that the model does not have is named`() {
    let configuration = ModelConfiguration(
      vocabularySize: 19, hidden: 12, layers: 2, heads: 4, intermediate: 20, maximumPositions: 32)
    do {
      _ = try Adapter(
        AdapterConfiguration(rank: 2, alpha: 3, targets: ["q_proj", "c_attn"]), for: configuration)
      Issue.record("c_attn was accepted")
    } catch { #expect(error.message.contains("\"c_attn\"")) }
  }
}

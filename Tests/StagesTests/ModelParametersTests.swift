import ContentStore
import LanguageModel
import Numerics
import Pipeline
import Testing

@testable import Stages

@Suite struct ModelParametersTests {
  private let base: [String: JSON] = [
    "layers": 2, "hidden": 16, "heads": 4, "keyValueHeads": 2, "intermediate": 24,
  ]

  private func read(_ changes: [String: JSON]) throws(ParameterError) -> ModelParameters {
    var reader = ParameterReader(base.merging(changes) { $1 }, path: "model")
    return try reader.decode { (reader) throws(ParameterError) in
      try ModelParameters(from: &reader)
    }
  }

  private func configuration(_ changes: [String: JSON]) throws -> ModelConfiguration {
    let configuration = try read(changes).configuration(
      vocabularySize: 50, sequence: 32, endToken: 3)
    try configuration.validate()
    return configuration
  }

  @Test func `every family is offered`() throws {
    let names = ["llama", "qwen2", "qwen3", "gemma2"]
    for name in names {
      #expect(
        try configuration(["architecture": .string(name)]).architecture.rawValue == name)
    }
    let experts: JSON = [
      "count": 6, "active": 2, "intermediate": 8, "sharedIntermediate": 12, "denseLayers": [0],
    ]
    let moe = try configuration(["architecture": "qwen2moe", "experts": experts])
    #expect(
      moe.experts
        == ExpertConfiguration(
          count: 6, active: 2, intermediate: 8, sharedIntermediate: 12, denseLayers: [0]))
  }

  @Test func `Gemma's numbers, head sizes and rotary scaling reach the configuration`() throws {
    let gemma = try configuration([
      "architecture": "gemma2", "headSize": 10, "queryScalar": 7, "scoreCap": 50, "logitCap": 30,
      "slidingWindow": 8,
      "ropeScaling": ["kind": "llama3", "factor": 8, "originalPositions": 16],
    ])
    #expect(gemma.headSize == 10 && gemma.queryScalar == 7 && gemma.scoreCap == 50)
    #expect(gemma.logitCap == 30 && gemma.window(layer: 0) == 8 && gemma.window(layer: 1) == nil)
    #expect(
      gemma.ropeScaling
        == .llama3(factor: 8, lowFactor: 1, highFactor: 4, originalPositions: 16))
    let yarn = try configuration(["ropeScaling": ["kind": "yarn", "factor": 4]])
    #expect(yarn.ropeScaling == .yarn(factor: 4, originalPositions: 8192))
  }

  @Test(
    arguments: [
      (["scoreCap": 5], "model.scoreCap"), (["slidingWindow": 5], "model.slidingWindow"),
      (["architecture": "qwen2moe"], "model.experts.count"),
      (["experts": ["count": 2]], "model.experts.count"),
      (
        ["architecture": "qwen2moe", "experts": ["count": 2, "active": 3]],
        "model.experts.active"
      ),
      (
        ["architecture": "qwen2moe", "experts": ["count": 2, "denseLayers": [2]]],
        "model.experts.denseLayers"
      ),
      (["architecture": "mamba"], "model.architecture"),
      (["ropeScaling": ["kind": "yarn", "betaSlow": 40]], "model.ropeScaling.betaFast"),
      (["ropeScaling": ["kind": "dynamic"]], "model.ropeScaling.kind"),
    ] as [([String: JSON], String)])
  func `what does not fit is refused by path`(changes: [String: JSON], path: String) {
    do {
      _ = try read(changes)
      Issue.record("accepted \(changes)")
    } catch { #expect(error.path == path) }
  }

  @Test func `bodies are counted as they are laid out`() throws {
    let experts: JSON = ["count": 6, "active": 2, "intermediate": 8, "sharedIntermediate": 12]
    for changes in [
      [:], ["architecture": "qwen2"], ["architecture": "qwen3", "headSize": 6],
      ["architecture": "gemma2"], ["architecture": "qwen2moe", "experts": experts],
    ] as [[String: JSON]] {
      let model = try read(changes)
      let configuration = model.configuration(vocabularySize: 50, sequence: 32, endToken: nil)
      let laidOut = Transformer(configuration, seed: 1, on: .init(threads: 1)).layout.count
      let shape = model.shape(vocabularySize: 50)
      #expect(shape.parameters == Double(laidOut))
      let idle = changes["experts"] == nil ? 0 : 2 * 4 * 3 * 8 * 16
      #expect(shape.activeParameters == Double(laidOut - idle))
    }
  }
}

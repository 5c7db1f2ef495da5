import ContentStore
import LanguageModel
import Numerics
import Testing

@Suite struct UpcyclingTests {
  private let compute = Compute(threads: 2)
  private let width = 12
  private var dense: Transformer {
    makeModel(
      ModelConfiguration(
        architecture: .qwen2, vocabularySize: 19, hidden: 8, layers: 2, heads: 4, keyValueHeads: 2,
        intermediate: width, maximumPositions: 32))
  }

  private func upcycling(
    _ count: Int, _ intermediate: Int, shared: Int = 12, reinitialised: Double = 0,
    start: Upcycling.Shared = .preserve
  ) -> Upcycling {
    Upcycling(
      experts: ExpertConfiguration(
        count: count, active: min(2, count), intermediate: intermediate, sharedIntermediate: shared),
      reinitialised: reinitialised, shared: start, seed: 3)
  }

  private func matrix(_ model: Transformer, _ name: String) throws -> Matrix {
    let view = try #require(model.layout.views.first { $0.name == "model.layers.1.mlp.\(name)" })
    return Matrix(model.parameters[view.range], rows: view.shape[0], columns: view.shape[1])
  }

  @Test func `Qwen2's sizes need nine copies`() {
    #expect(upcycling(64, 2560).copies(width: 18944) == 9)
    #expect(upcycling(4, 3).copies(width: 12) == 1)
    #expect(upcycling(5, 3).copies(width: 12) == 2)
  }

  @Test(arguments: [(4, 3), (8, 3), (5, 4), (7, 5), (1, 12), (3, 30)])
  func `every copy's units are shuffled, none is lost before the cut, and layers differ`(
    count: Int, intermediate: Int
  ) {
    let upcycling = upcycling(count, intermediate)
    let units = upcycling.units(layer: 0, width: width)
    #expect(units.count == count && units.allSatisfy { $0.count == intermediate })
    let all = units.flatMap(\.self)
    for start in stride(from: 0, to: all.count, by: width) {
      let copy = Array(all[start..<min(all.count, start + width)])
      #expect(copy != copy.sorted() || copy.count < 3)
      #expect(Set(copy).count == copy.count)
      if copy.count == width { #expect(copy.sorted() == Array(0..<width)) }
    }
    #expect(upcycling.units(layer: 1, width: width) != units)
    #expect(upcycling.units(layer: 0, width: width) == units)
  }

  @Test func `experts hold the dense model's units, gate and up and down together`() throws {
    let upcycling = upcycling(5, 4)
    let model = try upcycling.mixture(of: dense, on: compute)
    #expect(model.configuration.architecture == .qwen2MoE)
    for (expert, units) in upcycling.units(layer: 1, width: width).enumerated() {
      for name in ["gate_proj", "up_proj"] {
        let (own, whole) = (
          try matrix(model, "experts.\(expert).\(name).weight"),
          try matrix(dense, "\(name).weight")
        )
        for (row, unit) in units.enumerated() {
          #expect(own[row: row].array == whole[row: unit].array)
        }
      }
      let (own, whole) = (
        try matrix(model, "experts.\(expert).down_proj.weight"),
        try matrix(dense, "down_proj.weight")
      )
      for (column, unit) in units.enumerated() {
        for row in 0..<8 { #expect(own[row, column] == whole[row, unit]) }
      }
    }
    for name in ["model.embed_tokens.weight", "model.layers.1.self_attn.q_proj.bias"] {
      #expect(model.tensor(name)?.array == dense.tensor(name)?.array)
    }
  }

  @Test(arguments: [12, 20, 31])
  func `without routed experts' share the mixture is the dense model`(shared: Int) throws {
    let model = try upcycling(4, 3, shared: shared).mixture(of: dense, on: compute)
    for view in model.layout.views where view.name.contains("mlp.experts") {
      model.parameters[view.range].fill(0)
    }
    try expectEqualLogits(model, dense, within: 2e-5)
  }

  @Test func `one copy's experts under an even router are a share of the dense MLP`() throws {
    var upcycling = upcycling(4, 3)
    upcycling.experts.active = 4
    upcycling.routerDeviation = 0
    let model = try upcycling.mixture(of: dense, on: compute)
    // Four experts with probability ¼ each add a quarter of the MLP to what the shared one gives.
    let expected = dense.copy()
    for view in expected.layout.views where view.name.contains("down_proj") {
      compute.scale(expected.parameters[view.range], by: 1.25)
    }
    try expectEqualLogits(model, expected, within: 2e-5)
  }

  private func expectEqualLogits(
    _ one: Transformer, _ two: Transformer, within tolerance: Float
  ) throws {
    let tokens = makeTokens(9, below: 19)
    let (a, b) = (
      try one.logits(of: tokens, on: compute).floats.array,
      try two.logits(of: tokens, on: compute).floats.array
    )
    let worst = zip(a, b).map { ($0 - $1).magnitude }.max() ?? 1
    #expect(worst < tolerance)
  }

  @Test func `half of every routed expert is drawn anew, as widely spread as the dense tensor`()
    throws
  {
    let model = try upcycling(4, 3).mixture(of: dense, on: compute)
    let half = try upcycling(4, 3, reinitialised: 0.5).mixture(of: dense, on: compute)
    var (changed, all) = (0, 0)
    for view in model.layout.views {
      let (own, other) = (model.parameters[view.range].array, half.parameters[view.range].array)
      if view.name.contains("mlp.experts") {
        changed += zip(own, other).count { $0 != $1 }
        all += own.count
      } else {
        #expect(own == other, "\(view.name)")
      }
    }
    #expect((0.42...0.58).contains(Double(changed) / Double(all)))
    let whole = try upcycling(4, 3, reinitialised: 1).mixture(of: dense, on: compute)
    let drawn = whole.layout.views.filter { $0.name.contains("mlp.experts") }
      .map { compute.sumOfSquares(whole.parameters[$0.range]) }.reduce(0, +)
    #expect((0.8...1.2).contains((drawn / Double(all)).squareRoot() / 0.3))
  }

  @Test func `a narrow shared expert is a part of the dense MLP, a random one none`() throws {
    let narrow = upcycling(4, 3, shared: 5)
    let units = narrow.sharedUnits(layer: 1, width: width)
    #expect(units.count == 5 && Set(units).count == 5)
    let model = try narrow.mixture(of: dense, on: compute)
    let (own, whole) = (
      try matrix(model, "shared_expert.up_proj.weight"), try matrix(dense, "up_proj.weight")
    )
    for (row, unit) in units.enumerated() {
      #expect(own[row: row].array == whole[row: unit].array)
    }
    let random = try upcycling(4, 3, start: .random).mixture(of: dense, on: compute)
    let drawn = try matrix(random, "shared_expert.up_proj.weight").floats.array
    #expect(Set(drawn).isDisjoint(with: whole.floats.array))
  }

  @Test func `a model that Qwen2-MoE cannot hold is refused`() {
    let gemma = makeModel(
      ModelConfiguration(
        architecture: .gemma2, vocabularySize: 19, hidden: 8, layers: 1, heads: 4,
        intermediate: 12, maximumPositions: 32))
    #expect(throws: CheckpointError.self) {
      try upcycling(4, 3).mixture(of: gemma, on: compute)
    }
    let llama = makeModel(
      ModelConfiguration(
        vocabularySize: 19, hidden: 8, layers: 1, heads: 4, intermediate: 12, maximumPositions: 32))
    #expect(throws: Never.self) {
      let model = try upcycling(4, 3).mixture(of: llama, on: compute)
      #expect(!model.configuration.hasBiases)
    }
  }
}

import ContentStore
import LanguageModel
import Numerics
import Testing

@Suite struct MergingTests {
  private let merging = Merging(on: Compute(threads: 2))

  /// One case of `make_merges.py`.
  private struct Case {
    let json: JSON

    subscript(key: String) -> Double { json[key]?.doubleValue ?? .nan }
    func flag(_ key: String) -> Bool { json[key]?.boolValue ?? false }
    func numbers(_ key: String) -> [Double] { Fixture.numbers(json[key]) }
    var inputs: [Floats] {
      (json["inputs"]?.arrayValue ?? []).map { Floats(Fixture.numbers($0).map { Float($0) }) }
    }
    var base: Floats { Floats(numbers("base").map { Float($0) }) }
    var expected: [Double] { numbers("expected") }
  }

  private static func cases(_ method: String) throws -> [Case] {
    (try Fixture("merges").expected["cases"]?.arrayValue ?? [])
      .filter { $0["method"]?.stringValue == method }.map { Case(json: $0) }
  }

  /// Within `tolerance` of the largest number of the case.
  private func check(
    _ merged: Floats, _ one: Case, tolerance: Double = 1e-6,
    _ location: SourceLocation = #_sourceLocation
  ) {
    let size = one.expected.map(\.magnitude).max() ?? 0
    let worst = zip(merged.array, one.expected).map { (Double($0) - $1).magnitude }.max() ?? 0
    #expect(merged.count == one.expected.count, sourceLocation: location)
    #expect(
      worst <= tolerance * max(size, 1e-12),
      "\(one.json.objectValue?.filter { $0.key != "inputs" } ?? [:]): \(merged.array)",
      sourceLocation: location)
  }

  @Test func `weighted sums are mergekit's linear`() throws {
    let cases = try Self.cases("linear")
    #expect(cases.count == 6)
    for one in cases {
      check(
        merging.linear(
          one.inputs, weights: one.numbers("weights"), normalizing: one.flag("normalize")), one)
    }
  }

  @Test func `slerp is mergekit's: near, far, equal, opposite, of zeros and of tiny vectors`()
    throws
  {
    let cases = try Self.cases("slerp")
    #expect(cases.count == 90)
    for one in cases {
      check(merging.slerp(one.inputs[0], one.inputs[1], t: one["t"]), one, tolerance: 2e-6)
    }
  }

  @Test func `nuslerp is mergekit's, with a base and without`() throws {
    let cases = try Self.cases("nuslerp")
    #expect(cases.count == 58)
    for one in cases {
      let inputs = one.inputs
      let merged =
        one.base.count == 0
        ? merging.taskSlerp(inputs[0], inputs[1], t: one["t"])
        : merging.taskSlerp(inputs, from: one.base, t: one["t"])
      check(merged, one, tolerance: 1e-5)
    }
  }

  @Test func `WARP takes more than two task vectors in with 1 over m`() throws {
    for one in try Self.cases("warp") {
      check(merging.taskSlerp(one.inputs, from: one.base), one)
      let reversed = merging.taskSlerp(one.inputs.reversed(), from: one.base)
      #expect(bits(reversed.array) != bits(merging.taskSlerp(one.inputs, from: one.base).array))
    }
  }

  @Test func `equal task vectors stay what they are and the angle of random ones is right`() {
    let (start, end) = (Floats([1, 2, 3]), Floats([1.5, 2, 2.75]))
    #expect(merging.taskSlerp([end, end, end], from: start).array == end.array)
    #expect(merging.cosine(Floats([1, 0]), Floats([0, 2])) == 0)
    #expect(merging.cosine(Floats([0.1, 0.7]), Floats([-0.1, -0.7])) == -1)
    // Opposite vectors are mixed along the line, where mergekit's float32 cosine would be noise.
    let opposite = merging.taskSlerp(Floats([0.1, 0.7]), Floats([-0.4, -2.8]), t: 0.25)
    #expect((opposite[0] + 0.025).magnitude < 1e-7 && (opposite[1] + 0.175).magnitude < 1e-7)
    // Two thirds of the way along a right angle.
    let shares = merging.taskSlerp(Floats([1, 0]), Floats([0, 1]), t: 2.0 / 3)
    #expect((shares[0] - 0.5).magnitude < 1e-7 && (shares[1] - 0.8660254).magnitude < 1e-7)
  }

  @Test(arguments: ["task_arithmetic", "ties"])
  func `task vectors are merged bit for bit as mergekit merges them`(method: String) throws {
    let cases = try Self.cases(method)
    #expect(cases.count == (method == "ties" ? 71 : 4))
    for one in cases {
      let merge = TaskMerge(
        selection: method == "ties" ? .largest : .all,
        rescaling: one.flag("rescale") ? .norm : .none, electsSigns: method == "ties",
        normalizes: one.flag("normalize"), scale: one["scale"])
      let (weights, densities) = (one.numbers("weights"), one.numbers("densities"))
      let inputs = one.inputs.enumerated().map {
        TaskMerge.Input(
          name: "\($0)", parameters: $1, weight: weights[$0], density: densities[$0])
      }
      let merged = merge.merge(inputs, base: one.base, tensor: "w", on: merging)
      // A rescaling has a sum of another order in it.
      if one.flag("rescale") {
        check(merged, one)
      } else {
        #expect(merged.array == one.expected.map { Float($0) }, "\(one.json)")
      }
    }
  }

  @Test func `a mask rescales by the norm as mergekit and by the density as the paper`() throws {
    let cases = try Self.cases("masked")
    #expect(cases.count == 10)
    for one in cases {
      let rescaling = try #require(Rescaling(rawValue: one.json["rescale"]?.stringValue ?? ""))
      check(
        merging.masked(
          one.inputs[0], keeping: one.inputs[1].array.map { $0 == 1 }, density: one["density"],
          rescaling: rescaling), one)
    }
  }

  @Test func `the largest entries are mergekit's, of equals the first`() throws {
    let cases = try Self.cases("magnitude")
    #expect(cases.count == 16)
    for one in cases {
      let (x, density) = (one.inputs[0], one["density"])
      let merged = merging.masked(
        x, keeping: merging.largest(x, density: density), density: density, rescaling: .none)
      #expect(merged.array == one.expected.map { Float($0) }, "\(one.json)")
    }
    #expect(merging.largest(Floats([-2, 2, 2, 1]), density: 0.5) == [true, true, false, false])
    #expect(merging.largest(Floats([0, 0, 0]), density: 0.1) == [true, false, false])
    #expect(merging.largest(Floats(count: 0), density: 0.5) == [])
  }

  @Test func `DARE's mask is a function of seed, tensor and input, and keeps the expected vector`()
  {
    let vector = Floats((0..<4000).map { Float($0 % 7) - 3 })
    func merged(_ seed: UInt64, _ tensor: String, _ input: String, threads: Int = 2) -> [Float] {
      let merge = TaskMerge(selection: .random(seed: seed), rescaling: .density)
      return merge.merge(
        [.init(name: input, parameters: vector, density: 0.25)], base: Floats(count: 4000),
        tensor: tensor, on: Merging(on: Compute(threads: threads))
      ).array
    }
    let one = merged(1, "a", "x")
    #expect(one == merged(1, "a", "x", threads: 1))
    for other in [merged(2, "a", "x"), merged(1, "b", "x"), merged(1, "a", "y")] {
      #expect(one != other)
    }
    #expect(zip(one, vector.array).allSatisfy { $0 == 0 || $0 == 4 * $1 })
    let kept = one.count { $0 != 0 }
    #expect((800...915).contains(kept), "of 3428 that are not 0, a quarter")
  }

  @Test func `model stock is mergekit's, by tensor and by row`() throws {
    let cases = try Self.cases("model_stock")
    #expect(cases.count == 8)
    for one in cases {
      let shape = one.numbers("shape").map { Int($0) }
      let rows = one.flag("filterWise") ? shape[0] : 1
      let width = one.expected.count / rows
      let groups = (0..<rows).map {
        MergeGroup(name: "\($0)", range: $0 * width..<($0 + 1) * width, depth: 0)
      }
      check(
        merging.byGroup(groups) { group in
          merging.stock(one.inputs.map { $0[group.range] }, base: one.base[group.range])
        }, one, tolerance: 5e-6)
    }
  }

  @Test func `gradients over layers are mergekit's`() throws {
    for one in try Self.cases("gradient") {
      let gradient = DepthGradient(one.numbers("anchors"))
      let values = one.numbers("depths").map(gradient.value)
      #expect(zip(values, one.expected).allSatisfy { ($0 - $1).magnitude < 1e-12 })
    }
    let configuration = ModelConfiguration(
      vocabularySize: 11, hidden: 8, layers: 3, heads: 4, intermediate: 12, isTied: false,
      maximumPositions: 32)
    let layout = makeModel(configuration).layout
    let groups = layout.groups(.layer)
    #expect(
      groups.map(\.name)
        == [
          "model.embed_tokens.weight", "layer 0", "layer 1", "layer 2", "model.norm.weight",
          "lm_head.weight",
        ])
    #expect(groups.map(\.depth) == [0, 0, 0.5, 1, 1, 1])
    for scope in MergeScope.allCases {
      #expect(layout.groups(scope).map(\.range.count).reduce(0, +) == layout.count)
    }
    #expect(layout.rowGroups.map(\.range.count).reduce(0, +) == layout.count)
  }

  @Test func `averages over training and interpolations are what they say`() {
    let inputs = [Floats([1, 8]), Floats([3, 0]), Floats([5, 4])]
    #expect(merging.linear(inputs, weights: [1, 1, 1]).array == [3, 4])
    #expect(merging.exponentialAverage(inputs, decay: 0.5).array == [3.5, 4])
    #expect(merging.exponentialAverage([inputs[1]], decay: 0.9).array == [3, 0])
    #expect(merging.interpolation(from: inputs[0], to: inputs[1], by: 0.25).array == [1.5, 6])
    #expect(merging.interpolation(from: inputs[0], to: inputs[1], by: 1).array == [3, 0])
  }
}

@Suite struct OnlineMergeTests {
  private let compute = Compute(threads: 2)

  private func layout(_ count: Int) -> ParameterLayout {
    let model = makeModel(
      ModelConfiguration(
        vocabularySize: count, hidden: 8, layers: 1, heads: 4, intermediate: 12,
        maximumPositions: 32))
    return model.layout
  }

  @Test func `OnTIES of one tensor is the authors' optimiser`() throws {
    let cases = (try Fixture("merges").expected["cases"]?.arrayValue ?? [])
      .filter { $0["method"]?.stringValue == "onties" }
    #expect(cases.count == 5)
    for one in cases {
      let inputs = (one["inputs"]?.arrayValue ?? []).map {
        Floats(Fixture.numbers($0).map { Float($0) })
      }
      let expected = Fixture.numbers(one["expected"])
      let merge = OnlineMerge(
        .onties, alpha: one["alpha"]?.doubleValue ?? 0, share: one["share"]?.doubleValue ?? 0,
        seed: 1, task: inputs[1], layout: ParameterLayout([("w", [inputs[1].count])]), on: compute)
      merge.apply(inputs[0], to: inputs[2], step: 1)
      let worst = zip(inputs[2].array, expected).map { (Double($0) - $1).magnitude }.max() ?? 1
      #expect(worst < 1e-6)
    }
  }

  @Test func `OnDARE keeps entries whole at random, the task vector's once and the updates' anew`()
  {
    let layout = layout(50)
    let (task, update) = (Floats(count: layout.count), Floats(count: layout.count))
    task.fill(1)
    update.fill(4)
    let merge = OnlineMerge(
      .ondare, alpha: 0.5, share: 0.25, seed: 3, task: task, layout: layout, on: compute)
    func stepped(_ step: Int) -> [Float] {
      let parameters = Floats(count: layout.count)
      merge.apply(update, to: parameters, step: step)
      return parameters.array
    }
    let (one, two) = (stepped(1), stepped(2))
    #expect(Set(one) == [0, 0.5, 2, 2.5])
    #expect(one == stepped(1) && one != two)
    func hasTask(_ x: Float) -> Bool { x == 0.5 || x == 2.5 }
    #expect(one.map(hasTask) == two.map(hasTask))
    let share = Double(one.count { $0 >= 2 }) / Double(layout.count)
    #expect((0.21...0.29).contains(share))
    #expect(update.array.allSatisfy { $0 == 4 })
  }

  @Test func `without a task vector's share all of the update is the optimiser's own step`() {
    let layout = layout(10)
    let (task, update) = (Floats(count: layout.count), Floats(count: layout.count))
    RandomStream(seed: 4, purpose: "test").fillNormal(update, deviation: 1, on: compute)
    let parameters = Floats(count: layout.count)
    for method in OnlineMerge.Method.allCases {
      parameters.fill(0)
      OnlineMerge(method, alpha: 0, share: 1, seed: 3, task: task, layout: layout, on: compute)
        .apply(update, to: parameters, step: 7)
      #expect(parameters.array == update.array)
    }
  }
}

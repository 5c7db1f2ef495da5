import ContentStore
import Ledger
import Pipeline
import Testing

struct RecipeDifferenceTests {
  private static let base = Recipe(
    op: "train", revision: 2,
    parameters: [
      "learningRate": 0.001, "phases": [["tokens": 1], ["tokens": 2]], "model": ["layers": 2],
      "limit": nil,
    ],
    inputs: ["tokens": [Artifact(.tree, digest(1))]], seed: 7, numerics: "portable/1")

  private func changed(_ change: (inout Recipe) -> Void) -> Recipe {
    var recipe = Self.base
    change(&recipe)
    return recipe
  }

  private func set(_ key: String, _ value: JSON?) -> Recipe {
    changed { recipe in
      var members = recipe.parameters.objectValue ?? [:]
      members[key] = value
      recipe.parameters = .object(members)
    }
  }

  private func texts(_ recipe: Recipe) -> [String] {
    recipe.differences(from: Self.base).map(\.description)
  }

  @Test func `a recipe does not differ from itself`() {
    #expect(Self.base.differences(from: Self.base).isEmpty)
  }

  @Test func `a parameter is named by its path`() {
    #expect(texts(set("learningRate", 0.002)) == ["with.learningRate: 0.001 → 0.002"])
    #expect(texts(set("model", ["layers": 3])) == ["with.model.layers: 2 → 3"])
    #expect(
      texts(set("phases", [["tokens": 1], ["tokens": 5], ["tokens": 6]])) == [
        "with.phases[1].tokens: 2 → 5", "with.phases[2]: none → {\"tokens\":6}",
      ])
    #expect(texts(set("limit", 5)) == ["with.limit: null → 5"])
    #expect(texts(set("learningRate", nil)) == ["with.learningRate: 0.001 → none"])
    #expect(texts(set("model", "x")) == ["with.model: {\"layers\":2} → \"x\""])
  }

  @Test func `op, revision, inputs, seed and numerics are named, in this order`() {
    let other = Recipe(
      op: "sft", revision: 3, parameters: Self.base.parameters,
      inputs: ["tokens": [Artifact(.file, digest(2))], "start": [Artifact(.tree, digest(3))]],
      seed: nil, numerics: "openblas")
    #expect(
      texts(other) == [
        "op: train → sft", "revision: 2 → 3", "inputs.start: none → tree 03030303",
        "inputs.tokens: tree 01010101 → file 02020202", "seed: 7 → none",
        "numerics: portable/1 → openblas",
      ])
  }

  @Test func `an input of several names the one that changed`() {
    let (a, b, c) = (digest(1), digest(2), digest(3))
    let two = changed { $0.inputs["tokens"] = [Artifact(.tree, a), Artifact(.tree, b)] }
    let other = changed { $0.inputs["tokens"] = [Artifact(.tree, a), Artifact(.tree, c)] }
    #expect(
      other.differences(from: two).map(\.description)
        == ["inputs.tokens[1]: tree 02020202 → tree 03030303"])
  }

  @Test func `a long value is cut`() throws {
    let text = try #require(texts(set("model", .string(String(repeating: "x", count: 99)))).first)
    #expect(text.count < 100 && text.hasSuffix("…"))
  }

  @Test func `the nearest recipe has the fewest differences, the newest of equals`() throws {
    let two = changed {
      $0.seed = 1; $0.numerics = nil
    }
    let candidates = [two, set("learningRate", 5), set("model", [:]), two]
    let nearest = try #require(Self.base.nearest(among: candidates))
    #expect(nearest.index == 2)
    #expect(nearest.differences.map(\.path) == ["with.model.layers"])
    #expect(Self.base.nearest(among: []) == nil)
  }
}

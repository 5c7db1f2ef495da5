import ContentStore
import Corpus
import Foundation
import Numerics
import Testing

@Suite struct MixtureTests {
  @Test func `weights are shares, and a shifted weight grows by a share of itself`() throws {
    let weights = try MixtureWeights(["web": 5, "math": 3, "code": 2])
    #expect(weights.shares == ["web": 0.5, "math": 0.3, "code": 0.2])
    let moved = try weights.shifted(by: ["math": 0.5])
    let sum = 0.5 + 0.3 * 1.5 + 0.2
    #expect(moved.shares == ["web": 0.5 / sum, "math": 0.3 * 1.5 / sum, "code": 0.2 / sum])
    #expect(try MixtureWeights(file: moved.json.canonical()).shift == ["math": 0.5])
    #expect(throws: CorpusError("\"maths\" has no weight to shift (did you mean \"math\"?)")) {
      try weights.shifted(by: ["maths": 0.1])
    }
  }

  @Test func `weights that weigh nothing are refused`() {
    #expect(throws: CorpusError("no weight is above 0")) { try MixtureWeights(["a": 0]) }
    #expect(throws: CorpusError.self) { try MixtureWeights(["a": -1, "b": 2]) }
    #expect(throws: CorpusError.self) { try MixtureWeights(["a": .nan]) }
    for text in ["", "[]", "{}", "{\"weights\":{\"a\":\"b\"}}", "{\"weights\":{}}"] {
      #expect(throws: CorpusError.self) { try MixtureWeights(file: Array(text.utf8)) }
    }
  }

  @Test func `amounts become weights by a power, and none is above the most`() throws {
    let amounts = ["arts": 900.0, "law": 81, "maths": 9, "none": 0]
    let flat = try MixtureWeights(amounts: amounts, power: 0, most: 1)
    #expect(flat.shares["arts"] == 1.0 / 3 && flat.shares["none"] == 0)
    let root = try MixtureWeights(amounts: amounts, power: 0.5, most: 1)
    #expect(abs((root.shares["arts"] ?? 0) - 30.0 / 42) < 1e-12)
    let capped = try MixtureWeights(amounts: amounts, power: 1, most: 0.5)
    #expect(capped.shares["arts"] == 0.5)
    #expect(abs((capped.shares["law"] ?? 0) - 0.45) < 1e-12)
    // The second comes above the cap when the first is cut.
    let both = try MixtureWeights(amounts: amounts, power: 1, most: 0.4)
    #expect(both.shares["arts"] == 0.4 && both.shares["law"] == 0.4)
    #expect(throws: CorpusError.self) { try MixtureWeights(amounts: amounts, power: 1, most: 0.3) }
  }

  @Test func `every stretch of a course has the shares of its phase`() {
    let plan = MixturePlan(phases: [
      .init(share: 0.75, shares: [0.8, 0.2]), .init(share: 0.25, shares: [0, 1]),
    ])
    #expect(zip(plan.totals, [0.6, 0.4]).allSatisfy { abs($0 - $1) < 1e-12 })
    var course = plan.course(size: 400)
    var order: [Int] = []
    while let group = course.next() {
      course.take(1, from: group)
      order.append(group)
    }
    #expect(order.count == 400)
    for start in stride(from: 0, to: 300, by: 50) {
      #expect(order[start..<start + 50].count { $0 == 0 } == 40)
    }
    #expect(order[300...].allSatisfy { $0 == 1 })
  }

  @Test func `the largest mixture goes over no group more often than allowed`() {
    let plan = MixturePlan(phases: [.init(share: 1, shares: [0.5, 0.25, 0.25, 0])])
    #expect(plan.largest(amounts: [100, 20, 1000, 0], epochs: 1) == 80)
    #expect(plan.largest(amounts: [100, 20, 1000, 0], epochs: 4) == 320)
  }

  @Test func `rounding gives out no document too many`() {
    let shares = [53.0, 14, 28].map { $0 / 95 }
    let plan = MixturePlan(phases: [.init(share: 1, shares: shares)])
    var course = plan.course(size: plan.largest(amounts: [53, 14, 28], epochs: 1))
    var given = [0, 0, 0]
    while let group = course.next() {
      course.take(1, from: group)
      given[group] += 1
    }
    #expect(given == [53, 14, 28])
  }

  @Test func `a pool gives every document once an epoch, each epoch in another order`() throws {
    let path = NSTemporaryDirectory() + "exp-pool-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: path) }
    let pool = try DocumentPool(at: path, RandomStream(seed: 1, purpose: "pool"))
    for number in 0..<20 {
      try pool.add(
        Document(id: "\(number)", text: String(repeating: "é", count: number), source: "s"),
        amount: number)
    }
    try pool.finish()
    var epochs: [[String]] = []
    for _ in 0..<3 {
      epochs.append(
        try (0..<20).map { _ in
          var line = try pool.next().line
          #expect(line.removeLast() == 10)
          return try Document(line: line).id
        })
    }
    #expect(pool.epochs == 3 && pool.amount == 190 && pool.amountGiven == 570)
    for epoch in epochs { #expect(epoch.sorted() == (0..<20).map(String.init).sorted()) }
    #expect(Set(epochs).count == 3)
  }

  func trial(_ name: String, _ shift: [String: Double], _ score: Double) throws
    -> MixtureSearch.Trial
  {
    let base = try MixtureWeights(["a": 0.5, "b": 0.25, "c": 0.25])
    let weights = shift.isEmpty ? base : try base.shifted(by: shift)
    return .init(name: name, weights: weights, score: score)
  }

  @Test func `a search takes the best trial, or every change that helped`() throws {
    let trials = try [
      trial("base", [:], 0.5), trial("a-up", ["a": 0.2], 0.55), trial("a-down", ["a": -0.2], 0.4),
      trial("b-up", ["b": 0.2], 0.52), trial("b-down", ["b": -0.2], 0.53),
      trial("c-up", ["c": 0.2], 0.5),
    ]
    let search = try MixtureSearch(trials, minimumGain: 0)
    #expect(search.best.name == "a-up")
    #expect(try search.weights(by: .best).shares == trials[1].weights.shares)
    let each = try search.weights(by: .each)
    let sum = 0.6 + 0.2 + 0.25
    for (group, weight) in ["a": 0.6, "b": 0.2, "c": 0.25] {
      #expect(abs((each.shares[group] ?? 0) - weight / sum) < 1e-12)
    }
    #expect(each.shift.isEmpty)
    #expect(try MixtureSearch(trials, minimumGain: 0.1).best.name == "base")
    #expect(try MixtureSearch(Array(trials[2...2]), minimumGain: 0).best.name == "a-down")
  }

  @Test func `trials of other groups cannot be compared`() throws {
    let other = MixtureSearch.Trial(
      name: "other", weights: try MixtureWeights(["x": 1]), score: 1)
    #expect(throws: CorpusError.self) {
      try MixtureSearch([trial("base", [:], 0), other], minimumGain: 0)
    }
    #expect(throws: CorpusError.self) { try MixtureSearch([], minimumGain: 0) }
  }
}

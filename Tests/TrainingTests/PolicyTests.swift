import ContentStore
import LanguageModel
import Numerics
import Testing

@testable import Training

/// TRL's numbers; `make_policy.py` made them.
private struct PolicyFixture {
  let json: JSON
  let mask: [[Double]]

  init() throws {
    json = try fixture("policy.json")
    mask = json["mask"]?.arrayValue?.map(\.numbers) ?? []
  }

  var group: Int { json["group"]?.intValue ?? 0 }
  var rewards: [Double] { json["rewards"]?.numbers ?? [] }
  var lengths: [Int] { mask.map { Int($0.reduce(0, +)) } }

  func cases(_ name: String) -> [JSON] { json[name]?.arrayValue ?? [] }

  /// A matrix's rows without padding.
  func rows(_ name: String, of json: JSON? = nil) -> [[Double]] {
    let rows = (json ?? self.json)[name]?.arrayValue?.map(\.numbers) ?? []
    return zip(rows, lengths).map { Array($0.prefix($1)) }
  }

  /// Responses after a prompt of one token.
  var tokens: TokenBatch {
    TokenBatch(
      lengths.map { MaskedSequence(prompt: [1], response: Array(repeating: 2, count: $0)) })
  }

  /// Values of tokens on the rows that predict them; each response's last row predicts none.
  func column(_ rows: [[Double]]) -> [Float] { rows.flatMap { $0.map(Float.init) + [0] } }

  func batch(_ advantages: [[Double]], _ weighting: TokenWeighting) -> Batch {
    let weights = weighting.weights(
      lengths: lengths, longest: json["longest"]?.intValue ?? 0,
      shared: Double(lengths.reduce(0, +)))
    return Batch(
      tokens,
      columns: [
        PolicyObjective.advantage: column(advantages),
        PolicyObjective.old: column(rows("old")),
        PolicyObjective.reference: column(rows("reference")),
        PolicyObjective.weight: column(
          zip(weights, lengths).map { Array(repeating: $0, count: $1) }),
      ])
  }

  func spread(_ values: [Double]) -> [[Double]] {
    zip(values, lengths).map { Array(repeating: $0, count: $1) }
  }
}

private func isClose(_ a: Double, _ b: Double, _ tolerance: Double = 2e-6) -> Bool {
  (a - b).magnitude <= tolerance * max(1, b.magnitude)
}

private func areClose(_ a: [Double], _ b: [Double], _ tolerance: Double = 2e-6) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { isClose($0, $1, tolerance) }
}

@Suite struct PolicyLossTests {
  private let known: PolicyFixture

  init() throws { known = try PolicyFixture() }

  private func expect(
    _ objective: PolicyObjective, _ batch: Batch, agreesWith json: JSON, clipped: Bool = true
  ) throws {
    let values = known.column(known.rows("new"))
    let loss = try #require(json["loss"]?.doubleValue)
    #expect(isClose(objective.loss(values, of: batch), loss))
    let slopes = objective.slopes(values, of: batch).map(Double.init)
    #expect(areClose(slopes, known.column(known.rows("gradient", of: json)).map(Double.init)))
    if clipped {
      #expect(
        isClose(objective.metrics(values, of: batch)[0], json["clipped"]?.doubleValue ?? .nan))
    }
  }

  @Test func `GRPO's advantages, losses and gradients are TRL's in every form`() throws {
    #expect(known.cases("grpo").count == 21)
    for json in known.cases("grpo") {
      let scale = try #require(json["scale"]?.stringValue.flatMap(Advantages.Scale.init))
      let advantages = Advantages.grouped(known.rewards, group: known.group, scale: scale)
      #expect(areClose(advantages, json["advantages"]?.numbers ?? [], 1e-12))
      let weighting = try #require(json["lossType"]?.stringValue.flatMap(TokenWeighting.init))
      let ratio = try #require(json["ratio"]?.stringValue.flatMap(PolicyLoss.Ratio.init))
      let objective = PolicyObjective(
        PolicyLoss(
          ratio, clipLow: 0.2, clipHigh: json["clipHigh"]?.doubleValue,
          klWeight: json["beta"]?.doubleValue ?? .nan))
      try expect(
        objective, known.batch(known.spread(advantages), weighting), agreesWith: json)
    }
  }

  @Test func `RLOO's advantages, loss and gradient are TRL's`() throws {
    #expect(known.cases("rloo").count == 3)
    for json in known.cases("rloo") {
      let beta = try #require(json["beta"]?.doubleValue)
      let rewards = zip(known.rewards, zip(known.rows("old"), known.rows("reference"))).map {
        $0 - beta * zip($1.0, $1.1).reduce(0) { $0 + $1.0 - $1.1 }
      }
      var advantages = Advantages.leaveOneOut(rewards, group: known.group)
      if json["normalise"]?.boolValue == true { advantages = Advantages.normalised(advantages) }
      #expect(areClose(advantages, json["advantages"]?.numbers ?? [], 1e-12))
      try expect(
        PolicyObjective(PolicyLoss(.sequence, clipLow: 0.2, clipHigh: 0.2)),
        known.batch(known.spread(advantages), .grpo), agreesWith: json)
    }
  }

  @Test func `PPO's advantages, whitening, policy loss and value loss are TRL's`() throws {
    #expect(known.cases("ppo").count == 2)
    for json in known.cases("ppo") {
      let values = known.rows("values")
      var plain: [[Double]] = []
      for (index, old) in known.rows("old").enumerated() {
        var rewards = zip(old, known.rows("reference")[index]).map { -0.05 * ($0 - $1) }
        rewards[rewards.count - 1] += known.rewards[index]
        plain.append(
          Advantages.generalised(
            rewards: rewards, values: values[index],
            discount: json["discount"]?.doubleValue ?? .nan,
            decay: json["decay"]?.doubleValue ?? .nan))
      }
      #expect(areClose(plain.flatMap { $0 }, known.rows("plain", of: json).flatMap { $0 }, 1e-12))
      let white = Advantages.whitened(plain.flatMap { $0 })
      #expect(areClose(white, known.rows("advantages", of: json).flatMap { $0 }, 1e-12))
      try expect(
        PolicyObjective(PolicyLoss(.token, clipLow: 0.2, clipHigh: 0.2)),
        known.batch(known.rows("advantages", of: json), .bnpo), agreesWith: json, clipped: false)
      try expectValueLoss(json)
    }
  }

  private func expectValueLoss(_ json: JSON) throws {
    let form = ValueLoss(clip: 0.2)
    let count = Double(known.lengths.reduce(0, +))
    let flat = { (name: String, json: JSON?) in known.rows(name, of: json).flatMap { $0 } }
    let results = zip(flat("newValues", nil), zip(flat("values", nil), flat("returns", json))).map {
      form.value($0, old: $1.0, target: $1.1)
    }
    #expect(
      isClose(
        results.reduce(0) { $0 + $1.loss } / count, json["valueLoss"]?.doubleValue ?? .nan, 1e-12))
    #expect(areClose(results.map { $0.slope / count }, flat("valueGradient", json), 1e-12))
  }

  @Test func `every slope is the loss's difference quotient`() {
    let step = 1e-5
    for x in [-0.7, -0.1, 0.0, 0.15, 0.6] {
      for advantage in [-1.5, 0.8] {
        let loss = PolicyLoss(.token, clipLow: 0.2, clipHigh: 0.3)
        let (up, down) = (
          loss.surrogate(x + step, advantage: advantage).loss,
          loss.surrogate(x - step, advantage: advantage).loss
        )
        let slope = loss.surrogate(x, advantage: advantage).slope
        #expect(isClose(slope, (up - down) / (2 * step), 1e-6))
        let proximal = loss.proximal(x).slope
        let quotient = (loss.proximal(x + step).value - loss.proximal(x - step).value) / (2 * step)
        #expect(isClose(proximal, quotient, 1e-6))
      }
      for estimator in KLEstimator.allCases {
        let (up, down) = (estimator.value(x + step).value, estimator.value(x - step).value)
        #expect(isClose(estimator.value(x).slope, (up - down) / (2 * step), 1e-6))
      }
    }
  }

  @Test func `MDLOO's first step is RLOO's, and its divergence holds later ones back`() {
    let advantages = known.spread(Advantages.leaveOneOut(known.rewards, group: known.group))
    let batch = known.batch(advantages, .grpo)
    let mdloo = PolicyObjective(PolicyLoss(.sequence, proximalWeight: 0.5))
    let rloo = PolicyObjective(PolicyLoss(.sequence))
    let old = known.column(known.rows("old"))
    #expect(mdloo.slopes(old, of: batch) == rloo.slopes(old, of: batch))
    let new = known.column(known.rows("new"))
    #expect(mdloo.loss(new, of: batch) > rloo.loss(new, of: batch))
    // Its slope, by differences of every log-probability.
    let slopes = mdloo.slopes(new, of: batch)
    for row in new.indices where batch.tokens.targets[row] >= 0 {
      var (up, down) = (new, new)
      up[row] += 0x1p-8
      down[row] -= 0x1p-8
      let quotient = (mdloo.loss(up, of: batch) - mdloo.loss(down, of: batch)) * 0x1p7
      #expect(isClose(Double(slopes[row]), quotient, 1e-4))
    }
  }

  @Test func `REINFORCE is minus the advantage times the log-probability`() {
    let batch = known.batch(known.spread(known.rewards), .sum)
    let objective = PolicyObjective(PolicyLoss(.none))
    let sums = known.rows("new").map { $0.reduce(0, +) }
    let expected = -zip(known.rewards, sums).reduce(0) { $0 + $1.0 * $1.1 } / 6
    #expect(isClose(objective.loss(known.column(known.rows("new")), of: batch), expected))
  }

  @Test func `parts of a batch give the slopes of the whole`() {
    let batch = known.batch(
      known.spread(Advantages.grouped(known.rewards, group: 3, scale: .group)), .dapo)
    let objective = PolicyObjective(
      PolicyLoss(.mean, clipLow: 0.2, clipHigh: 0.2, klWeight: 0.1))
    let values = known.column(known.rows("new"))
    var (joined, start): ([Float], Int) = ([], 0)
    for part in batch.parts(rows: 7) {
      let end = start + part.tokens.tokens.count
      joined += objective.slopes(Array(values[start..<end]), of: part)
      start = end
    }
    #expect(joined == objective.slopes(values, of: batch))
  }
}

@Suite struct CriticTests {
  @Test
  func `a critic learns the returns it is given, and its gradient is the difference quotient`()
    throws
  {
    let compute = Compute(threads: 2)
    let model = makeModel().scoring(ScoreHead(labels: 1), seed: 3, on: compute)
    let tokens = TokenBatch([
      MaskedSequence(prompt: [1, 2], response: [3, 4, 5]),
      MaskedSequence(prompt: [6], response: [7, 8]),
    ])
    let targets: [Float] = [0, 1, 0.5, -0.5, 0, 0.25, 0.75, 0]
    let weights: [Float] = tokens.targets.map { $0 < 0 ? 0 : 0.2 }
    let critic = Critic(
      model, loss: ValueLoss(clip: nil), rule: AdamW(), rate: 0.01, clip: nil, on: compute)
    let old = try critic.values(of: tokens, rows: 100) {}
    let batch = Batch(
      tokens, columns: [Critic.old: old, Critic.target: targets, Critic.weight: weights])
    let first = try critic.learn(batch, rows: 100) {}
    for step in 1...60 {
      _ = try critic.learn(batch, rows: 100) {}
      critic.update(step: step)
    }
    let last = try critic.learn(batch, rows: 100) {}
    #expect(last < 0.05 * first)
  }

  @Test func `gradients of values on every row are difference quotients`() throws {
    let compute = Compute(threads: 1)
    let model = makeModel().scoring(ScoreHead(labels: 1), seed: 3, deviation: 0.3, on: compute)
    let pass = TrainingPass(model, on: compute)
    let batch = TokenBatch([MaskedSequence(prompt: [1, 2], response: [3, 4, 5])])
    let slopes: [Float] = [0.5, -1, 2, 0.25, 1]
    let loss = {
      zip(pass.rowScores(of: batch), slopes).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    }
    pass.beginBatch()
    _ = loss()
    pass.backward(batch, rowScoreSlopes: slopes)
    pass.endBatch()
    for view in model.layout.views {
      let index = view.offset + view.count / 2
      let value = model.parameters[index]
      model.parameters[index] = value + 0x1p-7
      let up = loss()
      model.parameters[index] = value - 0x1p-7
      let down = loss()
      model.parameters[index] = value
      let quotient = (up - down) * 0x1p6
      #expect(isClose(Double(pass.gradients[index]), quotient, 0.02), "\(view.name)")
    }
  }
}

@Suite struct DivergenceTests {
  private func matrix(_ json: JSON?) -> Matrix {
    let rows = json?.arrayValue?.map(\.numbers) ?? []
    return Matrix(
      Floats(rows.flatMap { $0.map(Float.init) }), rows: rows.count, columns: rows[0].count)
  }

  @Test func `GKD's divergence and gradient are TRL's, with both of its limits`() throws {
    let json = try fixture("policy.json")
    let labels = json["labels"]?.numbers ?? []
    let cases = json["gkd"]?.arrayValue ?? []
    #expect(cases.count == 5)
    for known in cases {
      let head = DivergenceHead(interpolation: known["beta"]?.doubleValue ?? .nan)
      let (student, teacher) = (matrix(json["student"]), matrix(json["teacher"]))
      let count = Float(labels.count { $0 >= 0 })
      let weights = Floats(labels.map { $0 < 0 ? 0 : 1 / count })
      for threads in [1, 2] {
        let compute = Compute(threads: threads)
        let values = head.forward(student, teacher: teacher, on: compute)
        let loss = zip(values, weights.array).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        #expect(isClose(loss, known["loss"]?.doubleValue ?? .nan))
        let gradient = matrix(json["student"])
        head.backward(gradient, teacher: teacher, weights: weights, on: compute)
        let expected = known["gradient"]?.arrayValue?.flatMap(\.numbers) ?? []
        #expect(areClose(gradient.floats.array.map(Double.init), expected))
      }
    }
  }
}

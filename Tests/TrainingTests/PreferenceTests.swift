import ContentStore
import LanguageModel
import Numerics
import Testing

@testable import Training

/// Sequences of the TRL fixture: its rows are the chosen responses, then the rejected ones.
private struct PairFixture {
  let mask: [[Bool]]
  let policy: [[Double]]
  let reference: [[Double]]
  let cases: [JSON]

  init() throws {
    let file = try fixture("preference.json")
    mask = try #require(file["mask"]?.arrayValue).map { $0.numbers.map { $0 == 1 } }
    policy = try #require(file["policy"]?.arrayValue).map(\.numbers)
    reference = try #require(file["reference"]?.arrayValue).map(\.numbers)
    cases = try #require(file["cases"]?.arrayValue)
  }

  /// The fixture's row of each document of our batch: pairs, chosen first.
  var order: [Int] { (0..<mask.count / 2).flatMap { [$0, $0 + mask.count / 2] } }

  /// A row per token; the fixture has none for the last one.
  func rows(_ values: [[Double]]) -> [Float] {
    order.flatMap { values[$0].map { Float($0) } + [0] }
  }

  func batch(nllWeight: Double) -> Batch {
    let sequences = order.map { row in
      MaskedSequence(tokens: mask[row].map { _ in 1 }, isTarget: mask[row])
    }
    let tokens = TokenBatch(
      sequences, groups: Array(repeating: 2, count: sequences.count / 2))
    var columns = [PreferenceObjective.reference: rows(reference)]
    if nllWeight > 0 {
      let chosen = stride(from: 0, to: sequences.count, by: 2).reduce(0) {
        $0 + sequences[$1].targetCount
      }
      var weights = [Float](repeating: 0, count: tokens.tokens.count)
      for document in stride(from: 0, to: sequences.count, by: 2) {
        for row in tokens.documents[document] where tokens.targets[row] >= 0 {
          weights[row] = Float(nllWeight / Double(chosen))
        }
      }
      columns[PreferenceObjective.nll] = weights
    }
    return Batch(tokens, columns: columns)
  }
}

private func objective(_ json: JSON) throws -> (PreferenceObjective, nll: Double) {
  var settings = PreferenceSettings(
    beta: try #require(json["beta"]?.doubleValue),
    labelSmoothing: try #require(json["labelSmoothing"]?.doubleValue))
  settings.divergence = try #require(
    PreferenceDivergence(rawValue: json["divergence"]?.stringValue ?? ""))
  settings.alpha = try #require(json["alpha"]?.doubleValue)
  settings.discopopTemperature = try #require(json["discopopTemperature"]?.doubleValue)
  let names = json["losses"]?.arrayValue?.compactMap(\.stringValue) ?? []
  let weights = try #require(json["weights"]).numbers
  var (losses, nll): ([PreferenceObjective.WeightedLoss], Double) = ([], 0)
  for (name, weight) in zip(names, weights) {
    if name == "sft" {
      nll = weight
    } else {
      losses.append(.init(try #require(PreferenceLoss(rawValue: name)), weight: weight))
    }
  }
  let decay = try #require(json["lengthDecay"]?.doubleValue)
  return (PreferenceObjective(losses, settings, lengthDecay: decay), nll)
}

@Suite struct PreferenceTests {
  @Test func `losses, gradients and metrics are TRL's`() throws {
    let file = try PairFixture()
    #expect(file.cases.count > 20)
    for json in file.cases {
      let name = json["name"]?.stringValue ?? ""
      let (objective, nll) = try objective(json)
      let batch = file.batch(nllWeight: nll)
      let values = file.rows(file.policy)
      let loss = objective.loss(values, of: batch)
      let wanted = try #require(json["loss"]?.doubleValue)
      #expect((loss - wanted).magnitude < 2e-6 * max(1, wanted.magnitude), "\(name)")
      let slopes = objective.slopes(values, of: batch)
      let gradient = file.rows(try #require(json["gradient"]?.arrayValue).map(\.numbers))
      for (row, (slope, wanted)) in zip(slopes, gradient).enumerated() {
        guard batch.tokens.targets[row] >= 0 else { continue }
        #expect((slope - wanted).magnitude < 3e-6 * max(1, wanted.magnitude), "\(name), row \(row)")
      }
      let metrics = objective.metrics(values, of: batch)
      for (metric, wanted) in zip(metrics, try #require(json["rewards"]).numbers) {
        #expect((metric - wanted).magnitude < 2e-6, "\(name)")
      }
    }
  }

  @Test func `a batch cut into pairs gives the slopes of the whole`() throws {
    let file = try PairFixture()
    let batch = file.batch(nllWeight: 0)
    let values = file.rows(file.policy)
    let objective = PreferenceObjective()
    var (parts, start): ([Float], Int) = ([], 0)
    for part in batch.parts(rows: 1) {
      let end = start + part.tokens.tokens.count
      #expect(part.tokens.documents.count == 2)
      parts += objective.slopes(Array(values[start..<end]), of: part)
      start = end
    }
    #expect(parts == objective.slopes(values, of: batch))
  }

  @Test(arguments: PreferenceLoss.allCases)
  func `slopes are those of finite differences`(loss: PreferenceLoss) {
    let pair = PreferencePair(
      chosen: 0.7, rejected: -0.4, chosenLength: 5, rejectedLength: 3)
    var settings = PreferenceSettings(beta: 0.4, labelSmoothing: 0.1)
    settings.discopopTemperature = 0.6
    let step = 1e-6
    func difference(_ change: (inout PreferencePair, Double) -> Void) -> Double {
      var (low, high) = (pair, pair)
      change(&low, -step)
      change(&high, step)
      return (loss.value(high, settings).loss - loss.value(low, settings).loss) / (2 * step)
    }
    let value = loss.value(pair, settings)
    #expect((difference { $0.chosen += $1 } - value.chosenSlope).magnitude < 1e-7)
    #expect((difference { $0.rejected += $1 } - value.rejectedSlope).magnitude < 1e-7)
  }

  @Test func `extreme ratios give finite losses`() {
    for loss in PreferenceLoss.allCases where loss != .discopop {
      for size in [-900.0, 0, 900] {
        let value = loss.value(
          PreferencePair(chosen: size, rejected: -size), PreferenceSettings(labelSmoothing: 0.1))
        #expect(value.loss.isFinite && value.chosenSlope.isFinite, "\(loss) \(size)")
      }
    }
  }

  @Test func `reward losses are TRL's and AFM's`() throws {
    let file = try fixture("preference.json")
    let rewards = try #require(file["rewards"]?.arrayValue).map(\.numbers)
    for json in try #require(file["reward"]?.arrayValue) {
      let number = { (name: String) in json[name]?.doubleValue ?? .nan }
      let settings = RewardSettings(centering: number("centering"))
      let values = rewards.map {
        settings.value(
          better: $0[0], worse: $0[1], margin: number("margin"),
          probability: number("probability"))
      }
      let loss = values.reduce(0) { $0 + $1.loss } / Double(values.count)
      #expect((loss - number("loss")).magnitude < 1e-6)
      let gradient = try #require(json["gradient"]?.arrayValue).map(\.numbers)
      for (value, wanted) in zip(values, gradient) {
        #expect((value.betterSlope / 3 - wanted[0]).magnitude < 1e-6)
        #expect((value.worseSlope / 3 - wanted[1]).magnitude < 1e-6)
      }
    }
  }

  @Test
  func `a reward model's gradient is that of finite differences, grades and three ranks included`()
    throws
  {
    let compute = Compute(threads: 1)
    let grades = ScoreHead.Grades(heads: 2, classes: 3, hidden: 5)
    let model = makeModel().scoring(
      ScoreHead(labels: 1, grades: grades), seed: 3, deviation: 0.3, on: compute)
    let sequences = [[1, 2, 3], [1, 2, 4, 5], [1, 2, 6], [7, 8], [7, 9, 9]].map { tokens in
      MaskedSequence(tokens: tokens.map { Int32($0) }, isTarget: tokens.map { _ in true })
    }
    let tokens = TokenBatch(sequences, groups: [3, 2])
    let empty = [Float](repeating: 0, count: tokens.tokens.count)
    let share = empty.map { _ in Float(0.25) }
    let first = tokens.documents.map { $0.upperBound - 1 }
    var (probability, grade) = (empty.map { _ in Float(1) }, empty.map { _ in Float(-1) })
    probability[first[0]] = 0.75
    for (document, row) in first.enumerated() { grade[row] = Float(document % 3) }
    let batch = Batch(
      tokens,
      columns: [
        RewardObjective.share: share, RewardObjective.probability: probability,
        RewardObjective.grade(0): grade, RewardObjective.grade(1): grade,
      ])
    let objective = RewardObjective(
      RewardSettings(centering: 0.05, gradeWeight: 0.3), grades: grades)
    let pass = TrainingPass(model, on: compute)
    pass.beginBatch()
    let outcome = try objective.learn(batch, by: pass, rows: 4, check: {})
    pass.endBatch()
    #expect(outcome.metrics.count == objective.metricNames.count)
    let gradients = pass.gradients.array
    for view in model.layout.views {
      let index = view.offset + view.count / 2
      let old = model.parameters[index]
      func loss(_ value: Float) throws -> Double {
        model.parameters[index] = value
        return try objective.measure(batch, by: pass, rows: 100, check: {}).loss
      }
      let step: Float = 3e-3
      let slope = try (loss(old + step) - loss(old - step)) / Double(2 * step)
      model.parameters[index] = old
      #expect(
        (slope - Double(gradients[index])).magnitude < 2e-4 + 0.01 * slope.magnitude,
        "\(view.name)")
    }
  }

  @Test func `items come once an epoch, in another order each time`() throws {
    let items = ItemOrder(count: 7, size: 3, seed: 5)
    let order = (0..<7).flatMap { items.items(after: $0) }
    #expect(order.count == 21)
    #expect(Set(order[..<7]) == Set(0..<7) && Set(order[7..<14]) == Set(0..<7))
    #expect(order[..<7] != order[7..<14])
    #expect(ItemOrder.steps(epochs: 2, count: 7, size: 3) == 5)
  }
}

import ContentStore
import Evaluation
import Ledger
import Pipeline
import Reports

/// A comparison of two runs on the screen.
struct ComparePage {
  let comparison: RunComparison
  let console: Console
  /// Everything, not only what differs.
  let showsAll: Bool

  func show() {
    parting()
    stages()
    scores()
    tests()
    seeds()
    corpora()
    metrics()
    values("Environment", comparison.environment)
    values("Code", comparison.code)
  }

  private func heading(_ text: String) {
    console.print()
    console.print(console.styled(text, .bold))
  }

  private func print(_ table: Table) {
    table.lines(
      width: console.isTerminal ? console.width : nil, heading: { console.styled($0, .dim) }
    ).forEach { console.print($0) }
  }

  private func name(_ run: RecordedRun) -> String {
    "\(run.start.experiment) \(run.id.short) (#\(run.number))"
  }

  private func parting() {
    console.print("a  \(name(comparison.a))")
    console.print("b  \(name(comparison.b))")
    console.print()
    guard let first = comparison.firstDifference else {
      return console.print(
        console.styled("same: every stage has the same recipe and result", .green))
    }
    let what: String =
      switch first.relation {
      case .differs: first.differences.first?.description ?? "another recipe"
      case .otherResult: "the same recipe gave another result: it is not deterministic"
      case .unfinished: "not carried out to its end in both"
      case .onlyA: "only a has it"
      case .onlyB: "only b has it"
      case .same: ""
      }
    console.print(console.styled("first difference: ", .yellow) + "\(first.name)  \(what)")
  }

  private func stages() {
    let differing = comparison.stages.filter { $0.relation != .same }
    if differing.isEmpty && !showsAll { return }
    heading("Stages")
    let same = comparison.stages.count - differing.count
    for stage in showsAll ? comparison.stages : differing {
      console.print("\(stage.name): \(word(stage.relation))")
      for difference in stage.differences { console.print("  \(difference)") }
    }
    if same > 0 && !showsAll { console.print(console.styled("\(same) stages are the same", .dim)) }
  }

  private func word(_ relation: RunComparison.Stage.Relation) -> String {
    switch relation {
    case .same: "same"
    case .differs: "another recipe"
    case .otherResult: "same recipe, another result"
    case .unfinished: "without a result in one or both"
    case .onlyA: "only in a"
    case .onlyB: "only in b"
    }
  }

  private func scores() {
    let shown = comparison.scores.filter { showsAll || $0.difference != 0 }
    if shown.isEmpty { return }
    heading("Scores")
    var table = Table([
      .init("stage"), .init("score"), .init("a", .right), .init("b", .right),
      .init("b − a", .right), .init("± s.e.", .right), .init("95 % interval", .right),
      .init("p", .right), .init("p (Holm)", .right), .init("paired on", .right),
    ])
    for score in shown {
      table.add([
        score.stage, score.name, Format.number(score.a.value), Format.number(score.b.value),
        Format.signed(score.difference, digits: 3),
        score.standardError.map { Format.number($0, digits: 2) } ?? "", text(score.interval),
        text(score.pValue), text(score.adjustedPValue), paired(score),
      ])
    }
    print(table)
    let same = comparison.scores.count - shown.count
    if same > 0 { console.print(console.styled("\(same) scores are equal", .dim)) }
  }

  private func text(_ interval: Interval?) -> String {
    interval.map {
      "[\(Format.signed($0.lower, digits: 3)), \(Format.signed($0.upper, digits: 3))]"
    } ?? ""
  }

  private func text(_ pValue: Double?) -> String {
    pValue.map { Format.number($0, digits: 2) } ?? ""
  }

  private func paired(_ score: RunComparison.ScorePair) -> String {
    let clusters = score.clusters.map { ", \($0) clusters" } ?? ""
    return score.paired.map { "\($0) questions\(clusters)" } ?? ""
  }

  /// What the same questions say beyond the difference.
  private func tests() {
    let shown = comparison.scores.filter { $0.paired != nil && (showsAll || $0.difference != 0) }
    if shown.isEmpty { return }
    heading("On the same questions")
    var table = Table([
      .init("stage"), .init("score"), .init("only a right", .right),
      .init("only b right", .right), .init("McNemar p", .right), .init("correlation", .right),
      .init("questions needed", .right), .init("least seen", .right),
    ])
    for score in shown {
      table.add([
        score.stage, score.name, score.mcNemar.map { String($0.onlyA) } ?? "",
        score.mcNemar.map { String($0.onlyB) } ?? "", text(score.mcNemar?.exact),
        score.correlation.map { Format.number($0, digits: 2) } ?? "",
        score.questionsNeeded.map(String.init) ?? "",
        score.detectable.map { Format.number($0, digits: 2) } ?? "",
      ])
    }
    print(table)
    console.print(
      console.styled(
        "needed: to find b − a in 4 of 5 tries at p < 0.05; least seen: what these questions find so",
        .dim))
  }

  /// Replicates on both sides: seeds and questions told apart.
  private func seeds() {
    let shown = comparison.scores.compactMap { score in
      score.seeds.map { (score, $0) }
    }.filter { showsAll || $0.1.difference != 0 || $0.1.error.standardError != 0 }
    guard let first = shown.first?.1 else { return }
    heading("Over seeds: \(first.a.count) of a, \(first.b.count) of b")
    var table = Table([
      .init("stage"), .init("score"), .init("b − a", .right), .init("± seeds", .right),
      .init("± questions", .right), .init("± both", .right), .init("95 % interval", .right),
      .init("p", .right), .init("Welch p", .right),
    ])
    for (score, seeds) in shown {
      table.add([
        score.stage, score.name, Format.signed(seeds.difference, digits: 3),
        root(seeds.error.seeds), root(seeds.error.questions),
        seeds.error.standardError.map { Format.number($0, digits: 2) } ?? "",
        text(seeds.interval), text(seeds.pValue), text(seeds.welch?.pValue),
      ])
    }
    print(table)
    console.print(
      console.styled("Welch: over the seeds' scores alone, as if these questions were all", .dim))
  }

  private func root(_ variance: Double?) -> String {
    variance.map { Format.number($0.squareRoot(), digits: 2) } ?? ""
  }

  private func corpora() {
    for corpus in comparison.corpora {
      heading("Documents of \(corpus.stage)")
      print(CorpusReport.comparison(corpus.a, corpus.b))
    }
  }

  private func metrics() {
    let shown = comparison.metrics.filter { showsAll || $0.a != $0.b }
    if shown.isEmpty { return }
    heading("Metrics at the last step")
    var table = Table([
      .init("stage"), .init("series"), .init("a", .right), .init("b", .right),
      .init("b − a", .right),
    ])
    for metric in shown {
      let difference = metric.a.flatMap { a in metric.b.map { $0.value - a.value } }
      table.add([
        metric.stage, metric.series, metric.a.map { Format.number($0.value) } ?? "",
        metric.b.map { Format.number($0.value) } ?? "",
        difference.map { Format.signed($0, digits: 3) } ?? "",
      ])
    }
    print(table)
  }

  private func values(_ title: String, _ pairs: [RunComparison.ValuePair]) {
    if pairs.isEmpty { return }
    heading(title)
    var table = Table([.init("what"), .init("a"), .init("b")])
    for pair in pairs { table.add([pair.path, text(pair.a), text(pair.b)]) }
    print(table)
  }

  private func text(_ value: JSON?) -> String {
    guard let value else { return "" }
    return value.stringValue ?? (try? value.canonicalText()) ?? ""
  }

  var json: JSON {
    [
      "a": .string(comparison.a.id.hex), "b": .string(comparison.b.id.hex),
      "firstDifference": comparison.firstDifference.map(json) ?? .null,
      "stages": .array(comparison.stages.map(json)),
      "scores": .array(comparison.scores.map(json)),
      "metrics": .array(
        comparison.metrics.map { metric in
          [
            "stage": .string(metric.stage), "series": .string(metric.series),
            "a": metric.a.map { .exact($0.value) } ?? .null,
            "b": metric.b.map { .exact($0.value) } ?? .null,
          ]
        }),
      "environment": json(comparison.environment), "code": json(comparison.code),
    ]
  }

  private func json(_ stage: RunComparison.Stage) -> JSON {
    [
      "stage": .string(stage.name), "op": .string(stage.op),
      "relation": .string(stage.relation.rawValue),
      "differences": .array(
        stage.differences.map {
          ["path": .string($0.path), "a": $0.before ?? .null, "b": $0.after ?? .null]
        }),
    ]
  }

  private func json(_ score: RunComparison.ScorePair) -> JSON {
    [
      "stage": .string(score.stage), "score": .string(score.name), "a": score.a.json,
      "b": score.b.json, "difference": .exact(score.difference),
      "standardError": score.standardError.map(JSON.exact) ?? .null,
      "interval": score.interval.map { [.exact($0.lower), .exact($0.upper)] } ?? .null,
      "paired": score.paired.map(JSON.integer) ?? .null,
      "correlation": score.correlation.map(JSON.exact) ?? .null,
      "pValue": score.pValue.map(JSON.exact) ?? .null,
      "holm": score.adjustedPValue.map(JSON.exact) ?? .null,
      "clusters": score.clusters.map(JSON.integer) ?? .null,
      "mcNemar": score.mcNemar.map {
        [
          "onlyA": .integer($0.onlyA), "onlyB": .integer($0.onlyB), "exact": .exact($0.exact),
          "midP": .exact($0.midP),
        ]
      } ?? .null,
      "questionsNeeded": score.questionsNeeded.map(JSON.integer) ?? .null,
      "detectable": score.detectable.map(JSON.exact) ?? .null,
      "seeds": score.seeds.map(json) ?? .null,
    ]
  }

  private func json(_ seeds: RunComparison.SeedPair) -> JSON {
    func root(_ variance: Double?) -> JSON { variance.map { .exact($0.squareRoot()) } ?? .null }
    return [
      "a": .array(seeds.a.map(JSON.exact)), "b": .array(seeds.b.map(JSON.exact)),
      "difference": .exact(seeds.difference), "seedError": root(seeds.error.seeds),
      "questionError": root(seeds.error.questions),
      "standardError": seeds.error.standardError.map(JSON.exact) ?? .null,
      "interval": seeds.interval.map { [.exact($0.lower), .exact($0.upper)] } ?? .null,
      "pValue": seeds.pValue.map(JSON.exact) ?? .null,
      "welch": seeds.welch.map {
        ["t": .exact($0.t), "freedom": .exact($0.freedom), "pValue": .exact($0.pValue)]
      } ?? .null,
      "components": .array(
        seeds.components.map { side in
          side.map {
            [
              "seed": .exact($0.seedVariance), "question": .exact($0.questionVariance),
              "rest": .exact($0.restVariance),
            ]
          } ?? .null
        }),
    ]
  }

  private func json(_ pairs: [RunComparison.ValuePair]) -> JSON {
    .array(
      pairs.map { ["path": .string($0.path), "a": $0.a ?? .null, "b": $0.b ?? .null] })
  }
}

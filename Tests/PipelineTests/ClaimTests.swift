import ContentStore
import Pipeline
import Testing

struct ClaimTests {
  private func parse(_ text: String) throws(ClaimError) -> ClaimExpression {
    try ClaimExpression(parsing: text)
  }

  private func score(_ stage: String, _ name: String) -> ClaimExpression {
    .quantity(ClaimQuantity(stage: stage, output: nil, kind: .score(name)))
  }

  @Test func `a comparison of scores is read, hyphens in stage names and all`() throws {
    let expression = try parse(
      "score(anneal-eval, 'mmlu') > score(long-context.outcomes, \"mmlu\")")
    #expect(
      expression.quantities == [
        ClaimQuantity(stage: "anneal-eval", output: nil, kind: .score("mmlu")),
        ClaimQuantity(stage: "long-context", output: "outcomes", kind: .score("mmlu")),
      ])
    let comparison = try #require(expression.comparisons.first)
    #expect(comparison.relation == .greater)
    #expect(
      comparison.text
        == "score(anneal-eval, 'mmlu') > score(long-context.outcomes, \"mmlu\")")
  }

  @Test func `products bind closer than sums, and both to the left`() throws {
    let (a, b, c) = (score("a", "x"), score("b", "x"), score("c", "x"))
    let text = "score(a,'x') - score(b,'x') − score(c,'x') × 2 < 0.5e-1"
    let left = ClaimExpression.arithmetic(
      .minus, .arithmetic(.minus, a, b), .arithmetic(.times, c, .number(2)))
    guard case .comparison(let comparison) = try parse(text) else {
      Issue.record("no comparison")
      return
    }
    #expect(comparison.left == left)
    #expect(comparison.right == .number(0.05))
  }

  @Test func `and binds closer than or, not closer than both, parentheses closest`() throws {
    func statement(_ stage: String) throws -> ClaimExpression {
      try parse("score(\(stage),'x')>0")
    }
    let (a, b, c) = (try statement("a"), try statement("b"), try statement("c"))
    #expect(
      try parse("score(a,'x')>0 or score(b,'x')>0 and not score(c,'x')>0")
        == .or(a, .and(b, .not(c))))
    #expect(
      try parse("(score(a,'x')>0 || score(b,'x')>0) && score(c,'x')>0") == .and(.or(a, b), c))
  }

  @Test(arguments: [("<=", "≤"), (">=", "≥"), ("==", "="), ("!=", "≠")])
  func `signs have two spellings`(ascii: String, sign: String) throws {
    let both = try [ascii, sign].map { try parse("score(a,'x') \($0) 1").comparisons[0].relation }
    #expect(both[0] == both[1])
    #expect(both[0].rawValue == sign)
  }

  @Test func `metrics are read at their last point or at a step`() throws {
    let text = "abs(metric(p, 'loss/train', last) / metric(p, 'loss/train', 10)) < -1 + 3"
    #expect(
      try parse(text).quantities.map(\.text) == [
        "metric(p, 'loss/train', last)", "metric(p, 'loss/train', 10)",
      ])
  }

  @Test(
    arguments: [
      ("", "column 1: ends where a number or score(…) belongs"),
      ("score(a, 'x')", "column 1: is a number; a claim compares: score(a, 'x') > score(b, 'x')"),
      (
        "scroe(a, 'x') > 0",
        "column 1: \"scroe\" is neither a number nor one of score, metric, abs (did you mean \"score\"?)"
      ),
      ("score(a 'x') > 0", "column 9: \",\" belongs here, found \"'\""),
      ("score(, 'x') > 0", "column 7: a stage's name belongs here"),
      ("score(a.b.c, 'x') > 0", "column 7: \"a.b.c\" is neither a stage nor stage.output"),
      ("score(a, x) > 0", "column 10: a name in quotes belongs here, such as 'mmlu'"),
      ("score(a, 'x) > 0", "column 10: the quote does not end"),
      ("metric(a, 'x', first) > 0", "column 16: \"last\" or a step's number belongs here"),
      (
        "score(a, 'x') > 0 > 1",
        "column 19: \">\" follows a comparison; join two with \"and\""
      ),
      ("score(a, 'x') > 0 and 3", "column 23: \"and\" joins comparisons, and this is a number"),
      ("(1 > 0) + 2 > 0", "column 1: \"+\" works on numbers, and this is a comparison"),
      ("1 > 0 maybe", "column 7: \"maybe\" is more than a statement"),
      ("1.2.3 > 0", "column 1: \"1.2.3\" is no number"),
      ("(1 > 0", "column 7: ends where \")\" belongs"),
    ])
  func `what is wrong is named with its column`(text: String, message: String) {
    do {
      _ = try parse(text)
      Issue.record("\(text) was read")
    } catch { #expect(error.description == message) }
  }

  private let stages =
    "ab: {op: 'import', with: {files: 'x'}}, w: {op: 'count', inputs: {documents: 'ab.documents'}}"

  @Test func `a claim of a stage that is not there is refused with the place`() throws {
    let error = try failure {
      _ = try experiment(
        stages: stages, rest: "claims: [{id: 'c', source: 's', check: \"1 < score(aa, 'x')\"}]")
    }
    #expect(error.path == "claims[0].check")
    #expect(error.message == "column 11: there is no stage \"aa\" (did you mean \"ab\"?)")
  }

  @Test func `a claim of an output that is not there is refused when ops are known`() throws {
    let rest = "claims: [{id: 'c', source: 's', check: \"score(w.tokns, 'x') > 1\"}]"
    let error = try failure { _ = try resolve(stages: stages, rest: rest) }
    #expect(error.path == "claims[0].check")
    #expect(error.message.contains("no output \"tokns\" (did you mean \"tokens\"?)"))
  }

  @Test func `the last round of a loop has a name`() throws {
    let rest = """
      loops: { r: { count: 3, carry: {}, next: {}, stages: {
        s: {op: 'count', inputs: {documents: 'ab.documents'}} } } },
      claims: [{id: 'c', source: 's', check: "score(r-last-s, 'x') > score(r-1-s, 'x')"}]
      """
    let read = try experiment(stages: stages, rest: rest)
    #expect(read.claims[0].expression.quantities.map(\.stage) == ["r-3-s", "r-1-s"])
  }

  @Test func `replicates have seeds that depend on the experiment's seed and number alone`()
    throws
  {
    let base = try experiment(stages: stages)
    let texts = try (1...3).map { try base.override(forReplicate: $0).text }
    #expect(Set(texts).count == 3)
    #expect(texts == (try (1...3).map { try base.override(forReplicate: $0).text }))
    let second = try experiment(stages: stages, set: [texts[1]])
    #expect(texts[1] == "seed=\(second.seed)")
    #expect(second.seed < 1 << 48)
  }
}

struct ReportedTests {
  private let stages = "ab: {op: 'import', with: {files: 'x'}}"

  private func reported(_ text: String) throws -> Reported {
    try experiment(stages: stages, rest: "reported: \(text)").reported
  }

  @Test func `scores are read by size, smallest first, with their groups and sources`() throws {
    let read = try reported(
      """
      { "70B": { source: "Table 9", mmlu: 0.793 },
        "0.5B": { base: { stage: "ab", source: "Table 5", mmlu: 0.454, gsm8k: 0.365 },
                  instruct: { source: "Table 9", mmlu: 0.379 } } }
      """)
    #expect(read.tables.map(\.size) == ["0.5B", "0.5B", "70B"])
    #expect(read.tables.map(\.group) == ["base", "instruct", ""])
    #expect(read.tables[0].stage == "ab" && read.tables[0].source == "Table 5")
    #expect(read.tables[0].scores.map(\.name) == ["mmlu", "gsm8k"])
    #expect(read.tables[2].scores[0].value == 0.793)
  }

  @Test func `a reported score may name the nearest of ours, by stage and score`() throws {
    let rest = """
      loops: { r: { count: 2, carry: {}, next: {}, stages: {
        s: {op: 'count', inputs: {documents: 'ab.documents'}} } } },
      reported: { "8B": { source: "Table 9", mmlu: 0.667, ours: { mmlu: "ab/world" },
        instruct: { source: "Table 2", gsm8k: 0.845, ifeval: 0.8, ours: { ifeval: "r-last-s/a/b" } } } }
      """
    let tables = try experiment(stages: stages, rest: rest).reported.tables
    #expect(tables.map(\.group) == ["", "instruct"])
    #expect(tables[0].ours == ["mmlu": .init(stage: "ab", score: "world")])
    #expect(tables[1].ours == ["ifeval": .init(stage: "r-2-s", score: "a/b")])
    #expect(tables[1].scores.map(\.name) == ["gsm8k", "ifeval"])
  }

  @Test(
    arguments: [
      ("{ x: 'ac/world' }", "reported.a.base.ours.x", "no stage \"ac\" (did you mean \"ab\"?)"),
      ("{ y: 'ab/world' }", "reported.a.base.ours.y", "is not reported here"),
      ("{ x: 'ab' }", "reported.a.base.ours.x", "a stage, a slash and a score"),
      ("{ x: 0.5 }", "reported.a.base.ours.x", "must be a text"),
      ("0.5", "reported.a.base.ours", "must be an object"),
    ])
  func `a counterpart that cannot be is refused with its place`(
    ours: String, path: String, message: String
  ) throws {
    let error = try failure {
      _ = try reported("{ a: { base: { source: 's', x: 1, ours: \(ours) } } }")
    }
    #expect(error.path == path && error.position != nil)
    #expect(error.message.contains(message), "\(error.message)")
  }

  @Test func `what a plan is held against is read`() throws {
    let read = try reported(
      """
      { "405B": { plan: { source: "§3.2.1", stage: "ab", flops: 3.8e25, parameters: 405.85e9,
        gpuHours: 30.84e6, deviceFlops: 989e12, utilisation: 0.41 } } }
      """)
    let plan = try #require(read.plans.first)
    #expect(plan.size == "405B" && plan.stage == "ab" && plan.source == "§3.2.1")
    #expect(plan.values.map(\.quantity) == [.parameters, .flops, .gpuHours])
    #expect(plan.utilisation == 0.41 && plan.deviceFlops == 989e12)
    #expect(read.tables.isEmpty)
  }

  @Test(
    arguments: [
      ("{ a: { mmlu: 0.5 } }", "reported.a", "needs \"source\""),
      ("{ a: { mmlu: 'x', source: 's' } }", "reported.a.mmlu", "must be a number"),
      ("{ a: { source: 's', stage: 'b', mmlu: 1 } }", "reported.a.stage", "no stage \"b\""),
      ("{ a: { plan: { source: 's', flop: 1 } } }", "reported.a.plan.flop", "did you mean"),
      ("{ a: { base: { source: 's', more: { x: 1 } } } }", "reported.a.base.more", "a number"),
    ])
  func `what is wrong is refused by path`(text: String, path: String, message: String) throws {
    let error = try failure { _ = try reported(text) }
    #expect(error.path == path)
    #expect(error.message.contains(message), "\(error.message)")
  }
}

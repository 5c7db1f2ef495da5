import ContentStore
import Ledger
import Reports

/// `exp show REF`: everything recorded about a run, a stage or an artifact.
enum Show: Verb {
  static let name = "show"
  static let summary = "Show a run, a stage of it, or an artifact"
  static let discussion = """
    REF is a tag, an experiment (its newest run; NAME~2 is two before), four or more hex digits, or a
    number printed by `exp log`; RUN:STAGE is a stage, RUN:STAGE.OUTPUT an artifact.

      exp show quickstart
      exp show quickstart:pretrain
      exp show quickstart:pretrain.checkpoint
    """
  static let operands = Operands.exactly(1, "REF")
  static let options: [Option] = [.flag("json", nil, "As JSON.")]

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let session = try Session.reading()
    let page = ShowPage(session: session, console: console, asJSON: arguments.flag("json"))
    switch try session.target(arguments.operands[0]) {
    case .run(let run): try page.run(run)
    case .stage(_, let stage):
      if let id = stage.execution, let execution = try session.ledger.execution(id) {
        try page.execution(execution)
      } else {
        console.print("stage \(stage.name): \(stage.outcome.rawValue), no execution")
      }
    case .execution(let execution): try page.execution(execution)
    case .artifact(let artifact, let name): try page.artifact(artifact, name)
    case .recipe(let digest): try page.recipe(digest)
    case .result(let digest): try page.record(digest)
    }
    return .done
  }
}

/// Prints one page about something recorded.
struct ShowPage {
  let session: Session
  let console: Console
  let asJSON: Bool

  private var ledger: Ledger { session.ledger }

  func heading(_ text: String) {
    console.print()
    console.print(console.styled(text, .bold))
  }

  func line(_ label: String, _ value: String) {
    let space = String(repeating: " ", count: max(1, 13 - label.count))
    console.print(console.styled(label, .dim) + space + value)
  }

  // MARK: A run

  func run(_ run: RecordedRun) throws {
    let stages = try ledger.stages(ofRun: run.id)
    let scores = try ledger.scores(ofRun: run.id)
    if asJSON { return try console.print(json: json(run, stages, scores)) }
    line("run", "\(run.id.hex)  (#\(run.number))")
    line(
      "experiment",
      run.start.experiment + (run.start.profile.map { ", profile \($0)" } ?? ""))
    for override in run.start.overrides { line("set", override) }
    if let parent = run.start.parent { line(run.start.purpose.rawValue, "of \(text(parent))") }
    line("status", console.status(run.end?.ending.rawValue ?? "running"))
    line("started", run.start.started.description)
    if let end = run.end {
      line("took", Format.duration(seconds: end.ended.seconds(since: run.start.started)))
    }
    if let code = try run.code.flatMap({ try ledger.record($0) }) { line("code", describe(code)) }
    try notes(run.id)
    try stageTable(stages)
    scoreTable(scores)
    try findings(stages.compactMap(\.recipe))
  }

  private func text(_ parent: BranchPoint) -> String {
    parent.run.short + (parent.stage.map { " at \($0)" } ?? "")
      + (parent.step.map { "@\($0)" } ?? "")
  }

  private func stageTable(_ stages: [RunStage]) throws {
    heading("Stages")
    var table = Table([
      .init("stage"), .init("op"), .init("outcome"), .init("time", .right), .init("execution"),
      .init("recipe"),
    ])
    var failures: [String] = []
    for stage in stages {
      let execution = try stage.execution.flatMap { try ledger.execution($0) }
      let ending = execution?.end?.ending ?? .done
      table.add([
        stage.name, stage.op,
        stage.outcome == .executed && ending != .done ? ending.rawValue : stage.outcome.rawValue,
        execution.map(duration) ?? "", stage.execution?.short ?? "", stage.recipe?.short ?? "",
      ])
      if let error = execution?.end?.error { failures.append("\(stage.name): \(error)") }
    }
    print(table, statusColumn: 2)
    for failure in failures { console.print(console.styled(failure, .red)) }
  }

  private func duration(_ execution: RecordedExecution) -> String {
    guard let end = execution.end else { return "" }
    return Format.duration(seconds: end.ended.seconds(since: execution.start.started))
  }

  private func scoreTable(_ scores: [StageScore]) {
    if scores.isEmpty { return }
    heading("Scores")
    let rows = scores.map { ScoreTable.Row(stage: $0.stage, name: $0.name, score: $0.score) }
    ScoreTable.lines(rows, console).forEach { console.print($0) }
  }

  private func print(_ table: Table, statusColumn: Int? = nil) {
    table.lines(
      width: console.isTerminal ? console.width : nil, heading: { console.styled($0, .dim) },
      cell: { _, column, text in column == statusColumn ? console.status(text) : text }
    ).forEach { console.print($0) }
  }

  private func findings(_ recipes: [Digest]) throws {
    for recipe in Set(recipes).sorted() {
      for finding in try ledger.findings(ofRecipe: recipe) {
        console.print()
        console.print(
          console.styled("not deterministic:", .yellow)
            + " the recipe \(recipe.short) (\(finding.stage)) gave \(finding.results.count) "
            + "different results: "
            + finding.results.map { "\($0.digest.short) ×\($0.executions.count)" }
            .joined(separator: ", ") + "; the first is used")
      }
    }
  }

  private func notes(_ subject: Digest) throws {
    for note in try ledger.notes(on: subject) { line("note", note.text) }
  }

  private func json(_ run: RecordedRun, _ stages: [RunStage], _ scores: [StageScore]) throws -> JSON
  {
    [
      "run": .string(run.id.hex), "number": .integer(run.number),
      "experiment": .string(run.start.experiment),
      "profile": run.start.profile.map(JSON.string) ?? .null,
      "overrides": .array(run.start.overrides.map(JSON.string)),
      "purpose": .string(run.start.purpose.rawValue),
      "parent": run.start.parent.map { .string($0.run.hex) } ?? .null,
      "status": .string(run.end?.ending.rawValue ?? "running"),
      "started": .string(run.start.started.description),
      "ended": run.end.map { .string($0.ended.description) } ?? .null,
      "environment": run.start.environment, "code": run.start.code,
      "stages": .array(try stages.map(json)),
      "scores": .array(
        scores.map { score in
          ["stage": .string(score.stage), "name": .string(score.name), "score": score.score.json]
        }),
    ]
  }

  private func json(_ stage: RunStage) throws -> JSON {
    [
      "name": .string(stage.name), "op": .string(stage.op),
      "outcome": .string(stage.outcome.rawValue),
      "recipe": stage.recipe.map { .string($0.hex) } ?? .null,
      "execution": stage.execution.map { .string($0.hex) } ?? .null,
      "outputs": .object(
        try session.result(of: stage)?.outputs.mapValues(\.json) ?? [:]),
    ]
  }

  private func describe(_ code: JSON) -> String {
    let commit = code["commit"]?.stringValue.map { String($0.prefix(12)) } ?? "no commit"
    let branch = code["branch"]?.stringValue.map { " on \($0)" } ?? ""
    return commit + branch + (code["dirty"] == true ? ", with uncommitted changes" : "")
  }

  // MARK: An execution

  func execution(_ execution: RecordedExecution) throws {
    if asJSON { return try console.print(json: json(execution)) }
    let start = execution.start
    line("execution", execution.id.hex)
    line("stage", "\(start.stage) (\(start.recipe.op), revision \(start.recipe.revision))")
    line("recipe", execution.recipe.hex)
    if let run = start.run { line("run", run.short) }
    line("status", console.status(execution.end?.ending.rawValue ?? "running"))
    line("started", start.started.description)
    if let end = execution.end {
      line("took", duration(execution) + cpu(end))
    }
    line("threads", String(start.threads))
    line("machine", machine(start.environment))
    if start.code != .null { line("code", describe(start.code)) }
    if let step = start.resumedFrom { line("resumed", "from the snapshot of step \(step)") }
    if let error = execution.end?.error { line("error", console.styled(error, .red)) }
    try notes(execution.id)
    try recipeBody(start.recipe)
    if let result = execution.end?.result { resultBody(result) }
    if let result = execution.end?.result { try corpusTables(result) }
    try metricTable(execution.id)
    try logTail(execution)
    try findings([execution.recipe])
  }

  private func machine(_ environment: JSON) -> String {
    let cpu = environment["cpu"]
    let parts = [
      environment["host"]?.stringValue, cpu?["model"]?.stringValue,
      cpu?["cores"]?.intValue.map { "\($0) cores" }, environment["os"]?.stringValue,
    ]
    return parts.compactMap(\.self).joined(separator: ", ")
  }

  private func cpu(_ end: ExecutionEnd) -> String {
    guard let user = end.userSeconds, let system = end.systemSeconds else { return "" }
    let memory = end.peakMemory.map { ", peak memory \(Format.bytes($0))" } ?? ""
    return " (CPU \(Format.duration(seconds: user + system))\(memory))"
  }

  private func recipeBody(_ recipe: Recipe) throws {
    heading("Recipe")
    for port in recipe.inputs.keys.sorted() {
      line("input", "\(port): " + recipe.inputs[port]!.map(describe).joined(separator: ", "))
    }
    if let seed = recipe.seed { line("seed", String(seed)) }
    if let numerics = recipe.numerics { line("numerics", numerics) }
    for (path, value) in flattened(recipe.parameters, "with") { line("with", "\(path) = \(value)") }
  }

  private func flattened(_ value: JSON, _ path: String) -> [(String, String)] {
    guard let members = value.objectValue, !members.isEmpty else {
      return [(String(path.dropFirst(5)), (try? value.canonicalText()) ?? "")]
    }
    return members.keys.sorted().flatMap { flattened(members[$0]!, "\(path).\($0)") }
  }

  private func describe(_ artifact: Artifact) -> String {
    "\(artifact.kind.rawValue) \(artifact.digest.short)"
  }

  private func resultBody(_ result: StageResult) {
    heading("Result")
    for port in result.outputs.keys.sorted() {
      line("output", "\(port): \(describe(result.outputs[port]!))")
    }
    let scores = result.scores.keys.sorted().map {
      ScoreTable.Row(name: $0, score: result.scores[$0]!)
    }
    ScoreTable.lines(scores, console).forEach { console.print($0) }
    for (name, table) in retrievalTables(result.scores) {
      heading(name)
      print(table)
    }
  }

  private func metricTable(_ execution: Digest) throws {
    let names = try ledger.series(of: execution)
    if names.isEmpty { return }
    heading("Metrics")
    var table = Table([
      .init("series"), .init("step", .right), .init("last value", .right), .init(""),
    ])
    for point in try ledger.lastPoints(of: execution) {
      let points = try ledger.points(of: execution, series: point.series)
      table.add([
        point.series, String(point.step), Format.number(point.value),
        Sparkline.text(points.map(\.value), width: 32),
      ])
    }
    print(table)
  }

  private func logTail(_ execution: RecordedExecution) throws {
    guard let log = execution.end?.log, let bytes = try? session.store.read(log.digest),
      !bytes.isEmpty
    else { return }
    heading("Log")
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    if lines.count > 20 {
      console.print(console.styled("… \(lines.count - 20) lines before", .dim))
    }
    for line in lines.suffix(20) { console.print(String(line)) }
  }

  private func json(_ execution: RecordedExecution) throws -> JSON {
    [
      "execution": .string(execution.id.hex), "recipe": .string(execution.recipe.hex),
      "recipeRecord": execution.start.recipe.json, "stage": .string(execution.start.stage),
      "run": execution.start.run.map { .string($0.hex) } ?? .null,
      "purpose": .string(execution.start.purpose.rawValue),
      "status": .string(execution.end?.ending.rawValue ?? "running"),
      "started": .string(execution.start.started.description),
      "ended": execution.end.map { .string($0.ended.description) } ?? .null,
      "threads": .integer(execution.start.threads),
      "error": execution.end?.error.map(JSON.string) ?? .null,
      "log": execution.end?.log?.json ?? .null,
      "result": execution.end?.result?.json ?? .null,
      "environment": execution.start.environment, "code": execution.start.code,
      "metrics": .array(
        try ledger.lastPoints(of: execution.id).map {
          ["series": .string($0.series), "step": .integer($0.step), "value": .exact($0.value)]
        }),
    ]
  }

  // MARK: Artifacts and records

  func artifact(_ artifact: Artifact, _ name: String) throws {
    let size = try? session.store.size(of: artifact.digest)
    if asJSON {
      return try console.print(
        json: [
          "artifact": artifact.json, "size": size.map(JSON.integer) ?? .null,
          "tree": artifact.kind == .tree ? session.store.readTree(artifact.digest).json : .null,
        ])
    }
    line("artifact", "\(artifact.kind.rawValue) \(artifact.digest)")
    for production in try ledger.productions(of: artifact.digest).prefix(3) {
      line(
        "made by",
        "\(production.stage).\(production.port) (\(production.op)), execution "
          + production.execution.short)
    }
    try notes(artifact.digest)
    if artifact.kind == .tree {
      try listing(session.store.readTree(artifact.digest))
    } else if let size {
      line("size", Format.bytes(size))
      if try !corpusTables(artifact) { try preview(artifact) }
    }
  }

  private func listing(_ tree: Tree) throws {
    heading("Files")
    var table = Table([.init("path"), .init("size", .right), .init("object")])
    for path in tree.entries.keys.sorted() {
      let entry = tree.entries[path]!
      table.add([path, Format.bytes(entry.size), entry.object.short])
    }
    print(table)
  }

  /// What a stage did to a corpus, and to which test items.
  private func corpusTables(_ result: StageResult) throws {
    for port in ["statistics", "report"] {
      if let artifact = result.outputs[port], artifact.kind == .file {
        _ = try corpusTables(artifact)
      }
    }
  }

  /// False when the artifact is no statistics of a corpus.
  private func corpusTables(_ artifact: Artifact) throws -> Bool {
    guard try session.store.size(of: artifact.digest) < 1 << 24,
      let json = try? JSON(parsing: session.store.read(artifact.digest))
    else { return false }
    if let table = contaminationTable(json) {
      heading("Test items found")
      print(table)
      return true
    }
    guard let report = CorpusReport(json) else { return false }
    heading("Documents")
    print(report.table)
    heading("Sources")
    print(report.sourceTable)
    if !report.counts.isEmpty {
      heading("Within documents")
      print(report.countTable)
    }
    examples(report)
    return true
  }

  private func examples(_ report: CorpusReport) {
    let rules = report.rules.filter { !$0.examples.isEmpty }
    if rules.isEmpty { return }
    heading("Examples")
    for rule in rules {
      for example in rule.examples.prefix(2) {
        let text = example.text.split(whereSeparator: \.isNewline).joined(separator: " ⏎ ")
        console.print(fit("\(rule.name)/\(rule.reason)  \(example.id)  \(text)", to: console.width))
      }
    }
  }

  private func preview(_ artifact: Artifact) throws {
    guard let chunk = try session.store.makeReader(artifact.digest).next() else { return }
    let head = chunk.prefix(1500)
    guard !head.contains(0) else { return }
    heading("Beginning")
    for line in String(decoding: head, as: UTF8.self).split(separator: "\n").prefix(8) {
      console.print(fit(String(line), to: console.width))
    }
  }

  func recipe(_ digest: Digest) throws {
    if asJSON { return try record(digest) }
    guard let recipe = try ledger.recipe(digest) else { return try record(digest) }
    line("recipe", digest.hex)
    line("op", "\(recipe.op), revision \(recipe.revision)")
    try recipeBody(recipe)
    heading("Results")
    for result in try ledger.results(ofRecipe: digest) {
      let times = result.executions.count
      console.print("\(result.digest.short)  from \(times) execution\(times == 1 ? "" : "s")")
    }
    try findings([digest])
  }

  func record(_ digest: Digest) throws {
    guard let record = try ledger.record(digest) else {
      throw UsageError("\(digest.short) is not a record of this ledger")
    }
    try console.print(json: record)
  }
}

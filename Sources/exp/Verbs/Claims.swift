import ContentStore
import Ledger
import Pipeline
import Reports
import Runner

/// `exp claims RUN`: the paper's claims, held against a run and its replicates.
enum Claims: Verb {
  static let name = "claims"
  static let summary = "Hold the paper's claims against a run, each with its interval"
  static let discussion = """
    A claim holds when the 95 % interval of the difference lies on its side of zero, does not hold when it
    lies on the other, and cannot be told when it has zero in it. Scores of the same questions are paired
    question by question; replicates (`exp run --replicates`) add what other seeds would give. "Does not
    hold" is a result (status 0); status 1 means that a claim needs a score that the run does not have.
    The claims are those recorded with the run, or those of --experiment.

      exp claims llama-3.1
      exp claims quickstart --experiment experiments/quickstart
    """
  static let operands = Operands.exactly(1, "RUN")
  static let options: [Option] = [
    .value("experiment", nil, "EXPERIMENT", "Take the claims from this file or folder."),
    .value(
      "cluster", nil, "MEMBER",
      "Questions with the same value here in their outcomes are one cluster (`cluster`)."),
    .flag("json", nil, "As JSON: a list of claims."),
  ]

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let session = try Session.reading()
    let run = try session.run(arguments.operands[0])
    let experiment = try experiment(arguments, run, session)
    guard !experiment.claims.isEmpty else {
      throw UsageError(
        "\(experiment.name) lists no claims; write them in its experiment.json5 under \"claims\"")
    }
    let records = try RunRecords.group(run, in: session.ledger) { try session.store.read($0) }
    let cluster = arguments.value("cluster") ?? "cluster"
    let results = try experiment.claims.map { try ClaimResult($0, records, cluster: cluster) }
    let page = ClaimsPage(results: results, run: run, console: console)
    if arguments.flag("json") {
      try console.print(json: .array(results.map(page.json)))
    } else {
      page.show()
    }
    return results.contains { $0.error != nil } ? .failed : .done
  }

  private static func experiment(
    _ arguments: Arguments, _ run: RecordedRun, _ session: Session
  ) throws -> Experiment {
    guard let path = arguments.value("experiment") else {
      return try Experiment(
        record: run.start.merged, name: "run \(run.id.short)",
        folder: run.start.folder ?? session.workspace.folder)
    }
    return try ExperimentFile.load(path).experiment(profile: run.start.profile ?? "base")
  }
}

import ContentStore
import Ledger
import Pipeline
import Reports

/// `exp why REF`: why a stage ran, or was a hit.
enum Why: Verb {
  static let name = "why"
  static let summary = "Say why a stage was carried out, or was a hit"
  static let discussion = """
    Compares the stage's recipe with the nearest one that the ledger knew before: which field changed,
    and since which run. A changed input is followed upstream.

      exp why quickstart:pretrain
    """
  static let operands = Operands.exactly(1, "RUN:STAGE")
  static let options: [Option] = [.flag("json", nil, "As JSON.")]

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let session = try Session.reading()
    guard case .stage(let run, let stage) = try session.target(arguments.operands[0]) else {
      throw UsageError("exp why: name a stage: RUN:STAGE")
    }
    let inquiry = Inquiry(session: session, run: run)
    let reasons = try inquiry.reasons(for: stage)
    if arguments.flag("json") {
      try console.print(json: .array(reasons.map(\.json)))
    } else {
      for reason in reasons { console.print(reason.text) }
    }
    return .done
  }
}

/// One step of an explanation.
struct Reason {
  var stage: String
  var sentence: String
  var differences: [RecipeDifference] = []
  var depth: Int

  var text: String {
    let indent = String(repeating: "  ", count: depth)
    return (["\(indent)\(stage): \(sentence)"] + differences.map { "\(indent)  \($0)" })
      .joined(separator: "\n")
  }

  var json: JSON {
    [
      "stage": .string(stage), "reason": .string(sentence), "depth": .integer(depth),
      "differences": .array(
        differences.map {
          ["path": .string($0.path), "before": $0.before ?? .null, "after": $0.after ?? .null]
        }),
    ]
  }
}

/// Follows a stage's recipe back to what changed.
struct Inquiry {
  let session: Session
  let run: RecordedRun

  private struct Candidate {
    var recipe: Recipe
    var execution: RecordedExecution
  }

  func reasons(for stage: RunStage, depth: Int = 0) throws -> [Reason] {
    guard let digest = stage.recipe, let recipe = try session.ledger.recipe(digest) else {
      let why = stage.outcome == .blocked ? "an input's stage failed" : "it was not reached"
      return [Reason(stage: stage.name, sentence: "not carried out: \(why)", depth: depth)]
    }
    if stage.outcome == .hit { return [try hit(stage, digest, depth)] }
    guard let execution = try stage.execution.flatMap({ try session.ledger.execution($0) }) else {
      return [Reason(stage: stage.name, sentence: "no execution on record", depth: depth)]
    }
    let earlier = try candidates(before: execution)
    if let same = earlier.last(where: { $0.execution.recipe == digest }) {
      let ending = same.execution.end?.ending.rawValue ?? "running"
      return [
        Reason(
          stage: stage.name,
          sentence: "carried out again: its earlier execution \(same.execution.id.short) was "
            + ending, depth: depth)
      ]
    }
    guard let nearest = recipe.nearest(among: earlier.map(\.recipe)) else {
      return [
        Reason(
          stage: stage.name, sentence: "carried out: the ledger knew no such stage before",
          depth: depth)
      ]
    }
    let before = earlier[nearest.index].execution
    let since = before.start.run.map { " of run \($0.short)" } ?? ""
    let reason = Reason(
      stage: stage.name,
      sentence: "carried out: it differs from execution \(before.id.short)\(since)",
      differences: nearest.differences, depth: depth)
    return try [reason] + upstream(of: stage, nearest.differences, depth)
  }

  private func hit(_ stage: RunStage, _ recipe: Digest, _ depth: Int) throws -> Reason {
    guard let id = stage.execution, let execution = try session.ledger.execution(id) else {
      return Reason(stage: stage.name, sentence: "a hit", depth: depth)
    }
    let saved = execution.end.map { $0.ended.seconds(since: execution.start.started) } ?? 0
    let from = execution.start.run.map { " in run \($0.short)" } ?? ""
    return Reason(
      stage: stage.name,
      sentence: "a hit: recipe \(recipe.short) was carried out as execution \(id.short)\(from) at "
        + "\(execution.start.started.description.prefix(16)), which saved "
        + Format.duration(seconds: saved), depth: depth)
  }

  /// Executions of the same op under the same stage name that began earlier.
  private func candidates(before execution: RecordedExecution) throws -> [Candidate] {
    let name = execution.start.stage.replacing("'", with: "''")
    let table = try session.ledger.select(
      "SELECT execution FROM stage_executions WHERE stage = '\(name)' ORDER BY started")
    var found: [Candidate] = []
    for row in table.rows {
      guard case .text(let hex) = row[0], let id = Digest(hex), id != execution.id,
        let other = try session.ledger.execution(id),
        other.start.started < execution.start.started,
        other.start.recipe.op == execution.start.recipe.op
      else { continue }
      found.append(Candidate(recipe: other.start.recipe, execution: other))
    }
    return found
  }

  /// For every changed input: why its stage gave something else.
  private func upstream(
    of stage: RunStage, _ differences: [RecipeDifference], _ depth: Int
  ) throws -> [Reason] {
    guard depth < 32 else { return [] }
    let ports = Set(
      differences.filter { $0.path.hasPrefix("inputs.") }.map { difference in
        String(difference.path.dropFirst(7).prefix { $0 != "[" })
      })
    let sources = ports.sorted().flatMap { (port) -> [String] in stage.inputs[port] ?? [] }
      .map { reference in String(reference.prefix { $0 != "." }) }
    var reasons: [Reason] = []
    for name in sources where !reasons.contains(where: { $0.stage == name }) {
      guard let source = try? session.stage(name, of: run) else { continue }
      reasons += try self.reasons(for: source, depth: depth + 1)
    }
    return reasons
  }
}

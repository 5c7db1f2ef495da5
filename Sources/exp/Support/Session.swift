import ContentStore
import Ledger
import Pipeline
import Runner

/// An opened store: what every verb that looks at records works on.
struct Session {
  let workspace: Workspace
  var ledger: Ledger { workspace.ledger }
  var store: ObjectStore { workspace.store }

  /// The nearest store at or above the current folder, for reading; works on a read-only disk.
  static func reading() throws -> Session {
    Session(workspace: try Workspace.openForReading())
  }

  /// The same, for a verb that adds records (`tag`, `note`, `replay`). Makes no new store.
  static func writing() throws -> Session {
    guard let folder = Workspace.find() else { return try reading() }
    return Session(workspace: try Workspace.open(at: folder))
  }
}

/// What a reference led to.
enum Target {
  case run(RecordedRun)
  case stage(RecordedRun, RunStage)
  case artifact(Artifact, description: String)
  case execution(RecordedExecution)
  case recipe(Digest)
  case result(Digest)
}

extension Session {
  /// Follows a reference (DESIGN §9) to what it names.
  func target(_ text: String) throws -> Target {
    let reference = try Reference(parsing: text)
    if case .name(let name) = reference.run, reference.stage == nil,
      let other = try recordNamed(name)
    {
      return other
    }
    let run = try run(reference)
    guard let stageName = reference.stage else { return .run(run) }
    let stage = try stage(stageName, of: run)
    if let step = reference.step { return try snapshot(step, stage, text) }
    guard let output = reference.output else { return .stage(run, stage) }
    let artifact = try self.artifact(output, of: stage, text)
    guard let path = reference.path else { return .artifact(artifact, description: text) }
    return .artifact(try file(path, in: artifact, text), description: text)
  }

  /// The run that a reference names or lies in.
  func run(_ text: String) throws -> RecordedRun {
    let reference = try Reference(parsing: text)
    guard reference.stage == nil else {
      throw UsageError("\"\(text)\" names a stage; a run is needed here")
    }
    return try run(reference)
  }

  private func run(_ reference: Reference) throws -> RecordedRun {
    let digest = try LedgerLookup(ledger: ledger).resolve(reference)
    guard let run = try ledger.run(digest) else {
      throw UsageError("the run \(digest.short) is not in this ledger")
    }
    return run
  }

  /// Hex digits may also name an execution, a recipe, a result or an artifact.
  private func recordNamed(_ name: String) throws -> Target? {
    let hex = name.hasPrefix("sha256:") ? String(name.dropFirst(7)) : name
    guard hex.count >= 4, hex.allSatisfy({ $0.isHexDigit && !$0.isUppercase }),
      try ledger.tag(named: name) == nil
    else { return nil }
    let matches = try ledger.matches(prefix: hex)
    guard let match = matches.first, match.kind != .run else { return nil }
    guard matches.count == 1 else {
      let list = matches.map { "\($0.kind.rawValue) \($0.digest.hex.prefix(12))" }
      throw UsageError(
        "\"\(name)\" is the beginning of several: \(list.joined(separator: ", ")); "
          + "give more digits")
    }
    return try target(match)
  }

  private func target(_ subject: Subject) throws -> Target {
    switch subject.kind {
    case .run:
      guard let run = try ledger.run(subject.digest) else { break }
      return .run(run)
    case .execution:
      guard let execution = try ledger.execution(subject.digest) else { break }
      return .execution(execution)
    case .recipe: return .recipe(subject.digest)
    case .result: return .result(subject.digest)
    case .artifact:
      let production = try ledger.productions(of: subject.digest).first?.artifact
      let consumed = try ledger.consumptions(of: subject.digest).first?.artifact
      return .artifact(
        production ?? consumed ?? Artifact(.file, subject.digest),
        description: subject.digest.short)
    }
    throw UsageError("\(subject.kind.rawValue) \(subject.digest.short) is not in this ledger")
  }

  func stage(_ name: String, of run: RecordedRun) throws -> RunStage {
    let stages = try ledger.stages(ofRun: run.id)
    if let stage = stages.first(where: { $0.name == name }) { return stage }
    let names = stages.map(\.name)
    throw UsageError(
      "run \(run.id.short) has no stage \"\(name)\"" + didYouMean(name, among: names)
        + "; it has " + names.joined(separator: ", "))
  }

  /// The result that answers a stage of a run.
  func result(of stage: RunStage) throws -> StageResult? {
    try stage.execution.flatMap { try ledger.execution($0) }?.end?.result
  }

  private func artifact(
    _ output: String, of stage: RunStage, _ text: String
  ) throws -> Artifact {
    guard let result = try result(of: stage) else {
      throw UsageError("\(text): the stage \(stage.name) has no result (\(stage.outcome.rawValue))")
    }
    if let artifact = result.outputs[output] { return artifact }
    let names = result.outputs.keys.sorted()
    throw UsageError(
      "the stage \(stage.name) has no output \"\(output)\"" + didYouMean(output, among: names)
        + "; it has " + names.joined(separator: ", "))
  }

  /// A file or folder in a tree artifact.
  func file(_ path: String, in artifact: Artifact, _ text: String) throws -> Artifact {
    guard artifact.kind == .tree else {
      throw UsageError("\(text): this artifact is one file; leave \"/\(path)\" out")
    }
    let tree = try store.readTree(artifact.digest)
    guard let entry = tree.entries[path] else {
      let paths = tree.entries.keys.sorted()
      throw UsageError("\(text): no such file" + didYouMean(path, among: paths))
    }
    return Artifact(.file, entry.object)
  }

  /// The kept snapshot of a step.
  func snapshot(_ step: Int, _ stage: RunStage, _ text: String) throws -> Target {
    let artifact = try artifact("snapshots", of: stage, text)
    let tree = try store.readTree(artifact.digest)
    let steps = tree.entries.keys.compactMap(KeptSnapshotPath.step).sorted()
    guard let path = tree.entries.keys.first(where: { KeptSnapshotPath.step($0) == step }) else {
      let list = steps.isEmpty ? "none" : steps.map(String.init).joined(separator: ", ")
      throw UsageError("\(text): no snapshot of step \(step); kept: \(list)")
    }
    return .artifact(Artifact(.file, tree.entries[path]!.object), description: text)
  }
}

/// The ledger's side of looking references up.
struct LedgerLookup: ReferenceLookup {
  let ledger: Ledger

  func tagged(_ tag: String) throws -> Digest? {
    guard let subject = try ledger.tag(named: tag)?.subject, subject.kind == .run else {
      return nil
    }
    return subject.digest
  }

  func run(ofExperiment name: String, age: Int) throws -> Digest? {
    var filter = RunFilter(experiment: name, purposes: [.run, .branch])
    filter.offset = age
    filter.includesReplicates = false
    return try ledger.runs(filter, limit: 1).first?.id
  }

  func runCount(ofExperiment name: String) throws -> Int {
    var filter = RunFilter(experiment: name, purposes: [.run, .branch])
    filter.includesReplicates = false
    return try ledger.runs(filter, limit: .max).count
  }

  func runs(prefix: String, limit: Int) throws -> [(name: String, run: Digest)] {
    try ledger.matches(prefix: prefix, limit: limit).filter { $0.kind == .run }
      .map { (String($0.digest.hex.prefix(12)), $0.digest) }
  }

  func run(index: Int) throws -> Digest? { try ledger.run(number: index) }

  func names() throws -> [String] {
    try ledger.experiments() + ledger.tags().map(\.name)
  }
}

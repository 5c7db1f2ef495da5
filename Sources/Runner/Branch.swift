package import ContentStore
import Ledger
package import Pipeline

/// A new run that shares its parent's recipes up to a stage and differs from there.
package enum Branch {
  /// Resolves the parent's recorded experiment under more overrides. Refuses overrides that change
  /// a stage above `stage`, and ones that change nothing.
  /// - Parameters:
  ///   - stage: the first stage that may differ.
  ///   - step: start the stage from its parent's snapshot of this step.
  /// - Returns: the experiment, and options with the parent and the recorded files filled in.
  package static func resolve(
    parent run: Digest, at stage: String, step: Int?, overrides: [Override],
    in workspace: Workspace, registry: StageRegistry, options: RunOptions
  ) throws -> (experiment: ResolvedExperiment, options: RunOptions) {
    guard let recorded = try workspace.ledger.run(run) else {
      throw RunnerError(.wrong, "there is no run \(run)")
    }
    let folder = recorded.start.folder ?? workspace.folder
    let name = "run \(run.short)"
    let parent = try Experiment(record: recorded.start.merged, name: name, folder: folder)
      .resolve(registry, isRecorded: { _ in true })
    let experiment = try Experiment(
      record: recorded.start.merged, name: name, folder: folder, overrides: overrides)
    var child = try experiment.resolve(registry, isRecorded: { _ in true })
    let changed = changes(parent, child)
    child = try experiment.resolve(registry, isRecorded: { !changed.contains($0) })
    try check(changed, child, at: try child.stage(stage).name, hasStep: step != nil)
    var options = options
    options.parent = BranchPoint(run: run, stage: stage, step: step)
    options.purpose = .branch
    options.files = recorded.start.files
    options.folder = folder
    let rows = try workspace.ledger.stages(ofRun: run)
    options.recordedInputs = try recordedInputs(parent, child, rows, workspace)
    if let step {
      let snapshot = try BranchSnapshot(workspace, parent, rows).artifact(of: stage, step: step)
      guard try child.stage(stage).stage.ports.inputs.contains(where: { $0.name == "snapshot" })
      else {
        throw RunnerError(
          .wrong, "the stage \"\(stage)\" cannot start at a step: its op has no input \"snapshot\"")
      }
      try check(try child.stage(stage), goesOnFrom: try parent.stage(stage), after: step)
      options.recordedInputs[stage, default: [:]]["snapshot"] = snapshot
    }
    return (child, options)
  }

  /// The stages of a branch that are not the parent's, in order.
  private static func changes(
    _ parent: ResolvedExperiment, _ child: ResolvedExperiment
  ) -> [String] {
    child.stages.filter { stage in
      guard let old = parent.stages.first(where: { $0.name == stage.name }) else { return true }
      return !isSame(old, stage)
    }.map(\.name)
  }

  /// Refuses overrides that reach above the branch point, and ones that change nothing.
  private static func check(
    _ changed: [String], _ child: ResolvedExperiment, at stage: String, hasStep: Bool
  ) throws {
    if changed.isEmpty && !hasStep {
      throw RunnerError(
        .wrong, "these values are the parent's own: the branch would be the same run")
    }
    let allowed = child.dependents(of: [stage])
    if let outside = changed.first(where: { !allowed.contains($0) }) {
      throw RunnerError(
        .wrong,
        "a --set changes the stage \"\(outside)\", which does not come after \"\(stage)\"; branch "
          + "with --at \(outside), or leave it as it is")
    }
  }

  /// Refuses values that would make the parent's snapshot another than the child's own.
  private static func check(
    _ child: ResolvedStage, goesOnFrom parent: ResolvedStage, after step: Int
  ) throws {
    do throws(ParameterError) {
      try child.stage.check(goingOnFrom: parent.stage, after: step)
    } catch {
      throw RunnerError(.wrong, "\(child.path).with.\(error.path) \(error.message)")
    }
  }

  /// Whether two stages ask for the same but for their inputs' bytes.
  private static func isSame(_ one: ResolvedStage, _ other: ResolvedStage) -> Bool {
    one.stage.op.op == other.stage.op.op && one.stage.parameters == other.stage.parameters
      && one.seed == other.seed && one.numerics == other.numerics
      && one.inputs.mapValues { $0.map(\.description) }
        == other.inputs.mapValues { $0.map(\.description) }
      && patterns(one) == patterns(other)
  }

  private static func patterns(_ stage: ResolvedStage) -> [String: [String]] {
    stage.files.mapValues { $0.map(\.absolute) }
  }

  /// What the parent's stages read that no other stage gave them: the user's files as they were, and
  /// the snapshot that the parent itself started from. For every stage that names the same files.
  private static func recordedInputs(
    _ parent: ResolvedExperiment, _ child: ResolvedExperiment, _ rows: [RunStage],
    _ workspace: Workspace
  ) throws -> [String: [String: Artifact]] {
    var recorded: [String: [String: Artifact]] = [:]
    for stage in child.stages {
      guard let old = parent.stages.first(where: { $0.name == stage.name }),
        patterns(old) == patterns(stage),
        let digest = rows.first(where: { $0.name == stage.name })?.recipe,
        let recipe = try workspace.ledger.recipe(digest)
      else { continue }
      let own = recipe.inputs.filter { stage.inputs[$0.key] == nil }.compactMapValues(\.first)
      if stage.files.keys.allSatisfy({ own[$0] != nil }) { recorded[stage.name] = own }
    }
    return recorded
  }
}

/// Finds a training state among what a stage left.
private struct BranchSnapshot {
  let workspace: Workspace
  let parent: ResolvedExperiment
  let rows: [RunStage]

  init(_ workspace: Workspace, _ parent: ResolvedExperiment, _ rows: [RunStage]) {
    (self.workspace, self.parent, self.rows) = (workspace, parent, rows)
  }

  /// The file `step-<N>…`, or the tree of what lies in the folder `step-<N>`, in the stage's output
  /// of type `snapshots`.
  func artifact(of stage: String, step: Int) throws -> Artifact {
    let tree = try snapshots(of: stage)
    let steps = Set(tree.entries.keys.compactMap(KeptSnapshotPath.step)).sorted()
    let found = tree.entries.filter { KeptSnapshotPath.step($0.key) == step }
    guard let first = found.first else {
      let known = steps.map(String.init).joined(separator: ", ")
      throw RunnerError(
        .wrong,
        "\"\(stage)\" has no snapshot of step \(step); it has \(known.isEmpty ? "none" : known)")
    }
    if found.count == 1, !first.key.contains("/") { return Artifact(.file, first.value.object) }
    var state = Tree()
    for (path, entry) in found {
      state.entries[path.split(separator: "/").dropFirst().joined(separator: "/")] = entry
    }
    return Artifact(.tree, try workspace.store.putTree(state))
  }

  private func snapshots(of stage: String) throws -> Tree {
    let ports = try parent.stage(stage).stage.ports.outputs
    guard let port = ports.first(where: { $0.type == .snapshots })?.name else {
      throw RunnerError(.wrong, "the stage \"\(stage)\" keeps no snapshots to branch from")
    }
    guard let execution = rows.first(where: { $0.name == stage })?.execution,
      let result = try workspace.ledger.execution(execution)?.end?.result,
      let artifact = result.outputs[port], artifact.kind == .tree
    else {
      throw RunnerError(.wrong, "the stage \"\(stage)\" of the parent run left no snapshots")
    }
    return try workspace.store.readTree(artifact.digest)
  }
}

/// The names of kept snapshots in a tree of type `snapshots`.
package enum KeptSnapshotPath {
  /// The step in `step-000500`, `step-500.safetensors` or `step-500/…`; nil for any other path.
  package static func step(_ path: String) -> Int? {
    guard path.hasPrefix("step-") else { return nil }
    return Int(path.dropFirst(5).prefix { $0.isASCII && $0.isNumber })
  }
}

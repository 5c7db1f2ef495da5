import ContentStore
import Foundation
import Ledger
import Pipeline
import Stages

@testable import Runner

/// A workspace in a temporary folder, removed when freed, and experiments in it.
final class Laboratory {
  let folder: String
  let workspace: Workspace
  let observer = Recorder()

  init() throws {
    folder = FileManager.default.temporaryDirectory.path + "/exp-runner-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    workspace = try Workspace.open(at: folder)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  var options: RunOptions {
    var options = RunOptions()
    options.isInProcess = true
    options.listensForSignals = false
    options.folder = folder
    return options
  }

  func resolve(_ text: String, sets: [String] = []) throws -> ResolvedExperiment {
    let source = SourceFile(name: "experiment.json5", folder: folder, bytes: Array(text.utf8))
    let overrides = try sets.map { try Override(parsing: $0, folder: folder) }
    return try ExperimentFile(parsing: source).experiment(profile: nil, overrides: overrides)
      .resolve(.toys)
  }

  @discardableResult
  func run(_ text: String, sets: [String] = [], options: RunOptions? = nil) throws -> RunReport {
    try Runner.run(
      try resolve(text, sets: sets), in: workspace, options: options ?? self.options,
      registry: .toys, observer: observer)
  }

  func write(_ text: String, to name: String) throws {
    try FileSystem.write(Array(text.utf8), to: "\(folder)/\(name)")
  }

  /// The text of a stage's output in a report.
  func text(_ report: RunReport, _ stage: String, _ port: String = "value") throws -> String? {
    guard
      let artifact = report.stages.first(where: { $0.name == stage })?.result?.outputs[port]
    else { return nil }
    return String(decoding: try workspace.store.read(artifact.digest), as: UTF8.self)
  }
}

/// Keeps what an observer hears.
final class Recorder: RunObserver {
  var events: [RunEvent] = []
  /// Called at every event.
  var reaction: (RunEvent) -> Void = { _ in }

  func run(_ event: RunEvent) {
    events.append(event)
    reaction(event)
  }
}

extension RunReport {
  subscript(stage: String) -> Stage? { stages.first { $0.name == stage } }
  var outcomes: [Outcome] { stages.map(\.outcome) }
}

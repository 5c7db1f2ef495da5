import ContentStore
import LanguageModel
import Ledger
import Numerics
import Pipeline
import Synchronization
import Testing
import Training

@testable import Runner

/// Trains a small model, and on its second call nudges one weight by a unit in the last place after a
/// step.
struct Nudged: Stage {
  static let calls = Mutex(0)

  struct Parameters: StageParameters {
    var step: Int
    init(from reader: inout ParameterReader) throws(ParameterError) {
      step = try reader.integer("step", "after which step the second call nudges a weight")
    }
  }

  static let op = "nudged"
  static let revision = 1
  static let summary = "Trains, once with a nudge."
  static func ports(_ parameters: Parameters?) -> Ports {
    Ports(outputs: [
      Port("checkpoint", .checkpoint, "the model"), Port("snapshots", .snapshots, "its states"),
      Port("trace", .any, "its digests"),
    ])
  }
  static let tensor = "model.layers.1.mlp.up_proj.weight"

  static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let isSecond = calls.withLock { calls in
      calls += 1
      return calls > 1
    }
    let trainer = try makeTrainer()
    let snapshots = try context.makeTree("snapshots")
    try trainer.run { record in
      if isSecond, record.step == parameters.step, let values = trainer.model.tensor(tensor) {
        values[5] = values[5].nextUp
      }
      context.metric("loss/train", step: record.step, record.loss)
      if record.step % 4 == 0 {
        try snapshots.add("step-00000\(record.step).safetensors", trainer.snapshot())
      }
    }
    try snapshots.finish()
    let checkpoint = try context.makeTree("checkpoint")
    for (path, bytes) in try Checkpoint(trainer.model, tokenizerFiles: [:]).files() {
      try checkpoint.add(path, bytes)
    }
    try checkpoint.finish()
    let trace = try context.makeFile("trace")
    try trace.write(trainer.traceLines)
    try trace.finish()
  }

  private static func makeTrainer() throws -> Trainer {
    let configuration = ModelConfiguration(
      vocabularySize: 11, hidden: 16, layers: 2, heads: 2, intermediate: 24, maximumPositions: 16)
    let compute = Compute(threads: 1)
    let stream = try TokenStream(
      tokens: (0..<600).map { Int32($0 * $0 % 11) }, documentStarts: [0], vocabularySize: 11)
    let phase = DataPhase(steps: 10, batch: 2, sequence: 16)
    let schedule = Schedule(peak: 0.01, steps: 10)
    return Trainer(
      Transformer(configuration, seed: 6, on: compute),
      source: try TokenMixture(["tokens": stream], phases: [phase], seed: 1),
      plan: TrainingPlan(steps: 10, schedule: schedule, traceEvery: 1), on: compute)
  }
}

@Suite struct TensorDifferenceTests {
  @Test func `a nudge of one unit is found at its step, in its tensor, by its size`() throws {
    let laboratory = try Laboratory()
    let registry = StageRegistry([Nudged.self])
    let text = "{ name: \"nudged\", stages: { it: { op: \"nudged\", with: { step: 4 } } } }"
    let source = SourceFile(
      name: "experiment.json5", folder: laboratory.folder, bytes: Array(text.utf8))
    let experiment = try ExperimentFile(parsing: source).experiment(profile: nil, overrides: [])
      .resolve(registry)
    let run = try Runner.run(
      experiment, in: laboratory.workspace, options: laboratory.options, registry: registry,
      observer: laboratory.observer)
    let report = try Replay.run(
      try #require(run.run), stages: [], in: laboratory.workspace, options: laboratory.options,
      registry: registry, observer: laboratory.observer)
    #expect(report.exitStatus == 1)
    guard case .differs(let difference) = report.firstDifference?.verdict else {
      Issue.record("no difference")
      return
    }
    // The nudge came after step 4 was traced: its snapshot has it, and the trace of step 5.
    let tensors = try #require(difference.tensors)
    #expect(tensors.path == "snapshots/step-000004.safetensors" && tensors.step == 4)
    #expect(
      tensors.differing == [.init(name: Nudged.tensor, elements: 16 * 24, differing: 1, units: 1)])
    let trace = try #require(difference.trace)
    #expect(trace.step == 5)
    let parts = trace.parts
    #expect(parts.contains { $0.name == "parameters" && $0.tensors.contains(Nudged.tensor) })
    #expect(!parts.contains { $0.name == "batch" })
  }

  @Test func `distances are counts of numbers between`() {
    #expect(UnitsInLastPlace.between(1 as Float, (1 as Float).nextUp) == 1)
    #expect(UnitsInLastPlace.between(-Float.leastNonzeroMagnitude, .leastNonzeroMagnitude) == 2)
    #expect(UnitsInLastPlace.between(-0.0 as Float, 0) == 0)
    #expect(UnitsInLastPlace.between(1 as Float, 2) == 1 << 23)
    #expect(UnitsInLastPlace.between(Float.nan, 1) == .max)
    #expect(UnitsInLastPlace.between(Float.infinity, .greatestFiniteMagnitude) == 1)
    #expect(UnitsInLastPlace.between(-1.0, (-1.0).nextDown.nextDown) == 2)
    #expect(UnitsInLastPlace.between(-1.0, 1.0) == 2 * 1.0.bitPattern)
    #expect(UnitsInLastPlace.between(-Double.infinity, .infinity) == 2 * Double.infinity.bitPattern)
  }

  @Test func `lines that are no trainer's have no step and no parts`() {
    let line = ReplayDifference.TraceLine(number: 1, recorded: "step 3", replayed: "step 4")
    #expect(line.step == nil && line.parts.isEmpty)
  }
}

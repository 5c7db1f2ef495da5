package import ContentStore
package import Ledger

/// What replaying showed.
package struct ReplayReport: Sendable {
  package enum Verdict: Sendable {
    /// Every bit is the same.
    case identical
    /// A program that is not deterministic gave scores within its declared tolerance.
    case withinTolerance
    case differs(ReplayDifference)
    /// It could not be carried out: why.
    case failed(String)
    /// Not tried, because the replay was stopped.
    case skipped
  }

  package struct Stage: Sendable {
    package var name: String
    package var op: String
    package var recipe: Digest
    package var verdict: Verdict
    /// The replaying execution.
    package var execution: Digest?
    package var seconds: Double?
  }

  /// The replay as it is recorded, a run with the purpose `replay`.
  package var run: Digest?
  package var stages: [Stage]
  package var ending: Ending

  /// The first stage in topological order that differs.
  package var firstDifference: Stage? {
    stages.first { if case .differs = $0.verdict { true } else { false } }
  }

  /// 0 all the same, 1 something differs or failed, 130 interrupted.
  package var exitStatus: Int32 {
    if ending == .interrupted { return 130 }
    let isSame = stages.allSatisfy { stage in
      switch stage.verdict {
      case .identical, .withinTolerance: true
      default: false
      }
    }
    return isSame ? 0 : 1
  }
}

/// Where a replayed stage first parts from the record.
package struct ReplayDifference: Hashable, Sendable {
  /// A score, or a metric's value at a step; bits differ even where both print alike.
  package struct Point: Hashable, Sendable {
    package var series: String
    /// 0 for a score.
    package var step: Int
    /// Nil where one side has no such point.
    package var recorded: Double?
    package var replayed: Double?
  }

  /// The first differing line of a `trace` output.
  package struct TraceLine: Hashable, Sendable {
    /// From 1.
    package var number: Int
    /// Empty where one side has ended.
    package var recorded: String
    package var replayed: String
  }

  /// How far the tensors of a file are apart.
  package struct Tensors: Hashable, Sendable {
    /// The output and the path in it: `snapshots/step-000100.safetensors`.
    package var path: String
    /// The step of a kept snapshot; nil for another file, such as the last checkpoint.
    package var step: Int?
    /// How many tensors the file has.
    package var compared: Int
    /// Those that differ, in the model's order.
    package var differing: [Tensor]
  }

  /// A tensor that differs.
  package struct Tensor: Hashable, Sendable {
    package var name: String
    package var elements: Int
    /// Elements with other bits.
    package var differing: Int
    /// The largest distance of two elements, in units in the last place; `UInt64.max` for a NaN on one
    /// side.
    package var units: UInt64
  }

  /// First differing output port, and in a tree the first differing path.
  package var output: String?
  package var path: String?
  /// First differing score.
  package var score: Point?
  /// First step at which a metric differs, and there the first series.
  package var point: Point?
  package var trace: TraceLine?
  /// The earliest kept snapshot, or else another file, whose tensors differ.
  package var tensors: Tensors?

  /// The first tensor whose digest differs in the differing trace line, as `parameters/NAME`. Nil when
  /// the line names none.
  package var tensor: String? {
    trace?.parts.lazy.compactMap { part in part.tensors.first.map { "\(part.name)/\($0)" } }.first
  }
}

/// Which seed ordered the data of which steps. A branch from a kept snapshot may have another seed than
/// the run that kept it, and its first steps were nevertheless that run's.
struct SeedHistory {
  private static let key = "seeds"
  /// Ascending: the seed of the steps after `step`, to the next entry.
  private var changes: [(step: Int, seed: UInt64)]

  /// Of a run from its first step.
  init(_ seed: UInt64) { changes = [(0, seed)] }

  /// Of a run that goes on, with `seed`, from the state after `step` whose notes these are.
  init(_ notes: [String: String], after step: Int, then seed: UInt64) {
    changes = (notes[Self.key] ?? "").split(separator: ",").compactMap { entry in
      let parts = entry.split(separator: ":")
      guard parts.count == 2, let step = Int(parts[0]), let seed = UInt64(parts[1]) else {
        return nil
      }
      return (step, seed)
    }
    if changes.last?.seed != seed { changes.append((step, seed)) }
  }

  /// What a state's notes say: `0:17,400:18`.
  var notes: [String: String] {
    [Self.key: changes.map { "\($0.step):\($0.seed)" }.joined(separator: ",")]
  }

  /// The seed of a step, from 1.
  func seed(of step: Int) -> UInt64? { changes.last { $0.step < step }?.seed }
}

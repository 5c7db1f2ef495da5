import ContentStore
import Pipeline

/// The snapshots that a training op hands on, `step-000100.safetensors`. Their digests go into the
/// states that a killed run goes on from, so that it can find them again in the store.
final class KeptSnapshots {
  private let output: any OutputTree
  private let store: ObjectStore
  private var digests: [(step: Int, digest: Digest)] = []

  init(_ output: any OutputTree, in store: ObjectStore) {
    self.output = output
    self.store = store
  }

  private static let key = "kept"

  /// What the state of a step says of those before it: `100:<hex>,200:<hex>`.
  func notes(before step: Int) -> [String: String] {
    let earlier = digests.filter { $0.step < step }
    return [Self.key: earlier.map { "\($0.step):\($0.digest.hex)" }.joined(separator: ",")]
  }

  /// The snapshots that a state's notes name. Throws when one is gone.
  static func read(
    _ notes: [String: String], from store: ObjectStore
  ) throws -> [(step: Int, bytes: [UInt8])] {
    try (notes[key] ?? "").split(separator: ",").map { entry in
      let parts = entry.split(separator: ":")
      guard parts.count == 2, let step = Int(parts[0]), let digest = Digest(String(parts[1])) else {
        throw StageError("it names its earlier snapshots wrongly")
      }
      return (step, try store.read(digest))
    }
  }

  /// Puts a state among the outputs.
  func add(_ bytes: [UInt8], step: Int) throws {
    let digits = String(step)
    let padded = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    // Durable before any state names it: the tree's files are so only when the tree is finished.
    let digest = try store.put(bytes)
    try output.add("step-\(padded).safetensors", bytes)
    digests.append((step, digest))
  }

  func finish() throws { try output.finish() }
}

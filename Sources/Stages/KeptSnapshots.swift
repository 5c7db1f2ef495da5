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

  /// Puts the snapshots that a state's notes name among the outputs, one at a time, so that memory
  /// holds no two. Throws when one is gone; then nothing has been added.
  func add(earlier notes: [String: String]) throws {
    let named = try (notes[Self.key] ?? "").split(separator: ",").map { entry in
      let parts = entry.split(separator: ":")
      guard parts.count == 2, let step = Int(parts[0]), let digest = Digest(String(parts[1])) else {
        throw StageError("it names its earlier snapshots wrongly")
      }
      guard store.contains(digest) else {
        throw StageError("the snapshot of step \(step) that it names is gone")
      }
      return (step, digest)
    }
    for (step, digest) in named { try add(try store.read(digest), step: step) }
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

import ContentStore
import Glibc
import Ledger
import Provenance
import Synchronization

/// Checks that everything recorded is still what was recorded.
package enum Verify {
  /// Re-hashes every object, looks for objects that results refer to, and checks the ledger.
  /// - Parameters:
  ///   - isQuick: looks for the objects without reading them.
  ///   - progress: objects done and in all; called from the calling thread.
  package static func run(
    _ workspace: Workspace, isQuick: Bool = false,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws -> VerifyReport {
    let objects = try workspace.store.list()
    var report = VerifyReport(objects: objects.count, bytes: 0, damages: [], findings: [])
    for object in objects { report.bytes += (try? workspace.store.size(of: object)) ?? 0 }
    if !isQuick {
      report.damages += try rehash(objects, in: workspace.store, progress: progress)
    }
    report.damages += try missing(workspace)
    report.damages += try workspace.ledger.verify().map { "ledger: \($0.place): \($0.problem)" }
    report.findings = try workspace.ledger.findings()
    return report
  }

  /// What is wrong with objects, in the order of their names. All cores work.
  private static func rehash(
    _ objects: [Digest], in store: ObjectStore, progress: (Int, Int) -> Void
  ) throws -> [String] {
    let next = Counter()
    let done = Counter()
    let damages = Damages()
    let threads = try (0..<max(1, Machine.usableCores)).map { _ in
      try Thread.start {
        while case let index = next.increase(), index < objects.count {
          damages.check(objects[index], in: store)
          _ = done.increase()
        }
      }
    }
    while done.value < objects.count {
      progress(done.value, objects.count)
      usleep(20_000)
    }
    for thread in threads { thread.join() }
    progress(objects.count, objects.count)
    return damages.sorted
  }

  private final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    var value: Int { count.load(ordering: .acquiring) }
    /// The value before.
    func increase() -> Int { count.add(1, ordering: .acquiringAndReleasing).oldValue }
  }

  private final class Damages: Sendable {
    private let found = Mutex<[Digest: String]>([:])

    func check(_ object: Digest, in store: ObjectStore) {
      do {
        try store.verify(object)
      } catch {
        found.withLock { $0[object] = error.message }
      }
    }

    var sorted: [String] { found.withLock { $0.sorted { $0.key < $1.key }.map(\.value) } }
  }

  /// Objects of recorded outputs and inputs that are not there.
  private static func missing(_ workspace: Workspace) throws -> [String] {
    let table = try workspace.ledger.select(
      """
      SELECT artifact, kind, stage || '.' || port AS place FROM outputs
      UNION SELECT artifact, kind, 'the input ' || port FROM input ORDER BY 3, 1
      """)
    var seen: Set<Artifact> = []
    var problems: [String] = []
    for row in table.rows {
      guard case .text(let name) = row[0], case .text(let kind) = row[1],
        case .text(let place) = row[2], let digest = Digest(name),
        let kind = Artifact.Kind(rawValue: kind), seen.insert(Artifact(kind, digest)).inserted
      else { continue }
      for object in workspace.store.missing(Artifact(kind, digest)) {
        problems.append("the object \(object) of \(place) is missing")
      }
    }
    return problems
  }
}

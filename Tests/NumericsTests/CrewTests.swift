import Synchronization
import Testing

@testable import Numerics

@Suite struct CrewTests {
  /// How often each of 0..<count was worked on, over several kernels one after the other.
  private func visits(_ threads: Int, count: Int, kernels: Int) -> [Int] {
    let visits = (0..<count).map { _ in Counter() }
    for _ in 0..<kernels {
      Compute(threads: threads).share(count) { visits[$0].add() }
    }
    return visits.map(\.value)
  }

  @Test(arguments: [1, 2, 7, 64])
  func `every part of every kernel is worked on once`(threads: Int) {
    #expect(visits(threads, count: 37, kernels: 500) == Array(repeating: 500, count: 37))
  }

  @Test func `a kernel's results are there when it returns`() {
    let compute = Compute(threads: 4)
    let values = Floats(count: 64)
    for round in 1...2000 {
      compute.share(64) { values[$0] = Float(round) }
      #expect(values.array == Array(repeating: Float(round), count: 64))
    }
  }

  @Test func `threads that ask at the same time do not wait for one another's kernels`() async {
    await withTaskGroup(of: [Int].self) { group in
      for _ in 0..<8 { group.addTask { self.visits(3, count: 11, kernels: 300) } }
      for await counts in group { #expect(counts == Array(repeating: 300, count: 11)) }
    }
  }

  @Test func `a kernel may call another`() {
    let compute = Compute(threads: 2)
    let total = Counter()
    compute.share(8) { _ in compute.share(8) { _ in total.add() } }
    #expect(total.value == 64)
  }

  @Test func `helpers that sleep come when they are wanted`() async throws {
    let crew = Crew()
    for _ in 0..<5 {
      let arrived = Counter()
      // Whoever comes waits for the other: both must be here at once.
      let isDone = crew.run(helpers: 1) {
        arrived.add()
        while arrived.value < 2 {}
      }
      #expect(isDone)
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  @Test func `a crew that works for somebody refuses others`() {
    let crew = Crew()
    let refused = Counter()
    let isDone = crew.run(helpers: 0) {
      if !crew.run(helpers: 1, {}) { refused.add() }
    }
    #expect(isDone && refused.value == 1)
  }
}

private final class Counter: Sendable {
  private let count = Atomic<Int>(0)
  func add() { count.add(1, ordering: .relaxed) }
  var value: Int { count.load(ordering: .relaxed) }
}

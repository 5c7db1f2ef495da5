import ContentStore
import Ledger
import Pipeline
import Synchronization

/// A worker's voice: writes events as lines. Metrics are gathered, and sent when `flush` is called
/// (five times a second); of progress, at most ten reports a second go out, and always the last one.
final class EventWriter: Sendable {
  private struct State {
    var metrics: [MetricPoint] = []
    var progress: Progress?
    var lastProgress = -1.0
  }

  private let output: Descriptor
  private let state = Mutex(State())

  init(to output: Descriptor) { self.output = output }

  func send(_ event: WorkerEvent) {
    state.withLock { state in
      write(metricsOf: &state)
      write(event)
    }
  }

  func metric(_ point: MetricPoint) {
    state.withLock { state in
      state.metrics.append(point)
      if state.metrics.count >= 1000 { write(metricsOf: &state) }
    }
  }

  func progress(_ progress: Progress) {
    let now = Clock.seconds
    state.withLock { state in
      state.progress = progress
      if now - state.lastProgress >= 0.1 { write(progressOf: &state, at: now) }
    }
  }

  /// Sends what was gathered.
  func flush() {
    state.withLock { state in
      write(metricsOf: &state)
      write(progressOf: &state, at: Clock.seconds)
    }
  }

  /// Sends what was gathered, then the last event.
  func finish(_ event: WorkerEvent) {
    flush()
    send(event)
  }

  private func write(metricsOf state: inout State) {
    if state.metrics.isEmpty { return }
    write(.metrics(state.metrics))
    state.metrics.removeAll(keepingCapacity: true)
  }

  private func write(progressOf state: inout State, at now: Double) {
    guard let progress = state.progress else { return }
    write(.progress(progress))
    state.progress = nil
    state.lastProgress = now
  }

  /// One line. When the runner is gone nobody listens, and `Lifeline` is about to end this process.
  private func write(_ event: WorkerEvent) {
    guard let line = try? event.json.canonical() else { return }
    output.write(line + [0x0A])
  }
}

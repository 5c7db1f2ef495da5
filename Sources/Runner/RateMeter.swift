import Pipeline

/// Speed over the last seconds, from reports of progress.
struct RateMeter {
  private var samples: [(time: Double, progress: Progress)] = []
  /// Seconds that are looked back.
  private static let window = 8.0

  mutating func add(_ progress: Progress, at time: Double = Clock.seconds) -> StageProgress {
    if let last = samples.last?.progress, last.unit != progress.unit || last.done > progress.done {
      samples = []
    }
    samples.append((time, progress))
    let start = samples.lastIndex { time - $0.time >= Self.window } ?? 0
    samples.removeFirst(start)
    let first = samples[0]
    guard time - first.time >= 0.5, progress.done > first.progress.done else {
      return StageProgress(progress: progress)
    }
    let rate = (progress.done - first.progress.done) / (time - first.time)
    let left = (progress.total - progress.done) / rate
    return StageProgress(
      progress: progress, rate: rate, secondsLeft: left.isFinite ? max(0, left) : nil)
  }
}

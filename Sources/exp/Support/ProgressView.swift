import ContentStore
import Glibc
import Ledger
import Pipeline
import Reports
import Runner

/// Draws a run while it goes: a few lines that are drawn over on a terminal, plain lines elsewhere.
final class ProgressView: RunObserver {
  private struct Line {
    var state: State
    var progress: StageProgress?
    var note = ""
    var started = Timestamp.now
    var lastTold = Timestamp.now
  }

  private enum State { case waiting, running, done }

  private let console: Console
  private let isQuiet: Bool
  private var order: [String] = []
  private var lines: [String: Line] = [:]
  private var finished = 0
  private var drawnLines = 0
  private var lastDrawn = Timestamp(microseconds: 0)

  init(_ console: Console, isQuiet: Bool) {
    self.console = console
    self.isQuiet = isQuiet
  }

  func run(_ event: RunEvent) {
    switch event {
    case .planned(let names): order = names
    case .recorded: break
    case .stage(let name, let event): stage(name, event)
    case .stopping(let grace):
      say("stopping: workers have \(Int(grace)) s to save a snapshot; Ctrl-C again kills them")
    case .tick: redraw()
    }
  }

  /// Takes the drawing away, for the table that follows.
  func end() { erase() }

  private func stage(_ name: String, _ event: StageEvent) {
    switch event {
    case .queued, .log, .metrics: break
    case .snapshot(let step): lines[name]?.note = "snapshot \(step)"
    case .waiting:
      lines[name] = Line(state: .waiting)
      say("\(name): another run is at the same work; waiting for its result")
    case .hit: finished += 1
    case .started(let step):
      lines[name] = Line(state: .running)
      tell("\(name): started" + (step.map { ", from the snapshot of step \($0)" } ?? ""))
    case .progress(let progress): progressed(name, progress)
    case .done(let seconds):
      end(name)
      say(
        console.talkStyled("done", .green) + "  \(name)  "
          + console.talkStyled(Format.duration(seconds: seconds), .dim))
    case .failed(let message):
      end(name)
      say(console.talkStyled("failed", .red) + "  \(name): \(message)")
    case .blocked(let names):
      end(name)
      say("\(name): not carried out, because \(names.joined(separator: ", ")) failed")
    case .interrupted:
      end(name)
      say("\(name): interrupted")
    case .differs(let earlier, let now):
      say(
        console.talkStyled("not deterministic:", .yellow)
          + " \(name) gave \(now.short), an earlier execution of the same recipe \(earlier.short)")
    }
  }

  private func end(_ name: String) {
    finished += 1
    lines[name] = nil
  }

  private func progressed(_ name: String, _ progress: StageProgress) {
    lines[name, default: Line(state: .running)].progress = progress
    guard !console.talksToTerminal, var line = lines[name],
      Timestamp.now.seconds(since: line.lastTold) >= 10
    else { return }
    line.lastTold = .now
    lines[name] = line
    tell("\(name): \(describe(progress))")
  }

  /// A line that stays.
  private func say(_ text: String) {
    guard !isQuiet else { return }
    erase()
    console.talk(text)
    redraw(force: true)
  }

  /// A line for those who see no drawing.
  private func tell(_ text: String) {
    if !console.talksToTerminal && !isQuiet { console.talk(text) }
  }

  private func erase() {
    guard drawnLines > 0 else { return }
    console.draw("\u{1B}[\(drawnLines)A\u{1B}[J")
    drawnLines = 0
  }

  private func redraw(force: Bool = false) {
    guard console.talksToTerminal, !isQuiet else { return }
    guard force || Timestamp.now.seconds(since: lastDrawn) >= 0.1 else { return }
    lastDrawn = .now
    erase()
    let running = order.filter { lines[$0]?.state == .running }
    guard !running.isEmpty else { return }
    var text = running.map { fit(bar($0), to: console.width - 1) + "\n" }.joined()
    let left = order.count - finished - running.count
    let count = "\(finished) done, \(running.count) running, \(max(0, left)) to do"
    text += console.talkStyled(fit(count, to: console.width - 1), .dim) + "\n"
    console.draw(text)
    drawnLines = running.count + 1
  }

  private func bar(_ name: String) -> String {
    guard let line = lines[name] else { return name }
    guard let progress = line.progress, progress.progress.total > 0 else {
      let age = Timestamp.now.seconds(since: line.started)
      return "  \(name)  \(Format.duration(seconds: age))"
    }
    let share = min(1, max(0, progress.progress.done / progress.progress.total))
    let filled = Int(share * 20)
    let drawn =
      String(repeating: "█", count: filled) + String(repeating: "░", count: 20 - filled)
    return "  \(name) \(drawn) \(describe(progress))"
  }

  /// `42 %  12.3k tokens/s  1m20s left  loss 2.31`.
  private func describe(_ progress: StageProgress) -> String {
    let work = progress.progress
    var parts: [String] = []
    if work.total > 0 { parts.append("\(Int(100 * work.done / work.total)) %") }
    if let rate = progress.rate { parts.append("\(Format.count(rate)) \(work.unit)/s") }
    if let left = progress.secondsLeft { parts.append("\(Format.duration(seconds: left)) left") }
    if !work.note.isEmpty { parts.append(work.note) }
    return parts.joined(separator: "  ")
  }
}

import ContentStore
import Ledger
import Reports
import Runner

/// What a run ends with: the table of stages, the scores, and how they compare with the lock.
struct RunPage {
  let report: RunReport
  let console: Console

  func show() {
    stages()
    scores()
    failures()
    lock()
    findings()
    closing()
  }

  private func stages() {
    var table = Table([
      .init("stage"), .init("op"), .init("outcome"), .init("time", .right), .init("result"),
    ])
    for stage in report.stages {
      let time = stage.seconds.map { Format.duration(seconds: $0) } ?? ""
      table.add([
        stage.name, stage.op, stage.outcome.rawValue,
        stage.outcome == .hit && !time.isEmpty ? "saved \(time)" : time,
        stage.resultDigest?.short ?? "",
      ])
    }
    print(table, statusColumn: 2)
  }

  private func print(_ table: Table, statusColumn: Int) {
    table.lines(
      width: console.isTerminal ? console.width : nil, heading: { console.styled($0, .bold) },
      cell: { _, column, text in column == statusColumn ? console.status(text) : text }
    ).forEach { console.print($0) }
  }

  private func scores() {
    let scores = report.stages.flatMap { stage in
      (stage.result?.scores ?? [:]).sorted { $0.key < $1.key }.map {
        ScoreTable.Row(stage: stage.name, name: $0.key, score: $0.value)
      }
    }
    if scores.isEmpty { return }
    console.print()
    ScoreTable.lines(scores, console).forEach { console.print($0) }
  }

  private func failures() {
    for stage in report.stages where stage.outcome == .failed {
      console.flush()
      console.talk("")
      let error = stage.error ?? "no reason given"
      // The error of a program ends with what it said last, which the log says too.
      let sentence = stage.logTail.isEmpty ? error : String(error.prefix { $0 != "\n" })
      console.talk(console.talkStyled("\(stage.name) failed:", .red) + " \(sentence)")
      for line in stage.logTail { console.talk("  | \(line)") }
    }
  }

  private func lock() {
    guard let differences = report.lockDifferences else { return }
    console.print()
    guard let first = differences.first else {
      return console.print(
        console.styled("reproduced: every stage equals the lock file", .green))
    }
    console.print(console.styled("not what the lock file says: ", .yellow) + first.sentence)
    for difference in differences.dropFirst() { console.print("  \(difference.sentence)") }
  }

  private func findings() {
    for stage in report.stages where stage.resultCount > 1 {
      console.print(
        console.styled("not deterministic: ", .yellow)
          + "\(stage.name) has \(stage.resultCount) different results on record; the first is used")
    }
  }

  private func closing() {
    console.print()
    let time = Format.duration(seconds: report.seconds)
    let executed = report.stages.count { $0.outcome == .executed }
    switch (report.run, report.isRecorded) {
    case (let run?, true):
      console.print("run \(run.short): \(report.ending.rawValue), \(executed) executed, \(time)")
    case (let run?, false):
      console.print("nothing to do: run \(run.short) holds all of this already (\(time))")
    case (nil, _):
      let planned = report.stages.count { $0.outcome == .planned }
      console.print("dry run: \(planned) of \(report.stages.count) stages would be carried out")
    }
  }

  var json: JSON {
    [
      "run": report.run.map { .string($0.hex) } ?? .null,
      "recorded": .bool(report.isRecorded), "status": .string(report.ending.rawValue),
      "seconds": .number(report.seconds),
      "lock": report.lockDifferences.map { .array($0.map { .string($0.sentence) }) } ?? .null,
      "stages": .array(
        report.stages.map { stage in
          [
            "name": .string(stage.name), "op": .string(stage.op),
            "outcome": .string(stage.outcome.rawValue),
            "recipe": stage.recipe.map { .string($0.hex) } ?? .null,
            "execution": stage.execution.map { .string($0.hex) } ?? .null,
            "result": stage.resultDigest.map { .string($0.hex) } ?? .null,
            "outputs": .object(stage.result?.outputs.mapValues(\.json) ?? [:]),
            "scores": .object(stage.result?.scores.mapValues(\.json) ?? [:]),
            "error": stage.error.map(JSON.string) ?? .null,
            "results": .integer(stage.resultCount),
          ]
        }),
    ]
  }
}

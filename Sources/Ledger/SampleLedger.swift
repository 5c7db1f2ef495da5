import ContentStore

/// Ledgers full of invented runs, for measurements and tests of size. Everything goes through the
/// same API as real records.
package enum SampleLedger {
  /// Adds `runs` finished runs of `stages` stages in a chain. Every fourth run takes the first half
  /// of its stages from the run before it, as branches do.
  /// - Parameter points: metric points for each execution.
  package static func fill(
    _ ledger: Ledger, runs: Int, stages: Int = 10, points: Int = 20
  ) throws(LedgerError) {
    let first = (try ledger.runs(limit: 1).first?.number ?? 0) + 1
    let start = Timestamp.now
    var executions: [Digest] = []
    // One transaction for fifty runs: about as fast as the disk takes bytes.
    for block in stride(from: first, to: first + runs, by: 50) {
      try ledger.write { (writer) throws(LedgerError) in
        for number in block..<min(block + 50, first + runs) {
          let time = Timestamp(
            microseconds: start.microseconds - (first + runs - number) * 60_000_000)
          var run = SampleRun(
            number: number, stages: stages, points: points, time: time, before: executions)
          executions = try run.record(in: &writer)
        }
      }
    }
  }
}

private struct SampleRun {
  let number: Int
  let stages: Int
  let points: Int
  var time: Timestamp
  /// The executions of the run before.
  let before: [Digest]

  /// Gives the executions that answer the stages.
  mutating func record(in writer: inout LedgerWriter) throws(LedgerError) -> [Digest] {
    var start = RunStart(
      experiment: "sample-\(number % 7)", profile: number % 2 == 0 ? "laptop" : nil,
      environment: ["host": "sample", "cores": 8])
    start.stages = (0..<stages).map(name)
    start.code = ["commit": .string(String(repeating: "0", count: 40))]
    start.started = time
    let run = try writer.beginRun(start)
    var executions: [Digest] = []
    for stage in 0..<stages { executions.append(try record(stage, of: run, in: &writer)) }
    try writer.endRun(run, RunEnd(ending: .done, ended: tick()))
    return executions
  }

  private mutating func record(
    _ position: Int, of run: Digest, in writer: inout LedgerWriter
  ) throws(LedgerError) -> Digest {
    let isHit = owner(position) != number
    let execution =
      isHit ? before[position] : try beginExecution(position, of: run, in: &writer)
    try writer.addRunStage(
      RunStage(
        name: name(position), position: position, op: "sample",
        recipe: try digest(of: recipe(position).json), execution: execution,
        outcome: isHit ? .hit : .executed,
        inputs: position == 0 ? [:] : ["documents": ["\(name(position - 1)).documents"]]),
      to: run)
    if !isHit { try endExecution(execution, position, in: &writer) }
    return execution
  }

  private mutating func beginExecution(
    _ position: Int, of run: Digest, in writer: inout LedgerWriter
  ) throws(LedgerError) -> Digest {
    var start = ExecutionStart(
      recipe: recipe(position), run: run, stage: name(position),
      environment: ["host": "sample", "cores": 8])
    start.started = tick()
    return try writer.beginExecution(start)
  }

  private mutating func endExecution(
    _ execution: Digest, _ position: Int, in writer: inout LedgerWriter
  ) throws(LedgerError) {
    let metrics = (0..<points).map {
      MetricPoint(
        series: $0 % 2 == 0 ? "loss" : "rate", step: $0 / 2, value: 1 / Double($0 + number))
    }
    try writer.appendMetrics(metrics, to: execution)
    let result = StageResult(
      outputs: ["documents": artifact(position)],
      scores: ["accuracy": Score(1 / Double(position + number), standardError: 0.01, count: 1000)])
    try writer.endExecution(
      execution, ExecutionEnd(ending: .done, result: result, ended: tick()))
  }

  private mutating func tick() -> Timestamp {
    time.microseconds += 1_000_000
    return time
  }

  private func name(_ position: Int) -> String { "stage-\(position)" }

  /// The run whose recipe this stage has.
  private func owner(_ position: Int) -> Int {
    !before.isEmpty && number % 4 == 3 && position < stages / 2 ? number - 1 : number
  }

  private func recipe(_ position: Int) -> Recipe {
    Recipe(
      op: "sample", revision: 1,
      parameters: ["number": .integer(owner(position)), "model": ["layers": .integer(position)]],
      inputs: position == 0 ? [:] : ["documents": [artifact(position - 1)]], seed: 17,
      numerics: nil)
  }

  private func artifact(_ position: Int) -> Artifact {
    Artifact(.file, SHA256.hash(Array("sample \(owner(position)) \(position)".utf8)))
  }

  private func digest(of json: JSON) throws(LedgerError) -> Digest {
    do { return SHA256.hash(try json.canonical()) } catch {
      throw LedgerError(.refused, error.message)
    }
  }
}

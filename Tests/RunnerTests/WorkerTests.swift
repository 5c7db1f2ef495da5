import ContentStore
import Ledger
import Pipeline
import Provenance
import Testing

@testable import Runner

@Suite struct WorkerTests {
  @Test func `events come back as they were sent, every bit of a metric included`() throws {
    let values = [
      Double.nan, -Double.nan, .infinity, -.infinity, -0.0, .leastNonzeroMagnitude, 0.1 + 0.2,
      .greatestFiniteMagnitude, 9_007_199_254_740_994, Double(bitPattern: 0x7FF8_0000_0000_0123),
    ]
    let points = values.enumerated().map { MetricPoint(series: "x", step: $0, value: $1) }
    let events: [WorkerEvent] = [
      .metrics(points), .log("tab\tand \"quotes\""), .snapshot(step: 7), .interrupted,
      .progress(Progress(done: 1, total: .infinity, unit: "tokens", note: "loss 2")),
      .failed("no"), .result(StageResult(outputs: [:], scores: ["s": Score(.nan)])),
    ]
    for event in events {
      let line = try event.json.canonical()
      let back = try #require(WorkerEvent(json: try JSON(parsing: line)))
      #expect(try back.json.canonical() == line)
      if case .metrics(let read) = back { #expect(read == points) }
    }
  }

  @Test func `half a line is never taken for an event`() {
    var splitter = LineSplitter()
    #expect(splitter.add(Array("{\"a\":1}\n{\"b\"".utf8)) == [Array("{\"a\":1}".utf8)])
    #expect(splitter.add(Array(":2}".utf8)).isEmpty)
    #expect(splitter.add([0x0A]) == [Array("{\"b\":2}".utf8)])
  }

  @Test func `the newest whole snapshot is taken and the newest two are kept`() throws {
    let laboratory = try Laboratory()
    let folders = ["1", "2"].map { "\(laboratory.folder)/\($0)" }
    for folder in folders { try FileSystem.createFolder(folder) }
    try SnapshotFolder.save([1], step: 1, in: folders[0], earlier: [])
    try SnapshotFolder.save([2], step: 2, in: folders[0], earlier: [])
    try SnapshotFolder.save([3], step: 3, in: folders[1], earlier: [folders[0]])
    #expect(SnapshotFolder.list(folders).map(\.step) == [3, 2])
    // A torn write under the final name cannot happen, but a damaged disk can.
    let newest = try #require(SnapshotFolder.newest(in: folders))
    try FileSystem.write([9], to: newest.path)
    #expect(SnapshotFolder.newest(in: folders)?.step == 2)
    try FileSystem.write([4], to: "\(folders[1])/snapshot-4-\(SHA256.hash([5]).hex)")
    #expect(SnapshotFolder.newest(in: folders)?.step == 2)
  }

  @Test func `a rate is progress over time, and the rest follows`() {
    var meter = RateMeter()
    _ = meter.add(Progress(done: 0, total: 100, unit: "steps"), at: 0)
    let later = meter.add(Progress(done: 20, total: 100, unit: "steps"), at: 2)
    #expect(later.rate == 10)
    #expect(later.secondsLeft == 8)
    // Another unit starts anew.
    #expect(meter.add(Progress(done: 30, total: 40, unit: "questions"), at: 3).rate == nil)
  }

  /// What a worker says to a request that names this processor.
  private func answer(processor: String?) throws -> String {
    let laboratory = try Laboratory()
    let recipe = Recipe(
      op: "number", revision: 1, parameters: ["value": 1], inputs: [:], seed: nil, numerics: nil)
    var request = WorkerRequest(
      recipe: recipe, store: laboratory.workspace.store.path, folder: laboratory.folder + "/work")
    request.processor = processor
    #expect(WorkerRequest(json: request.json)?.processor == processor)
    let (reader, writer) = try Descriptor.pipe()
    reader.setNonBlocking()
    _ = Worker.carryOut(request, .toys, to: writer, Cancellation())
    return String(decoding: reader.read() ?? [], as: UTF8.self)
  }

  @Test func `a worker that finds itself on another processor than its record's refuses`() throws {
    let refusal = try answer(processor: "Emulated CPU")
    #expect(refusal.contains("but its runner is on Emulated CPU"))
    #expect(refusal.contains("use --in-process") && refusal.contains("failed"))
    for processor in [nil, Environment.processor] {
      #expect(try answer(processor: processor).contains("result/1"))
    }
  }
}

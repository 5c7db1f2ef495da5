import ContentStore
import Testing

@testable import Ledger

@Suite struct MetricTests {
  /// The list of peers.md §2.6 F12, with payloads and both infinities.
  private static let awkward: [Double] = [
    .nan, Double(nan: 0x1234, signaling: false), -Double.nan, .infinity, -.infinity, -0.0, 0,
    0.1 + 0.2, Double.leastNonzeroMagnitude, 2.2250738585072014e-308, .greatestFiniteMagnitude,
    9007199254740994, 1,
    -1.5,
  ]

  private func begin(_ ledger: Ledger, _ number: Int = 1) throws -> Digest {
    try ledger.beginExecution(
      ExecutionStart(
        recipe: sampleRecipe(number), run: nil, stage: "a", environment: sampleEnvironment))
  }

  @Test func `every double comes back with its 64 bits`() throws {
    try withFolder { folder in
      let path = folder + "/ledger.sqlite"
      let points = Self.awkward.enumerated().map {
        MetricPoint(series: "x", step: $0 - 3, value: $1)
      }
      let execution: Digest
      do {
        let ledger = try Ledger(at: path)
        execution = try begin(ledger)
        try ledger.appendMetrics(points, to: execution)
      }
      let ledger = try Ledger(readingAt: path)
      #expect(try ledger.points(of: execution) == points)
      #expect(try ledger.verify() == [])
    }
  }

  @Test func `the view metrics gives REAL values, and NULL with the bits for a NaN`() throws {
    try withLedger { ledger in
      let execution = try begin(ledger)
      let values = [0.1 + 0.2, -.infinity, .nan, -0.0]
      try ledger.appendMetrics(
        values.enumerated().map { MetricPoint(series: "x", step: $0, value: $1) }, to: execution)
      let rows = try ledger.select("SELECT value, bits FROM metrics ORDER BY ordinal").rows
      #expect(rows[0] == [.real(0.1 + 0.2), .null])
      #expect(rows[1] == [.real(-.infinity), .null])
      #expect(rows[2] == [.null, .integer(Int(bitPattern: UInt(Double.nan.bitPattern)))])
      #expect(rows[3] == [.real(0), .integer(Int.min)])
    }
  }

  @Test func `series of several executions stay apart and in order`() throws {
    try withLedger { ledger in
      let (one, two) = (try begin(ledger), try begin(ledger, 2))
      for step in 0..<4 {
        try ledger.appendMetrics(
          [
            MetricPoint(series: "loss", step: step, value: Double(step)),
            MetricPoint(series: "rate", step: step, value: -Double(step)),
          ], to: one)
        try ledger.appendMetrics(
          [MetricPoint(series: "loss", step: step, value: 100)], to: two)
      }
      try ledger.appendMetrics([MetricPoint(series: "late", step: 9, value: 7)], to: one)
      #expect(try ledger.series(of: one) == ["loss", "rate", "late"])
      #expect(try ledger.points(of: one, series: "rate").map(\.value) == [0, -1, -2, -3])
      #expect(try ledger.points(of: one).count == 9)
      #expect(try ledger.points(of: two).map(\.step) == [0, 1, 2, 3])
      #expect(try ledger.points(of: one, series: "none").isEmpty)
      #expect(try ledger.lastPoints(of: one).map(\.value) == [3, -3, 7])
    }
  }

  @Test func `two writers of one execution lose nothing`() throws {
    try withFolder { folder in
      let ledgers = [
        try Ledger(at: folder + "/ledger.sqlite"), try Ledger(at: folder + "/ledger.sqlite"),
      ]
      let execution = try begin(ledgers[0])
      let same = [MetricPoint(series: "x", step: 1, value: 2)]
      for ledger in ledgers + ledgers { try ledger.appendMetrics(same, to: execution) }
      #expect(try ledgers[0].points(of: execution).count == 4)
      #expect(try ledgers[1].verify() == [])
    }
  }

  @Test func `an ended execution takes no more points and an unknown one none`() throws {
    try withLedger { ledger in
      let execution = try begin(ledger)
      let points = [MetricPoint(series: "x", step: 1, value: 2)]
      try ledger.endExecution(execution, ExecutionEnd(ending: .failed, error: "no"))
      #expect(throws: LedgerError.self) { try ledger.appendMetrics(points, to: execution) }
      #expect(throws: LedgerError.self) {
        try ledger.appendMetrics(points, to: sampleArtifact("none").digest)
      }
      #expect(try ledger.points(of: execution).isEmpty)
    }
  }

  @Test func `a point takes at most thirty bytes on disk`() throws {
    try withFolder { folder in
      let path = folder + "/ledger.sqlite"
      let before: Int
      do {
        let ledger = try Ledger(at: path)
        _ = try begin(ledger)
        before = try size(ledger)
        let execution = try begin(ledger, 2)
        for batch in 0..<50 {
          let points = (0..<1000).map { index in
            let value = 1 / Double(index + batch + 1)
            let step = batch * 100 + index / 10
            return MetricPoint(series: "train/series-\(index % 10)", step: step, value: value)
          }
          try ledger.appendMetrics(points, to: execution)
        }
        let grown = try size(ledger) - before
        #expect(Double(grown) / 50_000 <= 30)
      }
    }
  }

  private func size(_ ledger: Ledger) throws -> Int {
    let table = try ledger.select(
      "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
    guard case .integer(let bytes) = table.rows[0][0] else { return 0 }
    return bytes
  }
}

package import ContentStore
import CSQLite

/// Where an execution's metrics stand, so that a batch need not look it up.
struct MetricCursor {
  /// The row of the execution.
  var execution: Int
  /// The journal row of its last batch; 0 before the first.
  var lastBatch: Int
  /// Points so far.
  var count: Int
  /// Row of each series, by name.
  var series: [String: Int]
}

/// The bytes that a `metrics` record's SHA-256 is over: per point the place of its series in the
/// record's list (4 bytes), the step (8) and the double's bits (8), little-endian.
struct MetricDigest {
  private var bytes: [UInt8] = []

  init(count: Int) { bytes.reserveCapacity(count * 20) }

  mutating func add(series: Int, step: Int, bits: UInt64) {
    append(UInt32(truncatingIfNeeded: series))
    append(UInt64(bitPattern: Int64(step)))
    append(bits)
  }

  private mutating func append(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  func finalize() -> Digest { SHA256.hash(bytes) }
}

extension LedgerWriter {
  /// Adds points in order. Any number of series in one batch; 1,000 points a batch is fast.
  package mutating func appendMetrics(
    _ points: [MetricPoint], to execution: Digest
  ) throws(LedgerError) {
    guard !points.isEmpty else { return }
    var cursor = try cursor(of: execution)
    let (names, places) = Self.places(of: points)
    var sum = MetricDigest(count: points.count)
    for (point, place) in zip(points, places) {
      sum.add(series: place, step: point.step, bits: point.value.bitPattern)
    }
    _ = try append(
      "metrics",
      [
        "type": "metrics/1", "execution": .string(execution.description),
        "first": .integer(cursor.count), "count": .integer(points.count),
        "series": .strings(names), "sha256": .string(sum.finalize().hex),
      ])
    try refresh(&cursor, for: names)
    try insert(points, places.map { [ids = names.map { cursor.series[$0] ?? 0 }] in ids[$0] })
    cursor.lastBatch = seq
    cursor.count += points.count
    state.cursors[execution] = cursor
  }

  /// The names of the points' series in order of appearance, and each point's place among them.
  private static func places(of points: [MetricPoint]) -> (names: [String], places: [Int]) {
    var names: [String] = []
    var known: [String: Int] = [:]
    let places = points.map { point in
      if let place = known[point.series] { return place }
      known[point.series] = names.count
      names.append(point.series)
      return names.count - 1
    }
    return (names, places)
  }

  private func cursor(of execution: Digest) throws(LedgerError) -> MetricCursor {
    if let kept = state.cursors[execution], try lastBatch(of: kept.execution) == kept.lastBatch {
      return kept
    }
    let row = try database.first(
      "SELECT seq FROM execution WHERE digest = ?", execution.description
    ) { $0.integer(0) }
    guard let row else {
      throw LedgerError(.refused, "there is no execution \(execution) to add metrics to")
    }
    let count = try database.first(
      "SELECT coalesce(sum(count), 0) FROM batch WHERE execution = ?", row
    ) { $0.integer(0) }
    return MetricCursor(
      execution: row, lastBatch: try lastBatch(of: row), count: count ?? 0, series: [:])
  }

  private func lastBatch(of execution: Int) throws(LedgerError) -> Int {
    try database.first("SELECT max(seq) FROM batch WHERE execution = ?", execution) {
      $0.integer(0)
    } ?? 0
  }

  private func refresh(
    _ cursor: inout MetricCursor, for names: [String]
  ) throws(LedgerError) {
    for name in names where cursor.series[name] == nil {
      cursor.series[name] = try database.first(
        "SELECT id FROM series WHERE execution = ? AND name = ?", cursor.execution, name
      ) { $0.integer(0) }
    }
  }

  /// The hot loop: about a microsecond a point.
  private func insert(_ points: [MetricPoint], _ series: [Int]) throws(LedgerError) {
    let first = try database.first("SELECT first FROM batch WHERE seq = ?", seq) { $0.integer(0) }
    guard let first else { throw LedgerError(.refused, "the batch has no row") }
    let sql = "INSERT INTO point (id, series, step, value, bits) VALUES (?, ?, ?, ?, ?)"
    try database.with(sql, []) { (statement) throws(LedgerError) in
      for (index, point) in points.enumerated() {
        sqlite3_bind_int64(statement.pointer, 1, Int64(first + index))
        sqlite3_bind_int64(statement.pointer, 2, Int64(series[index]))
        sqlite3_bind_int64(statement.pointer, 3, Int64(point.step))
        if let bits = point.value.bitsBeyondREAL {
          sqlite3_bind_null(statement.pointer, 4)
          sqlite3_bind_int64(statement.pointer, 5, bits)
        } else {
          sqlite3_bind_double(statement.pointer, 4, point.value)
          sqlite3_bind_null(statement.pointer, 5)
        }
        while try statement.step() {}
        sqlite3_reset(statement.pointer)
      }
    }
  }
}

/// The double of a `point` or `score` row.
func exactDouble(_ row: Row, value: Int32, bits: Int32) -> Double {
  row.isNull(bits)
    ? row.real(value) : Double(bitPattern: UInt64(bitPattern: Int64(row.integer(bits))))
}

extension Ledger {
  /// Names of an execution's series, in the order of their first point.
  package func series(of execution: Digest) throws(LedgerError) -> [String] {
    try read { (database) throws(LedgerError) in
      try database.query(
        """
        SELECT name FROM series JOIN execution ON execution.seq = series.execution
        WHERE digest = ? ORDER BY id
        """, execution.description
      ) { $0.text(0) }
    }
  }

  /// The points of one series, or of all, in the order they were recorded.
  package func points(
    of execution: Digest, series: String? = nil
  ) throws(LedgerError) -> [MetricPoint] {
    try read { (database) throws(LedgerError) in
      let names = try database.seriesNames(of: execution)
      let wanted = names.filter { series == nil || $0.value == series }
      guard !wanted.isEmpty else { return [] }
      return try database.query(
        """
        SELECT point.series, step, value, bits FROM batch
          JOIN point ON point.id BETWEEN batch.first AND batch.first + batch.count - 1
        WHERE execution = (SELECT seq FROM execution WHERE digest = ?1)
          AND (?2 IS NULL OR point.series = ?2)
        ORDER BY batch.seq, point.id
        """, execution.description, series == nil ? nil : wanted.first?.key
      ) { row in
        MetricPoint(
          series: wanted[row.integer(0)] ?? "", step: row.integer(1),
          value: exactDouble(row, value: 2, bits: 3))
      }
    }
  }

  /// The last point of each series, in the order of their first point.
  package func lastPoints(of execution: Digest) throws(LedgerError) -> [MetricPoint] {
    try read { (database) throws(LedgerError) in
      let names = try database.seriesNames(of: execution)
      var last: [Int: MetricPoint] = [:]
      // From the newest batch back, for most series end in it.
      let batches = try database.query(
        """
        SELECT first, count FROM batch
        WHERE execution = (SELECT seq FROM execution WHERE digest = ?) ORDER BY seq DESC
        """, execution.description
      ) { ($0.integer(0), $0.integer(1)) }
      for (first, count) in batches where last.count < names.count {
        let points = try database.query(
          "SELECT series, step, value, bits FROM point WHERE id BETWEEN ? AND ? ORDER BY id DESC",
          first, first + count - 1
        ) { ($0.integer(0), $0.integer(1), exactDouble($0, value: 2, bits: 3)) }
        for (id, step, value) in points where last[id] == nil {
          last[id] = MetricPoint(series: names[id] ?? "", step: step, value: value)
        }
      }
      return last.sorted { $0.key < $1.key }.map(\.value)
    }
  }
}

extension Database {
  /// Names of an execution's series by row.
  fileprivate func seriesNames(of execution: Digest) throws(LedgerError) -> [Int: String] {
    let rows = try query(
      """
      SELECT id, name FROM series
      WHERE execution = (SELECT seq FROM execution WHERE digest = ?)
      """, execution.description
    ) { ($0.integer(0), $0.text(1)) }
    return Dictionary(uniqueKeysWithValues: rows)
  }
}

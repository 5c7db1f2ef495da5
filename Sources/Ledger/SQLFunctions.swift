import CSQLite
import ContentStore

/// Adds `f64(json)` and `f64_bits(json)` (see schema/ledger.sql) to a connection: SQLite's own
/// reading of decimal numbers is not always correctly rounded, and it has no NaN.
func registerFunctions(on database: OpaquePointer) {
  let flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS
  sqlite3_create_function_v2(
    database, "f64", 1, flags, nil,
    { context, _, values in
      // A NaN becomes NULL.
      if let value = exactDouble(values) { sqlite3_result_double(context, value) }
    }, nil, nil, nil)
  sqlite3_create_function_v2(
    database, "f64_bits", 1, flags, nil,
    { context, _, values in
      if let value = exactDouble(values), let bits = value.bitsBeyondREAL {
        sqlite3_result_int64(context, bits)
      }
    }, nil, nil, nil)
}

private func exactDouble(_ values: UnsafeMutablePointer<OpaquePointer?>?) -> Double? {
  guard let value = values?[0], let text = sqlite3_value_text(value) else { return nil }
  let count = Int(sqlite3_value_bytes(value))
  let bytes = [UInt8](UnsafeBufferPointer(start: text, count: count))
  return (try? JSON(parsing: bytes))?.exactValue
}

extension Double {
  /// The 64 bits, when a REAL column would lose them: NaN becomes NULL, −0 becomes 0.
  var bitsBeyondREAL: Int64? {
    isNaN || (self == 0 && sign == .minus) ? Int64(bitPattern: bitPattern) : nil
  }
}

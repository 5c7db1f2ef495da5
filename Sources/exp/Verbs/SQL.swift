import ContentStore
import Ledger
import Reports

/// `exp sql "SELECT …"`: read-only SQL on the ledger.
enum SQL: Verb {
  static let name = "sql"
  static let summary = "Ask the ledger in SQL, read-only"
  static let discussion = """
    The tables and views are described in schema/README.md; any SQLite client may read the file
    .exp/ledger.sqlite too.

      exp sql "SELECT experiment, stage, score, value FROM run_scores ORDER BY value DESC LIMIT 5"
    """
  static let operands = Operands.exactly(1, "STATEMENT")
  static let options: [Option] = [
    .flag("json", nil, "As JSON: a list of objects."), .flag("csv", nil, "As CSV (RFC 4180)."),
  ]

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let table = try select(arguments.operands[0], Session.reading().ledger)
    if arguments.flag("json") {
      try console.print(json: json(table))
    } else if arguments.flag("csv") {
      csv(table, console)
    } else {
      show(table, console)
    }
    return .done
  }

  /// A statement that SQLite does not take is the caller's mistake.
  private static func select(_ sql: String, _ ledger: Ledger) throws -> SQLTable {
    do { return try ledger.select(sql) } catch {
      guard case .sqlite = error.kind else { throw error }
      throw UsageError("\(error.message); the views: exp sql \"SELECT name FROM sqlite_schema\"")
    }
  }

  private static func json(_ table: SQLTable) -> JSON {
    .array(
      table.rows.map { row in
        .object(
          Dictionary(zip(table.columns, row.map(value))) { first, _ in first })
      })
  }

  private static func value(_ value: SQLValue) -> JSON {
    switch value {
    case .null: .null
    case .integer(let number):
      number.magnitude <= 1 << 53 ? .integer(number) : .string(String(number))
    case .real(let number): .exact(number)
    case .text(let text): .string(text)
    case .blob(let bytes): .string(hex(bytes))
    }
  }

  private static func text(_ value: SQLValue) -> String {
    switch value {
    case .null: ""
    case .integer(let number): String(number)
    case .real(let number): number.isFinite ? JSON.ecmaScript(number) : "\(number)"
    case .text(let text): text
    case .blob(let bytes): hex(bytes)
    }
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private static func show(_ result: SQLTable, _ console: Console) {
    let numeric = result.columns.indices.map { index in
      result.rows.allSatisfy { row in
        switch row[index] {
        case .integer, .real, .null: true
        case .text, .blob: false
        }
      }
    }
    var table = Table(
      zip(result.columns, numeric).map { Table.Column($0, $1 ? .right : .left) })
    for row in result.rows {
      table.add(row.map { text($0).replacing("\n", with: " ") })
    }
    table.lines(
      width: console.isTerminal ? console.width : nil, heading: { console.styled($0, .bold) }
    ).forEach { console.print($0) }
  }

  private static func csv(_ table: SQLTable, _ console: Console) {
    func quoted(_ field: String) -> String {
      field.unicodeScalars.contains { "\",\r\n".unicodeScalars.contains($0) }
        ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
    }
    console.print(table.columns.map(quoted).joined(separator: ","))
    for row in table.rows { console.print(row.map { quoted(text($0)) }.joined(separator: ",")) }
  }
}

/// The ledger's SQL, embedded so that the binary needs no file beside it.
package enum Schema {
  /// The text of `schema/ledger.sql`: tables, triggers and views of a new ledger.
  package static var ledger: String {
    String(decoding: PackageResources.ledger_sql, as: UTF8.self)
  }

  /// The text of `schema/ledger-2.sql`: what version 2 changes.
  package static var ledger2: String {
    String(decoding: PackageResources.ledger_2_sql, as: UTF8.self)
  }
}

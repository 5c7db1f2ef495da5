package import Ledger

/// Scores by length and depth as tables: of every `NAME/tokens-1024-depth-25` and `NAME/words-600-depth-0`
/// (`evaluate`, kind retrieval; the world's `retrieval`), a row for each length.
package func retrievalTables(_ scores: [String: Score]) -> [(name: String, table: Table)] {
  var cells: [String: [Int: [Int: Score]]] = [:]
  for (score, value) in scores {
    guard let slash = score.lastIndex(of: "/") else { continue }
    let parts = score[score.index(after: slash)...].split(
      separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 4, ["tokens", "words"].contains(parts[0]), parts[2] == "depth",
      let length = Int(parts[1]), let depth = Int(parts[3])
    else { continue }
    cells["\(score[..<slash]), by \(parts[0]) and depth in per cent", default: [:]][
      length, default: [:]][depth] = value
  }
  return cells.sorted { $0.key < $1.key }.map { name, rows in (name, table(rows)) }
}

private func table(_ rows: [Int: [Int: Score]]) -> Table {
  let depths = Set(rows.values.flatMap(\.keys)).sorted()
  var table = Table(
    [.init("length", .right)] + depths.map { .init("\($0) %", .right) } + [.init("mean", .right)])
  for (length, cells) in rows.sorted(by: { $0.key < $1.key }) {
    let values = depths.compactMap { cells[$0]?.value }
    table.add(
      [String(length)] + depths.map { cells[$0].map { Format.fixed($0.value, decimals: 2) } ?? "" }
        + [Format.fixed(values.reduce(0, +) / Double(values.count), decimals: 2)])
  }
  return table
}

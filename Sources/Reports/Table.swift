/// A table for people: columns as wide as they need, numbers to the right, and the widest texts cut
/// when a line would not fit. Into a pipe the same table comes without cutting.
package struct Table: Sendable {
  package enum Alignment: Sendable { case left, right }

  package struct Column: Sendable {
    package var title: String
    package var alignment: Alignment

    package init(_ title: String, _ alignment: Alignment = .left) {
      self.title = title
      self.alignment = alignment
    }
  }

  package var columns: [Column]
  package var rows: [[String]] = []

  package init(_ columns: [Column]) { self.columns = columns }

  /// Adds a row, made harmless; missing cells are empty.
  package mutating func add(_ cells: [String]) {
    precondition(cells.count <= columns.count, "a row has more cells than the table has columns")
    rows.append(cells.map(harmless) + Array(repeating: "", count: columns.count - cells.count))
  }

  /// The lines, without trailing spaces.
  /// - Parameters:
  ///   - width: columns of the terminal; nil never cuts.
  ///   - heading: how the title line is dressed (bold on a terminal).
  package func lines(
    width: Int? = nil, heading: (String) -> String = { $0 },
    cell style: (_ row: Int, _ column: Int, _ text: String) -> String = { $2 }
  ) -> [String] {
    let widths = columnWidths(within: width)
    var lines: [String] = []
    if columns.contains(where: { !$0.title.isEmpty }) {
      lines.append(heading(line(columns.map(\.title), widths) { $1 }))
    }
    for (index, row) in rows.enumerated() {
      lines.append(line(row, widths) { style(index, $0, $1) })
    }
    return lines
  }

  private func line(
    _ cells: [String], _ widths: [Int], _ style: (Int, String) -> String
  ) -> String {
    var out = ""
    for (index, cell) in cells.enumerated() {
      let text = fit(cell, to: widths[index])
      let space = String(repeating: " ", count: widths[index] - displayWidth(text))
      let isLast = index == cells.count - 1
      let dressed = style(index, text)
      switch columns[index].alignment {
      case .left: out += isLast ? dressed : dressed + space
      case .right: out += space + dressed
      }
      if !isLast { out += "  " }
    }
    while out.last == " " { out.removeLast() }
    return out
  }

  /// Natural widths, the widest left-aligned columns narrowed until the line fits.
  private func columnWidths(within width: Int?) -> [Int] {
    var widths = columns.indices.map { index in
      (rows.map { displayWidth($0[index]) } + [displayWidth(columns[index].title)]).max() ?? 0
    }
    guard let width else { return widths }
    let gaps = 2 * (columns.count - 1)
    while widths.reduce(gaps, +) > width {
      let candidates = columns.indices.filter { columns[$0].alignment == .left && widths[$0] > 8 }
      guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
      widths[widest] -= 1
    }
    return widths
  }
}

/// A text that changes nothing in a terminal: control characters of documents and names shown as their
/// pictures (U+2400…), those of the second set and overrides of the writing direction as U+FFFD.
package func harmless(_ text: String) -> String {
  guard text.unicodeScalars.contains(where: { isControl($0) }) else { return text }
  var scalars = String.UnicodeScalarView()
  for scalar in text.unicodeScalars {
    guard isControl(scalar) else {
      scalars.append(scalar)
      continue
    }
    let picture =
      scalar.value < 0x20 ? 0x2400 + scalar.value : scalar.value == 0x7F ? 0x2421 : 0xFFFD
    scalars.append(Unicode.Scalar(picture) ?? "\u{FFFD}")
  }
  return String(scalars)
}

private func isControl(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0..<0x20, 0x7F...0x9F, 0x202A...0x202E, 0x2066...0x2069: true
  default: false
  }
}

/// Makes a text harmless and cuts it to a display width, marking the cut.
package func fit(_ text: String, to width: Int) -> String {
  let text = harmless(text)
  if displayWidth(text) <= width { return text }
  var out = ""
  var used = 0
  for character in text {
    let next = displayWidth(String(character))
    if used + next > width - 1 { break }
    out.append(character)
    used += next
  }
  return out + "…"
}

/// Columns a text takes in a terminal: East Asian wide characters and emoji take two (Unicode
/// Standard Annex #11, the ranges that terminals agree on).
package func displayWidth(_ text: String) -> Int {
  if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
  return text.reduce(0) { $0 + ($1.unicodeScalars.first.map(isWide) == true ? 2 : 1) }
}

private func isWide(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
    0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
    0x1F900...0x1F9FF, 0x20000...0x3FFFD:
    true
  default: false
  }
}

/// FineWeb's own rules (Penedo et al. 2024, section 3.6; datatrove's `FineWebQualityFilter`).
package struct FineWebQuality: DocumentRule {
  package static let name = "fineweb"

  /// The least share of lines that end in terminal punctuation of any script.
  package var minimumTerminatedLines = 0.12
  /// Whether a text without any such line passes.
  package var allowsUnterminated = false
  package var maximumShortLines = 0.67
  /// Characters; a line of so many is short.
  package var shortLineLength = 30
  /// Characters in lines that occurred before, over all but line feeds.
  package var maximumRepeatedCharacters = 0.01
  /// Line feeds a word.
  package var maximumLineFeeds = 0.3

  package init() {}

  package func judge(_ draft: inout Draft) -> String? {
    let text = draft.text
    let lines = text.split(at: 0x0A).filter { !text.stripped($0).isEmpty }
    if lines.isEmpty { return "empty" }
    if let reason = lineReason(text, lines) { return reason }
    let lineFeeds = text.scalars.count { $0 == 0x0A }
    let repeats = Repeats(of: lines, StretchHash(text.scalars))
    let share = Double(repeats.characters) / Double(text.count - lineFeeds)
    if share > maximumRepeatedCharacters { return "char_dup_ratio" }
    let ratio = Double(lineFeeds) / Double(draft.words().count)
    return ratio > maximumLineFeeds ? "list_ratio" : nil
  }

  private func lineReason(_ text: PythonText, _ lines: [Range<Int>]) -> String? {
    let table = CharacterTable.shared
    let terminated = lines.count { table.has(text.scalars[$0.upperBound - 1], .terminal) }
    let share = Double(terminated) / Double(lines.count)
    if share < minimumTerminatedLines, !(terminated == 0 && allowsUnterminated) {
      return "line_punct_ratio"
    }
    let short = lines.count { $0.count <= shortLineLength }
    return Double(short) / Double(lines.count) > maximumShortLines ? "short_line_ratio" : nil
  }
}

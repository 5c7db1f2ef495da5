/// Bounds on a document's length.
package struct LengthRule: DocumentRule {
  package static let name = "length"

  /// In Unicode code points.
  package var characters: ClosedRange<Int>
  /// As datatrove counts words.
  package var words: ClosedRange<Int>

  package init(characters: ClosedRange<Int>, words: ClosedRange<Int>) {
    self.characters = characters
    self.words = words
  }

  package func judge(_ draft: inout Draft) -> String? {
    if draft.text.count < characters.lowerBound { return "too few characters" }
    if draft.text.count > characters.upperBound { return "too many characters" }
    if words == 0...Int.max { return nil }
    let count = draft.words().count
    if count < words.lowerBound { return "too few words" }
    return count > words.upperBound ? "too many words" : nil
  }
}

/// Counts words and phrases of a list (Llama 3's "dirty word" counts for adult sites that no domain
/// list holds; C4's bad words with `maximum` 0). The list is the user's: none is built in. A phrase counts
/// where no letter, digit or underscore touches it (C4's `\W`), in lower case.
package struct DirtyWords: DocumentRule {
  package static let name = "dirty-words"

  /// Occurrences that are let pass.
  package var maximum = 0
  /// Occurrences a word that are let pass; a document is dropped only when it exceeds both bounds.
  package var maximumShare = 0.0
  private var next: [UInt64: Int32] = [:]
  private var isEnd: [Bool] = [false]

  /// - Parameter phrases: in any case; empty ones are left out.
  package init(phrases: [String]) { add(phrases: phrases) }

  /// Whether no phrase was ever added.
  package var isEmpty: Bool { next.isEmpty }

  package mutating func add(phrases: [String]) {
    for phrase in phrases {
      let text = PythonText(phrase).lowercased()
      let inner = text.stripped(text.scalars.indices)
      if !inner.isEmpty { add(text.scalars[inner]) }
    }
  }

  private static func key(_ node: Int32, _ scalar: UInt32) -> UInt64 {
    UInt64(UInt32(bitPattern: node)) << 32 | UInt64(scalar)
  }

  private mutating func add(_ phrase: ArraySlice<UInt32>) {
    var node: Int32 = 0
    for scalar in phrase {
      let key = Self.key(node, scalar)
      if let known = next[key] {
        node = known
      } else {
        node = Int32(isEnd.count)
        isEnd.append(false)
        next[key] = node
      }
    }
    isEnd[Int(node)] = true
  }

  private static func isWordPart(_ scalar: UInt32) -> Bool {
    scalar == 0x5F || CharacterTable.shared.has(scalar, .alphanumeric)
  }

  /// How often phrases occur, the longest at each place, without overlap.
  package func count(in text: PythonText) -> Int {
    let lower = text.lowercased().scalars
    var (count, position) = (0, 0)
    while position < lower.count {
      if position == 0 || !Self.isWordPart(lower[position - 1]), let end = end(lower, position) {
        count += 1
        position = end
      } else {
        position += 1
      }
    }
    return count
  }

  private func end(_ text: [UInt32], _ start: Int) -> Int? {
    var (node, position, end): (Int32, Int, Int?) = (0, start, nil)
    while position < text.count, let found = next[Self.key(node, text[position])] {
      (node, position) = (found, position + 1)
      if isEnd[Int(node)], position == text.count || !Self.isWordPart(text[position]) {
        end = position
      }
    }
    return end
  }

  package func judge(_ draft: inout Draft) -> String? {
    let count = count(in: draft.text)
    guard count > maximum else { return nil }
    let share = Double(count) / Double(max(1, draft.words().count))
    return share > maximumShare ? "dirty words" : nil
  }
}

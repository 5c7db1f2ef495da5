/// Looks for personal data by its form: e-mail addresses, telephone numbers, IP addresses, payment cards,
/// bank accounts and US social security numbers. A form is no proof: numbers that only look like these
/// are found too, and what has no form (names, street addresses) is not.
package struct PersonalData: DocumentRule {
  package static let name = "personal-data"

  package enum Kind: String, CaseIterable, Sendable {
    case email, card, iban, ip, phone, ssn

    /// What is looked for by default. Social security numbers are few, and many other numbers have
    /// their form.
    package static let usual: [Kind] = [.email, .card, .iban, .ip, .phone]
  }

  package enum Action: String, CaseIterable, Sendable {
    /// Counted and left.
    case keep
    /// Replaced by `[EMAIL]` and the like.
    case mask
    /// The document goes.
    case drop
  }

  package var kinds: Set<Kind>
  package var action: Action
  /// With `drop`: how many finds are let pass.
  package var maximum: Int

  package init(kinds: Set<Kind>, action: Action, maximum: Int = 0) {
    self.kinds = kinds
    self.action = action
    self.maximum = maximum
  }

  /// A stretch that has the form of personal data.
  package struct Find: Hashable, Sendable {
    package var kind: Kind
    package var range: Range<Int>
  }

  /// All finds, ascending and without overlap; at one place the kind that stands first in `Kind`.
  package func finds(in text: PythonText) -> [Find] {
    let kinds = Kind.allCases.filter(self.kinds.contains)
    var forms = PersonalForms(text.scalars)
    var (found, position): ([Find], Int) = ([], 0)
    while position < text.count {
      var next = position + 1
      for kind in kinds {
        guard let (end, isValid) = forms.match(kind, position) else { continue }
        if isValid { found.append(Find(kind: kind, range: position..<end)) }
        next = end
        break
      }
      position = next
    }
    return found
  }

  package func judge(_ draft: inout Draft) -> String? {
    let finds = finds(in: draft.text)
    for find in finds { draft.count("\(name)/\(find.kind.rawValue)") }
    switch action {
    case .keep: return nil
    case .drop: return finds.count > maximum ? "personal data" : nil
    case .mask:
      var (result, position): ([UInt32], Int) = ([], 0)
      for find in finds {
        result += draft.text.scalars[position..<find.range.lowerBound]
        result += PythonText("[\(find.kind.rawValue.uppercased())]").scalars
        position = find.range.upperBound
      }
      draft.rewrite(PythonText(scalars: result + draft.text.scalars[position...]))
      return nil
    }
  }
}

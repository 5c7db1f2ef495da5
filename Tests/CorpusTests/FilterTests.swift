import ContentStore
import Corpus
import Testing

/// Rules against datatrove's verdicts, and the rules that it does not have.
@Suite struct FilterTests {
  static let rules: [(String, any DocumentRule)] = {
    var relaxed = C4Quality()
    relaxed.needsTerminalPunctuation = false
    return [
      ("gopher-quality", GopherQuality()), ("gopher-repetition", GopherRepetition()),
      ("c4", C4Quality()), ("c4-fineweb", relaxed), ("c4-paragraphs", C4Paragraphs()),
      ("fineweb", FineWebQuality()),
    ]
  }()

  private func text(_ row: JSON) -> String {
    if let text = row["text"]?.stringValue { return text }
    let parts = row["repeat"]?.arrayValue ?? []
    return String(repeating: parts[0].text, count: parts[1].intValue ?? 0)
  }

  @Test func `every verdict and rewritten text is datatrove's`() throws {
    var reasons: Set<String> = []
    for row in try CorpusFixture.rows("filters.json") {
      let text = text(row)
      for (name, rule) in Self.rules {
        guard let verdict = row["verdicts"]?[name], verdict != .null else { continue }
        var draft = Draft(text)
        let reason = rule.judge(&draft) ?? ""
        #expect(reason == verdict["reason"]?.stringValue, "\(name): \(text.prefix(80))")
        reasons.insert("\(name)/\(reason)")
        if reason.isEmpty {
          #expect(
            Array(draft.text.string.utf8) == Array((verdict["text"]?.stringValue ?? text).utf8))
        }
      }
    }
    // Most reasons occur among the documents.
    #expect(reasons.count > 30)
  }

  @Test func `personal data is found where datatrove's patterns find it`() throws {
    let rule = PersonalData(kinds: [.email, .ip], action: .keep)
    for row in try CorpusFixture.rows("personal.json") {
      let text = PythonText(row["text"]!.text)
      let finds = rule.finds(in: text)
      for (kind, name) in [(PersonalData.Kind.email, "emails"), (.ip, "ips")] {
        let spans = (row[name]?.arrayValue ?? []).map { span in
          let ends = (span.arrayValue ?? []).compactMap(\.intValue)
          return ends[0]..<ends[1]
        }
        #expect(finds.filter { $0.kind == kind }.map(\.range) == spans, "\(text.string)")
      }
    }
  }

  private func masked(_ text: String, _ kinds: Set<PersonalData.Kind>) -> String {
    var draft = Draft(text)
    #expect(PersonalData(kinds: kinds, action: .mask).judge(&draft) == nil)
    return draft.text.string
  }

  @Test func `cards need Luhn's check and accounts their remainder`() {
    // The numbers that payment networks and ISO 13616's registry give as examples.
    #expect(masked("pay 4111 1111 1111 1111 now", [.card]) == "pay [CARD] now")
    #expect(masked("5500-0000-0000-0004", [.card]) == "[CARD]")
    #expect(masked("4111 1111 1111 1112", [.card]) == "4111 1111 1111 1112")
    #expect(masked("0000 0000 0000 0000", [.card]) == "0000 0000 0000 0000")
    #expect(masked("GB82 WEST 1234 5698 7654 32.", [.iban]) == "[IBAN].")
    #expect(masked("DE89370400440532013000", [.iban]) == "[IBAN]")
    #expect(masked("DE89370400440532013001", [.iban]) == "DE89370400440532013001")
  }

  @Test func `telephone numbers are told from other numbers by their groups`() {
    let kinds: Set<PersonalData.Kind> = [.phone]
    #expect(masked("call (555) 123-4567 or +49 30 1234567!", kinds) == "call [PHONE] or [PHONE]!")
    #expect(masked("1-800-555-0199", kinds) == "[PHONE]")
    #expect(masked("in 1984, 12 345 of 3.14", kinds) == "in 1984, 12 345 of 3.14")
  }

  @Test func `a card, telephone number or account ends where others begin`() {
    let usual = Set(PersonalData.Kind.usual)
    for (text, expected) in [
      ("Card: 4111 1111 1111 1111 12/25", "Card: [CARD] 12/25"),
      ("3782 822463 10005 12/25", "[CARD] 12/25"), ("4111111111111111 5pm", "[CARD] 5pm"),
      ("5500-0000-0000-0004-12/25", "[CARD]-12/25"),
      ("4111 1111 1111 1111 5500 0000 0000 0004", "[CARD] [CARD]"),
      ("Tel 555-123-4567 (24 hours)", "Tel [PHONE] (24 hours)"),
      ("Call 555-123-4567. 24 hours", "Call [PHONE]. 24 hours"),
      ("(555) 123-4567 (555) 987-6543", "[PHONE] [PHONE]"),
      ("+1 555 123 4567 2024-05-01", "[PHONE] 2024-05-01"),
      ("+1 555 123 4567 2024 05 01", "[PHONE] 2024 05 01"),
      ("+49 30 1234567 2024-05-01", "[PHONE] 2024-05-01"),
      ("+44 20 7946 0958 4111 1111 1111 1111", "[PHONE] [CARD]"),
      ("4111 1111 1111 1111 555-123-4567", "[CARD] [PHONE]"),
      ("BE68 5390 0754 7034 BIC GKCCBEBB", "[IBAN] BIC GKCCBEBB"),
      ("ES91 2100 0418 4502 0005 1332 BIC CAIXESBB", "[IBAN] BIC CAIXESBB"),
      ("NO93 8601 1117 947 OK", "[IBAN] OK"),
    ] { #expect(masked(text, usual) == expected) }
  }

  @Test func `no card is found across two telephone numbers`() {
    let text = "555-123-4567 555-123-4568"
    #expect(masked(text, Set(PersonalData.Kind.usual)) == "[PHONE] [PHONE]")
    #expect(masked(text, [.card]) == text)
    // Luhn's check holds from the second group on.
    #expect(masked("123-4567-5551-234568", [.card]) == "[CARD]")
  }

  @Test func `numbers that are no personal data stay among other numbers`() {
    for text in [
      "2024-05-01 12:30", "ISBN 978-0-306-40615-7, 0-306-40615-2", "ISBN 978-3-16-148410-0 2010",
      "1.2.3, 10.15.7 and 5.4.0-150", "555.123.4567.8", "4111 1111 1111 1112 12/25",
      "12345678901234567890 1234567890123", "1990 1991 1992 1993 1994 1995 1996",
      "0000 0000 0000 0000 12", "+1 2 3 4 5 6 7 8 9 10 11 12 13 14", "BE68539007547034GK",
    ] { #expect(masked(text, Set(PersonalData.Kind.usual)) == text) }
  }

  @Test func `accounts have their country's length`() {
    #expect(masked("DE89 3704 0044 0532 0130 00", [.iban]) == "[IBAN]")
    #expect(masked("MT84 MALT 0110 0001 2345 MTLC AST0 01S", [.iban]) == "[IBAN]")
    // Remainders are 1, but only a country that is not in the registry may have any length.
    #expect(masked("ZZ591234567890123456", [.iban]) == "[IBAN]")
    #expect(masked("DE291234567890123456", [.iban]) == "DE291234567890123456")
  }

  @Test func `social security numbers are those that may be given`() {
    let kinds: Set<PersonalData.Kind> = [.ssn]
    #expect(masked("SSN 123-45-6789, 899 01 0001.", kinds) == "SSN [SSN], [SSN].")
    for other in [
      "000-45-6789", "666-45-6789", "900-45-6789", "123-00-6789", "123-45-0000", "123456789",
      "123-45 6789", "1123-45-6789", "123-45-67890", "1-123-45-6789", "123-45-6789-1",
      "x123-45-6789",
      "123-45-678", "12a-45-6789", "",
    ] { #expect(masked(other, kinds) == other) }
    #expect(masked("123-45-6789", Set(PersonalData.Kind.usual)) == "123-45-6789")
    #expect(Set(PersonalData.Kind.allCases).subtracting(PersonalData.Kind.usual) == [.ssn])
  }

  @Test func `a document with personal data is kept, masked or dropped`() {
    for (action, reason) in [
      (PersonalData.Action.keep, nil), (.mask, nil), (.drop, "personal data" as String?),
    ] {
      var draft = Draft("write to a@b.org")
      let rule = PersonalData(kinds: [.email], action: action)
      #expect(rule.judge(&draft) == reason)
      #expect(draft.counts == ["personal-data/email": 1])
      #expect(draft.text.string == (action == .mask ? "write to [EMAIL]" : "write to a@b.org"))
    }
  }

  @Test func `dirty words count where nothing of a word touches them`() {
    let rule = DirtyWords(phrases: ["Bad", "very bad", " "])
    #expect(rule.count(in: PythonText("bad, BAD! _bad badly")) == 2)
    #expect(rule.count(in: PythonText("very bad")) == 1)
    #expect(rule.count(in: PythonText("")) == 0)
    var draft = Draft("so bad")
    #expect(rule.judge(&draft) == "dirty words")
    var lenient = rule
    lenient.maximumShare = 0.5
    #expect(lenient.judge(&draft) == nil)
  }

  @Test func `lines of repeated n-grams go and others stay`() {
    let log = String(repeating: "error at line ", count: 20)
    let prose =
      "Once there was a small red boat that sailed far away over the blue sea to find its oldest "
      + "friend, and nobody knew when it would come home again."
    var draft = Draft("\(prose)\n\(log)\n\(prose)")
    #expect(RepeatedGrams().judge(&draft) == nil)
    #expect(draft.text.string == "\(prose)\n\(prose)")
    let words = WordTokenizer().words(PythonText("a b c a b c d"))
    // Both "a b c" are covered: six of seven words.
    #expect(RepeatedGrams.coverage(PythonText("a b c a b c d"), words, 3) == 6.0 / 7)
  }

  @Test func `a document unlike its corpus diverges from it`() {
    let common = PythonText("the cat sat on the mat and the dog sat on the cat")
    var corpus = WordDistribution()
    for _ in 0..<500 { corpus.add(WordDistribution.counts(common)) }
    let usual = corpus.divergence(of: common)
    let other = corpus.divergence(of: PythonText("zq xv kj qqz vvx wpl jkz"))
    #expect(usual < 3 && other > usual + 4)
    #expect(corpus.divergence(of: PythonText("")) == 0)
  }

  @Test func `scripts are told by Unicode's blocks`() {
    #expect(Script.share(of: [.latin], in: PythonText("abc где 123")) == 0.5)
    #expect(Script.share(of: [.han, .kana], in: PythonText("日本のこと")) == 1)
    #expect(Script.share(of: [.latin], in: PythonText("123 👍")) == nil)
    var draft = Draft("Только по-русски")
    #expect(ScriptRule(scripts: [.latin], minimumShare: 0.5).judge(&draft) == "other scripts")
  }

  @Test func `languages are learned from documents and told apart`() {
    var model = LanguageModelOfTrigrams()
    model.add(
      "the quick brown fox jumps over the lazy dog and that is all there was", language: "en")
    model.add(
      "der schnelle braune Fuchs springt über den faulen Hund und das ist alles", language: "de")
    model.add("le renard brun saute par dessus le chien paresseux et c'est tout", language: "fr")
    model.finish()
    #expect(model.languages == ["de", "en", "fr"])
    #expect(model.guess(PythonText("the dog was there"))?.language == "en")
    #expect(model.guess(PythonText("das ist der Hund"))?.language == "de")
    #expect(model.guess(PythonText("12 34")) == nil)
  }

  @Test func `bounds of length count code points and words`() {
    var draft = Draft("e\u{301}\u{301} two three")
    #expect(LengthRule(characters: 13...13, words: 3...3).judge(&draft) == nil)
    #expect(LengthRule(characters: 14...20, words: 0...9).judge(&draft) == "too few characters")
    #expect(LengthRule(characters: 0...20, words: 0...2).judge(&draft) == "too many words")
  }

  @Test func `rules take text that breaks other tools`() {
    let texts = [
      "", "\0", "\r\n", "\u{FEFF}", "👍🏽", "a\u{300}\u{301}", "\u{FFFD}", "{", "...", "\u{85}",
    ]
    for text in texts {
      for (name, rule) in Self.rules {
        var (first, second) = (Draft(text), Draft(text))
        let reason = rule.judge(&first)
        #expect(reason == rule.judge(&second) && first.text == second.text)
        if name == "gopher-quality" { #expect(reason == "gopher_short_doc") }
      }
    }
  }
}

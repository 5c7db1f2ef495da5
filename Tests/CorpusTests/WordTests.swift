import ContentStore
import Corpus
import Testing

/// What `make_filters.py` recorded of spaCy, datatrove and Python.
@Suite struct WordTests {
  @Test func `words and sentences are those of spaCy's English pipeline`() throws {
    let rows = try CorpusFixture.rows("words.json")
    #expect(rows.count > 200)
    let tokenizer = WordTokenizer()
    for row in rows {
      let text = PythonText(try #require(row["text"]?.stringValue))
      #expect(
        tokenizer.words(text).map { text.string($0) } == row["words"]?.texts, "\(text.string)")
      #expect(tokenizer.sentenceCount(text) == row["sentences"]?.intValue, "\(text.string)")
    }
  }

  @Test func `lower case, lines and simplified text are those of Python and datatrove`() throws {
    for row in try CorpusFixture.rows("words.json") {
      let text = PythonText(try #require(row["text"]?.stringValue))
      #expect(text.lowercased().scalars == PythonText(row["lower"]!.text).scalars)
      #expect(text.simplified().scalars == PythonText(row["simple"]!.text).scalars)
      #expect(
        text.lines().map { Array(text.scalars[$0]) }
          == row["lines"]!.texts.map { PythonText($0).scalars })
    }
  }

  @Test func `scalars come back as the text they were`() {
    for text in ["", "a\0b", "e\u{301}", "👩‍👩‍👧", "\u{10FFFF}\u{7FF}\u{800}\u{FFFF}", "\r\n"] {
      #expect(Array(PythonText(text).string.utf8) == Array(text.utf8))
    }
  }

  @Test func `white space is cut as Python cuts it`() {
    let text = PythonText("\u{1C} a\u{A0}b \u{3000}")
    #expect(text.fields(in: text.scalars.indices).map { text.string($0) } == ["a", "b"])
    #expect(text.string(text.stripped(text.scalars.indices)) == "a\u{A0}b")
    let lines = PythonText("\n\na\n\n\nb\n")
    #expect(
      lines.split(atLineFeeds: 2, in: lines.scalars.indices).map { lines.string($0) }
        == ["", "a", "b\n"])
    #expect(PythonText("aaaa").occurrences(of: PythonText("aa").scalars) == 2)
  }
}

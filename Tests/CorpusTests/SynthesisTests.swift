import ContentStore
import Corpus
import Testing

@Suite struct SynthesisTests {
  @Test func `a template is filled, braces are doubled, and places are told`() throws {
    let template = try TextTemplate("{{\"q\": \"{question}\"}}\n{text} {question}é")
    #expect(template.places == ["question", "text"])
    #expect(
      template.filled { ["question": "Why?", "text": "{text}"][$0] }
        == "{\"q\": \"Why?\"}\n{text} Why?é")
    #expect(template.filled { $0 == "text" ? "x" : nil } == nil)
    #expect(try TextTemplate("").filled { _ in nil } == "")
  }

  @Test(arguments: ["{", "}", "a {b", "a } b", "{{{", "{a}}"])
  func `a brace without its partner is refused`(source: String) {
    #expect(throws: CorpusError.self) { try TextTemplate(source) }
  }

  @Test(arguments: [
    (AnswerMatch.exact, " Paris \n", "Paris", true), (.exact, "paris", "Paris", false),
    (.exact, "a  b", "a b", true), (.exact, "", "", true),
    (.number, "So she has 1,234.50 apples.", "#### 1234.5", true),
    (.number, "3 + 4 = 7", "7", true), (.number, "7 of 9", "7", false),
    (.number, "-5", "5", false), (.number, "it is -5.0", "-5", true), (.number, "007", "7", true),
    (.number, "0.50", ".5", false), (.number, "none", "none", false), (.number, "-0", "0", true),
    (.contains, "It is PARIS, I think", "paris", true), (.contains, "Rome", "Paris", false),
    (.contains, "x", "", false),
  ])
  func `answers match as they are compared`(
    match: AnswerMatch, written: String, expected: String, isRight: Bool
  ) {
    #expect(match.isRight(written, expected: expected) == isRight)
  }

  @Test func `fields are found in the metadata`() {
    let document = Document(
      id: "i", text: "t", source: "s",
      metadata: ["fields": ["answer": 12, "deep": ["x": "y"], "yes": true], "list": [1]])
    #expect(document.field("id") == "i" && document.field("source") == "s")
    #expect(document.field("fields.answer") == "12" && document.field("fields.deep.x") == "y")
    #expect(document.field("fields.yes") == "true")
    #expect(document.field("fields") == nil && document.field("list") == nil)
    #expect(document.field("nothing") == nil && document.field("") == nil)
  }

  /// Worked out by hand with the definitions of scikit-learn's precision_recall_fscore_support.
  @Test func `a report has accuracy, and precision, recall and F1 of every label`() {
    var report = ClassificationReport(labels: ["a", "b", "c"])
    let pairs = [(0, 0), (0, 0), (0, 1), (1, 1), (1, 0), (2, 1), (2, 1), (2, 2)]
    for (label, choice) in pairs {
      var probabilities: [Float] = [0.125, 0.125, 0.125]
      probabilities[choice] = 0.75
      report.add(actual: label, probabilities: probabilities)
    }
    #expect(report.count == 8 && report.accuracy.value == 0.5)
    let third: Double = 1.0 / 3
    let precisions: [Double] = [2 * third, 0.25, 1]
    let recalls: [Double] = [2 * third, 0.5, third]
    let scores: [Double] = [2 * third, third, 0.5]
    #expect(report.byLabel.map(\.precision) == precisions)
    #expect(report.byLabel.map(\.recall) == recalls)
    #expect(report.byLabel.map(\.f1) == scores)
    #expect(abs(report.macroF1 - 0.5) < 1e-15)
    // All choices stand in one bin, sure by 0.75 and right by 0.5.
    #expect(report.calibrationError == 0.25)
  }
}

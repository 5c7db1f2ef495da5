import ContentStore
import Evaluation
import LanguageModel
import Testing
import Text

/// Records, words and layouts of tasks.
struct TaskTests {
  private func record(_ fields: [String: JSON], place: String = "x.jsonl, line 3") -> TaskRecord {
    TaskRecord(id: "x/test/3", subject: "", split: "test", number: 3, place: place, fields: fields)
  }

  private func choice(
    _ prompt: String = "{{question}}", choices: String = "choices", answer: String = "answer",
    cleaning: TextCleaning = .none
  ) throws -> TaskWording {
    TaskWording(
      body: .template(try FieldTemplate(prompt)), choices: try FieldExpression(choices),
      gold: try FieldExpression(answer), cleaning: cleaning)
  }

  @Test func `files say splits and subjects, and records their ids`() throws {
    let data = try TaskData(
      files: [
        ("mmlu/test/law_test.csv", Array("q,a,b,c,d,D\n\"r\nr\",e,f,g,h,A\n".utf8)),
        ("mmlu/dev/law_dev.csv", Array("p,a,b,B\n".utf8)),
        ("notes.csv", Array("name,age\n".utf8)),
        ("arc.validation.jsonl", Array("{\"id\":7,\"a\":1}\n\n{\"a\":2}\n".utf8)),
        ("list.json", Array("[{\"a\":3}]".utf8)),
      ], name: "task")
    #expect(
      data.records.map(\.id)
        == ["7", "arc/val/2", "list/test/1", "law/dev/1", "law/test/1", "law/test/2"])
    #expect(data.splits == ["dev", "test", "val"])
    #expect(data.records[1].place == "arc.validation.jsonl, line 3")
    #expect(data.records[5].fields["question"] == "r\nr")
    #expect(data.records[4].fields["answer"] == 3)
  }

  @Test(arguments: [
    ("x_test.csv", "q,1,2\n", "x_test.csv, row 1 (line 1): found 3 fields"),
    ("x_test.csv", "q,1,2,3,D\n", "the answer is \"D\", expected A, B or C"),
    ("x.jsonl", "{\"a\":1}\n{\"a\":\n", "x.jsonl, line 2"),
    ("x.jsonl", "", "no questions found"),
    ("x.jsonl", "[1]", "element 1"),
  ])
  func `broken data is an error that names its place`(
    path: String, text: String, message: String
  ) throws {
    let error = #expect(throws: (any Error).self) {
      try TaskData(files: [(path, Array(text.utf8))], name: "task")
    }
    #expect("\(error!)".contains(message), "\(error!)")
  }

  @Test(
    arguments: [
      (["question": "q"], "x.jsonl, line 3: the choices"),
      (["choices": ["a", "b"], "answer": 0], "the prompt"),
      (["question": "q", "choices": ["a"], "answer": 0], "has 1 choices, expected at least 2"),
      (["question": "q", "choices": ["a", 2], "answer": 0], "holds something that is no text"),
      (["question": "q", "choices": ["a", ""], "answer": 0], "has an empty choice, number 2"),
      (["question": "q", "choices": ["a", "b"], "answer": 2], "is 2, but there are 2 choices"),
      (["question": "q", "choices": ["a", "b"], "answer": "c"], "neither a choice's number"),
      (["question": "q", "choices": ["a", "b"], "answer": "C"], "is C, but there are 2 choices"),
      (["question": "q", "choices": ["a", "b"]], "the answer"),
    ] as [([String: JSON], String)])
  func `a record that lacks something is an error with file, line and field`(
    fields: [String: JSON], message: String
  ) throws {
    let wording = try choice()
    let error = #expect(throws: QuestionError.self) { try wording.posed(record(fields)) }
    #expect(error!.message.contains(message), "\(error!)")
  }

  @Test func `answers may be numbers, texts of numbers, choices and letters`() throws {
    for (answer, gold) in [(1, 1), ("1", 1), ("no", 1), ("B", 1), ("yes", 0)] as [(JSON, Int)] {
      let posed = try choice().posed(
        record(["question": "q", "choices": ["yes", "no"], "answer": answer]))
      #expect(posed.gold == gold)
      #expect(posed.answer == ["yes", "no"][gold])
    }
  }

  @Test
  func
    `a member that is a choice's text is that choice, and what a template writes is a number first`()
    throws
  {
    let fields: [String: JSON] = ["question": "q", "choices": ["1", "2", "3", "0"], "answer": "2"]
    #expect(try choice().posed(record(fields)).gold == 1)
    #expect(try choice(answer: "{{answer}}").posed(record(fields)).gold == 2)
  }

  @Test func `an answer to write may be a number, and is no field's name`() throws {
    let wording = TaskWording(
      body: .template(try FieldTemplate("{{question}}")), choices: nil,
      gold: try FieldExpression("answer"), target: try FieldTemplate("answer"))
    for (answer, text) in [(3, "3"), (2.5, "2.5"), ("three", "three")] as [(JSON, String)] {
      #expect(try wording.posed(record(["question": "q", "answer": answer])).answer == text)
    }
    for (fields, fault) in [
      (["question": "q"], "not there"), (["question": "q", "answer": nil], "is null"),
      (["question": "q", "answer": ["a"]], "neither a text nor a number"),
    ] as [([String: JSON], String)] {
      let error = #expect(throws: QuestionError.self) { try wording.posed(record(fields)) }
      #expect(error?.message.contains(fault) == true)
    }
  }

  @Test func `an empty question is refused, and a form takes any number of choices`() throws {
    let wording = TaskWording(
      body: .form(.letter, question: try FieldExpression("question")),
      choices: try FieldExpression("choices"), gold: try FieldExpression("answer"))
    let error = #expect(throws: QuestionError.self) {
      try wording.posed(record(["question": " \n", "choices": ["a", "b"], "answer": 0]))
    }
    #expect(error?.message.contains("the question is empty") == true)
    let posed = try wording.posed(
      record(["question": " q ", "choices": ["a", "b", "c"], "answer": "C"]))
    #expect(posed.text == "q\nA. a\nB. b\nC. c\nAnswer:")
    #expect(posed.choices == ["A", "B", "C"])
    #expect(posed.gold == 2)
  }

  @Test func `templates keep their last line break, and what is undefined is an error`() throws {
    let template = try FieldTemplate("{{ a.strip() }}\n{% if b %}\nyes\n{% endif %}\n")
    #expect(try template.text(of: ["a": " x ", "b": true]) == "x\n\nyes\n\n")
    #expect(throws: TextError.self) { try template.text(of: ["b": true]) }
    #expect(try FieldExpression("a.index(b)").value(of: ["a": ["x", "y"], "b": "y"]) == 1)
    #expect(try FieldExpression("{{ ['n', 'y'] }}").value(of: [:]) == ["n", "y"])
  }

  @Test func `HellaSwag's brackets go as its preprocess has it`() throws {
    let text = " A [header] b. [title] C  [x\n] [y]d   e "
    let posed = try choice("{{question}}", cleaning: .wikihow).posed(
      record(["question": .string(text), "choices": ["a", "b"], "answer": 0]))
    #expect(posed.text == "A b.. C [x\n] d  e")
  }

  @Test func `a prefix and white space are joined as the harness joins them`() throws {
    var question = PosedQuestion(
      id: "1", subject: "", content: nil, description: "Say.", text: "Q", choices: ["a", "b"],
      answer: "a", prefix: "It is")
    let layout = PromptLayout(system: "Be brief")
    let prompt = try layout.prompt(for: question, examples: [question])
    #expect(prompt.context == "Be brief\n\nSay.Q It is a\n\nQ It is")
    question.prefix = ""
    #expect(
      try layout.prompt(for: question, examples: [question]).context
        == "Be brief\n\nSay.Q a\n\nQ")
  }

  @Test func `a chat has no delimiter, and a template without system turns gets none`() throws {
    let question = PosedQuestion(
      id: "1", subject: "", content: nil, text: "Q", choices: ["a", "b"], answer: "a")
    let chat = try ChatTemplate("gemma", beginToken: "<bos>")
    var layout = PromptLayout(system: "Be brief", chat: chat)
    let prompt = try layout.prompt(for: question, examples: [question])
    #expect(
      prompt.context
        == "<bos><start_of_turn>user\nQ<end_of_turn>\n<start_of_turn>model\na<end_of_turn>\n"
        + "<start_of_turn>user\nQ<end_of_turn>\n<start_of_turn>model\n")
    #expect(prompt.delimiter == "")
    layout.examplesAreTurns = false
    #expect(
      try layout.prompt(for: question, examples: [question]).context
        == "<bos><start_of_turn>user\nQ a\n\nQ<end_of_turn>\n<start_of_turn>model\n")
  }

  @Test func `Python's samples are drawn again`() {
    // random.Random(1234).sample(range(n), k), one call after the other.
    var random = PythonRandom(seed: 1234)
    #expect(random.sample(3, of: 10) == [7, 1, 0])
    #expect(random.sample(5, of: 1000) == [92, 932, 965, 961, 826])
    #expect(random.sample(8, of: 50) == [37, 2, 42, 44, 5, 6, 22, 15])
  }
}

struct AnswerTests {
  private let comparison = AnswerComparison(
    ignoredTexts: [",", "$"], ignoredBefore: "#### ", ignoresFinalStop: true)

  @Test(arguments: [
    ("x\n#### 1,234.50 and", "1,234.50", "1,234.50"), ("#### -7", "-7", "-7"),
    ("#### - 7", "[invalid]", "7"), ("#### none #### 5.", "5.", "5."),
    ("costs $18, then 20%", "[invalid]", "20"), ("a 5", "[invalid]", "5"),
    ("nothing.", "[invalid]", "[invalid]"), ("so -3 or -12", "[invalid]", "-12"),
    ("1...", "[invalid]", "1..."), ("", "[invalid]", "[invalid]"),
  ])
  func `gsm8k's patterns are matched without regular expressions`(
    response: String, strict: String, flexible: String
  ) {
    let after = AnswerExtraction(name: "s", rule: .numberAfter, marker: "#### ")
    #expect(after.answer(in: response) == strict)
    #expect(AnswerExtraction(name: "f", rule: .lastNumber).answer(in: response) == flexible)
  }

  @Test func `other rules find lines, letters and what follows a marker`() {
    func answer(_ rule: AnswerRule, _ text: String, _ marker: String = "") -> String {
      AnswerExtraction(name: "x", rule: rule, marker: marker).answer(in: text)
    }
    #expect(answer(.line, "\n  \n yes \nno") == "yes")
    #expect(answer(.letter, "An answer: (B) or C") == "B")
    #expect(answer(.letter, "none") == "[invalid]")
    #expect(answer(.after, "is: a\nis: b c\nd", "is:") == "b c")
    #expect(answer(.firstNumber, "from 3 to 10") == "3")
  }

  @Test func `answers are compared as exact_match compares`() {
    #expect(comparison.areSame("1,234", "some\n#### 1234"))
    #expect(comparison.areSame("$18.", "#### 18"))
    #expect(comparison.areSame("YES.\n", "yes\n"))
    #expect(!comparison.areSame("18.0", "#### 18"))
    #expect(
      AnswerComparison(ignoresPunctuation: true).areSame("It's (so)!", "its so"))
    #expect(!AnswerComparison(ignoresCase: false).areSame("A", "a"))
  }
}

struct InstructionTests {
  @Test func `every check says what the harness says, strictly and loosely`() throws {
    let json = try fixture("instructions.json")
    let responses = try json.member("responses").strings
    for item in try json.list("cases") {
      let id = try item.string("id")
      let instruction = try Instruction(
        id: id, arguments: try #require(item.member("arguments").objectValue))
      let strict = responses.map { instruction.isKept(by: $0) ? "1" : "0" }.joined()
      let loose = responses.map { instruction.isKeptLoosely(by: $0) ? "1" : "0" }.joined()
      #expect(try strict == item.string("strict"), "\(id)")
      #expect(try loose == item.string("loose"), "\(id)")
    }
  }

  @Test func `unknown instructions and missing arguments are named`() {
    let unknown = #expect(throws: QuestionError.self) {
      try Instruction(id: "keywords:exist", arguments: [:])
    }
    #expect(unknown?.message.contains("keywords:exist") == true)
    let missing = #expect(throws: QuestionError.self) {
      try Instruction(
        id: "length_constraints:number_words",
        arguments: ["num_words": 3, "relation": "at most"])
    }
    #expect(missing?.message.contains("expected \"less than\" or \"at least\"") == true)
  }
}

struct NeedleTests {
  private func task(choices: Int = 3) throws -> NeedleTask {
    NeedleTask(
      lengths: [120, 200], depths: [0, 50, 100], count: 2, keys: ["Ann", "Bo"],
      values: ["barn", "well", "loft"],
      needle: try FieldTemplate("{{key}} is in the {{value}}."),
      prompt: try FieldTemplate("{{context}}\nWhere is {{key}}?"),
      answer: try FieldTemplate("the {{value}}"), choices: choices, seed: 3)
  }

  private let encoder = RequestEncoder(
    tokenizer: ByteTokenizer(addsBegin: false), maximumLength: 256)
  private let hay = ["It rains. It snows! Is it late?", "The end\nGo on"]

  @Test func `needles lie at their depths in texts of their lengths`() throws {
    let questions = try task().questions(in: hay, by: encoder)
    #expect(questions.count == 12)
    for question in questions {
      let length = question.subject.hasPrefix("tokens-120") ? 120 : 200
      let answer = question.choices.map { " \($0)".utf8.count }.max()!
      #expect((length - 12...length).contains(question.text.utf8.count + answer))
      let key = question.text.hasSuffix("Ann?") ? "Ann" : "Bo"
      let needle = "\(key) is in \(question.choices[question.gold])."
      #expect(question.answer == question.choices[question.gold])
      #expect(Set(question.choices).count == 3)
      let before = try #require(
        Array(question.text.utf8).firstRange(of: Array(needle.utf8))?.lowerBound)
      let rest = question.text.utf8.count - "\nWhere is \(key)?".utf8.count - needle.utf8.count
      switch question.subject.split(separator: "-").last {
      case "0": #expect(before == 0)
      case "100": #expect(before == rest)
      default: #expect(abs(before - rest / 2) < 20)
      }
    }
    #expect(try task().questions(in: hay, by: encoder) == questions)
  }

  @Test func `lengths that do not fit are errors`() throws {
    let short = RequestEncoder(tokenizer: ByteTokenizer(addsBegin: false), maximumLength: 150)
    let long = #expect(throws: QuestionError.self) { try task().questions(in: hay, by: short) }
    #expect(long?.message.contains("200 tokens is more than the model's 150") == true)
    let full = #expect(throws: QuestionError.self) {
      try task().questions(in: hay, by: encoder, reserve: 110)
    }
    #expect(full?.message.contains("does not hold the question") == true)
    #expect(throws: QuestionError.self) { try task().questions(in: [" \n"], by: encoder) }
  }
}

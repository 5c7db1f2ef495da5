import ContentStore
import Pipeline
import Testing

/// One field of every kind.
private struct Everything: StageParameters {
  enum Form: String, CaseIterable { case letter, cloze }
  var form: Form

  init(from reader: inout ParameterReader) throws(ParameterError) {
    _ = try reader.integer("integer", in: 1...10, unit: "steps", "an integer")
    _ = try reader.number("number", default: 0.5, in: -1...1, unit: "seconds", "a number")
    _ = try reader.optionalInteger("optionalInteger", in: 1...3, "or none")
    _ = try reader.optionalNumber("optionalNumber", in: 0...1, "or none")
    _ = try reader.boolean("boolean", default: true, "yes or no")
    _ = try reader.string("string", default: "x", "a text")
    form = try reader.choice("form", default: .letter, "how to ask")
    _ = try reader.strings("strings", default: ["a"], "texts")
    _ = try reader.choices("forms", default: Form.allCases, "ways to ask")
    _ = try reader.numbers("numbers", default: [1, 2], in: 0...5, "numbers")
    _ = try reader.map("map", default: ["k": "v"], "texts by name")
    _ = try reader.json("json", default: ["free": true], "anything")
    try reader.files("files", optional: true, "files")
    _ = try reader.object("object", "an object") { (inner) throws(ParameterError) in
      _ = try inner.integer("depth", default: 1, "how deep")
      try inner.files("more", optional: true, "more files")
    }
    _ = try reader.objects("objects", "objects") { (inner) throws(ParameterError) in
      try inner.integer("size", in: 1...9, "a size")
    }
  }
}

struct ParameterReaderTests {
  private func read(
    _ text: String, connected: Set<String> = []
  ) throws -> (form: JSON, files: [String: [String]]) {
    let values = try #require(try parse(text).json.objectValue)
    var reader = ParameterReader(values, fileInputs: connected)
    _ = try reader.decode { (reader) throws(ParameterError) in try Everything(from: &reader) }
    return (.object(reader.normalized), reader.filePatterns)
  }

  static let filled: JSON = [
    "integer": 3, "number": 0.5, "optionalInteger": nil, "optionalNumber": nil, "boolean": true,
    "string": "x", "form": "letter", "strings": ["a"],
    "forms": ["letter", "cloze"], "numbers": [1, 2], "map": ["k": "v"],
    "json": ["free": true], "object": ["depth": 1], "objects": [],
  ]

  @Test func `defaults are filled in`() throws {
    #expect(try read("{integer: 3}").form == Self.filled)
  }

  @Test func `what is written replaces the default`() throws {
    let text = """
      {integer: 3, number: -1, optionalInteger: 2, optionalNumber: 0.25, boolean: false, string: '',
       form: 'cloze', strings: [], forms: ['cloze'], numbers: [5], map: {}, json: null, object: {depth: 4},
       objects: [{size: 1}, {size: 2}]}
      """
    let expected: JSON = [
      "integer": 3, "number": -1, "optionalInteger": 2, "optionalNumber": 0.25, "boolean": false,
      "string": "", "form": "cloze", "strings": [], "forms": ["cloze"], "numbers": [5], "map": [:],
      "json": nil, "object": ["depth": 4], "objects": [["size": 1], ["size": 2]],
    ]
    #expect(try read(text).form == expected)
  }

  @Test func `reading the filled form again gives it again`() throws {
    for text in ["{integer: 1}", "{integer: 9, objects: [{size: 3}], json: [1, {a: null}]}"] {
      let form = try read(text).form
      #expect(try read(form.canonicalText()).form == form)
    }
  }

  @Test func `files stay out of the form and become ports`() throws {
    let (form, files) = try read("{integer: 3, files: 'a', object: {more: ['b', '*.txt']}}")
    #expect(form == Self.filled)
    #expect(files == ["files": ["a"], "object.more": ["b", "*.txt"]])
  }

  @Test func `minus zero is zero`() throws {
    let zero = try #require(try read("{integer: 3, number: -0}").form["number"]?.doubleValue)
    #expect(zero.sign == .plus)
    #expect(try parse("{a: [-0]}").json["a"]?.arrayValue?[0].doubleValue?.sign == .plus)
  }

  static let wrong: [(String, String)] = [
    ("{}", "integer: is required: an integer"),
    ("{intger: 3}", "integer: is required: an integer (is \"intger\" a misspelling of it?)"),
    ("{integer: null}", "integer: must be an integer, found null"),
    ("{integer: 1.5}", "integer: must be an integer, found 1.5"),
    ("{integer: '1'}", "integer: must be an integer, found \"1\""),
    ("{integer: 11}", "integer: must be from 1 to 10, found 11"),
    ("{integer: 1, number: 2}", "number: must be from -1 to 1, found 2"),
    ("{integer: 1, number: true}", "number: must be a number, found true"),
    ("{integer: 1, optionalInteger: 0}", "optionalInteger: must be from 1 to 3, found 0"),
    ("{integer: 1, optionalNumber: []}", "optionalNumber: must be a number, found a list"),
    ("{integer: 1, boolean: 1}", "boolean: must be true or false, found 1"),
    ("{integer: 1, string: {}}", "string: must be a text, found an object"),
    (
      "{integer: 1, form: 'leter'}",
      "form: must be one of letter, cloze, found \"leter\" (did you mean \"letter\"?)"
    ),
    ("{integer: 1, form: 3}", "form: must be a text, found 3"),
    ("{integer: 1, strings: 'a'}", "strings: must be a list, found \"a\""),
    ("{integer: 1, strings: ['a', 1]}", "strings[1]: must be a text, found 1"),
    ("{integer: 1, forms: []}", "forms: must name one at least"),
    ("{integer: 1, forms: ['cloze', 'cloze']}", "forms: names cloze twice"),
    ("{integer: 1, forms: ['letter', 'x']}", "forms[1]: must be one of letter, cloze, found \"x\""),
    ("{integer: 1, numbers: [1, 6]}", "numbers[1]: must be from 0 to 5, found 6"),
    ("{integer: 1, map: {b: 1, a: 2}}", "map.a: must be a text, found 2"),
    ("{integer: 1, files: []}", "files: must be a path or a list of paths, found a list"),
    ("{integer: 1, files: ''}", "files: is an empty path"),
    ("{integer: 1, files: ['a', 3]}", "files[1]: must be a text, found 3"),
    ("{integer: 1, object: 3}", "object: must be an object, found 3"),
    (
      "{integer: 1, object: {dept: 3}}",
      "object.dept: is not a parameter (did you mean \"depth\"?)"
    ),
    ("{integer: 1, objects: [{size: 1}, {}]}", "objects[1].size: is required: a size"),
    ("{integer: 1, objects: [{size: 1}, 3]}", "objects[1]: must be an object, found 3"),
    ("{integer: 1, objects: [{size: 1, b: 2}]}", "objects[0].b: is not a parameter"),
    ("{integer: 1, nubmer: 1}", "nubmer: is not a parameter (did you mean \"number\"?)"),
  ]

  @Test(arguments: wrong)
  func `a wrong value is refused with its path`(text: String, message: String) throws {
    do {
      _ = try read(text)
      Issue.record("\(text) was read")
    } catch let error as ParameterError {
      #expect("\(error.path): \(error.message)" == message)
    }
  }

  @Test func `reading nothing lists every field`() throws {
    var reader = ParameterReader(nil)
    _ = try Everything(from: &reader)
    #expect(
      reader.fields.map { "\($0.path) \($0.type)" } == [
        "integer integer", "number number", "optionalInteger integer", "optionalNumber number",
        "boolean boolean", "string string", "form choice", "strings list", "forms list",
        "numbers list", "map map", "json json", "files files", "object object",
        "object.depth integer",
        "object.more files", "objects list", "objects[].size integer",
      ])
    let first = reader.fields[0]
    #expect(first.defaultValue == nil && first.minimum == 1 && first.maximum == 10)
    #expect(first.unit == "steps" && first.summary == "an integer")
    #expect(reader.fields[6].choices == ["letter", "cloze"])
    #expect(reader.fields[7].elementType == "string" && reader.fields[9].maximum == 5)
    #expect(reader.fields[8].elementType == "choice")
    #expect(reader.fields[8].choices == ["letter", "cloze"])
  }

  @Test func `required files are satisfied by a connected port`() throws {
    let op = try testRegistry.stage("import")
    #expect(throws: ParameterError.self) { try op.decode([:]) }
    #expect(try op.decode([:], connected: ["files"]).filePatterns.isEmpty)
  }
}

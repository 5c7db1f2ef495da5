import ContentStore
import Pipeline
import Testing

/// The cases of the official suite, github.com/json5/json5-tests, by its folders, and of json5.org's
/// grammar beyond them.
struct JSON5Tests {
  static let valid: [(String, JSON)] = [
    // arrays
    ("[]", []), ("[\n    null\n]", [.null]), ("[true,]", [true]), ("[[],]", [[]]),
    ("[ 0, 1,\n 2 ]", [0, 1, 2]),
    // comments
    ("[\n    false\n    /*\n        true\n    */\n]", [false]),
    (
      "\"This /* block comment */ isn't really a block comment.\"",
      "This /* block comment */ isn't really a block comment."
    ),
    ("/*\n block \n*/\nnull", nil), ("[\n false,\n /**/ true /* a */ ]", [false, true]),
    ("null\n/*\n after \n*/", nil), ("[ false // true\n]", [false]), ("null // end", nil),
    ("//start\nnull", nil),
    (
      "\"This inline comment // isn't really\"",
      "This inline comment // isn't really"
    ),
    ("/** * JSDoc **/null", nil), ("null/**/", nil), ("/* * / */1", 1),
    ("//a\r1", 1), ("//a\u{2028}1", 1), ("//a\u{2029}1", 1), ("//a\r\n//b\n1", 1),
    // misc and new lines
    ("{\n}", [:]), ("{\r\n    // an inline comment\r\n    a: true\r\n}", ["a": true]),
    ("{\r    a: true\r}", ["a": true]), ("\u{FEFF}\u{B}\u{C}\u{A0}\u{2003} 1\t", 1),
    ("'line 1 \\\nline 2'", "line 1 line 2"), ("'line 1 \\\r\nline 2'", "line 1 line 2"),
    ("'line 1 \\\rline 2'", "line 1 line 2"), ("'a\\\u{2028}b'", "ab"), ("'a\\\u{2029}b'", "ab"),
    // numbers
    ("5.", 5), ("5.e4", 50000), ("5.4", 5.4), (".5", 0.5), (".5e3", 500), ("0.", 0), ("0.0", 0),
    ("0", 0), ("-0", 0), ("-0.0", 0), ("+0", 0), ("1e3", 1000), ("1E+3", 1000), ("1e-3", 0.001),
    ("15", 15), ("-15", -15), ("+15", 15), ("+.5", 0.5), ("-.5", -0.5), ("+5.", 5), ("-5.", -5),
    ("+1.2", 1.2), ("-1.2", -1.2), ("0xC8", 200), ("0xc8", 200), ("0XCAFE", 51966), ("-0xC8", -200),
    ("+0x1F", 31), ("0x0", 0), ("0e23", 0), ("0.0001", 0.0001), ("1.2e3", 1200),
    ("0xE", 14), ("9007199254740992", 9_007_199_254_740_992),
    ("100000000000000000000", .number(1e20)), ("0x20000000000000", 9_007_199_254_740_992),
    ("1152921504606846976", .number(0x1p60)),
    // objects
    ("{}", [:]), ("{\"a\": 1,}", ["a": 1]), ("{'hello': \"world\"}", ["hello": "world"]),
    (
      "{hello:\"world\",_:\"underscore\",$:\"dollar\",one1:\"numerals\",_$_:\"m\",$_$h1:\"x\"}",
      [
        "hello": "world", "_": "underscore", "$": "dollar", "one1": "numerals", "_$_": "m",
        "$_$h1": "x",
      ]
    ),
    ("{\"\": 1}", ["": 1]), ("{while: true}", ["while": true]), ("{null: 1}", ["null": 1]),
    ("{ünïcödé: 1}", ["ünïcödé": 1]), ("{\\u0061b: 1}", ["ab": 1]),
    ("{a\\u200Cb: 1}", ["a\u{200C}b": 1]),
    ("{ℵ:1}", ["ℵ": 1]), ("{Infinity: 1, NaN: 2}", ["Infinity": 1, "NaN": 2]),
    ("{__proto__: 1}", ["__proto__": 1]), ("{ a : { b : [ { } ] } }", ["a": ["b": [[:]]]]),
    // strings
    ("'I can\\'t wait'", "I can't wait"), ("'hello world'", "hello world"), ("'\"'", "\""),
    ("\"'\"", "'"), ("\"\\b\\f\\n\\r\\t\\v\\0\\\\\\/\\\"\\'\"", "\u{8}\u{C}\n\r\t\u{B}\0\\/\"'"),
    ("'\\x41\\x7e'", "A~"), ("'\\u00e9'", "é"), ("'\\uD83D\\uDE00'", "😀"), ("'\\a\\A\\$'", "aA$"),
    ("'tab\there'", "tab\there"), ("'\u{2028}\u{2029}'", "\u{2028}\u{2029}"), ("''", ""),
    ("'😀'", "😀"),
  ]

  @Test(arguments: valid)
  func `valid JSON5 is read`(text: String, value: JSON) throws {
    #expect(try parse(text).json == value)
  }

  /// Text, place (line:column) and message of what is refused.
  static let invalid: [(String, String)] = [
    // arrays and objects
    ("[,]", "1:2 expected a value, found ','"),
    ("[true,,]", "1:7 expected a value, found ','"),
    ("[\n true\n false\n]", "3:2 expected ',' or ']', found 'f'"),
    ("[1", "1:3 the text ends where ',' or ']' should stand"),
    ("{,\n\"a\":1}", "1:2 expected a member's name or '}', found ','"),
    ("{\n \"a\": true,\n,}", "3:1 expected a member's name or '}', found ','"),
    ("{10twenty: \"x\"}", "1:2 expected a member's name or '}', found '1'"),
    ("{multi-word: 1}", "1:7 expected ':' after the name \"multi\", found '-'"),
    ("{a 1}", "1:4 expected ':' after the name \"a\", found '1'"),
    ("{a: 1 b: 2}", "1:7 expected ',' or '}', found 'b'"),
    ("{a:}", "1:4 expected a value, found '}'"),
    ("{\\u0031a: 1}", "1:2 the escaped character may not stand in a name"),
    ("{a\\u002Db: 1}", "1:3 the escaped character may not stand in a name"),
    ("{\\n: 1}", "1:2 a name may only hold \\u escapes"),
    ("{a: 1, b: 2,\n 'a': 3}", "2:2 the name \"a\" appears twice, first in line 1"),
    ("{a: 1, \\u0061: 3}", "1:8 the name \"a\" appears twice, first in line 1"),
    // comments and the rest
    ("", "1:1 the text ends where a value should stand"),
    ("// nothing", "1:11 the text ends where a value should stand"),
    ("true\n/*\n never", "2:1 the comment does not end"), ("/*/", "1:1 the comment does not end"),
    ("# comment\n1", "1:1 expected a value, found '#'"),
    ("1 / 2", "1:3 '/' starts no comment: write // or /* */"),
    ("1 2", "1:3 unexpected text after the value"), ("{} }", "1:4 unexpected text after the value"),
    ("hello", "1:1 \"hello\" is no value; write texts in quotes"),
    ("[undefined]", "1:2 \"undefined\" is no value; write texts in quotes"),
    ("True", "1:1 \"True\" is no value; write texts in quotes"),
    // strings
    ("'foo\nbar'", "1:5 a line break in a string: end the line with \\ or write \\n"),
    ("'foo\r'", "1:5 a line break in a string: end the line with \\ or write \\n"),
    ("'foo", "1:1 the string does not end"), ("'foo\"", "1:1 the string does not end"),
    ("'\\x4'", "1:2 the escape needs 2 hex digits"),
    ("'\\u12g4'", "1:2 the escape needs 4 hex digits"),
    ("'\\1'", "1:2 an octal escape"), ("'\\01'", "1:2 an octal escape"),
    ("'\\uD83D'", "1:2 a lone surrogate"), ("'\\uDE00'", "1:2 a lone surrogate"),
    ("'\\uD83D\\u0041'", "1:2 a lone surrogate"),
    // numbers
    ("010", "1:1 a number may not start with 0"), ("-098.5", "1:1 a number may not start with 0"),
    (".", "1:1 not a number"), ("+", "1:1 not a number"), ("--1", "1:1 not a number"),
    ("- 1", "1:1 not a number"), ("1e", "1:1 not a number"), ("1e+", "1:1 not a number"),
    ("1.e", "1:1 not a number"), (".e1", "1:1 not a number"), ("0x", "1:1 not a number"),
    ("0xg", "1:1 not a number"), ("1a", "1:1 not a number"),
    ("0x1.5", "1:4 unexpected text after the value"),
    ("1.2.3", "1:4 unexpected text after the value"), ("+foo", "1:1 not a number"),
    ("0o17", "1:1 not a number"), ("1_000", "1:1 not a number"),
    // what JSON5 has and we refuse
    ("Infinity", "1:1 Infinity has no stable encoding"),
    ("{a: NaN}", "1:5 NaN has no stable encoding"),
    ("[\n  -Infinity]", "2:3 -Infinity has no stable encoding"),
    ("+NaN", "1:1 +NaN has no stable encoding"),
    ("1e400", "1:1 1e400 has no stable encoding"), ("1e-400", "1:1 1e-400 has no stable encoding"),
    (
      "9007199254740993",
      "1:1 9007199254740993 has no stable encoding: no double holds it; write it in quotes"
    ),
    ("0x20000000000001", "1:1 0x20000000000001 has no stable encoding"),
    ("0xFFFFFFFFFFFFFFFFFF", "1:1 0xFFFFFFFFFFFFFFFFFF has no stable encoding"),
  ]

  @Test(arguments: invalid)
  func `invalid JSON5 is refused with its place`(text: String, message: String) throws {
    #expect(brief(try failure { _ = try parse(text) }) == message)
  }

  @Test func `invalid UTF-8 is refused at its first byte`() throws {
    let file = SourceFile(name: "x", folder: "/", bytes: Array("{a: 'é".utf8) + [0xFF, 0x27, 0x7D])
    let error = try failure { _ = try SourceNode(parsing: file) }
    #expect(brief(error) == "1:7 the text is not valid UTF-8")
    #expect(error.position?.offset == 7)
  }

  @Test func `nesting that would overflow the stack is refused`() throws {
    let deep = String(repeating: "[", count: 100_000)
    #expect(try failure { _ = try parse(deep) }.message == "nested more than 256 levels deep")
    let allowed = String(repeating: "[", count: 256) + String(repeating: "]", count: 256)
    _ = try parse(allowed)
  }

  @Test func `order and places of members are kept`() throws {
    let members = try #require(try parse("{\n  zeta: 1,\n  'é': [2,\n\t3],\n}").members)
    #expect(members.map(\.key) == ["zeta", "é"])
    #expect(
      members.map { "\($0.keyPosition)" } == ["experiment.json5:2:3", "experiment.json5:3:3"])
    let last = try #require(members[1].value.elements?.last)
    #expect("\(last.position)" == "experiment.json5:4:2")
  }

  @Test func `an error shows its line with a caret`() throws {
    let error = try failure { _ = try parse("{\n\tseed: 'é' 017,\n}") }
    #expect(
      "\(error)" == """
        experiment.json5:2:12: expected ',' or '}', found '0'
          \tseed: 'é' 017,
          \t          ^
        """)
  }

  @Test func `an error in a long line shows a window around its place`() throws {
    let padding = String(repeating: "x", count: 500)
    let error = try failure { _ = try parse("['\(padding)', ?, '\(padding)']") }
    let lines = "\(error)".split(separator: "\n")
    #expect(lines[1].count < 100 && lines[1].contains("?"))
    let caret = try #require(Array(lines[2]).firstIndex(of: "^"))
    #expect(Array(lines[1])[caret] == "?")
  }

  /// Every text that JSON's own reader takes has the same value here.
  @Test func `JSON is JSON5`() throws {
    for text in [
      "{\"a\":[1,2.5e-3,{\"b\":null}],\"c\":\"\\u20ac\\n\"}", "[]", "-1.5E+2", "\"\\/\"",
    ] {
      #expect(try parse(text).json == JSON(parsing: text))
    }
  }

  /// A small generator of its own, so that every run tests the same texts.
  private struct Numbers {
    var state: UInt64 = 1
    mutating func next(below limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % limit
    }
  }

  @Test func `a damaged text is read or refused within itself, never a crash`() throws {
    var numbers = Numbers()
    let good = Array(
      "{a: [1.5e3, 0x1F, 'é\\u00e9\\\n', /* c */ true], $b: { 'c': -.5, }, // d\n}".utf8)
    var refused = 0
    for _ in 0..<5000 {
      var bytes = good
      for _ in 0...numbers.next(below: 3) {
        let place = numbers.next(below: bytes.count)
        switch numbers.next(below: 3) {
        case 0: bytes[place] = UInt8(numbers.next(below: 256))
        case 1: bytes.remove(at: place)
        default: bytes.insert(bytes[numbers.next(below: bytes.count)], at: place)
        }
      }
      do {
        _ = try SourceNode(parsing: SourceFile(name: "x", folder: "/", bytes: bytes))
      } catch {
        refused += 1
        let offset = try #require(error.position?.offset)
        #expect(offset <= bytes.count && "\(error)".contains("^"))
      }
    }
    #expect(refused > 1000)
  }

  @Test func `every double's canonical form is read as the same double`() throws {
    var numbers = Numbers()
    for _ in 0..<5000 {
      let bits = UInt64(numbers.next(below: 1 << 31)) << 33 | UInt64(numbers.next(below: 1 << 31))
      let value = Double(bitPattern: bits)
      if !value.isFinite || value == 0 { continue }
      #expect(try parse(JSON.ecmaScript(value)).json == .number(value))
    }
    for value in [
      1e15, 1e17, 123_456_789e12, 1e20, 1e21, .leastNonzeroMagnitude, 0x1p-1022,
      0x1.fffffffffffffp1023,
    ] {
      #expect(try parse(JSON.ecmaScript(value)).json == .number(value))
    }
  }
}

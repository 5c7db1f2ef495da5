import ContentStore
import Corpus
import Foundation
import Testing

@Suite struct ImporterTests {
  /// A file's documents, fed in chunks of some size.
  func documents(
    _ bytes: [UInt8], _ file: String = "a.txt", chunk: Int = .max,
    _ configure: (inout ImportOptions) -> Void = { _ in }
  ) throws -> [Document] {
    var options = ImportOptions()
    configure(&options)
    var importer = try DocumentImporter(file: file, options: options)
    var documents: [Document] = []
    var start = 0
    while start < bytes.count {
      let end = start + min(chunk, bytes.count - start)
      documents += try importer.feed(Array(bytes[start..<end]))
      start = end
    }
    return try documents + importer.finish()
  }

  func texts(
    _ text: String, _ file: String = "a.txt", _ configure: (inout ImportOptions) -> Void
  ) throws -> [String] {
    try documents(Array(text.utf8), file, configure).map(\.text)
  }

  func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  @Test func `a text file is one document, kept as it is`() throws {
    let text = " \r\nHello\0 \u{1F44D}\u{1F3FD} e\u{301}\n\n"
    let found = try documents(Array(text.utf8), "d/a.txt")
    #expect(found.count == 1)
    #expect(found[0].text.utf8.elementsEqual(text.utf8))
    #expect(found[0].id == "d/a.txt#0" && found[0].source == "d/a.txt")
    #expect(found[0].metadata == ["file": "d/a.txt", "offset": 0])
  }

  @Test func `a separator cuts a file into documents with offsets`() throws {
    let text = "one\n<|endoftext|>\n two <|endoftext|><|endoftext|>three"
    let found = try documents(Array(text.utf8)) { $0.separator = "<|endoftext|>" }
    #expect(found.map(\.text) == ["one", "two", "three"])
    #expect(found.map(\.id) == ["a.txt#0", "a.txt#1", "a.txt#3"])
    #expect(found.map { $0.metadata["offset"]?.intValue } == [0, 19, 49])
    let kept = try texts(text) {
      $0.separator = "<|endoftext|>"
      $0.trims = false
    }
    #expect(kept == ["one\n", "\n two ", "three"])
  }

  @Test func `line feeds as separator mean blank lines, whatever the line breaks are`() throws {
    let text = "a\nb\n\nc\r\n \t\r\nd\r\re\n\n\n\n f\n"
    #expect(try texts(text) { $0.separator = "\n\n" } == ["a\nb", "c", "d", "e", "f"])
    #expect(try texts(text) { $0.separator = "\n" } == ["a", "b", "c", "d", "e", "f"])
    #expect(try texts("a\n\nb\n\n\nc") { $0.separator = "\n\n\n" } == ["a\n\nb", "c"])
  }

  @Test func `CRLF and CR become LF when asked`() throws {
    #expect(try texts("a\r\nb\rc\n\r\n") { $0.lineBreaks = .lf } == ["a\nb\nc\n\n"])
  }

  @Test func `a byte order mark is dropped and recorded, and offsets count it`() throws {
    let text = Array("\u{FEFF}a\n\u{FEFF}b".utf8)
    let found = try documents(text) { $0.separator = "\n" }
    #expect(found.map(\.text) == ["a", "\u{FEFF}b"])
    #expect(
      found[0].metadata == ["file": "a.txt", "offset": 3, "byteOrderMark": true])
    #expect(try documents([0xEF, 0xBB, 0xBF]).isEmpty)
    #expect(try documents(Array("\u{FEFF}{\"text\":\"x\"}".utf8), "a.jsonl").map(\.text) == ["x"])
  }

  @Test func `empty files and blank documents give nothing`() throws {
    #expect(try documents([]).isEmpty)
    #expect(try documents([], "a.jsonl").isEmpty)
    #expect(try documents([], "a.csv").isEmpty)
    var importer = try DocumentImporter(file: "a.jsonl", options: ImportOptions())
    _ = try importer.feed(Array("{\"text\":\"\"}\n\n".utf8))
    #expect(try importer.finish().isEmpty && importer.emptyCount == 1)
  }

  @Test func `invalid UTF-8 is refused with its offset, also across chunks`() throws {
    for (bytes, offset) in [
      ([0x61, 0xFF], 1), ([0xC3], 0), ([0x61, 0xE2, 0x82], 1), ([0xED, 0xA0, 0x80], 0),
      ([0xC0, 0x80], 0), ([0xF4, 0x90, 0x80, 0x80], 0), ([0x61, 0x62, 0xC3, 0x28], 2),
      ([0xE2, 0x82, 0xAC, 0x80], 3), ([0xF0, 0x8F, 0x80, 0x80], 0),
    ] as [([UInt8], Int)] {
      for name in ["a.txt", "a.jsonl", "a.csv"] {
        for chunk in [1, 2, 100] {
          #expect(
            message { _ = try documents(bytes, name, chunk: chunk) }
              == "\(name) is not valid UTF-8 at byte \(offset); convert it first, for example with "
              + "iconv", "\(bytes), chunks of \(chunk)")
        }
      }
    }
  }

  @Test func `chunks of any size give the same documents`() throws {
    let text = "\u{FEFF}é one\r\n\r\n\u{1F600} two<|e|> \n\n\n<|e|>x<|e"
    let json = "{\"text\":\"é\\u0000\",\"n\":1}\r\n\n{\"text\":\"\u{1F600}\"}"
    for separator in ["", "\n\n", "<|e|>"] {
      for (file, bytes) in [("a.txt", Array(text.utf8)), ("a.jsonl", Array(json.utf8))] {
        let whole = try documents(bytes, file) { $0.separator = separator }
        #expect(!whole.isEmpty)
        for chunk in 1...8 {
          #expect(try documents(bytes, file, chunk: chunk) { $0.separator = separator } == whole)
        }
      }
    }
  }

  @Test func `JSON lines keep their other members, ids and sources`() throws {
    let lines = """
      {"text": "a", "id": "x1", "source": "web", "url": "http://e"}
      {"text": "b", "id": 7}
      """
    let found = try documents(Array(lines.utf8), "a.jsonl") { $0.idField = "id" }
    #expect(found.map(\.id) == ["x1", "7"] && found.map(\.source) == ["web", "a.jsonl"])
    #expect(
      found[0].metadata == [
        "file": "a.jsonl", "offset": 0, "fields": ["source": "web", "url": "http://e"],
      ])
    #expect(found[1].metadata == ["file": "a.jsonl", "offset": 62])
    let renamed = try documents(Array(lines.utf8), "a.jsonl") { $0.source = "mine" }
    #expect(renamed.map(\.source) == ["mine", "mine"] && renamed[0].id == "a.jsonl#0")
  }

  @Test func `a line that is no document says where and why`() {
    func error(_ text: String, _ configure: (inout ImportOptions) -> Void = { _ in }) -> String {
      message { _ = try documents(Array("\n\(text)\n".utf8), "a.jsonl", configure) }
    }
    #expect(error("{\"text\":\"\\ud800\"}") == "a.jsonl, line 2, column 10: a lone surrogate")
    #expect(error("[1]") == "a.jsonl, line 2: the line holds no JSON object")
    #expect(error("{\"text\":1}") == "a.jsonl, line 2: \"text\" is not a text")
    #expect(
      error("{\"texts\":\"\"}")
        == "a.jsonl, line 2: there is no \"text\" (did you mean \"texts\"?); set textField to the "
        + "member that holds the text")
    #expect(error("{\"text\":\"x\"") == "a.jsonl, line 2, column 12: expected ',' or '}'")
    #expect(
      error("{\"text\":\"x\"}") { $0.idField = "id" }
        == "a.jsonl, line 2: \"id\" is not an id; it must be a text or a number on every line")
    // Read as a number it would be that of its neighbour.
    #expect(
      error("{\"text\":\"x\",\"id\":1234567890123456789}") { $0.idField = "id" }
        .contains("\"id\" is a number over 2^53"))
  }

  @Test func `CSV columns are found by name or by number`() throws {
    let csv = Array("no,text\r\n1,\"a\r\nb, \"\"c\"\"\"\r\n2,\r\n3,d\r\n".utf8)
    let found = try documents(csv, "a.csv") { $0.idField = "no" }
    #expect(found.map(\.text) == ["a\r\nb, \"c\"", "d"] && found.map(\.id) == ["1", "3"])
    #expect(found[1].metadata["offset"] == 30)
    let byNumber = try documents(csv, "a.csv") {
      $0.textField = "2"
      $0.hasHeader = false
    }
    #expect(byNumber.map(\.text) == ["text", "a\r\nb, \"c\"", "d"])
    #expect(byNumber[0].metadata["fields"] == ["1": "no"])
    #expect(
      message { _ = try documents(csv, "a.csv") { $0.textField = "txt" } }
        == "a.csv has no column \"txt\" (did you mean \"text\"?); set textField to a column's name, "
        + "or to its number from 1")
    #expect(
      message {
        _ = try documents(Array("a\n".utf8), "a.csv") {
          $0.textField = "3"; $0.hasHeader = false
        }
      }
        == "a.csv, line 1: the row has 1 fields, but column 3 is needed")
  }

  @Test func `compressed files and other formats are refused with a remedy`() {
    for (name, remedy) in [
      ("a.txt.gz", "gunzip"), ("b.jsonl.zst", "unzstd"), ("c.arrow", "pandas"),
      ("d.tar.gz", "unpack"), ("f.pdf", "extract"),
    ] {
      let found = message { _ = try documents(Array("x".utf8), name) }
      #expect(found.hasPrefix(name + " is ") && found.contains(remedy), "\(found)")
    }
    #expect(message { _ = try documents([0x78], "e.json") { $0.format = .text } } == "no error")
  }

  @Test func `a JSON array is read an element at a time`() throws {
    let json = "\u{FEFF}[{\"text\":\"x]\"},\n {\"text\":\"y\",\"n\":[1]}]"
    let found = try documents(Array(json.utf8), "a.json")
    #expect(found.map(\.text) == ["x]", "y"] && found.map(\.id) == ["a.json#0", "a.json#1"])
    #expect(found[1].metadata["offset"] == 20)
    #expect(
      message { _ = try documents(Array("[{\"text\":\"x\"},1]".utf8), "a.json") }
        == "a.json, element 2: the element is no JSON object")
  }

  @Test func `a line of 5 MB is one document`() throws {
    let long = String(repeating: "é x", count: 1_250_000)
    #expect(try documents(Array(long.utf8), chunk: 1 << 20) { $0.separator = "\n" }[0].text == long)
    let json = Array("{\"text\":\"\(long)\"}\n{\"text\":\"y\"}".utf8)
    #expect(try documents(json, "a.jsonl", chunk: 1 << 20).map(\.text) == [long, "y"])
  }

  @Test func `a document's line is read back`() throws {
    let document = Document(
      id: "a#\u{301}", text: "\0\u{1F600}\r\n\"\\", source: "s", metadata: ["offset": 3])
    let line = try document.line()
    #expect(line.last == 10 && !line.dropLast().contains(10))
    #expect(try Document(line: Array(line.dropLast())) == document)
    #expect(throws: CorpusError.self) { try Document(line: Array("{\"id\":\"a\"}".utf8)) }
  }

  @Test func `documents are read from the store, and a bad line is named`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "exp-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = ObjectStore(at: folder.path)
    try store.prepare()
    let documents = (0..<5).map { Document(id: "\($0)", text: "text \($0)", source: "s") }
    var bytes = try documents.flatMap { try $0.line() }
    let reader = DocumentReader(try store.makeReader(try store.put(bytes)), name: "docs")
    let first = try reader.nextBatch(bytes: 1)
    #expect(first.count == 1 && reader.position < reader.size)
    #expect(try first + reader.nextBatch(bytes: .max) == documents)
    #expect(try reader.next() == nil && reader.position == reader.size)
    bytes += Array("\n{}\n".utf8)
    let bad = DocumentReader(try store.makeReader(try store.put(bytes)), name: "docs")
    #expect(
      message { _ = try bad.nextBatch(bytes: .max) }
        == "docs, line 7: not a document: \"id\", \"text\" and \"source\" must be texts")
  }
}

import Corpus
import Foundation
import Testing

/// `../shared/data`, from the package's root; nil when it is not there.
let sharedData: URL? = {
  let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  let data = root.appending(path: "../shared/data").standardizedFileURL
  return FileManager.default.fileExists(atPath: data.path) ? data : nil
}()

@Suite struct CSVTests {
  func fields(_ text: String) throws -> [[String]] {
    try CSV.rows(Array(text.utf8), file: "x.csv").map(\.fields)
  }

  @Test func `quotes hold commas, line breaks and doubled quotes`() throws {
    #expect(
      try fields("a,\"b,\"\"c\"\"\r\nd\",e\r\n\"\",,\n") == [
        ["a", "b,\"c\"\r\nd", "e"], ["", "", ""],
      ])
  }

  @Test func `records end at LF, CRLF and CR, and at the end`() throws {
    #expect(
      try fields("a,b\nc,d\r\ne,f\rg,h") == [["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"]])
    #expect(try fields("\n\r\n\ra\n\n") == [["a"]])
    #expect(try fields("") == [])
    #expect(try fields("a,") == [["a", ""]])
  }

  @Test func `a quote inside an unquoted field is kept`() throws {
    #expect(try fields("5\" pipe,x\n") == [["5\" pipe", "x"]])
  }

  @Test func `a byte order mark is no part of the first field`() throws {
    #expect(try fields("\u{FEFF}a,b\n\u{FEFF}c\n") == [["a", "b"], ["\u{FEFF}c"]])
    #expect(try fields("\u{FEFF}\"a\"") == [["a"]])
  }

  @Test func `lines and offsets say where a record begins`() throws {
    let rows = try CSV.rows(Array("a,\"x\r\ny\"\r\nb\n\nc".utf8), file: "x.csv")
    #expect(rows.map(\.line) == [1, 3, 5])
    #expect(rows.map(\.offset) == [0, 10, 13])
  }

  @Test func `what cannot be read says where`() {
    #expect(throws: CorpusError("x.csv, line 2: the quote that opens here is never closed")) {
      try fields("a\nb,\"c\nd")
    }
    #expect(
      throws: CorpusError(
        "x.csv, line 1: text follows a closing quote; double the quotes inside a field")
    ) { try fields("\"a\"b\n") }
    #expect(
      throws: CorpusError(
        "x.csv is not valid UTF-8 at byte 2; convert it first, for example with iconv")
    ) { try CSV.rows([0x61, 0x2C, 0xFF], file: "x.csv") }
  }

  @Test func `chunks of any size give the same records`() throws {
    let bytes = Array("\u{FEFF}é,\"a\"\"\r\nb\",\u{1F600}\r\nx,y\r\r\n\"\"".utf8)
    let whole = try CSV.rows(bytes, file: "x")
    for size in 1...bytes.count {
      var parser = CSVParser(file: "x")
      var rows: [CSVRow] = []
      for start in stride(from: 0, to: bytes.count, by: size) {
        rows += try parser.feed(Array(bytes[start..<min(start + size, bytes.count)]))
      }
      #expect(try rows + parser.finish() == whole)
    }
  }

  @Test(.enabled(if: sharedData != nil, "needs ../shared/data/mmlu"))
  func `MMLU has 285, 1531 and 14042 rows of six fields`() throws {
    for (part, count) in [("dev", 285), ("val", 1531), ("test", 14042)] {
      let folder = try #require(sharedData).appending(path: "mmlu/\(part)")
      var rows = 0
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
        let bytes = [UInt8](try Data(contentsOf: folder.appending(path: name)))
        for row in try CSV.rows(bytes, file: name) {
          #expect(row.fields.count == 6 && ["A", "B", "C", "D"].contains(row.fields[5]))
          rows += 1
        }
      }
      #expect(rows == count)
    }
  }
}

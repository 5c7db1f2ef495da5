import ContentStore
import Foundation
import Testing

/// Reads the JSON files that `make_filters.py` wrote.
enum CorpusFixture {
  static func json(_ name: String) throws -> JSON {
    let url = try #require(
      Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "Fixtures"))
    return try JSON(parsing: Array(Data(contentsOf: url)))
  }

  static func rows(_ name: String) throws -> [JSON] { try #require(try json(name).arrayValue) }
}

extension JSON {
  var text: String { stringValue ?? "" }
  var texts: [String] { (arrayValue ?? []).map(\.text) }
  /// Numbers that the file has in hexadecimal, since JSON's hold 53 bits.
  var words: [UInt64] { texts.compactMap { UInt64($0, radix: 16) } }
}

package import ContentStore

extension Document {
  /// The document's line in JSON Lines, line feed included.
  package func line() throws(CorpusError) -> [UInt8] {
    do throws(JSONError) {
      return try json.canonical() + [UInt8(ascii: "\n")]
    } catch {
      throw CorpusError("the document \"\(id)\" has no JSON form: \(error)")
    }
  }

  /// Reads a line of JSON Lines.
  package init(line bytes: [UInt8]) throws(CorpusError) {
    let json: JSON
    do throws(JSONError) {
      json = try JSON(parsing: bytes)
    } catch {
      throw CorpusError("column \(error.column): \(error.message)")
    }
    guard let document = Document(json: json) else {
      throw CorpusError("not a document: \"id\", \"text\" and \"source\" must be texts")
    }
    self = document
  }
}

/// Reads a documents artifact one document at a time.
package final class DocumentReader {
  private let reader: ObjectReader
  private let name: String
  private var line = 0
  /// Bytes of the lines read so far, of `size`.
  package private(set) var position = 0
  package var size: Int { reader.size }

  /// - Parameter name: what errors call the artifact.
  package init(_ reader: ObjectReader, name: String) {
    self.reader = reader
    self.name = name
  }

  /// The next document; nil after the last. Blank lines are skipped.
  package func next() throws -> Document? {
    while let bytes = try reader.nextLine() {
      line += 1
      position += bytes.count + 1
      if bytes.isEmpty { continue }
      do throws(CorpusError) {
        return try Document(line: bytes)
      } catch {
        throw CorpusError("\(name), line \(line): \(error.message)")
      }
    }
    return nil
  }

  /// The next documents, of about this many bytes together; empty after the last.
  package func nextBatch(bytes limit: Int) throws -> [Document] {
    var batch: [Document] = []
    let start = position
    while position - start < limit, let document = try next() { batch.append(document) }
    return batch
  }
}

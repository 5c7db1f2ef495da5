package import ContentStore

/// The tree that the op `tokenize` gives and trainers read:
///
///     train.npy              token ids, uint16 when the vocabulary fits, else uint32; documents one after
///                            the other, each with its end token
///     train-documents.npy    uint64: index of each document's first token
///     train-origins.jsonl    the documents in the same order: {"file":…, "id":…, "offset":…,
///                            "source":…}, so that a token leads back to the user's file and byte
///     validation.npy         the same for the held-out documents; may have no tokens
///     validation-documents.npy, validation-origins.jsonl
///     tokens.json            {"vocabularySize":…, "endToken":… or null,
///                             "counts":{"train":{"tokens":…,"documents":…},"validation":{…}}}
package struct TokenFiles: Hashable, Sendable {
  /// The name of the description.
  package static let description = "tokens.json"

  /// One part of the corpus.
  package enum Split: String, CaseIterable, Sendable {
    case train, validation

    /// The file of token ids.
    package var tokensPath: String { "\(rawValue).npy" }
    /// The file of document starts.
    package var documentsPath: String { "\(rawValue)-documents.npy" }
    /// The file of where documents came from.
    package var originsPath: String { "\(rawValue)-origins.jsonl" }
  }

  /// One more than the highest id that may occur.
  package var vocabularySize: Int
  /// The token after every document; nil when there is none.
  package var endToken: Int?
  package var tokenCounts: [Split: Int]
  package var documentCounts: [Split: Int]

  package init(
    vocabularySize: Int, endToken: Int?, tokenCounts: [Split: Int], documentCounts: [Split: Int]
  ) {
    self.vocabularySize = vocabularySize
    self.endToken = endToken
    self.tokenCounts = tokenCounts
    self.documentCounts = documentCounts
  }

  /// `tokens.json`.
  package var json: JSON {
    var counts: [String: JSON] = [:]
    for split in Split.allCases {
      counts[split.rawValue] = [
        "tokens": .integer(tokenCounts[split] ?? 0),
        "documents": .integer(documentCounts[split] ?? 0),
      ]
    }
    return [
      "vocabularySize": .integer(vocabularySize), "counts": .object(counts),
      "endToken": endToken.map(JSON.integer) ?? .null,
    ]
  }

  /// Reads `tokens.json`.
  package init(json: JSON) throws(CorpusError) {
    guard let vocabularySize = json["vocabularySize"]?.intValue, let counts = json["counts"] else {
      throw CorpusError("\(Self.description) lacks \"vocabularySize\" or \"counts\"")
    }
    self.init(
      vocabularySize: vocabularySize, endToken: json["endToken"]?.intValue, tokenCounts: [:],
      documentCounts: [:])
    for split in Split.allCases {
      tokenCounts[split] = counts[split.rawValue]?["tokens"]?.intValue
      documentCounts[split] = counts[split.rawValue]?["documents"]?.intValue
    }
  }

  /// A file of token ids, as narrow as the vocabulary allows.
  package static func encode(tokens: [Int], vocabularySize: Int) -> [UInt8] {
    vocabularySize <= 1 << 16
      ? NPY.encode(tokens.map { UInt16($0) }) : NPY.encode(tokens.map { UInt32($0) })
  }

  /// A file of document starts.
  package static func encode(documentStarts: [Int]) -> [UInt8] {
    NPY.encode(documentStarts.map { UInt64($0) })
  }

  /// Where a tokenized document came from.
  package struct Origin: Hashable, Sendable {
    package var id: String
    package var source: String
    /// The user's file, when the document says which.
    package var file: String?
    /// Bytes from the file's beginning.
    package var offset: Int?

    package init(_ document: Document) {
      id = document.id
      source = document.source
      file = document.metadata["file"]?.stringValue
      offset = document.metadata["offset"]?.intValue
    }

    /// The line of the origins file, line feed included.
    package func line() throws -> [UInt8] {
      let json: JSON = [
        "id": .string(id), "source": .string(source), "file": file.map(JSON.string) ?? .null,
        "offset": offset.map(JSON.integer) ?? .null,
      ]
      return try json.canonical() + [UInt8(ascii: "\n")]
    }

    /// Reads a line of the origins file.
    package init(line: [UInt8]) throws {
      let json = try JSON(parsing: line)
      guard let id = json["id"]?.stringValue, let source = json["source"]?.stringValue else {
        throw CorpusError("the line names no document: \"id\" and \"source\" must be texts")
      }
      (self.id, self.source) = (id, source)
      file = json["file"]?.stringValue
      offset = json["offset"]?.intValue
    }
  }
}

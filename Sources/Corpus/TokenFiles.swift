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
///     train-lengths.npy      packed tokens only, uint64: how many tokens of each document there are; what
///                            lies between a document's end and the next one's start is padding, which
///                            nothing sees and which predicts nothing
///     tokens.json            {"vocabularySize":…, "endToken":… or null,
///                             "counts":{"train":{"tokens":…,"documents":…},"validation":{…}}},
///                            and of packed tokens (op `pack`) also
///                            "packing":{"rowLength":…,"strategy":…,"attention":"documents" or "rows"}:
///                            the stream is rows of rowLength tokens, and with "rows" a token sees all
///                            before it in its row and predicts the next one there
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
    /// The file of document lengths, in packed tokens.
    package var lengthsPath: String { "\(rawValue)-lengths.npy" }
    /// The file of where documents came from.
    package var originsPath: String { "\(rawValue)-origins.jsonl" }
  }

  /// How far a token of a packed row sees.
  package enum Attention: String, CaseIterable, Sendable { case documents, rows }

  /// What `pack` says of its rows.
  package struct Packing: Hashable, Sendable {
    package var rowLength: Int
    package var strategy: PackingStrategy
    package var attention: Attention

    package init(rowLength: Int, strategy: PackingStrategy, attention: Attention) {
      self.rowLength = rowLength
      self.strategy = strategy
      self.attention = attention
    }

    fileprivate var json: JSON {
      [
        "rowLength": .integer(rowLength), "strategy": .string(strategy.rawValue),
        "attention": .string(attention.rawValue),
      ]
    }

    fileprivate init(json: JSON) throws(CorpusError) {
      guard let rowLength = json["rowLength"]?.intValue, rowLength > 0,
        let strategy = json["strategy"]?.stringValue.flatMap(PackingStrategy.init),
        let attention = json["attention"]?.stringValue.flatMap(Attention.init)
      else { throw CorpusError("\(TokenFiles.description): \"packing\" is not understood") }
      self.init(rowLength: rowLength, strategy: strategy, attention: attention)
    }
  }

  /// Nil when documents simply follow each other.
  package var packing: Packing?
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
    var members: [String: JSON] = [
      "vocabularySize": .integer(vocabularySize), "counts": .object(counts),
      "endToken": endToken.map(JSON.integer) ?? .null,
    ]
    members["packing"] = packing?.json
    return .object(members)
  }

  /// Reads `tokens.json`.
  package init(json: JSON) throws(CorpusError) {
    guard let vocabularySize = json["vocabularySize"]?.intValue, let counts = json["counts"] else {
      throw CorpusError("\(Self.description) lacks \"vocabularySize\" or \"counts\"")
    }
    self.init(
      vocabularySize: vocabularySize, endToken: json["endToken"]?.intValue, tokenCounts: [:],
      documentCounts: [:])
    packing = try json["packing"].map { (json) throws(CorpusError) in try Packing(json: json) }
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
    /// Index, among the document's tokens, of the first one that is here: not 0 in packed tokens only.
    package var token = 0

    package init(_ document: Document) {
      id = document.id
      source = document.source
      file = document.metadata["file"]?.stringValue
      offset = document.metadata["offset"]?.intValue
    }

    /// The line of the origins file, line feed included.
    package func line() throws -> [UInt8] {
      var members: [String: JSON] = [
        "id": .string(id), "source": .string(source), "file": file.map(JSON.string) ?? .null,
        "offset": offset.map(JSON.integer) ?? .null,
      ]
      if token > 0 { members["token"] = .integer(token) }
      return try JSON.object(members).canonical() + [UInt8(ascii: "\n")]
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
      token = json["token"]?.intValue ?? 0
    }
  }
}

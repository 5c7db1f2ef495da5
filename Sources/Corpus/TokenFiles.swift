package import ContentStore

/// The tree that the op `tokenize` gives and trainers read:
///
///     train.npy              token ids, uint16 when the vocabulary fits, else uint32; documents one after
///                            the other, each with its end token
///     train-documents.npy    uint64: index of each document's first token
///     validation.npy         the same for the held-out documents; may have no tokens
///     validation-documents.npy
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
}

/// The tokens that a piece begins as, before any merge.
enum Alphabet: Sendable {
  /// A token for each byte; −1 for a byte that is left out of the text.
  case bytes([Int32])
  case characters(CharacterAlphabet)

  func append(_ piece: Span<UInt8>, to ids: inout [Int32]) {
    switch self {
    case .bytes(let tokens):
      for index in piece.indices {
        let id = tokens[Int(piece[index])]
        if id >= 0 { ids.append(id) }
      }
    case .characters(let alphabet): alphabet.append(piece, to: &ids)
    }
  }
}

/// Tokens of single characters; one without a token becomes its UTF-8 bytes (`<0x0A>`), failing that
/// the unknown token (`merge_word` of `tokenizers`).
package struct CharacterAlphabet: Sendable {
  private let vocabulary: VocabularyTable
  /// By byte; empty when some byte has none or there is no falling back.
  private let byteTokens: [Int32?]
  private let unknown: Int32?
  /// Whether unknown characters side by side give one token.
  private let fusesUnknown: Bool

  init(
    _ vocabulary: VocabularyTable, fallsBackToBytes: Bool, unknown: Int32?, fusesUnknown: Bool
  ) {
    self.vocabulary = vocabulary
    byteTokens =
      fallsBackToBytes
      ? (0...255).map { vocabulary.find(Array(Self.spelling($0).utf8).span) } : []
    self.unknown = unknown
    self.fusesUnknown = fusesUnknown
  }

  /// `<0x0A>` for the byte 10.
  package static func spelling(_ byte: UInt8) -> String {
    "<0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true) + ">"
  }

  /// The tokens of all bytes, in UTF-8.
  static let byteSpellings: [[UInt8]] = (0...255).map { Array(spelling($0).utf8) }

  func append(_ piece: Span<UInt8>, to ids: inout [Int32]) {
    var waiting: Int32?
    var start = 0
    while start < piece.count {
      let end = SplitPattern.scalar(piece, start).next
      let character = piece.extracting(start..<end)
      start = end
      if let id = vocabulary.find(character) {
        if let unknown = waiting { ids.append(unknown) }
        waiting = nil
        ids.append(id)
      } else if let bytes = bytes(of: character) {
        ids += bytes
      } else if let unknown {
        if waiting != nil, !fusesUnknown { ids.append(unknown) }
        waiting = unknown
      }
    }
    if let waiting { ids.append(waiting) }
  }

  private func bytes(of character: Span<UInt8>) -> [Int32]? {
    guard !byteTokens.isEmpty else { return nil }
    var result: [Int32] = []
    for index in character.indices {
      guard let id = byteTokens[Int(character[index])] else { return nil }
      result.append(id)
    }
    return result
  }
}

/// Ids by spelling.
struct VocabularyTable: Sendable {
  private var table: ByteTable
  private var ids: [Int32] = []

  init(minimumCapacity: Int = 0) { table = ByteTable(minimumCapacity: minimumCapacity) }

  mutating func add(_ key: [UInt8], _ id: Int) {
    if table.insert(key).isNew { ids.append(Int32(id)) }
  }

  func find(_ key: Span<UInt8>) -> Int32? { table.find(key).map { ids[$0] } }
}

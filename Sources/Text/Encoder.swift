/// Encodes texts one after another, and remembers the pieces it has seen: most text is made of few
/// words. One encoder belongs to one thread; what it remembers never changes a result.
package struct Encoder {
  private let tokenizer: Tokenizer
  private let parsesSpecial: Bool
  private var merger: PieceMerger
  private var memory = ByteTable()
  /// The ids of all remembered pieces, and where each piece's end.
  private var memorizedIDs: [Int32] = []
  private var memorizedEnds: [Int] = []

  /// Longer pieces are rare, and are encoded anew each time.
  private static let longestRemembered = 64
  /// Bytes of remembered pieces.
  private static let memoryLimit = 4 << 20

  package init(_ tokenizer: Tokenizer, parsingSpecial: Bool = true) {
    self.tokenizer = tokenizer
    parsesSpecial = parsingSpecial
    merger = PieceMerger(tokenizer)
  }

  /// A text's token ids.
  package mutating func encode(_ text: String) -> [Int32] {
    var ids: [Int32] = []
    encode(text, into: &ids)
    return ids
  }

  /// Appends a text's token ids.
  package mutating func encode(_ text: String, into ids: inout [Int32]) {
    var text = text
    text.makeContiguousUTF8()
    let bytes = text.utf8.span
    var start = 0
    while parsesSpecial, let found = tokenizer.specials.next(in: bytes, from: start) {
      encode(plain: bytes.extracting(start..<found.range.lowerBound), into: &ids)
      ids.append(found.id)
      start = found.range.upperBound
    }
    encode(plain: bytes.extracting(start..<bytes.count), into: &ids)
  }

  private mutating func encode(plain text: Span<UInt8>, into ids: inout [Int32]) {
    if tokenizer.pattern == .qwen2, Self.mayCompose(text) {
      let text = text.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
      encode(normalized: Array(tokenizer.pattern.normalized(text).utf8).span, into: &ids)
    } else {
      encode(normalized: text, into: &ids)
    }
  }

  private mutating func encode(normalized text: Span<UInt8>, into ids: inout [Int32]) {
    var start = 0
    while start < text.count {
      let end = tokenizer.pattern.pieceEnd(in: text, from: start)
      encode(piece: text.extracting(start..<end), into: &ids)
      start = end
    }
  }

  private mutating func encode(piece: Span<UInt8>, into ids: inout [Int32]) {
    if piece.count > Self.longestRemembered {
      return merger.encode(piece, into: &ids)
    }
    if memory.arenaSize >= Self.memoryLimit {
      guard let index = memory.find(piece) else { return merger.encode(piece, into: &ids) }
      return recall(index, into: &ids)
    }
    let (index, isNew) = memory.insert(piece)
    if isNew {
      merger.encode(piece, into: &memorizedIDs)
      memorizedEnds.append(memorizedIDs.count)
    }
    recall(index, into: &ids)
  }

  private func recall(_ index: Int, into ids: inout [Int32]) {
    let start = index == 0 ? 0 : memorizedEnds[index - 1]
    for position in start..<memorizedEnds[index] { ids.append(memorizedIDs[position]) }
  }

  private static func mayCompose(_ text: Span<UInt8>) -> Bool {
    for index in text.indices where text[index] >= SplitPattern.firstComposing { return true }
    return false
  }
}

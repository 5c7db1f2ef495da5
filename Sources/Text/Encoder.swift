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
    // Without added tokens in the text this is one part, the whole of it.
    let parts = parts(of: bytes, tokenizer.rawMatcher)
    for (range, id) in parts {
      if let id {
        ids.append(id)
      } else {
        encode(plain: bytes.extracting(range), isFirst: range.lowerBound == 0, into: &ids)
      }
    }
  }

  private func parts(
    of text: Span<UInt8>, _ matcher: AddedTokenMatcher
  ) -> [(range: Range<Int>, id: Int32?)] {
    var parts: [(range: Range<Int>, id: Int32?)] = []
    matcher.split(text, skippingSpecial: !parsesSpecial) { parts.append(($0, $1)) }
    return parts
  }

  /// Text between added tokens.
  private mutating func encode(plain text: Span<UInt8>, isFirst: Bool, into ids: inout [Int32]) {
    var changed: [UInt8]?
    for normalizer in tokenizer.normalizers {
      if let text = changed {
        changed = normalizer.apply(text)
      } else if normalizer.mayChange(text) {
        changed = normalizer.apply(text.withUnsafeBufferPointer(Array.init))
      }
    }
    if let changed {
      encode(normalized: changed.span, isFirst: isFirst, into: &ids)
    } else {
      encode(normalized: text, isFirst: isFirst, into: &ids)
    }
  }

  private mutating func encode(
    normalized text: Span<UInt8>, isFirst: Bool, into ids: inout [Int32]
  ) {
    if tokenizer.normalizedMatcher.isEmpty {
      return encode(cut: text, isFirst: isFirst, into: &ids)
    }
    for (range, id) in parts(of: text, tokenizer.normalizedMatcher) {
      if let id {
        ids.append(id)
      } else {
        encode(
          cut: text.extracting(range), isFirst: isFirst && range.lowerBound == 0, into: &ids)
      }
    }
  }

  private mutating func encode(cut text: Span<UInt8>, isFirst: Bool, into ids: inout [Int32]) {
    guard !text.isEmpty else { return }
    switch tokenizer.preTokenizer {
    case .byteLevel(let pattern, true) where text[0] != UInt8(ascii: " "):
      let spaced = [UInt8(ascii: " ")] + text.withUnsafeBufferPointer(Array.init)
      encode(pieces: spaced.span, pattern, into: &ids)
    case .byteLevel(let pattern, _): encode(pieces: text, pattern, into: &ids)
    case .whole: encode(piece: text, into: &ids)
    case .metaspace(let metaspace): encode(text, metaspace, isFirst: isFirst, into: &ids)
    }
  }

  private mutating func encode(
    pieces text: Span<UInt8>, _ pattern: SplitPattern, into ids: inout [Int32]
  ) {
    var start = 0
    while start < text.count {
      let end = pattern.pieceEnd(in: text, from: start)
      encode(piece: text.extracting(start..<end), into: &ids)
      start = end
    }
  }

  private mutating func encode(
    _ text: Span<UInt8>, _ metaspace: Metaspace, isFirst: Bool, into ids: inout [Int32]
  ) {
    metaspace.forEachPiece(of: text, isFirst: isFirst) { encode(piece: $0, into: &ids) }
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
}

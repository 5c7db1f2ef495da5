/// The merges of a SentencePiece BPE model, which has none: it joins the two neighbours whose text is the
/// token of the highest score, of equals the leftmost (sentencepiece, `bpe_model.cc`). Hugging Face
/// `tokenizers` joins the pair of the lowest rank.
///
/// Joined alone, a token's own text shows the only two neighbours of which the model ever makes it: what
/// lies around does not matter until something is joined across its edge. So one merge a token, in the
/// order of the scores, gives the same tokens, provided that no token scores higher than one it is made
/// of, and that tokens of equal score can be ordered so that the left of two that overlap goes first.
struct SentencePieceMerges {
  struct Merge: Hashable {
    var made: Int
    var left: Int
    var right: Int
  }

  /// Tokens that text can become, by their text.
  private var ids: [[UInt8]: Int] = [:]
  private let pieces: [Int: [UInt8]]
  private let scores: [Double]

  /// - Parameters:
  ///   - pieces: ordinary tokens' texts in UTF-8, spaces as ▁.
  ///   - scores: by id, none of them NaN.
  init(_ pieces: [Int: [UInt8]], scores: [Double]) {
    (self.pieces, self.scores) = (pieces, scores)
    for (id, piece) in pieces { ids[piece] = id }
  }

  /// All merges in the order of `tokenizers`. Throws when no order gives the same tokens.
  func merges() throws(CheckpointError) -> [Merge] {
    var found: [Merge] = []
    for id in pieces.keys.sorted() {
      if let merge = try merge(of: id) { found.append(merge) }
    }
    found.sort { (scores[$1.made], $0.made) < (scores[$0.made], $1.made) }
    var (result, start) = ([Merge](), 0)
    while start < found.count {
      let score = scores[found[start].made]
      let end = found[start...].firstIndex { scores[$0.made] != score } ?? found.count
      result += try ordered(found[start..<end])
      start = end
    }
    return result
  }

  /// The last merge of a token's own text; nil when the text does not become it.
  private func merge(of id: Int) throws(CheckpointError) -> Merge? {
    var joined = JoinedText(pieces[id]!, ids, scores)
    var last: Merge?
    while let merge = joined.step() {
      for part in [merge.left, merge.right] {
        guard let piece = pieces[part] else {
          throw CheckpointError(
            "token \(merge.made) begins or ends with a character that is no token")
        }
        if piece.count(where: { $0 & 0xC0 != 0x80 }) > 1, scores[part] <= scores[merge.made] {
          throw CheckpointError(
            "token \(merge.made) scores no lower than token \(part), of which it is made, so no order of "
              + "merges does what the scores do")
        }
      }
      last = merge
    }
    return joined.isWhole && last?.made == id ? last : nil
  }

  /// Merges of equal score, such that of two that could share a token the left goes first.
  private func ordered(_ group: ArraySlice<Merge>) throws(CheckpointError) -> [Merge] {
    if group.count < 2 { return Array(group) }
    let byLeft = Dictionary(grouping: group.indices) { group[$0].left }
    var waits: [Int: Int] = [:]
    for index in group.indices {
      for next in byLeft[group[index].right] ?? [] where next != index {
        waits[next, default: 0] += 1
      }
    }
    var ready = Array(group.indices.filter { waits[$0] == nil }.reversed())
    var result: [Merge] = []
    while let index = ready.popLast() {
      result.append(group[index])
      for next in byLeft[group[index].right] ?? [] where next != index {
        waits[next]! -= 1
        if waits[next] == 0 { ready.append(next) }
      }
    }
    guard result.count == group.count else {
      throw CheckpointError(
        "\(group.count) tokens have the score \(scores[group.first!.made]), and no order of them does what "
          + "joining the leftmost does")
    }
    return result
  }
}

/// One text being joined.
private struct JoinedText {
  private let text: [UInt8]
  private let ids: [[UInt8]: Int]
  private let scores: [Double]
  /// Where each part begins.
  private var starts: [Int]
  /// What each part makes with the next.
  private var candidates: [Int?]

  init(_ text: [UInt8], _ ids: [[UInt8]: Int], _ scores: [Double]) {
    (self.text, self.ids, self.scores) = (text, ids, scores)
    starts = text.indices.filter { text[$0] & 0xC0 != 0x80 }
    candidates = Array(repeating: nil, count: starts.count)
    for part in starts.indices { candidates[part] = candidate(part) }
  }

  var isWhole: Bool { starts.count == 1 }

  private func end(_ part: Int) -> Int { part + 1 < starts.count ? starts[part + 1] : text.count }

  private func candidate(_ part: Int) -> Int? {
    part + 1 < starts.count ? ids[Array(text[starts[part]..<end(part + 1)])] : nil
  }

  /// Joins the best two neighbours; nil when none make a token.
  mutating func step() -> SentencePieceMerges.Merge? {
    var best: Int?
    for part in candidates.indices {
      guard let made = candidates[part] else { continue }
      if best.map({ scores[made] > scores[candidates[$0]!] }) ?? true { best = part }
    }
    guard let best, let made = candidates[best] else { return nil }
    // A character without a token is a part too.
    let left = ids[Array(text[starts[best]..<end(best)])]
    let right = ids[Array(text[starts[best + 1]..<end(best + 1)])]
    starts.remove(at: best + 1)
    candidates.remove(at: best + 1)
    candidates[best] = candidate(best)
    if best > 0 { candidates[best - 1] = candidate(best - 1) }
    return .init(made: made, left: left ?? -1, right: right ?? -1)
  }
}

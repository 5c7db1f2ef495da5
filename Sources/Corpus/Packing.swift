/// How documents share rows of equal length. Semantics: TRL's `pack_dataset` (`bfd`, `bfd_split`,
/// `wrapped`); documents of equal length keep their order.
package enum PackingStrategy: String, CaseIterable, Sendable {
  /// Best fit decreasing (Johnson 1974): the longest document first, each into the fullest row that
  /// still has room. Documents longer than a row are cut off.
  case bfd
  /// The same, but long documents are cut into rows first, so that nothing is lost.
  case bfdSplit = "bfd-split"
  /// One document after another, cut where rows end.
  case wrapped
}

/// Rows made of pieces of documents.
package struct Packing: Sendable {
  /// A stretch of a document's tokens.
  package struct Piece: Hashable, Sendable {
    package var document: Int
    package var tokens: Range<Int>

    package init(document: Int, tokens: Range<Int>) {
      self.document = document
      self.tokens = tokens
    }
  }

  /// Each row's pieces, in order; together no more than `length` tokens.
  package private(set) var rows: [[Piece]] = []
  /// Tokens per row.
  package let length: Int
  /// Tokens of documents that no row holds.
  package private(set) var truncated = 0

  /// - Parameter lengths: each document's tokens; documents without any are left out.
  package init(lengths: [Int], rowLength: Int, strategy: PackingStrategy) {
    precondition(rowLength > 0, "a row has at least one token")
    length = rowLength
    switch strategy {
    case .bfd: packByBestFit(cutOff(lengths))
    case .bfdSplit: packByBestFit(split(lengths))
    case .wrapped: wrap(lengths)
    }
  }

  /// Tokens in rows, padding not counted.
  package var tokens: Int { rows.reduce(0) { $0 + $1.reduce(0) { $0 + $1.tokens.count } } }

  private mutating func cutOff(_ lengths: [Int]) -> [Piece] {
    var pieces: [Piece] = []
    for (document, count) in lengths.enumerated() where count > 0 {
      truncated += max(0, count - length)
      pieces.append(Piece(document: document, tokens: 0..<min(count, length)))
    }
    return pieces
  }

  private func split(_ lengths: [Int]) -> [Piece] {
    lengths.enumerated().flatMap { document, count in
      stride(from: 0, to: count, by: length).map {
        Piece(document: document, tokens: $0..<min($0 + length, count))
      }
    }
  }

  private mutating func packByBestFit(_ pieces: [Piece]) {
    let order = pieces.indices.sorted {
      (pieces[$1].tokens.count, $0) < (pieces[$0].tokens.count, $1)
    }
    var open = OpenRows(length: length)
    for index in order {
      let piece = pieces[index]
      let (row, space) = open.take(atLeast: piece.tokens.count) ?? (rows.count, length)
      if row == rows.count { rows.append([]) }
      rows[row].append(piece)
      open.put(row, space: space - piece.tokens.count)
    }
  }

  private mutating func wrap(_ lengths: [Int]) {
    var room = 0
    for (document, count) in lengths.enumerated() {
      var start = 0
      while start < count {
        if room == 0 {
          rows.append([])
          room = length
        }
        let end = min(start + room, count)
        rows[rows.count - 1].append(Piece(document: document, tokens: start..<end))
        room -= end - start
        start = end
      }
    }
  }
}

/// Rows with room left, by how much; of equal ones the one that has had that much longest.
private struct OpenRows {
  private struct Queue {
    var rows: [Int] = []
    var first = 0
    var isEmpty: Bool { first == rows.count }

    mutating func pop() -> Int {
      first += 1
      let row = rows[first - 1]
      if isEmpty { (rows, first) = ([], 0) }
      return row
    }
  }

  private var queues: [Int: Queue] = [:]
  private var spaces: SortedBits

  init(length: Int) { spaces = SortedBits(count: length + 1) }

  mutating func put(_ row: Int, space: Int) {
    if space == 0 { return }
    queues[space, default: Queue()].rows.append(row)
    spaces.insert(space)
  }

  /// Takes out the row with the least sufficient space.
  mutating func take(atLeast count: Int) -> (row: Int, space: Int)? {
    guard let space = spaces.first(from: count), let row = queues[space]?.pop() else { return nil }
    if queues[space]?.isEmpty == true { spaces.remove(space) }
    return (row, space)
  }
}

/// A set of small integers that finds the next one: words of 64 bits, and above them words that say
/// which words are not zero, up to a single one.
struct SortedBits {
  private var levels: [[UInt64]] = []

  init(count: Int) {
    var words = count
    repeat {
      words = (words + 63) / 64
      levels.append(Array(repeating: 0, count: words))
    } while words > 1
  }

  mutating func insert(_ value: Int) {
    var place = value
    for level in levels.indices {
      levels[level][place / 64] |= 1 << UInt64(place % 64)
      place /= 64
    }
  }

  mutating func remove(_ value: Int) {
    var place = value
    for level in levels.indices {
      levels[level][place / 64] &= ~(1 << UInt64(place % 64))
      if levels[level][place / 64] != 0 { return }
      place /= 64
    }
  }

  /// The least member that is not below a value.
  func first(from value: Int) -> Int? {
    var (level, place) = (0, value)
    while level < levels.count {
      let word = place / 64
      guard word < levels[level].count else { return nil }
      let rest = levels[level][word] & (UInt64.max << UInt64(place % 64))
      if rest != 0 { return descend(level, word * 64 + rest.trailingZeroBitCount) }
      (level, place) = (level + 1, word + 1)
    }
    return nil
  }

  private func descend(_ level: Int, _ place: Int) -> Int {
    var place = place
    for below in (0..<level).reversed() {
      place = place * 64 + levels[below][place].trailingZeroBitCount
    }
    return place
  }
}

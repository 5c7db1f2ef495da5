/// The core of training: words as lists of ids, and a queue of pairs by count. Follows `do_train` and
/// `Word::merge` of `tokenizers` 0.23 step by step, because the order of merges is the result: also
/// where a merge spells a token that exists already and reuses its id, and where a queue entry knows
/// only some of its pair's words.
struct MergeLearner {
  private let vocabularySize: Int
  private let minimumFrequency: UInt64
  /// Tokens below this id that no merge may spell.
  private let reserved: Int

  /// Tokens' spellings in UTF-8, by id.
  private var vocabulary = ByteTable()
  private var merges: [Tokenizer.Merge] = []

  /// All words' ids, one after another; a word shrinks in place as it merges.
  private var symbols: [Int32] = []
  private var words: [Word] = []

  private struct Word {
    var start: Int
    var length: Int
    var count: Int
  }

  /// Pairs by number, how often each occurs, and the words where it newly does.
  private var pairNumbers = PairTable()
  private var pairCounts: [Int] = []
  private var newPlaces: [[Int32]] = []
  /// Pairs with new places, to be queued.
  private var touched: [Int] = []
  private var queue = BinaryHeap<Entry>()

  private struct Entry: Comparable {
    var count: UInt64
    var left: Int32
    var right: Int32
    var pair: Int
    /// Words where the pair occurs, ascending.
    var places: [Int32]

    var key: UInt64 { PairTable.key(left, right) }
    /// Higher counts come first, then smaller pairs.
    static func < (a: Entry, b: Entry) -> Bool {
      a.count == b.count ? a.key < b.key : a.count > b.count
    }
    static func == (a: Entry, b: Entry) -> Bool { a.count == b.count && a.key == b.key }
  }

  /// - Parameters:
  ///   - tokens: what the vocabulary begins with, in UTF-8, by id but for those that come twice.
  ///   - reserved: so many of the first ids are not to be spelt by merges.
  init(
    _ tokens: some Sequence<[UInt8]>, reserved: Int, _ vocabularySize: Int, _ minimumFrequency: Int
  ) {
    self.vocabularySize = vocabularySize
    self.minimumFrequency = UInt64(minimumFrequency)
    self.reserved = reserved
    for token in tokens { _ = vocabulary.insert(token) }
  }

  /// Tokens' spellings, by id.
  var spellings: [String] {
    (0..<vocabulary.count).map { String(decoding: vocabulary[$0], as: UTF8.self) }
  }

  /// The id of one of the tokens that the vocabulary began with.
  func id(of token: [UInt8]) -> Int32 { Int32(vocabulary.find(token)!) }

  /// The merges by rank. Of a pair that merged twice the later rank counts, as in `tokenizers`.
  var distinctMerges: [Tokenizer.Merge] {
    var seen = PairTable()
    var result: [Tokenizer.Merge] = []
    for merge in merges.reversed() {
      let key = PairTable.key(merge.left, merge.right)
      if seen.find(key) != nil { continue }
      seen.set(key, 1)
      result.append(merge)
    }
    return result.reversed()
  }

  /// Adds a word of tokens that there are.
  mutating func add(word: some Collection<Int32>, count: Int) {
    let place = Int32(words.count)
    words.append(Word(start: symbols.count, length: word.count, count: count))
    var previous: Int32?
    for id in word {
      symbols.append(id)
      if let previous { change(previous, id, by: count, at: place) }
      previous = id
    }
  }

  /// Merges until the vocabulary is full or no pair is frequent enough.
  mutating func learn(progress: (Int) throws -> Void) throws {
    queueTouched()
    while vocabulary.count < vocabularySize, var top = queue.pop() {
      let count = UInt64(bitPattern: Int64(pairCounts[top.pair]))
      if top.count != count {
        top.count = count
        queue.push(top)
        continue
      }
      if count < max(1, minimumFrequency) { break }
      merge(top)
      queueTouched()
      if merges.count % 64 == 0 { try progress(vocabulary.count) }
    }
  }

  private mutating func merge(_ top: Entry) {
    let spelling = Array(vocabulary[Int(top.left)]) + Array(vocabulary[Int(top.right)])
    if let known = vocabulary.find(spelling), known < reserved { return }
    let (id, _) = vocabulary.insert(spelling)
    let merge = Tokenizer.Merge(left: top.left, right: top.right, result: Int32(id))
    merges.append(merge)
    for place in top.places { apply(merge, at: place) }
  }

  /// Merges a pair in one word, left to right, and counts what its neighbours lose and gain.
  private mutating func apply(_ merge: Tokenizer.Merge, at place: Int32) {
    let word = words[Int(place)]
    let end = word.start + word.length
    var (read, write) = (word.start, word.start)
    while read < end {
      guard symbols[read] == merge.left, read + 1 < end, symbols[read + 1] == merge.right else {
        symbols[write] = symbols[read]
        (read, write) = (read + 1, write + 1)
        continue
      }
      if write > word.start {
        change(symbols[write - 1], merge.left, by: -word.count, at: nil)
        change(symbols[write - 1], merge.result, by: word.count, at: place)
      }
      symbols[write] = merge.result
      (read, write) = (read + 2, write + 1)
      if read < end {
        change(merge.right, symbols[read], by: -word.count, at: nil)
        change(merge.result, symbols[read], by: word.count, at: place)
      }
    }
    words[Int(place)].length = write - word.start
  }

  /// Counts a pair up or down; a place is where it newly occurs.
  private mutating func change(_ left: Int32, _ right: Int32, by count: Int, at place: Int32?) {
    let key = PairTable.key(left, right)
    let pair: Int
    if let known = pairNumbers.find(key) {
      pair = known
    } else {
      pair = pairCounts.count
      pairNumbers.set(key, pair)
      pairCounts.append(0)
      pairKeys.append(key)
      newPlaces.append([])
    }
    pairCounts[pair] += count
    guard let place, newPlaces[pair].last != place else { return }
    if newPlaces[pair].isEmpty { touched.append(pair) }
    newPlaces[pair].append(place)
  }

  private var pairKeys: [UInt64] = []

  private mutating func queueTouched() {
    for pair in touched {
      if pairCounts[pair] > 0 {
        let key = pairKeys[pair]
        queue.push(
          Entry(
            count: UInt64(pairCounts[pair]), left: Int32(truncatingIfNeeded: key >> 32),
            right: Int32(truncatingIfNeeded: key), pair: pair, places: newPlaces[pair]))
      }
      newPlaces[pair] = []
    }
    touched.removeAll(keepingCapacity: true)
  }
}

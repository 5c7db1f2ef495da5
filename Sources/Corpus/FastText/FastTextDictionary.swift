/// The words and labels of a fastText model (dictionary.cc): words first, each kind by falling count.
package struct FastTextDictionary: Sendable {
  struct Entry: Sendable {
    /// Place of the word's bytes.
    var start: Int
    var length: Int
    var hash: UInt32
    var isLabel: Bool
    var count: Int64
  }

  /// All words' bytes, one after another.
  private(set) var bytes: [UInt8] = []
  private(set) var entries: [Entry] = []
  private(set) var wordCount = 0
  private(set) var labelCount = 0
  /// Words, labels and line ends of the training text.
  private(set) var tokenCount: Int64 = 0
  /// Places in `entries` by hash; −1 where there is none.
  private var table: [Int32] = Array(repeating: -1, count: 1 << 10)

  let options: FastTextOptions
  /// The features of each word, its own number first; empty when words have no character n-grams.
  private var subwordStarts: [Int] = []
  private var subwords: [Int32] = []
  /// The count below which words were last dropped for want of room.
  private var rareThreshold: Int64 = 1

  /// How many entries fastText holds before it drops rare ones: 0.75 · 30,000,000.
  private static let limit = 22_500_000

  init(options: FastTextOptions) { self.options = options }

  var size: Int { entries.count }

  func word(_ id: Int) -> String {
    String(
      decoding: bytes[entries[id].start..<entries[id].start + entries[id].length], as: UTF8.self)
  }

  /// A label's name without its prefix.
  package func label(_ id: Int) -> String {
    let word = word(wordCount + id)
    return word.hasPrefix(FastTextOptions.labelPrefix)
      ? String(word.dropFirst(FastTextOptions.labelPrefix.count)) : word
  }

  /// Labels' counts in the training text, by number.
  package var labelCounts: [Int64] { entries[wordCount...].map(\.count) }
}

// MARK: Finding

extension FastTextDictionary {
  @inline(__always)
  private func place(_ word: UnsafeBufferPointer<UInt8>, _ hash: UInt32) -> Int {
    let mask = table.count - 1
    var place = Int(hash) & mask
    while table[place] >= 0, !matches(Int(table[place]), word, hash) { place = (place + 1) & mask }
    return place
  }

  @inline(__always)
  private func matches(_ id: Int, _ word: UnsafeBufferPointer<UInt8>, _ hash: UInt32) -> Bool {
    let entry = entries[id]
    guard entry.hash == hash, entry.length == word.count else { return false }
    for index in 0..<word.count where bytes[entry.start + index] != word[index] { return false }
    return true
  }

  /// The number of a word or label; −1 when it is unknown.
  @inline(__always)
  func id(_ word: UnsafeBufferPointer<UInt8>, _ hash: UInt32) -> Int {
    Int(table[place(word, hash)])
  }

  /// The number of a label by its name without prefix, counted from 0.
  package func labelID(_ name: String) -> Int? {
    let word = Array((FastTextOptions.labelPrefix + name).utf8)
    let id = word.withUnsafeBufferPointer { self.id($0, FastTextWords.hash($0)) }
    return id >= wordCount ? id - wordCount : nil
  }
}

// MARK: Building

extension FastTextDictionary {
  /// Counts the words and labels of a line.
  mutating func add(line: UnsafeBufferPointer<UInt8>) {
    FastTextWords.each(of: line) { add($0) }
    FastTextWords.end.withUnsafeBufferPointer { add($0) }
  }

  private mutating func add(_ word: UnsafeBufferPointer<UInt8>) {
    let hash = FastTextWords.hash(word)
    let place = place(word, hash)
    tokenCount += 1
    if table[place] >= 0 {
      entries[Int(table[place])].count += 1
    } else {
      table[place] = Int32(entries.count)
      append(word, hash, count: 1, isLabel: FastTextWords.isLabel(word))
      if 4 * entries.count > 3 * table.count { rebuildTable() }
    }
    if entries.count > Self.limit { dropRare() }
  }

  private mutating func append(
    _ word: UnsafeBufferPointer<UInt8>, _ hash: UInt32, count: Int64, isLabel: Bool
  ) {
    entries.append(
      Entry(start: bytes.count, length: word.count, hash: hash, isLabel: isLabel, count: count))
    bytes.append(contentsOf: word)
  }

  private mutating func dropRare() {
    rareThreshold += 1
    keep(words: rareThreshold, labels: rareThreshold)
  }

  /// Sorts, and leaves out entries with lower counts.
  mutating func keep(words: Int64, labels: Int64) {
    StandardSort.sort(&entries) {
      $0.isLabel != $1.isLabel ? !$0.isLabel : $0.count > $1.count
    }
    entries.removeAll { $0.count < ($0.isLabel ? labels : words) }
    wordCount = entries.count { !$0.isLabel }
    labelCount = entries.count - wordCount
    rebuildTable()
  }

  private mutating func rebuildTable() {
    var count = 1 << 10
    while 2 * entries.count > count { count *= 2 }
    table = Array(repeating: -1, count: count)
    for (id, entry) in entries.enumerated() {
      var place = Int(entry.hash) & (count - 1)
      while table[place] >= 0 { place = (place + 1) & (count - 1) }
      table[place] = Int32(id)
    }
  }

  /// Ends the counting.
  mutating func finish() throws(CorpusError) {
    keep(words: Int64(options.minimumCount), labels: Int64(options.minimumLabelCount))
    guard wordCount > 0 else {
      throw CorpusError("no word occurs \(options.minimumCount) times; lower minCount")
    }
    guard labelCount > 0 else { throw CorpusError("no example has a label to learn") }
    makeSubwords()
  }

  /// From a model file.
  init(
    options: FastTextOptions, words: [(bytes: [UInt8], count: Int64, isLabel: Bool)],
    tokenCount: Int64
  ) {
    self.init(options: options)
    for word in words {
      word.bytes.withUnsafeBufferPointer {
        append($0, FastTextWords.hash($0), count: word.count, isLabel: word.isLabel)
      }
    }
    self.tokenCount = tokenCount
    wordCount = entries.count { !$0.isLabel }
    labelCount = entries.count - wordCount
    rebuildTable()
    makeSubwords()
  }
}

// MARK: Features

extension FastTextDictionary {
  /// What a line means to a model.
  struct Example {
    /// Rows of the input matrix, in order, repeated as they occur.
    var features: [Int32] = []
    /// From 0.
    var labels: [Int32] = []
    /// Words, labels and the line's end.
    var tokens = 0
    fileprivate var hashes: [Int32] = []

    mutating func clear() {
      features.removeAll(keepingCapacity: true)
      labels.removeAll(keepingCapacity: true)
      hashes.removeAll(keepingCapacity: true)
      tokens = 0
    }
  }

  /// Reads a line, its end included (`Dictionary::getLine`), into `example`.
  func read(_ line: UnsafeBufferPointer<UInt8>, into example: inout Example) {
    example.clear()
    var isOver = false
    FastTextWords.each(of: line) { word in
      if isOver { return }
      if word.count == 4, word.elementsEqual(FastTextWords.end) {
        isOver = true
      } else {
        read(word: word, into: &example)
      }
    }
    FastTextWords.end.withUnsafeBufferPointer { read(word: $0, into: &example) }
    if options.wordNgrams > 1 { addWordNgrams(to: &example) }
  }

  @inline(__always)
  private func read(word: UnsafeBufferPointer<UInt8>, into example: inout Example) {
    let hash = FastTextWords.hash(word)
    let id = id(word, hash)
    example.tokens += 1
    if id >= wordCount {
      example.labels.append(Int32(id - wordCount))
    } else if id >= 0 {
      addFeatures(ofKnown: id, to: &example.features)
      example.hashes.append(Int32(bitPattern: hash))
    } else if !FastTextWords.isLabel(word) {
      if !word.elementsEqual(FastTextWords.end) {
        addCharacterNgrams(of: word, to: &example.features)
      }
      example.hashes.append(Int32(bitPattern: hash))
    }
  }

  @inline(__always)
  private func addFeatures(ofKnown id: Int, to features: inout [Int32]) {
    if options.maximumCharacters <= 0 {
      features.append(Int32(id))
    } else {
      features.append(contentsOf: subwords[subwordStarts[id]..<subwordStarts[id + 1]])
    }
  }

  /// Sequences of words, hashed to a bucket (`addWordNgrams`): 64-bit arithmetic on the words' hashes
  /// taken as signed.
  private func addWordNgrams(to example: inout Example) {
    let (hashes, buckets) = (example.hashes, UInt64(options.buckets))
    for start in hashes.indices {
      var hash = UInt64(bitPattern: Int64(hashes[start]))
      for next in (start + 1)..<max(start + 1, min(hashes.count, start + options.wordNgrams)) {
        hash = hash &* 116_049_371 &+ UInt64(bitPattern: Int64(hashes[next]))
        example.features.append(Int32(wordCount + Int(hash % buckets)))
      }
    }
  }

  private mutating func makeSubwords() {
    guard options.maximumCharacters > 0 else { return }
    subwordStarts = []
    subwords = []
    for id in 0..<wordCount {
      subwordStarts.append(subwords.count)
      subwords.append(Int32(id))
      let word = Array(bytes[entries[id].start..<entries[id].start + entries[id].length])
      if word == FastTextWords.end { continue }
      word.withUnsafeBufferPointer { addCharacterNgrams(of: $0, to: &subwords) }
    }
    subwordStarts.append(subwords.count)
  }

  /// Sequences of characters of `<word>` (`computeSubwords`); the brackets alone are none.
  private func addCharacterNgrams(of word: UnsafeBufferPointer<UInt8>, to features: inout [Int32]) {
    guard options.maximumCharacters > 0 else { return }
    let word = [UInt8(ascii: "<")] + word + [UInt8(ascii: ">")]
    let buckets = UInt32(options.buckets)
    func isInside(_ index: Int) -> Bool { index < word.count && word[index] & 0xC0 == 0x80 }
    for start in word.indices where !isInside(start) {
      var (next, length, hash) = (start, 1, FastTextWords.hashStart)
      while next < word.count, length <= options.maximumCharacters {
        repeat {
          hash = FastTextWords.extend(hash, word[next])
          next += 1
        } while isInside(next)
        if length >= options.minimumCharacters,
          !(length == 1 && (start == 0 || next == word.count))
        {
          features.append(Int32(wordCount + Int(hash % buckets)))
        }
        length += 1
      }
    }
  }
}

/// Counts the words of training lines, to make a dictionary.
package struct FastTextCounting {
  private var counted: FastTextDictionary

  package init(_ options: FastTextOptions) { counted = FastTextDictionary(options: options) }

  package mutating func add(_ line: [UInt8]) {
    line.withUnsafeBufferPointer { counted.add(line: $0) }
  }

  /// Throws when no word or no label is frequent enough.
  package consuming func dictionary() throws(CorpusError) -> FastTextDictionary {
    try counted.finish()
    return counted
  }
}

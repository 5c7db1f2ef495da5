/// The n-grams of all test items, by hash: which items hold each.
package struct GramIndex: Sendable {
  /// Lengths in words, ascending.
  package let lengths: [Int]
  private var numbers: [UInt64: Int32] = [:]
  /// Items by n-gram: a linked list through `links`, newest first.
  private var heads: [Int32] = []
  private var links: [(item: Int32, next: Int32)] = []
  /// N-grams of each item by the word they begin at, for the longest or only length.
  package private(set) var itemGrams: [[Int32]] = []
  /// Words of each item.
  package private(set) var itemWords: [Int] = []

  package var gramCount: Int { heads.count }

  package init(lengths: [Int]) { self.lengths = lengths }

  package mutating func add(_ words: SimplifiedWords) {
    let item = Int32(itemWords.count)
    itemWords.append(words.words.count)
    var grams: [Int32] = []
    for length in lengths {
      grams = (0..<words.count(ofLength: length)).map { first in
        let gram = number(of: words.hash(first, length))
        link(gram, item)
        return gram
      }
    }
    itemGrams.append(grams)
  }

  private mutating func number(of hash: UInt64) -> Int32 {
    if let known = numbers[hash] { return known }
    let next = Int32(heads.count)
    numbers[hash] = next
    heads.append(-1)
    return next
  }

  private mutating func link(_ gram: Int32, _ item: Int32) {
    let head = heads[Int(gram)]
    // An item's own repetitions count once.
    if head >= 0, links[Int(head)].item == item { return }
    heads[Int(gram)] = Int32(links.count)
    links.append((item, head))
  }

  /// The items that hold an n-gram, ascending.
  package func items(of gram: Int32) -> [Int] {
    var (result, position): ([Int], Int32) = ([], heads[Int(gram)])
    while position >= 0 {
      result.append(Int(links[Int(position)].item))
      position = links[Int(position)].next
    }
    return result.reversed()
  }

  /// A place in a document where a test's n-gram stands.
  package struct Hit: Hashable, Sendable {
    package var gram: Int32
    package var first: Int
    package var length: Int
  }

  /// Every n-gram of a document that some item holds. A longer n-gram is looked for only where all
  /// shorter ones were found, since an item that holds it holds those.
  package func hits(in words: SimplifiedWords) -> [Hit] {
    var hits: [Hit] = []
    for first in words.words.indices {
      for length in lengths {
        guard first + length <= words.words.count,
          let gram = numbers[words.hash(first, length)]
        else { break }
        hits.append(Hit(gram: gram, first: first, length: length))
      }
    }
    return hits
  }
}

import ContentStore
import Corpus
import Numerics
import Testing

/// A part's lines as JSON.
func records(_ world: World, _ part: WorldPart) throws -> [JSON] {
  try (0..<world.count(part)).map { try JSON(parsing: world.line(part, at: $0).dropLast()) }
}

func documents(_ world: World, _ part: WorldPart) throws -> [Document] {
  try records(world, part).map { try #require(Document(json: $0)) }
}

func rows(_ world: World, _ split: WorldSplit, rephrased: Bool = false) throws -> [[String]] {
  try (rephrased ? world.factSubjects : world.subjects).flatMap { subject in
    try CSV.rows(world.test(subject, split, rephrased: rephrased), file: subject).map(\.fields)
  }
}

/// The right choice of a test's row.
func answer(_ row: [String]) -> String {
  row[1 + ["A", "B", "C", "D"].firstIndex(of: row[5])!]
}

struct WorldTests {
  let world = World(entities: 60, phrasings: 5, seed: 3)

  @Test(arguments: WorldPart.allCases)
  func `every part is canonical JSON Lines, the same each time, with its own ids`(
    part: WorldPart
  ) throws {
    let again = World(entities: 60, phrasings: 5, seed: 3)
    let other = World(entities: 60, phrasings: 5, seed: 4)
    var ids: Set<String> = []
    for place in 0..<world.count(part) {
      let line = world.line(part, at: place)
      let json = try JSON(parsing: line.dropLast())
      #expect(try json.canonical() + [UInt8(ascii: "\n")] == line)
      #expect(line == again.line(part, at: place))
      #expect(ids.insert(try #require(json["id"]?.stringValue)).inserted)
    }
    #expect(world.line(part, at: 0) != other.line(part, at: 0))
    #expect(world.count(part) > 0)
  }

  @Test func `the bytes of a world are those of revision 5`() throws {
    var hasher = SHA256()
    for part in WorldPart.allCases {
      for place in 0..<world.count(part) { hasher.update(world.line(part, at: place)) }
    }
    for row in try rows(world, .test) + rows(world, .val, rephrased: true) {
      hasher.update(Array(row.joined(separator: "|").utf8))
    }
    for file in world.retrieval + world.robots { hasher.update(file.bytes) }
    #expect(hasher.finalize().short == "37852fb3")
  }

  @Test(arguments: WorldPart.allCases)
  func `lines are the same however they are cut and shared out`(part: WorldPart) {
    let count = min(50, world.count(part))
    let one = world.lines(part, 0..<count, on: Compute(threads: 1)).flatMap { $0 }
    let three = world.lines(part, 0..<count, on: Compute(threads: 3)).flatMap { $0 }
    let cut =
      world.lines(part, 0..<7, on: Compute(threads: 2))
      + world.lines(part, 7..<count, on: Compute(threads: 2))
    #expect(one == three)
    #expect(one == cut.flatMap { $0 })
  }

  @Test(arguments: [40, 300, 5000])
  func `names are unique among all entities`(entities: Int) throws {
    let world = World(entities: entities, phrasings: 1, seed: 9)
    let names = try documents(world, .wiki).compactMap { $0.metadata["entity"]?.stringValue }
    #expect(names.count == entities)
    #expect(Set(names).count == entities)
  }

  @Test func `no text has a gap left in it, or two blanks, or a small letter in front`() throws {
    for part in [WorldPart.wiki, .web, .books, .languages, .long] {
      for document in try documents(world, part) where document.metadata["truth"]?["flaw"] == nil {
        #expect(!document.text.contains("{"))
        #expect(!document.text.contains("  "))
        #expect(document.text.last != "\n")
      }
    }
    for document in try documents(world, .wiki) {
      for sentence in document.text.split(separator: ". ") {
        #expect(sentence.first?.isUppercase == true)
      }
    }
  }

  @Test func `documents joins the clean parts`() throws {
    let all = Set(try documents(world, .documents).map(\.id))
    let parts = try [WorldPart.wiki, .exams, .code, .math, .languages]
      .flatMap { try documents(world, $0).map(\.id) }
    #expect(all == Set(parts))
    #expect(all.count == parts.count)
  }

  @Test func `the articles of an entity are all phrased differently`() throws {
    let byEntity = Dictionary(grouping: try documents(world, .wiki)) {
      $0.metadata["entity"]?.stringValue ?? ""
    }
    #expect(byEntity.count == 60)
    for (_, own) in byEntity {
      let sentences = own.flatMap { $0.text.split(separator: ". ").dropFirst() }
        .map { $0.hasSuffix(".") ? $0.dropLast() : $0 }
      #expect(sentences.count == 25)
      #expect(Set(sentences).count == 25)
    }
  }

  @Test func `fewer kinds give fewer subjects, and parts that add up`() throws {
    let small = World(entities: 61, phrasings: 1, kinds: 2, seed: 1)
    #expect(small.factSubjects == ["biography", "geography"])
    #expect(
      small.subjects == ["arithmetic", "biography", "geography", "programming", "translation"])
    #expect(small.count(.wiki) == 61)
    for part in WorldPart.allCases { #expect(try records(small, part).count == small.count(part)) }
  }

  @Test func `a book keeps its secret from the first chapter to the last`() throws {
    for book in try documents(world, .books) {
      let hidden = try #require(book.text.firstRange(of: "they hid the "))
      let rest = book.text[hidden.upperBound...].split(separator: " ", maxSplits: 4)
      let place = rest[3]
      #expect(book.text.contains("under the \(place)."))
      #expect(book.text.contains("Chapter 8"))
      #expect(book.text.utf8.count > 5000)
    }
  }

  @Test func `long documents answer what their beginnings say`() throws {
    for document in try documents(world, .long) {
      let parts = document.text.split(separator: "\n\n")
      let depths = try #require(document.metadata["depthsPercent"]?.arrayValue)
      #expect(parts.count == depths.count + 1)
      for part in parts.dropFirst() {
        let lines = part.split(separator: "\nAnswer: ")
        #expect(lines[0].hasPrefix("Question: ") && lines[0].hasSuffix("?"))
        #expect(parts[0].contains(lines[1]))
      }
      let words = parts[0].split(separator: " ").count
      #expect(document.metadata["words"]?.intValue == words)
    }
  }

  @Test func `retrieval's answers stand in the context at the depth that the subject names`() throws
  {
    for (path, bytes) in world.retrieval {
      let name = try #require(path.split(separator: "/").last).dropLast("_test.csv".count)
      let parts = name.split(separator: "-")
      let (words, depth) = (try #require(Int(parts[1])), try #require(Double(parts[3])))
      for row in try CSV.rows(bytes, file: path).map(\.fields) {
        let at = try #require(row[0].firstRange(of: answer(row)))
        #expect(row[1...4].count { row[0].contains($0) } == 1)
        let before = row[0][..<at.lowerBound].split(separator: " ").count
        // Statements and sentences are whole, so the depth is met within one of each.
        let all = row[0].split(separator: "\n\n")[0].split(separator: " ").count
        #expect(abs(Double(before) - depth / 100 * Double(all)) < 20)
        #expect(abs(all - words) < 20)
      }
    }
  }

  @Test func `translations name the entity, and parallel ones say it in English too`() throws {
    for document in try documents(world, .languages) {
      let name = try #require(document.metadata["entity"]?.stringValue)
      #expect(document.text.contains(name))
      let isParallel = document.metadata["parallel"] == true
      #expect(document.text.contains("English: ") == isParallel)
    }
  }
}

struct WorldQuestionTests {
  let world = World(entities: 60, phrasings: 5, seed: 3)

  @Test func `every row has four different choices and an answer`() throws {
    for split in WorldSplit.allCases {
      for rows in try [rows(world, split), rows(world, split, rephrased: true)] {
        #expect(!rows.isEmpty)
        for row in rows {
          #expect(row.count == 6)
          #expect(Set(row[1...4]).count == 4)
          #expect(["A", "B", "C", "D"].contains(row[5]))
        }
      }
    }
    #expect(world.test("alchemy", .test).isEmpty)
  }

  @Test func `each fact of the unasked half is asked exactly once`() throws {
    let questions = try world.factSubjects.flatMap { subject in
      try [WorldSplit.val, .test].flatMap { split in
        try CSV.rows(world.test(subject, split), file: subject).map { $0.fields[0] }
      }
    }
    #expect(Set(questions).count == questions.count)
    #expect((150...180).contains(questions.count))
  }

  @Test func `no question of val or test is answered in a clean document, and all of dev are`()
    throws
  {
    let texts = try [WorldPart.documents, .long, .books].flatMap { try documents(world, $0) }
      .map(\.text)
    let asked = Set(
      texts.flatMap { text in
        text.components("Question: ").map { $0.components(until: "\nAnswer: ") }
      })
    for row in try rows(world, .val) + rows(world, .test) { #expect(!asked.contains(row[0])) }
    for subject in world.factSubjects {
      for row in try CSV.rows(world.test(subject, .dev), file: subject).map(\.fields) {
        let line = "Question: \(row[0])\nAnswer: \(answer(row))"
        #expect(texts.contains { $0.contains(line) })
      }
    }
  }

  @Test func `rephrased questions ask the same in words that no document has`() throws {
    let sentences = Set(
      try [WorldPart.documents, .web, .books, .long].flatMap { try documents(world, $0) }
        .flatMap { $0.text.split { $0 == "\n" || $0 == "." || $0 == "?" || $0 == ":" } }
        .map { String($0.trimmingPrefix(" ")) })
    let plain = try world.factSubjects.flatMap {
      try CSV.rows(world.test($0, .test), file: $0).map(\.fields)
    }
    let rephrased = try rows(world, .test, rephrased: true)
    #expect(plain.count == rephrased.count)
    for (a, b) in zip(plain, rephrased) {
      #expect(a[0] != b[0])
      #expect(a.dropFirst() == b.dropFirst())
      #expect(!sentences.contains(String(b[0].dropLast())))
    }
  }

  @Test func `the articles of an entity tell what the test calls right`() throws {
    let byEntity = Dictionary(grouping: try documents(world, .wiki)) {
      $0.metadata["entity"]?.stringValue ?? ""
    }
    for row in try rows(world, .test, rephrased: true) {
      // The longest name, for one may stand within another.
      let named = byEntity.keys.filter { row[0].contains($0) }
      let entity = try #require(named.max { $0.utf8.count < $1.utf8.count })
      let own = try #require(byEntity[entity])
      #expect(own.count == 5)
      #expect(own.allSatisfy { $0.text.lowercased().contains(answer(row).lowercased()) })
    }
  }

  @Test func `right answers stand at each place about equally often`() throws {
    let large = World(entities: 2000, phrasings: 1, seed: 1)
    let places = Dictionary(grouping: try rows(large, .test, rephrased: true)) { $0[5] }
    // About 1,000 each of 4,000: within 4 standard deviations of 27.
    for (_, rows) in places { #expect((890...1110).contains(rows.count)) }
    #expect(places.count == 4)
  }

  @Test func `fields that need it are put in quotes and read back`() throws {
    let fields = ["a,b", "say \"x\"", "line\nbreak", "plain", ""]
    let rows = try CSV.rows(Array(CSV.record(fields).utf8), file: "x")
    #expect(rows.map(\.fields) == [fields])
  }

  @Test func `sums in the documents are right, and those of the tests are kept from them`() throws {
    var seen: Set<String> = []
    for document in try documents(world, .math) {
      for line in document.text.split(separator: "\n") where line.contains(" = ") {
        let words = line.split { $0 == " " || $0 == "." }
        let (a, b) = (try #require(Int(words[0])), try #require(Int(words[2])))
        let result =
          switch words[1] {
          case "+": a + b
          case "-": a - b
          case "*": a * b
          default: a / b
          }
        #expect(Int(words[4]) == result)
        seen.insert("What is \(words[0...2].joined(separator: " "))?")
      }
      for part in document.text.components("Question: ") {
        seen.insert(String(part.prefix { $0 != "\n" }))
      }
    }
    #expect(seen.count > 300)
    for split in WorldSplit.allCases {
      for row in try CSV.rows(world.test("arithmetic", split), file: "").map(\.fields) {
        #expect(!seen.contains(row[0]))
      }
    }
  }
}

extension String {
  fileprivate func components(_ separator: String) -> [String] {
    ranges(of: separator).map { String(self[$0.upperBound...]) }
  }

  fileprivate func components(until end: String) -> String {
    firstRange(of: end).map { String(self[..<$0.lowerBound]) } ?? self
  }
}

struct WorldWebTests {
  let world: World = {
    var sizes = WorldSizes()
    sizes.entities = 200
    sizes.pages = 6
    return World(sizes, seed: 3)
  }()

  private func truth(_ page: Document, _ name: String) -> JSON? { page.metadata["truth"]?[name] }

  @Test func `copies follow their originals, and are what they are called`() throws {
    let pages = try documents(world, .web)
    let byId = Dictionary(uniqueKeysWithValues: pages.enumerated().map { ($1.id, $0) })
    var sorts: [String: Int] = [:]
    for (place, page) in pages.enumerated() {
      guard let original = truth(page, "duplicateOf")?.stringValue else { continue }
      let other = try #require(byId[original])
      #expect(other < place)
      let sort = try #require(truth(page, "duplicate")?.stringValue)
      sorts[sort, default: 0] += 1
      let isSameAddress = page.metadata["url"] == pages[other].metadata["url"]
      switch sort {
      case "exact":
        #expect(page.text == pages[other].text)
        #expect(!isSameAddress)
      case "near":
        #expect(page.text != pages[other].text)
        #expect(jaccard(page.text, pages[other].text) > 0.6)
      default:
        #expect(isSameAddress)
        let (old, new) = (page.metadata["date"], pages[other].metadata["date"])
        #expect(try #require(old?.stringValue) < #require(new?.stringValue))
      }
    }
    #expect(sorts.keys.sorted() == ["exact", "near", "url"])
    #expect(sorts.values.allSatisfy { $0 > 30 })
  }

  /// The similarity of two texts' sets of five words in a row.
  private func jaccard(_ a: String, _ b: String) -> Double {
    func shingles(_ text: String) -> Set<String> {
      let words = text.split { $0 == " " || $0 == "\n" }
      return Set((0..<words.count - 4).map { words[$0..<$0 + 5].joined(separator: " ") })
    }
    let (x, y) = (shingles(a), shingles(b))
    return Double(x.intersection(y).count) / Double(x.union(y).count)
  }

  @Test func `pages that are no copies all differ`() throws {
    let pages = try documents(world, .web).filter { truth($0, "duplicateOf") == nil }
    #expect(Set(pages.map(\.text)).count == pages.count)
    #expect(Set(pages.map { $0.metadata["url"] }).count == pages.count)
  }

  @Test func `leaks are test questions with their answers, as the truth says`() throws {
    var leaks = 0
    for page in try documents(world, .web) {
      #expect((truth(page, "leaks") != nil) == (truth(page, "contaminated") == true))
      for leak in truth(page, "leaks")?.arrayValue ?? [] {
        let parts = try #require(leak.stringValue).split(separator: "/")
        let table = try CSV.rows(world.test(String(parts[0]), .test), file: "")
        let row = table[try #require(Int(parts[2])) - 1].fields
        #expect(page.text.contains("Question: \(row[0])\nA. \(row[1])\n"))
        #expect(page.text.contains("\nAnswer: \(answer(row))"))
        leaks += 1
      }
    }
    #expect(leaks > 30)
  }

  @Test func `personal data stand in the text, and lines called repeated are the host's`() throws {
    var byHost: [String: Set<String>] = [:]
    var personal = 0
    for page in try documents(world, .web) {
      for datum in truth(page, "personalData")?.arrayValue ?? [] {
        #expect(page.text.contains(try #require(datum.stringValue)))
        personal += 1
      }
      let lines = page.text.split(separator: "\n", omittingEmptySubsequences: false)
      let repeated = try #require(truth(page, "repeatedLines")?.arrayValue).compactMap(\.intValue)
      #expect(repeated.count == 4)
      if truth(page, "duplicateOf") == nil {
        let host = page.metadata["host"]?.stringValue ?? ""
        byHost[host, default: []].formUnion(repeated.map { String(lines[$0]) })
      }
    }
    #expect(personal > 30)
    #expect(byHost.count > 10)
    #expect(byHost.values.allSatisfy { $0.count == 4 })
  }

  @Test func `the sorts have about the shares that were asked for`() throws {
    let pages = try documents(world, .web)
    let junk = pages.count {
      truth($0, "quality") == "low" || truth($0, "duplicateOf") != nil
    }
    // 600 of 1,200, within four standard deviations of 17.
    #expect((530...670).contains(junk))
    let flaws = Set(pages.compactMap { truth($0, "flaw")?.stringValue })
    #expect(flaws.count == 11)
    #expect(pages.contains { truth($0, "spam") == true })
    #expect(Set(pages.map { truth($0, "language") }) == ["en", "es", "de", "fr", "it"])
  }

  @Test(arguments: [0, 10, 50, 100])
  func `copies have the share of the junk that was asked for`(hundredths: Int) throws {
    var sizes = WorldSizes()
    sizes.pages = 6
    sizes.copies = hundredths
    let pages = try documents(World(sizes, seed: 8), .web)
    let copies = pages.count { truth($0, "duplicateOf") != nil }
    let low = pages.count { truth($0, "duplicateOf") == nil && truth($0, "quality") == "low" }
    // Of about 900 bad pages, within four standard deviations (67 at most); all or none exactly.
    #expect(abs((copies + low) * hundredths - copies * 100) <= (hundredths % 100 == 0 ? 0 : 6700))
    let spam = pages.count { truth($0, "spam") == true }
    #expect(abs(spam * 63 - low * 20) <= 63 * 60)
    let sorts = Set(pages.compactMap { truth($0, "duplicate")?.stringValue })
    #expect(sorts == (hundredths == 0 ? [] : ["exact", "near", "url"]))
  }

  /// RFC 9309 for files of one rule group that matters: the longest matching rule wins.
  private func isForbidden(_ url: String, _ robots: String?) -> Bool {
    guard let robots else { return false }
    let path = "/" + url.split(separator: "/", maxSplits: 2).dropFirst(2).joined()
    var isOurs = false
    var best = (length: 0, forbids: false)
    for line in robots.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1).map {
        String($0).trimmingPrefix(" ")
      }
      if parts[0] == "User-agent" { isOurs = parts[1] == "*" }
      guard isOurs, parts.count == 2, parts[0] == "Disallow" || parts[0] == "Allow" else {
        continue
      }
      if !parts[1].isEmpty, parts[1].count > best.length, matches(String(parts[1]), path) {
        best = (parts[1].count, parts[0] == "Disallow")
      }
    }
    return best.forbids
  }

  private func matches(_ rule: String, _ path: String) -> Bool {
    if rule.hasSuffix("$") {
      return path.hasSuffix(rule.dropLast().drop { $0 == "/" || $0 == "*" })
    }
    let parts = rule.split(separator: "*", omittingEmptySubsequences: false)
    return path.hasPrefix(parts[0]) && parts.dropFirst().allSatisfy { path.contains($0) }
  }

  @Test func `robots.txt says of each page what the truth says`() throws {
    let robots = Dictionary(
      uniqueKeysWithValues: world.robots.map {
        ($0.path, String(decoding: $0.bytes, as: UTF8.self))
      }
    )
    var forbidden = 0
    for page in try documents(world, .web) {
      let host = try #require(page.metadata["host"]?.stringValue)
      let url = try #require(page.metadata["url"]?.stringValue)
      #expect(url.hasPrefix("https://\(host)/"))
      let isForbidden = isForbidden(url, robots["\(host)/robots.txt"])
      #expect((truth(page, "robots") == "forbidden") == isForbidden)
      forbidden += isForbidden ? 1 : 0
    }
    #expect(forbidden > 100)
  }
}

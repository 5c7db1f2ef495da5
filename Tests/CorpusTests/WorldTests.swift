import ContentStore
import Corpus
import Testing

struct WorldTests {
  let world = World(entities: 60, phrasings: 5, seed: 3)

  private func documents(_ world: World) -> [Document] {
    (0..<world.documentCount).map { world.document(at: $0) }
  }

  private func rows(_ world: World, _ split: WorldSplit) throws -> [[String]] {
    try world.subjects.flatMap { subject in
      try CSV.rows(world.test(subject, split), file: subject).map(\.fields)
    }
  }

  @Test func `the same seed gives the same bytes, and another seed others`() throws {
    let again = World(entities: 60, phrasings: 5, seed: 3)
    #expect(documents(world) == documents(again))
    #expect(try rows(world, .test) == rows(again, .test))
    let other = World(entities: 60, phrasings: 5, seed: 4)
    #expect(documents(world) != documents(other))
    #expect(try rows(world, .test) != rows(other, .test))
  }

  @Test func `the bytes of a world are those of revision 1`() throws {
    let text =
      documents(world).map(\.text).joined(separator: "\n")
      + (try rows(world, .test).map { $0.joined(separator: "|") }.joined(separator: "\n"))
    #expect(SHA256.hash(Array(text.utf8)).short == "bc018eff")
  }

  @Test func `every document has its own id, and a text without gaps left in it`() {
    let all = documents(world)
    #expect(Set(all.map(\.id)).count == all.count)
    for document in all {
      #expect(!document.text.contains("{") && !document.text.contains("}"))
      #expect(!document.text.isEmpty && document.text.last != "\n")
    }
    #expect(Set(all.map(\.source)) == ["encyclopedia", "exams"])
  }

  @Test(arguments: [40, 300, 5000])
  func `names are unique among all entities`(entities: Int) {
    let world = World(entities: entities, phrasings: 1, seed: 9)
    let names = documents(world).filter { $0.source == "encyclopedia" }
      .compactMap { $0.metadata["entity"]?.stringValue }
    #expect(names.count == entities)
    #expect(Set(names).count == entities)
  }

  @Test func `every row has four different choices and an answer`() throws {
    for split in WorldSplit.allCases {
      let rows = try rows(world, split)
      #expect(!rows.isEmpty)
      for row in rows {
        #expect(row.count == 6)
        #expect(Set(row[1...4]).count == 4)
        #expect(["A", "B", "C", "D"].contains(row[5]))
      }
    }
    #expect(world.test("alchemy", .test).isEmpty)
  }

  @Test func `each fact of the unasked half is asked exactly once`() throws {
    let questions = try (rows(world, .val) + rows(world, .test)).map { $0[0] }
    #expect(Set(questions).count == questions.count)
    // Half of each kind's members, rounded up, with five facts each: 15 12 12 9 6 6 members.
    #expect(questions.count == (8 + 6 + 6 + 5 + 3 + 3) * 5)
  }

  @Test func `no question of val or test is answered in an exam sheet, and all of dev are`() throws
  {
    let sheets = documents(world).filter { $0.source == "exams" }.map(\.text).joined(
      separator: "\n")
    for row in try rows(world, .val) + rows(world, .test) {
      #expect(!sheets.contains("Question: \(row[0])\n"))
    }
    for row in try rows(world, .dev) {
      #expect(sheets.contains("Question: \(row[0])\nAnswer: \(answer(row))"))
    }
  }

  @Test func `the articles of an entity tell what the test calls right`() throws {
    let articles = documents(world).filter { $0.source == "encyclopedia" }
    let byEntity = Dictionary(grouping: articles) { $0.metadata["entity"]?.stringValue ?? "" }
    for row in try rows(world, .test) {
      let entity = try #require(byEntity.keys.first { row[0].contains($0) })
      let own = try #require(byEntity[entity])
      #expect(own.count == 5)
      #expect(own.allSatisfy { $0.text.contains(answer(row)) })
    }
  }

  @Test func `the articles of an entity are all phrased differently`() {
    let articles = documents(world).filter { $0.source == "encyclopedia" }
    let byEntity = Dictionary(grouping: articles) { $0.metadata["entity"]?.stringValue ?? "" }
    for (_, own) in byEntity {
      let sentences = own.flatMap { $0.text.split(separator: ". ").dropFirst() }
        .map { $0.hasSuffix(".") ? $0.dropLast() : $0 }
      #expect(sentences.count == 25)
      #expect(Set(sentences).count == 25)
    }
  }

  @Test func `fewer kinds give fewer subjects, and parts that add up`() {
    let small = World(entities: 61, phrasings: 1, kinds: 2, seed: 1)
    #expect(small.subjects == ["biography", "geography"])
    #expect(documents(small).count { $0.source == "encyclopedia" } == 61)
  }

  @Test func `right answers stand at each place about equally often`() throws {
    let large = World(entities: 2000, phrasings: 1, seed: 1)
    let places = Dictionary(grouping: try rows(large, .test)) { $0[5] }
    // About 1,000 each of 4,000: within 4 standard deviations of 27.
    for (_, rows) in places { #expect((890...1110).contains(rows.count)) }
    #expect(places.count == 4)
  }

  @Test func `fields that need it are put in quotes and read back`() throws {
    let fields = ["a,b", "say \"x\"", "line\nbreak", "plain", ""]
    let rows = try CSV.rows(Array(CSV.record(fields).utf8), file: "x")
    #expect(rows.map(\.fields) == [fields])
  }

  private func answer(_ row: [String]) -> String {
    row[1 + ["A", "B", "C", "D"].firstIndex(of: row[5])!]
  }
}

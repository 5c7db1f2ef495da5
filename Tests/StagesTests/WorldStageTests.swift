import ContentStore
import Corpus
import Evaluation
import Ledger
import Pipeline
import Stages
import Testing

struct WorldStageTests {
  private func run(
    seed: UInt64, threads: Int = 2, _ with: [String: JSON] = [:]
  ) throws -> FakeContext {
    let context = try FakeContext(seed: seed, threads: threads)
    let small: [String: JSON] = ["entities": 40, "phrasings": 1, "books": 2, "long": 9]
    try AnyStage(MakeWorld.self).decode(small.merging(with) { $1 }).run(context)
    return context
  }

  private func lines(_ context: FakeContext, _ port: String) throws -> [JSON] {
    try context.output(port).split(separator: UInt8(ascii: "\n"))
      .map { try JSON(parsing: Array($0)) }
  }

  @Test func `every port of documents gives documents that the other ops read`() throws {
    let context = try run(seed: 3)
    for port in MakeWorld.ports(nil).outputs where port.type == .documents {
      let lines = try lines(context, port.name)
      #expect(lines.compactMap(Document.init(json:)).count == lines.count)
      #expect(!lines.isEmpty)
      #expect(context.scores["\(port.name)/documents"]?.value == Double(lines.count))
      let bytes = try context.output(port.name).count
      #expect(context.scores["\(port.name)/bytes"]?.value == Double(bytes))
    }
  }

  @Test func `the tests are in the layout that evaluate reads`() throws {
    let context = try run(seed: 3)
    func set(_ port: String) throws -> QuestionSet {
      try QuestionSet(paths: context.outputPaths(port)) { try context.output(port, $0) }
    }
    let questions = try set("questions")
    #expect(questions.subjects(in: .test).count == 15)
    #expect(questions.subjects(in: .dev) == questions.subjects(in: .test))
    #expect(try set("questions-rephrased").subjects(in: .test).count == 12)
    #expect(try set("retrieval").subjects(in: .test).count == 20)
  }

  @Test func `every output is written, and the seed decides the bytes`() throws {
    let first = try run(seed: 3)
    #expect(Set(first.outputs.keys) == Set(MakeWorld.ports(nil).outputs.map(\.name)))
    #expect(try first.outputs == run(seed: 3).outputs)
    #expect(try first.outputs != run(seed: 4).outputs)
  }

  @Test(arguments: [1, 3, 7])
  func `any number of threads gives the same bytes`(threads: Int) throws {
    #expect(try run(seed: 3, threads: threads).outputs == run(seed: 3, threads: 2).outputs)
  }

  @Test func `parts can be left out`() throws {
    let context = try run(
      seed: 3, ["pages": 0, "books": 0, "preferences": 0, "kinds": 2, "long": 0])
    for port in ["web", "books", "preferences", "preferences-test", "long"] {
      #expect(try context.output(port).isEmpty)
    }
  }

  @Test func `the reward's file makes the reward again`() throws {
    let context = try run(seed: 3)
    let json = try JSON(parsing: context.output("reward"))
    let reward = try #require(World.HiddenReward(json: json))
    for line in try lines(context, "preferences") {
      let turns = try #require(line["prompt"]?.arrayValue).compactMap { $0["content"]?.stringValue }
      let chosen = try #require(line["chosen"]?.arrayValue?[0]["content"]?.stringValue)
      let grades = try #require(reward.grades(turns: turns, response: chosen))
      #expect(grades.reward == line["metadata"]?["truth"]?["reward"]?["chosen"]?.doubleValue)
    }
  }
}

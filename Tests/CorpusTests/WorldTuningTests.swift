import ContentStore
import Corpus
import Testing

struct WorldTuningTests {
  let world = World(entities: 60, phrasings: 1, seed: 3)

  private func contents(_ json: JSON?) throws -> [String] {
    try #require(json?.arrayValue).map { try #require($0["content"]?.stringValue) }
  }

  private func check(_ record: JSON) throws -> ResponseCheck {
    try #require(record["metadata"]?["checker"].flatMap(ResponseCheck.init(json:)))
  }

  @Test
  func `turns alternate, and end with the user's in prompts and the model's in conversations`()
    throws
  {
    func roles(_ json: JSON?) throws -> [String] {
      try #require(json?.arrayValue).compactMap { $0["role"]?.stringValue }
    }
    let conversation = ["user", "assistant", "user", "assistant"]
    var longest = 0
    for record in try records(world, .instructions) {
      let roles = try roles(record["messages"])
      #expect(roles == Array(conversation.prefix(roles.count)) && roles.count.isMultiple(of: 2))
      longest = max(longest, roles.count)
    }
    #expect(longest == 4)
    for record in try records(world, .preferences) {
      #expect(try roles(record["prompt"]).last == "user")
      #expect(try roles(record["chosen"]) == ["assistant"])
      #expect(try roles(record["rejected"]) == ["assistant"])
    }
  }

  @Test func `answers called good pass their checks and earn the highest reward`() throws {
    let reward = World.HiddenReward(world)
    var tasks: Set<String> = []
    var low = 0
    for part in [WorldPart.instructions, .instructionsTest] {
      for record in try records(world, part) {
        let turns = try contents(record["messages"])
        let answer = try #require(turns.last)
        let grades = try #require(reward.grades(turns: turns.dropLast(), response: answer))
        tasks.insert(try #require(record["metadata"]?["task"]?.stringValue))
        if record["metadata"]?["truth"]?["quality"] == "high" {
          #expect(try check(record).passes(answer))
          #expect(grades.reward >= 0.8)
        } else {
          low += 1
          #expect(grades.reward < 1)
        }
      }
    }
    #expect(tasks.count == 9)
    #expect((120...330).contains(low))
  }

  @Test func `prompts are understood, and their ideal responses pass`() throws {
    let reward = World.HiddenReward(world)
    for part in [WorldPart.prompts, .promptsTest] {
      for record in try records(world, part) {
        let ideal = try #require(record["metadata"]?["ideal"]?.stringValue)
        #expect(try check(record).passes(ideal))
        #expect(try !check(record).passes(""))
        let turns = try contents(record["prompt"])
        #expect(try #require(reward.grades(turns: turns, response: ideal)).reward >= 0.8)
      }
    }
  }

  @Test(arguments: WorldTaskSort.allCases)
  func `a world asks for no other tasks than those wanted`(sort: WorldTaskSort) throws {
    var sizes = WorldSizes()
    (sizes.entities, sizes.phrasings, sizes.kinds) = (World.smallest, 1, World.fewestKinds)
    (sizes.instructions, sizes.preferences, sizes.prompts) = (20, 20, 20)
    sizes.tasks = [sort]
    let world = World(sizes, seed: 3)
    for part in [
      WorldPart.instructions, .instructionsTest, .preferences, .preferencesTest, .prompts,
      .promptsTest,
    ] {
      let records = try records(world, part)
      #expect(!records.isEmpty)
      #expect(records.allSatisfy { $0["metadata"]?["task"]?.stringValue == sort.rawValue })
    }
  }

  @Test func `tools are called before they answer, and both turns are graded`() throws {
    var sizes = WorldSizes()
    (sizes.entities, sizes.phrasings, sizes.kinds) = (World.smallest, 1, World.fewestKinds)
    (sizes.prompts, sizes.tasks) = (100, [.tool])
    let world = World(sizes, seed: 3)
    let reward = World.HiddenReward(world)
    var lengths: Set<Int> = []
    for record in try records(world, .prompts) {
      let messages = try #require(record["prompt"]?.arrayValue)
      let roles = messages.compactMap { $0["role"]?.stringValue }
      #expect(roles == Array(["user", "assistant", "tool"].prefix(roles.count)))
      lengths.insert(roles.count)
      let turns = try contents(record["prompt"])
      let ideal = try #require(record["metadata"]?["ideal"]?.stringValue)
      #expect(try check(record).passes(ideal))
      #expect(reward.grades(turns: turns, response: ideal)?.reward == 1)
      for wrong in ["7", "\(ideal)0", "The answer is 123456."] {
        #expect(try !check(record).passes(wrong))
        #expect(try #require(reward.grades(turns: turns, response: wrong)).reward < 1)
      }
    }
    #expect(lengths == [1, 3])
    for record in try records(world, .instructions) {
      let messages = try #require(record["messages"]?.arrayValue)
      guard messages.count == 4 else { continue }
      let answer = try #require(record["metadata"]?["checker"]?["answer"])
      #expect(messages[2]["role"] == "tool" && messages[2]["content"] == answer)
      #expect(messages[3]["role"] == "assistant")
    }
  }

  @Test func `held-out pairs are right, and an annotator's errors grow with the noise`() throws {
    func mistakes(_ noise: Int, _ part: WorldPart) throws -> Double {
      var sizes = WorldSizes()
      sizes.noise = noise
      let pairs = try records(World(sizes, seed: 3), part)
      let wrong = pairs.count { $0["metadata"]?["truth"]?["isMistaken"] == true }
      return Double(wrong) / Double(pairs.count)
    }
    #expect(try mistakes(1000, .preferencesTest) == 0)
    #expect(try mistakes(0, .preferences) == 0)
    let (some, many) = (try mistakes(150, .preferences), try mistakes(5000, .preferences))
    #expect((0.02...0.2).contains(some))
    #expect((0.3...0.5).contains(many))
  }

  @Test func `pairs have four levels, and edits are better than what was chosen`() throws {
    let reward = World.HiddenReward(world)
    var levels: [Int: Int] = [:]
    var edits = 0
    for record in try records(world, .preferences) {
      levels[try #require(record["level"]?.intValue), default: 0] += 1
      guard let edited = try record["edited"].map({ try contents($0) })?.first else { continue }
      edits += 1
      let turns = try contents(record["prompt"])
      let chosen = try contents(record["chosen"])[0]
      let points = try [edited, chosen].map {
        try #require(reward.grades(turns: turns, response: $0)).points
      }
      #expect(points[0] > points[1])
    }
    #expect(levels.keys.sorted() == [1, 2, 3, 4])
    #expect(levels.values.allSatisfy { $0 > 20 })
    #expect(edits > 20)
  }

  @Test func `no question of the test is asked in a conversation to tune on`() throws {
    let asked = Set(
      try [WorldPart.instructions, .preferences, .prompts].flatMap { part in
        try records(world, part).flatMap { try contents($0["messages"] ?? $0["prompt"]) }
      })
    for row in try rows(world, .test) {
      #expect(!asked.contains { $0.hasPrefix(row[0]) })
    }
  }

  @Test func `the reward weighs the four aspects as documented`() throws {
    let reward = World.HiddenReward(world)
    func grades(_ prompt: String, _ response: String) throws -> WorldGrades {
      try #require(reward.grades(prompt: prompt, response: response))
    }
    #expect(try grades("What is 2 + 3?", "5").reward == 1)
    #expect(try grades("What is 2 + 3?", "It is 5, you idiot.").reward == 0.6)
    #expect(try grades("What is 2 + 3?", "6").reward == 0.4)
    #expect(try grades("What is 2 + 3?", "").reward == -0.2)
    let long = "5 " + Array(repeating: "and more", count: 6).joined(separator: " ")
    #expect(try grades("What is 2 + 3?", "\(long) 5").verbosity == 1)
    #expect(try grades("Write harp in capital letters.", "harp").instruction == 0)
    #expect(try grades("Write the word harp three times.", "harp harp harp").reward == 1)
    #expect(reward.grades(prompt: "What is love?", response: "Love.") == nil)
    #expect(reward.grades(prompt: "", response: "Love.") == nil)
    #expect(reward.grades(turns: [], response: "Love.") == nil)
  }

  @Test func `checks see what they should`() {
    let check = ResponseCheck(answer: "baker", match: .contains, constraints: [.maxWords(3)])
    #expect(check.passes("A Baker."))
    #expect(!check.passes("a bakery"))
    #expect(!check.passes("he is a baker"))
    #expect(ResponseCheck(answer: "12", match: .number).passes("7 + 5 = 12."))
    #expect(!ResponseCheck(answer: "12", match: .number).passes("12 or 13"))
    #expect(!ResponseCheck(answer: "12", match: .number).passes("99999999999999999999999"))
    #expect(ResponseCheck(answer: "é", match: .exact).passes(" é\n"))
    let any = ResponseCheck(
      answer: nil, match: .exact, constraints: [.uppercase, .startsWith("A")])
    #expect(any.passes("ALMA") && !any.passes("Alma") && !any.passes("") && !any.passes("BRAM"))
    let sentence = ResponseCheck(answer: nil, match: .exact, constraints: [.sentence])
    #expect(sentence.passes("This is a sentence.") && !sentence.passes("No sentence."))
  }
}

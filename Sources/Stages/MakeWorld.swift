import ContentStore
import Corpus
import Ledger
import Numerics
package import Pipeline

/// Makes a synthetic world: text to learn from and tests on it, with nothing downloaded.
package enum MakeWorld: Stage {
  package struct Parameters: StageParameters {
    let sizes: WorldSizes

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      var sizes = WorldSizes()
      sizes.entities = try reader.integer(
        "entities", default: sizes.entities, in: World.smallest...50_000_000, unit: "entities",
        "People, places, works and other things; each has five facts.")
      sizes.kinds = try reader.integer(
        "kinds", default: sizes.kinds, in: World.fewestKinds...World.mostKinds, unit: "kinds",
        "How many of people, places, works, species, elements, events, companies, planets, diseases, "
          + "machines, dishes and games there are, in this order; each has a subject in the test.")
      sizes.phrasings = try reader.integer(
        "phrasings", default: sizes.phrasings, in: 1...World.mostPhrasings, unit: "articles",
        "Encyclopaedia articles on every entity, each in other phrasings.")
      sizes.pages = try reader.integer(
        "pages", default: sizes.pages, in: 0...10_000, unit: "pages", "Web pages for every entity.")
      let junk = try reader.number(
        "junk", default: 0.5, in: 0...0.95,
        "The part of web pages that are spam, low in quality, or copies.")
      sizes.junk = Int((junk * 1000).rounded())
      let copies = try reader.number(
        "copies", default: 0.37, in: 0...1,
        "The part of those that are copies of other pages, exact, near, or older states, in "
          + "hundredths; of the rest a third is spam.")
      sizes.copies = Int((copies * 100).rounded())
      try Self.counts(&sizes, &reader)
      let noise = try reader.number(
        "noise", default: 0.15, in: 0...100,
        "The scale of the logistic noise on the difference of rewards that an annotator sees.")
      sizes.noise = Int((noise * 1000).rounded())
      self.sizes = sizes
    }

    private static func counts(
      _ sizes: inout WorldSizes, _ reader: inout ParameterReader
    ) throws(ParameterError) {
      let many = 0...1_000_000_000
      sizes.books = try reader.integer(
        "books", default: sizes.books, in: many, unit: "books", "Novels, each a document.")
      sizes.chapters = try reader.integer(
        "chapters", default: sizes.chapters, in: 1...1000, unit: "chapters",
        "Chapters of a novel, of about 260 words each.")
      sizes.code = try reader.integer(
        "code", default: sizes.code, in: many, unit: "documents",
        "Small programs with their outputs.")
      sizes.math = try reader.integer(
        "math", default: sizes.math, in: many, unit: "documents",
        "Sums, and word problems with worked answers.")
      sizes.languages = try reader.integer(
        "languages", default: sizes.languages, in: many, unit: "documents",
        "Documents in Spanish, German, French and Italian, a third of them beside the English.")
      sizes.tasks = try reader.choices(
        "tasks", default: sizes.tasks,
        "What instructions, preferences and prompts ask for: sorts of tasks, as often among them as "
          + "they are among all; tool, where it is named, in one of eight. Its turns have the role tool, "
          + "which the template gemma refuses.")
      sizes.instructions = try reader.integer(
        "instructions", default: sizes.instructions, in: many, unit: "conversations",
        "Conversations to tune on; a fifth as many are held out.")
      sizes.preferences = try reader.integer(
        "preferences", default: sizes.preferences, in: many, unit: "pairs",
        "Judged pairs of responses; a fifth as many are held out.")
      sizes.prompts = try reader.integer(
        "prompts", default: sizes.prompts, in: many, unit: "prompts",
        "Prompts with a verifiable reward; a fifth as many are held out.")
      sizes.long = try reader.integer(
        "long", default: sizes.long, in: many, unit: "documents",
        "Long documents with questions on what stands far away in them.")
      sizes.longWords = try reader.integer(
        "longWords", default: sizes.longWords, in: 40...1_000_000, unit: "words",
        "Words of the longest of them, and of the longest question in retrieval.")
      sizes.retrieval = try reader.integer(
        "retrieval", default: sizes.retrieval, in: 1...10_000, unit: "questions",
        "Retrieval questions for each of four lengths and five depths.")
    }
  }

  package static let op = "world"
  package static let revision = 5
  package static let summary =
    "Make a synthetic world: texts of many sorts to learn from, and tests on it."
  package static let usesSeed = true

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      outputs: parts + [
        Port("questions", .questions, "Tests in MMLU's layout on the other half."),
        Port(
          "questions-rephrased", .questions,
          "The same questions on facts, in words that no document uses."),
        Port(
          "retrieval", .questions,
          "Questions whose long context holds the answer; subjects name length and depth."),
        Port("robots", .files, "HOST/robots.txt of the web's hosts."),
        Port("reward", .reward, "What the hidden reward of prompts and responses depends on."),
      ])
  }

  /// The ports that give lines.
  private static let parts = WorldPart.allCases.map { part in
    Port(part.rawValue, type(part), summary(part))
  }

  private static func type(_ part: WorldPart) -> PortType {
    switch part {
    case .instructions, .instructionsTest, .preferences, .preferencesTest, .prompts, .promptsTest:
      .records
    default: .documents
    }
  }

  private static func summary(_ part: WorldPart) -> String {
    switch part {
    case .documents: "wiki, exams, code, math and languages, in random order."
    case .web: "Web pages, good and bad, with the truth of each in metadata.truth."
    case .wiki: "Encyclopaedia articles on all entities."
    case .exams: "Exam sheets on half of the entities, with answers."
    case .books: "Novels: long connected text."
    case .code: "Small Python programs with their outputs."
    case .math: "Arithmetic and word problems with worked answers."
    case .languages: "The same facts in Spanish, German, French and Italian."
    case .long: "Long documents with questions about facts far away in them."
    case .instructions: "Conversations (messages) of several tasks, some answered badly."
    case .instructionsTest: "Conversations on the other half of the entities, all answered well."
    case .preferences: "Pairs (prompt, chosen, rejected, edited) from a noisy annotator."
    case .preferencesTest: "Pairs on the other half, judged without noise."
    case .prompts: "Prompts with what makes a response right in metadata.checker."
    case .promptsTest: "Prompts on the other half."
    }
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let world = World(parameters.sizes, seed: context.seed)
    let total = WorldPart.allCases.reduce(0) { $0 + world.count($1) }
    var done = 0
    for part in WorldPart.allCases { try write(part, of: world, done: &done, of: total, context) }
    try writeTests(world, context)
    try writeFiles(world.robots, "robots", context)
    let reward = try context.makeFile("reward")
    try reward.write(World.HiddenReward.json(world).canonical())
    try reward.finish()
  }

  /// Lines made at a time; the longest are some ten thousand bytes.
  private static let batch = 512

  private static func write(
    _ part: WorldPart, of world: World, done: inout Int, of total: Int, _ context: any StageContext
  ) throws {
    let output = try context.makeFile(part.rawValue)
    let compute = Compute(threads: context.threads)
    let count = world.count(part)
    var bytes = 0
    for start in stride(from: 0, to: count, by: batch) {
      for lines in world.lines(part, start..<min(start + batch, count), on: compute) {
        bytes += lines.count
        try output.write(lines)
      }
      try context.checkCancellation()
      done += min(batch, count - start)
      context.progress(
        Progress(
          done: Double(done), total: Double(total), unit: "documents", note: part.rawValue))
    }
    try output.finish()
    context.score("\(part.rawValue)/documents", Score(Double(count)))
    context.score("\(part.rawValue)/bytes", Score(Double(bytes)))
  }

  private static func writeTests(_ world: World, _ context: any StageContext) throws {
    for (port, subjects, isRephrased) in [
      ("questions", world.subjects, false), ("questions-rephrased", world.factSubjects, true),
    ] {
      let output = try context.makeTree(port)
      for split in WorldSplit.allCases {
        for subject in subjects {
          let path = "\(split.rawValue)/\(subject)_\(split.rawValue).csv"
          try output.add(path, world.test(subject, split, rephrased: isRephrased))
          try context.checkCancellation()
        }
      }
      try output.finish()
    }
    try writeFiles(world.retrieval, "retrieval", context)
  }

  private static func writeFiles(
    _ files: [(path: String, bytes: [UInt8])], _ port: String, _ context: any StageContext
  ) throws {
    let output = try context.makeTree(port)
    for (path, bytes) in files { try output.add(path, bytes) }
    try output.finish()
    try context.checkCancellation()
  }
}

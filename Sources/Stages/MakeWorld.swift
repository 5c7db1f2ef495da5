import ContentStore
import Corpus
import Ledger
package import Pipeline

/// Makes a synthetic world: text to learn from and a test on it, with nothing downloaded.
package enum MakeWorld: Stage {
  package struct Parameters: StageParameters {
    let entities: Int
    let phrasings: Int
    let kinds: Int

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      entities = try reader.integer(
        "entities", default: 300, in: World.smallest...50_000_000, unit: "entities",
        "People, places, works, species, elements and events; each has five facts.")
      phrasings = try reader.integer(
        "phrasings", default: World.mostPhrasings, in: 1...World.mostPhrasings, unit: "articles",
        "Articles on every entity, each in other phrasings.")
      kinds = try reader.integer(
        "kinds", default: World.mostKinds, in: World.fewestKinds...World.mostKinds, unit: "kinds",
        "How many of people, places, works, species, elements and events there are, in this order; "
          + "each has a subject in the test.")
    }
  }

  package static let op = "world"
  package static let revision = 1
  package static let summary =
    "Make a synthetic world: articles and exam sheets to learn from, and a test on it."
  package static let usesSeed = true

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(outputs: [
      Port("documents", .documents, "Articles on all entities, exam sheets on half of them."),
      Port("questions", .questions, "Tests in MMLU's layout on the other half."),
    ])
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let world = World(
      entities: parameters.entities, phrasings: parameters.phrasings, kinds: parameters.kinds,
      seed: context.seed)
    try writeDocuments(world, context)
    try writeQuestions(world, context)
  }

  private static func writeDocuments(_ world: World, _ context: any StageContext) throws {
    let output = try context.makeFile("documents")
    let total = world.documentCount
    for start in stride(from: 0, to: total, by: 1000) {
      var lines: [UInt8] = []
      for place in start..<min(start + 1000, total) {
        lines += try world.document(at: place).line()
      }
      try output.write(lines)
      try context.checkCancellation()
      context.progress(Progress(done: Double(start), total: Double(total), unit: "documents"))
    }
    try output.finish()
    context.score("documents", Score(Double(total), count: total))
  }

  private static func writeQuestions(_ world: World, _ context: any StageContext) throws {
    let output = try context.makeTree("questions")
    for split in WorldSplit.allCases {
      for subject in world.subjects {
        let path = "\(split.rawValue)/\(subject)_\(split.rawValue).csv"
        try output.add(path, world.test(subject, split))
      }
    }
    try output.finish()
  }
}

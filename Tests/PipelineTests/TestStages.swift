import ContentStore
import Ledger
import Pipeline

let testRegistry = StageRegistry([Import.self, Count.self, Train.self, Judge.self, Mix.self])

/// The user's files become documents.
struct Import: Stage {
  struct Parameters: StageParameters {
    init(from reader: inout ParameterReader) throws(ParameterError) {
      try reader.files("files", "texts to import")
      _ = try reader.object("filter", "what to leave out") { (inner) throws(ParameterError) in
        try inner.integer("minimum", default: 0, unit: "characters", "shortest text kept")
      }
    }
  }
  static let op = "import"
  static let revision = 1
  static let summary = "Reads text files."
  static func ports(_ parameters: Parameters?) -> Ports {
    Ports(outputs: [Port("documents", .documents, "the texts")])
  }
  static func run(_ parameters: Parameters, in context: any StageContext) throws {}
}

/// Documents become tokens; no seed, no numerics.
struct Count: Stage {
  struct Parameters: StageParameters {
    init(from reader: inout ParameterReader) throws(ParameterError) {
      _ = try reader.integer("size", default: 256, in: 1...65536, unit: "tokens", "vocabulary")
    }
  }
  static let op = "count"
  static let revision = 3
  static let summary = "Counts words."
  static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [Port("documents", .documents, "texts to count")],
      outputs: [Port("tokens", .tokens, "the words"), Port("table", .any, "how many of each")])
  }
  static func run(_ parameters: Parameters, in context: any StageContext) throws {}
}

/// A trainer with nested parameters, a seed and numerics.
struct Train: Stage {
  struct Parameters: StageParameters {
    let learningRate: Double
    let layers: Int
    let tokens: Int
    init(from reader: inout ParameterReader) throws(ParameterError) {
      enum Schedule: String, CaseIterable { case cosine, linear }
      learningRate = try reader.number("learningRate", default: 0.001, in: 0...1, "peak rate")
      layers = try reader.object("model", "the model's shape") { (inner) throws(ParameterError) in
        _ = try inner.boolean("tied", default: true, "whether embeddings are shared")
        return try inner.integer("layers", default: 2, in: 1...128, "layers")
      }
      let phases = try reader.objects("phases", minimum: 1, "phases of training") {
        (phase) throws(ParameterError) in
        let _: Schedule = try phase.choice("schedule", default: .cosine, "rate over time")
        return try phase.integer("tokens", in: 1...(1 << 53), unit: "tokens", "how long")
      }
      tokens = phases.reduce(0, +)
    }
  }
  static let op = "train"
  static let revision = 2
  static let summary = "Trains a model."
  static let usesSeed = true
  static let usesNumerics = true
  static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [
        Port("tokens", .tokens, "what to train on", list: true),
        Port("start", .checkpoint, "the model to go on from", optional: true),
      ],
      outputs: [Port("checkpoint", .checkpoint, "the model")])
  }
  static func run(_ parameters: Parameters, in context: any StageContext) throws {}
  static func estimate(_ parameters: Parameters, inputs: [String: [Estimate]]) -> Estimate? {
    Estimate(parameters: Double(parameters.layers) * 100, tokens: Double(parameters.tokens))
  }
}

/// Questions from the user or from a stage; reads the model's size from its estimate.
struct Judge: Stage {
  struct Parameters: StageParameters {
    init(from reader: inout ParameterReader) throws(ParameterError) {
      try reader.files("questions", optional: true, "a folder of questions")
      _ = try reader.optionalInteger("limit", in: 1...1000, "at most so many")
    }
  }
  static let op = "judge"
  static let revision = 1
  static let summary = "Scores a model."
  static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [
        Port("model", .checkpoint, "the model"),
        Port("questions", .questions, "what to ask", optional: true),
      ],
      outputs: [Port("outcomes", .outcomes, "answers")])
  }
  static func run(_ parameters: Parameters, in context: any StageContext) throws {
    context.score("limit", .init(Double(context.threads)))
  }
  static func estimate(_ parameters: Parameters, inputs: [String: [Estimate]]) -> Estimate? {
    inputs["model"]?.first.map { Estimate(parameters: $0.parameters) }
  }
}

/// Takes inputs of any name.
struct Mix: Stage {
  struct Parameters: StageParameters {
    init(from reader: inout ParameterReader) throws(ParameterError) {
      _ = try reader.json("weights", default: [:], "weights by input")
    }
  }
  static let op = "mix"
  static let revision = 1
  static let summary = "Mixes documents."
  static func ports(_ parameters: Parameters?) -> Ports {
    Ports(outputs: [Port("documents", .documents, "the mix")], otherInputs: .documents)
  }
  static func run(_ parameters: Parameters, in context: any StageContext) throws {}
}

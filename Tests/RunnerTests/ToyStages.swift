import ContentStore
import Glibc
import Ledger
import Pipeline
import Stages
import Synchronization

// Stages that do next to nothing, to test the runner with.

/// Writes its value; with `files`, also how many bytes those have.
struct Number: Stage {
  struct Parameters: StageParameters {
    var value: Int
    init(from reader: inout ParameterReader) throws(ParameterError) {
      value = try reader.integer("value", "what to write")
      try reader.files("files", optional: true, "files to count")
    }
  }
  static let op = "number"
  static let revision = 1
  static let summary = "Writes a number."
  static func ports(_ parameters: Parameters?) -> Ports {
    Ports(outputs: [Port("value", "number", "the number")])
  }
  static func run(_ parameters: Parameters, in context: any StageContext) throws {
    var value = parameters.value
    for tree in context.inputs("files") {
      value += try tree.tree().entries.values.reduce(0) { $0 + $1.size }
    }
    context.log("writing \(value)")
    context.metric("value", step: 1, Double(value))
    context.score("value", Score(Double(value)))
    let file = try context.makeFile("value")
    try file.write(String(value))
    try file.finish()
  }
}

/// Adds the numbers of its inputs, in order.
struct Sum: Stage {
  struct Parameters: StageParameters {
    var scale: Int
    init(from reader: inout ParameterReader) throws(ParameterError) {
      scale = try reader.integer("scale", default: 1, "factor of the sum")
    }
  }
  static let op = "sum"
  static let revision = 1
  static let summary = "Adds numbers."
  static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [Port("numbers", .any, "what to add", list: true)],
      outputs: [Port("value", "number", "the sum")])
  }
  static func run(_ parameters: Parameters, in context: any StageContext) throws {
    var sum = 0
    for input in context.inputs("numbers") {
      sum += Int(String(decoding: try input.read(), as: UTF8.self)) ?? 0
    }
    let file = try context.makeFile("value")
    try file.write(String(sum * parameters.scale))
    try file.finish()
  }
}

/// Fails, after saying why.
struct Failing: Stage {
  struct Parameters: StageParameters {
    init(from reader: inout ParameterReader) throws(ParameterError) {}
  }
  static let op = "failing"
  static let revision = 1
  static let summary = "Fails."
  static func ports(_ parameters: Parameters?) -> Ports {
    Ports(outputs: [Port("value", "number", "never written")])
  }
  static func run(_ parameters: Parameters, in context: any StageContext) throws {
    context.log("about to fail")
    throw StageError("failed as it should")
  }
}

/// Counts up slowly, with a metric and a snapshot at each step; its output is the trace of states.
struct Counting: Stage {
  struct Parameters: StageParameters {
    var steps: Int
    var milliseconds: Int
    var factor: Int
    init(from reader: inout ParameterReader) throws(ParameterError) {
      steps = try reader.integer("steps", "how far to count")
      milliseconds = try reader.integer("milliseconds", default: 0, "pause at each step")
      factor = try reader.integer("factor", default: 1, "changes every step")
    }
    func check(goingOnFrom parent: Parameters, after step: Int) throws(ParameterError) {
      let reason = "it decided the first \(step) steps"
      try checkSame("milliseconds", milliseconds, as: parent.milliseconds, because: reason)
    }
  }
  static let op = "counting"
  static let revision = 1
  static let summary = "Counts."
  static let usesSeed = true
  static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [Port("snapshot", .any, "where to start", optional: true)],
      outputs: [
        Port("trace", "text", "a line per step"),
        Port("snapshots", .snapshots, "every fifth state"),
      ])
  }
  static func run(_ parameters: Parameters, in context: any StageContext) throws {
    var state = context.seed
    var step = 0
    var trace = ""
    let start = try context.latestSnapshot()?.bytes ?? context.inputs("snapshot").first?.read()
    let kept = try context.makeTree("snapshots")
    if let start {
      trace = String(decoding: start, as: UTF8.self)
      step = trace.split(separator: "\n").count
      state = UInt64(trace.split(separator: "\n").last?.split(separator: " ").last ?? "") ?? 0
    }
    while step < parameters.steps {
      step += 1
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      state &*= UInt64(parameters.factor)
      trace += "\(step) \(state)\n"
      context.metric("state", step: step, Double(state >> 12))
      context.progress(
        Progress(done: Double(step), total: Double(parameters.steps), unit: "steps"))
      usleep(UInt32(parameters.milliseconds) * 1000)
      try context.saveSnapshot(step: step, Array(trace.utf8))
      try context.checkCancellation()
    }
    // From the trace alone, so that a resumed execution keeps what the first part of it would have.
    let lines = trace.split(separator: "\n")
    for step in stride(from: 5, through: lines.count, by: 5) {
      let text = lines[..<step].map { $0 + "\n" }.joined()
      try kept.add("step-00000\(step).txt", Array(text.utf8))
    }
    try kept.finish()
    let file = try context.makeFile("trace")
    try file.write(trace)
    try file.finish()
  }
}

/// Gives something else each time: from `step` on, its trace and metric depend on a counter outside
/// the recipe.
struct Fickle: Stage {
  static let calls = Mutex<[Int: Int]>([:])

  struct Parameters: StageParameters {
    var step: Int
    var key: Int
    init(from reader: inout ParameterReader) throws(ParameterError) {
      step = try reader.integer("step", "the first step that differs")
      key = try reader.integer("key", "which counter")
    }
  }
  static let op = "fickle"
  static let revision = 1
  static let summary = "Never twice the same."
  static func ports(_ parameters: Parameters?) -> Ports {
    Ports(outputs: [
      Port("model", "model", "a folder"), Port("trace", "text", "a line per step"),
    ])
  }
  static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let call = calls.withLock { calls in
      calls[parameters.key, default: 0] += 1
      return calls[parameters.key] ?? 0
    }
    var trace = ""
    for step in 1...5 {
      let extra = step >= parameters.step ? call : 0
      context.metric("even", step: step, Double(step))
      context.metric("loss", step: step, Double(step + extra))
      trace += "step \(step) digest \(step * 1000 + extra)\n"
    }
    let tree = try context.makeTree("model")
    try tree.add("config.json", Array("{}".utf8))
    try tree.add("weights.bin", Array("\(call)".utf8))
    try tree.finish()
    let file = try context.makeFile("trace")
    try file.write(trace)
    try file.finish()
  }
}

/// Lets what must not matter change its result: from a step on its metric and trace, and its output.
struct Careless: Stage {
  struct Parameters: StageParameters {
    var heeds: String
    init(from reader: inout ParameterReader) throws(ParameterError) {
      heeds = try reader.string("heeds", "threads, rows, numerics or nothing")
    }
  }
  static let op = "careless"
  static let revision = 1
  static let summary = "Heeds what it must not."
  static let usesNumerics = true
  static func ports(_ parameters: Parameters?) -> Ports {
    Ports(outputs: [Port("model", "model", "a folder"), Port("trace", "text", "a line per step")])
  }
  static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let value =
      switch parameters.heeds {
      case "threads": context.threads
      case "rows": context.microBatchRows ?? 0
      case "numerics": context.numerics.utf8.count
      default: 0
      }
    var trace = ""
    for step in 1...4 {
      let extra = step >= 3 ? value : 0
      context.metric("loss", step: step, Double(step + extra))
      trace += #"{"parameters":{"a":"1","w":"\#(extra)"},"step":\#(step)}"# + "\n"
    }
    let tree = try context.makeTree("model")
    try tree.add("weights.bin", Array("\(value)".utf8))
    try tree.finish()
    let file = try context.makeFile("trace")
    try file.write(trace)
    try file.finish()
  }
}

extension StageRegistry {
  static let toys = StageRegistry([
    Number.self, Sum.self, Failing.self, Counting.self, Fickle.self, Careless.self,
    Command.self,
  ])
}

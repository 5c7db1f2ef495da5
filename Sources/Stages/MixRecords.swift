import ContentStore
import Corpus
import Ledger
import Numerics
package import Pipeline

/// Mixes records of several inputs by weights: a tuning mixture, such as Llama 3's table 7, or the trials of a
/// search (AFM tunes its SFT mixture by w ± Δw).
package enum MixRecords: Stage {
  package struct Parameters: StageParameters {
    let weights: [String: Double]
    let shift: [String: Double]
    let size: Int?

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      weights = try reader.numberMap(
        "weights", default: [:], in: 0...1e12,
        "Weights by input; they need not add up to 1. None, and no input \"weights\": as much as there "
          + "is of each.")
      shift = try reader.numberMap(
        "shift", default: [:], in: -1...1e6,
        "Changes of weights, as shares of themselves: {math: 0.1} makes it a tenth larger. For searches."
      )
      size = try reader.optionalInteger(
        "size", in: 1...(1 << 40), unit: "records",
        "How many to give out; left out, as many as the inputs have together.")
    }
  }

  package static let op = "mix-records"
  package static let revision = 1
  package static let summary = "Mix records of several inputs by weights, sampled up and down."
  package static let usesSeed = true

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [Port("weights", .weights, "Weights by input, from a search.", optional: true)],
      outputs: [
        Port("records", .records, "The mixture, in random order."),
        Port("weights", .weights, "The weights that were used."),
      ],
      otherInputs: .records)
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let groups = try RecordGroups(context)
    let weights = try parameters.weights(groups, context)
    let counts = groups.counts(weights, size: parameters.size ?? groups.total)
    let order = RandomStream(seed: context.seed, purpose: "order of mixed records")
    var lines: [[UInt8]] = []
    for name in groups.names {
      lines += groups.draw(name, counts[name] ?? 0, seed: context.seed)
      context.score("records/\(name)", Score(Double(counts[name] ?? 0)))
    }
    let output = try context.makeFile("records")
    for index in order.permutation(lines.count) { try output.write(lines[index]) }
    try output.finish()
    let file = try context.makeFile("weights")
    try file.write(weights.json.canonical())
    try file.finish()
    context.score("records", Score(Double(lines.count)))
  }
}

extension MixRecords.Parameters {
  fileprivate func weights(
    _ groups: RecordGroups, _ context: any StageContext
  ) throws -> MixtureWeights {
    var weights: MixtureWeights
    if !self.weights.isEmpty {
      weights = try MixtureWeights(self.weights)
    } else if let file = context.inputs("weights").first {
      weights = try MixtureWeights(file: file.read())
    } else {
      weights = try MixtureWeights(groups.lines.mapValues { Double($0.count) })
    }
    for name in weights.groups where groups.lines[name] == nil {
      throw ParameterError(
        path: "weights.\(name)",
        message: "names an input that is not there" + didYouMean(name, among: groups.names))
    }
    for name in groups.names where weights.values[name] == nil {
      throw ParameterError(
        path: "weights", message: "says nothing of the input \"\(name)\"; give it 0 to leave it out"
      )
    }
    return shift.isEmpty ? weights : try weights.shifted(by: shift)
  }
}

/// The records of every input, line feeds included.
private struct RecordGroups {
  let lines: [String: [[UInt8]]]

  init(_ context: any StageContext) throws {
    var lines: [String: [[UInt8]]] = [:]
    for port in context.inputPorts where port != "weights" {
      lines[port] = try context.inputs(port).flatMap { input in
        try input.records(port).map { (record) throws(CorpusError) in try record.line() }
      }
      try context.checkCancellation()
    }
    guard lines.values.contains(where: { !$0.isEmpty }) else {
      throw StageError("there is nothing to mix; connect records under any names")
    }
    self.lines = lines
  }

  var names: [String] { lines.keys.sorted() }
  var total: Int { names.reduce(0) { $0 + (lines[$1]?.count ?? 0) } }

  /// Whole numbers in the weights' proportions that add up to the size: the largest remainders are
  /// rounded up, the first by name among equals. An empty input gives none.
  func counts(_ weights: MixtureWeights, size: Int) -> [String: Int] {
    let present = names.filter { !(lines[$0] ?? []).isEmpty && (weights.values[$0] ?? 0) > 0 }
    let sum = present.reduce(0) { $0 + weights.values[$1]! }
    let exact = present.map { (name: $0, value: weights.values[$0]! / sum * Double(size)) }
    var counts = Dictionary(
      uniqueKeysWithValues: exact.map { ($0.name, Int($0.value.rounded(.down))) })
    let left = size - counts.values.reduce(0, +)
    let order = exact.sorted {
      ($1.value - $1.value.rounded(.down), $0.name) < ($0.value - $0.value.rounded(.down), $1.name)
    }
    for entry in order.prefix(left) { counts[entry.name, default: 0] += 1 }
    return counts
  }

  /// So many of an input's records: all of it as often as it goes in, in the order of a new permutation
  /// each time, the last one cut off.
  func draw(_ name: String, _ count: Int, seed: UInt64) -> [[UInt8]] {
    guard let all = lines[name], !all.isEmpty else { return [] }
    let stream = RandomStream(seed: seed, purpose: "records of \(name)")
    return (0..<count).map { index in
      let place = stream.substream(UInt64(index / all.count))
        .permuted(UInt64(index % all.count), of: UInt64(all.count))
      return all[Int(place)]
    }
  }
}

import ContentStore
import Corpus
import Ledger
import Numerics
package import Pipeline
import Text

/// Mixes documents of several groups by weight, sampled up and down, with a schedule.
package enum Mix: Stage {
  /// What sizes are counted in.
  enum Unit: String, CaseIterable {
    case tokens, characters, bytes, documents
  }

  package struct Parameters: StageParameters {
    struct Phase {
      let share: Double
      let weights: [String: Double]
    }

    let groupedBy: String
    let weights: [String: Double]
    let shift: [String: Double]
    let phases: [Phase]
    let unit: Unit
    let size: Double?
    let maximumEpochs: Double?

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      groupedBy = try reader.string(
        "by", default: "input",
        "What puts a document in a group: \"input\", the input's name; \"source\"; or a path in the "
          + "metadata, such as \"topic.label\".")
      weights = try reader.numberMap(
        "weights", default: [:], in: 0...1e12,
        "Weights by group; they need not add up to 1. None, and no input \"weights\": as much as there "
          + "is of each.")
      shift = try reader.numberMap(
        "shift", default: [:], in: -1...1e6,
        "Changes of weights, as shares of themselves: {math: 0.1} makes it a tenth larger. For searches."
      )
      phases = try reader.objects(
        "phases", "Stretches with weights of their own, in order; none for one stretch."
      ) { (phase) throws(ParameterError) in
        Phase(
          share: try phase.number("share", in: 0...1, "How much of the whole; all add up to 1."),
          weights: try phase.numberMap(
            "weights", in: 0...1e12, "Weights by group. A group not named has none."))
      }
      unit = try reader.choice(
        "unit", default: Unit.characters,
        "What the size and the shares are counted in; tokens need the input \"tokenizer\".")
      size = try reader.optionalNumber(
        "size", in: 1...1e15, unit: "of the unit",
        "How much to give out, to the document that reaches it; left out, the most at which no group "
          + "is gone over more than maxEpochs times (once, when that is left out too).")
      maximumEpochs = try reader.optionalNumber(
        "maxEpochs", in: 1e-9...1e6, unit: "epochs",
        "How often a group may be gone over at most; with a size, an error when it would be more.")
      if reader.isListing { return }
      try check()
    }

    private func check() throws(ParameterError) {
      if !phases.isEmpty {
        let sum = phases.reduce(0) { $0 + $1.share }
        guard (sum - 1).magnitude < 1e-9 else {
          throw ParameterError(
            path: "phases", message: "shares must add up to 1, found \(JSON.ecmaScript(sum))")
        }
        guard weights.isEmpty else {
          throw ParameterError(path: "weights", message: "cannot be given beside phases")
        }
      }
      for (index, phase) in phases.enumerated()
      where !phase.weights.values.contains(where: { $0 > 0 }) {
        throw ParameterError(path: "phases[\(index)].weights", message: "has no weight above 0")
      }
    }
  }

  package static let op = "mix"
  package static let revision = 2
  package static let summary =
    "Mix documents by weights, sampled up and down, with a schedule over the whole."
  package static let usesSeed = true

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [
        Port(
          "weights", .weights, "Weights by group, from a search or a classifier.", optional: true),
        Port("tokenizer", .tokenizer, "What counts tokens.", optional: true),
      ],
      outputs: [
        Port("documents", .documents, "The mixture, in its order."),
        Port("weights", .weights, "The weights that were used."),
        Port("statistics", .statistics, "By group and phase: documents, amounts and epochs."),
      ],
      otherInputs: .documents)
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    try MixRun(parameters, context).run()
  }
}

/// A mixture being made: every document is read once into its group's scratch file, then groups take
/// turns.
private final class MixRun {
  private let parameters: Mix.Parameters
  private let context: any StageContext
  private let count: DocumentCounter
  private var pools: [String: DocumentPool] = [:]

  init(_ parameters: Mix.Parameters, _ context: any StageContext) throws {
    self.parameters = parameters
    self.context = context
    count = try DocumentCounter(parameters.unit, context)
    try FileSystem.createFolder(context.scratchFolder)
  }

  /// In the order in which equals take turns.
  private var groups: [String] { pools.keys.sorted() }

  func run() throws {
    let ports = context.inputPorts.filter { $0 != "weights" && $0 != "tokenizer" }
    if ports.isEmpty {
      throw StageError("there is nothing to mix; connect documents under any names")
    }
    for port in ports {
      for input in context.inputs(port) { try gather(input, port) }
    }
    guard pools.values.contains(where: { $0.amount > 0 }) else {
      throw StageError("there is nothing to mix: \(ports.joined(separator: ", ")) hold no text")
    }
    for pool in pools.values { try pool.finish() }
    let plan = try plan()
    let weights = try MixtureWeights(
      Dictionary(uniqueKeysWithValues: zip(groups, plan.totals)), shift: parameters.shift)
    let size = try size(plan)
    let phases = try give(plan, size)
    try write(weights, phases)
  }

  // MARK: Reading

  private func gather(_ input: InputArtifact, _ port: String) throws {
    let reader = try input.documents(named: port)
    while case let batch = try reader.nextBatch(bytes: documentBatchBytes), !batch.isEmpty {
      for (document, amount) in zip(batch, count.amounts(of: batch)) {
        try pool(group(of: document, port)).add(document, amount: amount)
      }
      try context.checkCancellation()
      context.progress(
        Progress(
          done: Double(reader.position), total: Double(reader.size), unit: "bytes",
          note: "reading \(port)"))
    }
    if parameters.groupedBy == "input" { _ = try pool(port) }
  }

  private func group(of document: Document, _ port: String) throws -> String {
    if parameters.groupedBy == "input" { return port }
    guard let group = document.field(parameters.groupedBy) else {
      throw StageError(
        "the document \"\(document.id)\" on \"\(port)\" has no \"\(parameters.groupedBy)\" to group it by"
      )
    }
    return group
  }

  private func pool(_ group: String) throws -> DocumentPool {
    if let pool = pools[group] { return pool }
    guard pools.count < 512 else {
      throw StageError("there are more than 512 groups; group by something with fewer values")
    }
    let stream = RandomStream(seed: context.seed, purpose: "mix/\(group)")
    let pool = try DocumentPool(at: "\(context.scratchFolder)/group-\(pools.count)", stream)
    pools[group] = pool
    return pool
  }

  // MARK: Planning

  /// The weights of a mixture without phases, or the amounts there are.
  private func weights() throws -> MixtureWeights {
    var weights: MixtureWeights
    if let input = context.inputs("weights").first {
      guard parameters.weights.isEmpty, parameters.phases.isEmpty else {
        throw StageError("weights come from the input \"weights\" and from parameters; remove one")
      }
      weights = try MixtureWeights(file: input.read())
    } else if parameters.weights.isEmpty {
      weights = try MixtureWeights(pools.mapValues { Double($0.amount) })
    } else {
      weights = try MixtureWeights(parameters.weights)
    }
    try check(weights.values, "weights")
    return parameters.shift.isEmpty ? weights : try weights.shifted(by: parameters.shift)
  }

  /// Every weight must be of a group with something in it, and every group must have a weight.
  private func check(_ weights: [String: Double], _ path: String) throws {
    for (group, weight) in weights.sorted(by: { $0.key < $1.key }) {
      guard let pool = pools[group] else {
        throw ParameterError(
          path: "\(path).\(group)",
          message: "names a group that is not there" + didYouMean(group, among: groups)
            + "; there are \(groups.joined(separator: ", "))")
      }
      if weight > 0, pool.amount == 0 {
        throw StageError("the group \"\(group)\" has a weight, but holds nothing")
      }
    }
    for group in groups where weights[group] == nil && path == "weights" {
      throw ParameterError(
        path: path, message: "says nothing of the group \"\(group)\"; give it 0 to leave it out")
    }
  }

  private func plan() throws -> MixturePlan {
    if parameters.phases.isEmpty {
      return MixturePlan(phases: [.init(share: 1, shares: shares(try weights()))])
    }
    var phases: [MixturePlan.Phase] = []
    for (index, phase) in parameters.phases.enumerated() {
      try check(phase.weights, "phases[\(index)].weights")
      var weights = try MixtureWeights(phase.weights)
      if !parameters.shift.isEmpty { weights = try weights.shifted(by: parameters.shift) }
      phases.append(.init(share: phase.share, shares: shares(weights)))
    }
    return MixturePlan(phases: phases)
  }

  private func shares(_ weights: MixtureWeights) -> [Double] {
    let shares = weights.shares
    return groups.map { shares[$0] ?? 0 }
  }

  private func size(_ plan: MixturePlan) throws -> Double {
    let amounts = groups.map { Double(pools[$0]!.amount) }
    guard let size = parameters.size else {
      return plan.largest(amounts: amounts, epochs: parameters.maximumEpochs ?? 1)
    }
    for (index, group) in groups.enumerated() {
      guard let most = parameters.maximumEpochs, amounts[index] > 0 else { continue }
      let epochs = size * plan.totals[index] / amounts[index]
      if epochs > most * (1 + 1e-9) {
        throw StageError(
          "\"\(group)\" would be gone over \(JSON.ecmaScript((epochs * 100).rounded() / 100)) times, "
            + "and maxEpochs is \(JSON.ecmaScript(most)); lower size or its weight, or raise maxEpochs"
        )
      }
    }
    return size
  }

  // MARK: Giving out

  /// What a phase took of each group.
  private struct Given {
    var documents: [Int]
    var amounts: [Int]
  }

  private func give(_ plan: MixturePlan, _ size: Double) throws -> [Given] {
    let pools = groups.map { self.pools[$0]! }
    let nothing = Given(
      documents: pools.map { _ in 0 }, amounts: pools.map { _ in 0 })
    var phases = plan.phases.map { _ in nothing }
    let output = try context.makeFile("documents")
    var course = plan.course(size: size)
    var (lines, done): ([UInt8], Int) = ([], 0)
    while let group = course.next() {
      let (line, amount) = try pools[group].next()
      course.take(Double(amount), from: group)
      phases[course.phase].documents[group] += 1
      phases[course.phase].amounts[group] += amount
      done += amount
      lines += line
      guard lines.count >= 1 << 18 else { continue }
      try output.write(lines)
      lines.removeAll(keepingCapacity: true)
      try context.checkCancellation()
      context.progress(
        Progress(done: min(Double(done), size), total: size, unit: parameters.unit.rawValue))
    }
    try output.write(lines)
    try output.finish()
    return phases
  }

  // MARK: Reporting

  private func write(_ weights: MixtureWeights, _ phases: [Given]) throws {
    let total = phases.reduce(0) { $0 + $1.amounts.reduce(0, +) }
    let documents = phases.reduce(0) { $0 + $1.documents.reduce(0, +) }
    context.score(parameters.unit.rawValue, Score(Double(total)))
    if parameters.unit != .documents { context.score("documents", Score(Double(documents))) }
    for group in groups {
      let pool = pools[group]!
      context.score("epochs/\(group)", Score(pool.epochs, count: pool.given))
      context.score("share/\(group)", Score(Double(pool.amountGiven) / Double(max(1, total))))
    }
    let output = try context.makeFile("weights")
    try output.write(weights.json.canonical())
    try output.finish()
    let statistics = try context.makeFile("statistics")
    try statistics.write(self.statistics(phases).canonical())
    try statistics.finish()
  }

  private func statistics(_ phases: [Given]) -> JSON {
    var members: [String: JSON] = [:]
    for group in groups {
      let pool = pools[group]!
      members[group] = [
        "documents": .integer(pool.count), "amount": .integer(pool.amount),
        "documentsGiven": .integer(pool.given), "amountGiven": .integer(pool.amountGiven),
        "epochs": .number(pool.epochs),
      ]
    }
    let parts: [JSON] = phases.map { phase in
      var groups: [String: JSON] = [:]
      for (index, name) in self.groups.enumerated() {
        groups[name] = [
          "documents": .integer(phase.documents[index]), "amount": .integer(phase.amounts[index]),
        ]
      }
      return .object(groups)
    }
    return [
      "type": "mixture/1", "unit": .string(parameters.unit.rawValue), "groups": .object(members),
      "phases": .array(parts),
    ]
  }
}

/// Says how much documents count for.
private struct DocumentCounter {
  private let unit: Mix.Unit
  private let compute: Compute
  private let encoders: Pool<Encoder>?

  init(_ unit: Mix.Unit, _ context: any StageContext) throws {
    self.unit = unit
    compute = Compute(threads: context.threads)
    guard unit == .tokens else {
      encoders = nil
      return
    }
    guard let input = context.inputs("tokenizer").first else {
      throw StageError("counting tokens needs the input \"tokenizer\"; connect it, or set unit")
    }
    let tokenizer = try input.tokenizer()
    encoders = Pool { Encoder(tokenizer, parsingSpecial: false) }
  }

  func amounts(of batch: [Document]) -> [Int] {
    switch unit {
    case .documents: batch.map { _ in 1 }
    case .bytes: batch.map { $0.text.utf8.count }
    case .characters: batch.map { $0.text.unicodeScalars.count }
    case .tokens: tokens(batch)
    }
  }

  private func tokens(_ batch: [Document]) -> [Int] {
    guard let encoders else { return [] }
    return batch.mapped(on: compute) { part in
      encoders.borrow { encoder in part.map { encoder.encode($0.text).count } }
    }
  }
}

extension Array where Element: Sendable {
  /// What `body` makes of each stretch, in order, worked out by several threads. It must make as much
  /// of each element whatever the stretch.
  func mapped<Result: Sendable>(
    on compute: Compute, _ body: @Sendable (ArraySlice<Element>) -> [Result]
  ) -> [Result] {
    let parts = Pool<[(first: Int, results: [Result])]> { [] }
    compute.split(count) { part in
      let results = body(self[part])
      parts.borrow { $0.append((part.lowerBound, results)) }
    }
    return parts.all.joined().sorted { $0.first < $1.first }.flatMap(\.results)
  }
}

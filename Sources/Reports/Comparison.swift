package import ContentStore
package import Ledger
package import Pipeline

/// Two runs side by side: where they part, and what that did.
package struct RunComparison: Sendable {
  /// One stage name in both runs.
  package struct Stage: Sendable {
    package enum Relation: String, Sendable {
      /// Same recipe, same result.
      case same
      /// Another recipe.
      case differs
      /// Same recipe, yet another result: something outside the recipe decides.
      case otherResult
      /// Same recipe; at least one side has no result.
      case unfinished
      case onlyA, onlyB
    }

    package var name: String
    package var op: String
    package var relation: Relation
    package var differences: [RecipeDifference]
  }

  /// The last point of a metric series in both runs.
  package struct MetricPair: Sendable {
    package var stage: String
    package var series: String
    package var a: MetricPoint?
    package var b: MetricPoint?
  }

  /// What a stage did to a corpus in both runs.
  package struct CorpusPair: Sendable {
    package var stage: String
    package var a: CorpusReport?
    package var b: CorpusReport?
  }

  /// A value of the environment or the code that differs.
  package struct ValuePair: Sendable {
    package var path: String
    package var a: JSON?
    package var b: JSON?
  }

  package var a: RecordedRun
  package var b: RecordedRun
  package var stages: [Stage] = []
  package var scores: [ScorePair] = []
  package var metrics: [MetricPair] = []
  package var corpora: [CorpusPair] = []
  package var environment: [ValuePair] = []
  package var code: [ValuePair] = []

  /// Where the runs part: the first stage, in topological order, that is not the same.
  package var firstDifference: Stage? { stages.first { $0.relation != .same } }

  /// - Parameters:
  ///   - cluster: the member of outcomes' lines whose values group questions that are not independent.
  ///   - read: the bytes of an object, for pairing answers question by question.
  package init(
    _ a: RecordedRun, _ b: RecordedRun, in ledger: Ledger, cluster: String = "cluster",
    read: @escaping (Digest) throws -> [UInt8]
  ) throws {
    self.a = a
    self.b = b
    let sides = (try Side(a, ledger), try Side(b, ledger))
    for name in Self.order(sides.0, sides.1) {
      let pair = (sides.0.stages[name], sides.1.stages[name])
      let stage = Self.compare(name, pair.0, pair.1)
      stages.append(stage)
      guard let left = pair.0, let right = pair.1 else { continue }
      if stage.relation != .same { corpora += try Self.corpora(name, left, right, read) }
      if stage.relation != .same { metrics += try Self.metrics(name, left, right, ledger) }
    }
    let groups = try [a, b].map { try RunRecords.group($0, in: ledger, read: read) }
    scores = try ScorePairing(groups[0], groups[1], cluster: cluster)
      .pairs(stages.filter { $0.relation != .onlyA && $0.relation != .onlyB }.map(\.name))
    environment = Self.differences(
      a.start.environment, b.start.environment, leavingOut: ["executable"])
    code = Self.differences(a.start.code, b.start.code, leavingOut: [])
  }

  /// What is recorded of one run's stages.
  private struct Side {
    struct Entry {
      var stage: RunStage
      var recipe: Recipe?
      var execution: RecordedExecution?
    }

    var order: [String] = []
    var stages: [String: Entry] = [:]

    init(_ run: RecordedRun, _ ledger: Ledger) throws {
      for stage in try ledger.stages(ofRun: run.id) {
        order.append(stage.name)
        stages[stage.name] = Entry(
          stage: stage, recipe: try stage.recipe.flatMap { try ledger.recipe($0) },
          execution: try stage.execution.flatMap { try ledger.execution($0) })
      }
    }
  }

  /// A's topological order, then what only B has.
  private static func order(_ a: Side, _ b: Side) -> [String] {
    a.order + b.order.filter { a.stages[$0] == nil }
  }

  private static func compare(_ name: String, _ a: Side.Entry?, _ b: Side.Entry?) -> Stage {
    guard let a else {
      return Stage(name: name, op: b?.stage.op ?? "", relation: .onlyB, differences: [])
    }
    guard let b else { return Stage(name: name, op: a.stage.op, relation: .onlyA, differences: []) }
    var stage = Stage(name: name, op: a.stage.op, relation: .differs, differences: [])
    if a.stage.recipe != b.stage.recipe, let left = a.recipe, let right = b.recipe {
      stage.differences = right.differences(from: left)
    } else if let left = a.execution?.result, let right = b.execution?.result {
      stage.relation = left == right ? .same : .otherResult
    } else {
      stage.relation = .unfinished
    }
    return stage
  }

  // MARK: Corpora

  private static func corpora(
    _ name: String, _ a: Side.Entry, _ b: Side.Entry, _ read: (Digest) throws -> [UInt8]
  ) throws -> [CorpusPair] {
    let reports = try [a, b].map { side -> CorpusReport? in
      guard let artifact = side.execution?.end?.result?.outputs["statistics"],
        artifact.kind == .file
      else { return nil }
      let bytes = try read(artifact.digest)
      return (try? JSON(parsing: bytes)).flatMap(CorpusReport.init)
    }
    if reports[0] == nil, reports[1] == nil { return [] }
    return [CorpusPair(stage: name, a: reports[0], b: reports[1])]
  }

  // MARK: Metrics and surroundings

  private static func metrics(
    _ name: String, _ a: Side.Entry, _ b: Side.Entry, _ ledger: Ledger
  ) throws -> [MetricPair] {
    let left = try a.execution.map { try ledger.lastPoints(of: $0.id) } ?? []
    let right = try b.execution.map { try ledger.lastPoints(of: $0.id) } ?? []
    let names =
      left.map(\.series)
      + right.map(\.series).filter { series in
        !left.contains { $0.series == series }
      }
    return names.map { series in
      MetricPair(
        stage: name, series: series, a: left.first { $0.series == series },
        b: right.first { $0.series == series })
    }
  }

  private static func differences(
    _ a: JSON, _ b: JSON, leavingOut skipped: Set<String>
  ) -> [ValuePair] {
    let (left, right) = (leaves(a, ""), leaves(b, ""))
    return Set(left.keys).union(right.keys).sorted().compactMap { path in
      guard left[path] != right[path], !skipped.contains(path) else { return nil }
      return ValuePair(path: path, a: left[path], b: right[path])
    }
  }

  /// Values by path; lists count as values.
  private static func leaves(_ value: JSON, _ path: String) -> [String: JSON] {
    guard let members = value.objectValue, !members.isEmpty else {
      return path.isEmpty ? [:] : [path: value]
    }
    return members.reduce(into: [:]) { all, member in
      let inner = path.isEmpty ? member.key : "\(path).\(member.key)"
      all.merge(leaves(member.value, inner)) { first, _ in first }
    }
  }
}

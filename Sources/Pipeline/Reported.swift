package import ContentStore

/// What a paper publishes, by model size: scores, and the size of the undertaking (docs/claims.md).
/// ```json5
/// reported: {
///   "405B": {
///     plan: { stage: "pretrain", parameters: 405.85e9, flops: 3.8e25, source: "Table 3, §3.2.1" },
///     base: { source: "Tables 9-14", mmlu: 0.852, ours: { mmlu: "base-eval/world" } },
///   },
///   "8B": { source: "Table 9", mmlu: 0.667 },
/// }
/// ```
package struct Reported: Sendable {
  /// Scores of one model from one source.
  package struct Table: Sendable {
    /// The model size, such as `8B`.
    package var size: String
    /// `base`, `instruct`; empty for scores that stand right under the size.
    package var group: String
    /// Section or table of the paper.
    package var source: String
    /// The stage of the experiment whose scores stand beside these; nil for any that has the name.
    package var stage: String?
    /// By name; shares from 0 to 1 where the paper prints per cent.
    package var scores: [(name: String, value: Double)]
    /// By the reported name, where the experiment's nearest test has another name.
    package var ours: [String: Counterpart] = [:]
  }

  /// A score of the experiment that stands beside a reported one.
  package struct Counterpart: Hashable, Sendable {
    package var stage: String
    package var score: String

    package init(stage: String, score: String) {
      self.stage = stage
      self.score = score
    }
  }

  /// The numbers that a plan is held against.
  package struct Plan: Sendable {
    /// What may be reported of the undertaking.
    package enum Quantity: String, CaseIterable, Sendable {
      case parameters, activeParameters, embeddingParameters, bodyParameters, tokens, flops
      case gpuHours
    }

    package var size: String
    package var source: String
    /// The stage that the numbers are of; nil when the experiment has none of this size. GPU hours are the
    /// whole experiment's.
    package var stage: String?
    package var values: [(quantity: Quantity, value: Double)]
    /// The model as `pretrain` takes it, and its tokenizer's size: what a size without a stage is worked out from.
    package var model: JSON?
    package var vocabularySize: Double?
    /// What GPU hours are worked out with, when the command line does not say.
    package var deviceFlops: Double?
    package var utilisation: Double?
  }

  package var tables: [Table] = []
  package var plans: [Plan] = []
}

// Reading.
extension Reported {
  private static let texts = ["source", "stage", "note"]

  /// - Parameter stages: the experiment's stages, which tables and plans may name.
  init(_ node: SourceNode, path: String, stages: StageNames) throws(ExperimentError) {
    for size in Self.bySize(try NodeReader(node, path: path, allowed: nil).members) {
      let reader = try NodeReader(size.value, path: "\(path).\(size.key)", allowed: nil)
      try add(reader, size: size.key, group: "", stages)
      for member in reader.members where member.value.members != nil && member.key != "ours" {
        let inner = try NodeReader(member.value, path: reader.at(member.key), allowed: nil)
        if member.key == "plan" {
          plans.append(try Self.plan(inner, size: size.key, stages))
        } else {
          try refuseDeeper(inner)
          try add(inner, size: size.key, group: member.key, stages)
        }
      }
    }
  }

  /// Smallest model first: `8B` before `70B`, `0.5B` before `7B`; what is no size comes last, by name.
  private static func bySize(_ members: [SourceNode.Member]) -> [SourceNode.Member] {
    members.map { (size($0.key), $0) }
      .sorted { ($0.0, $0.1.key) < ($1.0, $1.1.key) }.map(\.1)
  }

  private static func size(_ name: String) -> Double {
    let digits = name.prefix { $0.isNumber || $0 == "." }
    guard let number = Double(digits) else { return .infinity }
    let factors: [Character: Double] = ["M": 1e6, "B": 1e9, "T": 1e12]
    return number * (name.dropFirst(digits.count).first.flatMap { factors[$0] } ?? 1)
  }

  private func refuseDeeper(_ reader: NodeReader) throws(ExperimentError) {
    let deeper = reader.members.first { $0.value.members != nil && $0.key != "ours" }
    if let member = deeper {
      throw reader.error(member.key, "must be a number: a score")
    }
  }

  private mutating func add(
    _ reader: NodeReader, size: String, group: String, _ stages: StageNames
  ) throws(ExperimentError) {
    var scores: [(name: String, value: Double)] = []
    for member in reader.members where !(Self.texts + ["ours"]).contains(member.key) {
      if member.value.members != nil { continue }
      scores.append((member.key, try Self.number(reader, member.key)))
    }
    let stage = try stages.stage(reader)
    let ours = try Self.counterparts(reader, of: scores.map(\.name), stages)
    if scores.isEmpty { return }
    tables.append(
      Table(
        size: size, group: group,
        source: try reader.requiredString("source", "the paper's section or table"),
        stage: stage, scores: scores, ours: ours))
  }

  /// `ours: { mmlu: "base-eval/world" }`: by the reported name a stage and, after the first slash, its score.
  private static func counterparts(
    _ reader: NodeReader, of names: [String], _ stages: StageNames
  ) throws(ExperimentError) -> [String: Counterpart] {
    guard let ours = try reader.map("ours") else { return [:] }
    var counterparts: [String: Counterpart] = [:]
    for member in ours.members {
      let name = member.key
      guard names.contains(name) else {
        throw ours.error(name, "is not reported here" + didYouMean(name, among: names))
      }
      let parts = try ours.string(name)?.split(separator: "/", maxSplits: 1).map(String.init)
      guard let parts, parts.count == 2 else {
        throw ours.mismatch(name, "a stage, a slash and a score, as in \"base-eval/world\"")
      }
      guard let stage = stages.resolve(parts[0]) else {
        throw ours.error(name, stages.unknown(parts[0]))
      }
      counterparts[name] = Counterpart(stage: stage, score: parts[1])
    }
    return counterparts
  }

  private static func number(
    _ reader: NodeReader, _ key: String
  ) throws(ExperimentError) -> Double {
    guard let value = reader.node[key]?.json.doubleValue, value.isFinite else {
      throw reader.mismatch(key, "a number")
    }
    return value
  }

  private static func plan(
    _ reader: NodeReader, size: String, _ stages: StageNames
  ) throws(ExperimentError) -> Plan {
    let others = ["deviceFlops", "utilisation", "model", "vocabularySize"]
    let known = Plan.Quantity.allCases.map(\.rawValue) + texts + others
    _ = try NodeReader(reader.node, path: reader.path, allowed: known)
    var plan = Plan(
      size: size, source: try reader.requiredString("source", "the paper's section or table"),
      stage: try stages.stage(reader), values: [])
    for quantity in Plan.Quantity.allCases where reader.node[quantity.rawValue] != nil {
      plan.values.append((quantity, try number(reader, quantity.rawValue)))
    }
    if reader.node["deviceFlops"] != nil { plan.deviceFlops = try number(reader, "deviceFlops") }
    plan.model = try reader.map("model")?.node.json
    if reader.node["vocabularySize"] != nil {
      plan.vocabularySize = try number(reader, "vocabularySize")
    }
    if reader.node["utilisation"] != nil { plan.utilisation = try number(reader, "utilisation") }
    return plan
  }
}

/// The names of an experiment's stages, for what refers to them.
struct StageNames: Sendable {
  let names: [String]
  /// Rounds by loop.
  let rounds: [String: Int]

  /// The stage of a name, where `LOOP-last-STAGE` is that of the loop's last round; nil when there is none.
  func resolve(_ name: String) -> String? {
    if names.contains(name) { return name }
    for (loop, count) in rounds.sorted(by: { $0.key < $1.key }) {
      let prefix = "\(loop)-last-"
      guard name.hasPrefix(prefix) else { continue }
      let last = Loop.stageName(loop, count, String(name.dropFirst(prefix.count)))
      if names.contains(last) { return last }
    }
    return nil
  }

  /// " (did you mean …?)" or what there is.
  func unknown(_ name: String) -> String {
    "there is no stage \"\(name)\"\(didYouMean(name, among: names))"
  }

  /// The member `stage` of an object.
  func stage(_ reader: NodeReader) throws(ExperimentError) -> String? {
    guard let name = try reader.string("stage") else { return nil }
    guard let stage = resolve(name) else { throw reader.error("stage", unknown(name)) }
    return stage
  }
}

package import ContentStore

// The records that the ledger keeps. Each has one canonical JSON form; the SHA-256 of that form is
// its name. Changing a form here is a format change: see schema/README.md.

/// All that decides a stage's result, and nothing else: no names, paths, times or hosts.
package struct Recipe: Hashable, Sendable {
  package var op: String
  package var revision: Int
  /// Every parameter, defaults filled in.
  package var parameters: JSON
  /// By port name; ports that take several artifacts keep their order.
  package var inputs: [String: [Artifact]]
  /// Nil for an op that draws no random numbers.
  package var seed: UInt64?
  /// `portable/1`, `openblas/VERSION/CORE`, or nil for an op that computes no floating point.
  package var numerics: String?

  package init(
    op: String, revision: Int, parameters: JSON, inputs: [String: [Artifact]], seed: UInt64?,
    numerics: String?
  ) {
    self.op = op
    self.revision = revision
    self.parameters = parameters
    self.inputs = inputs
    self.seed = seed
    self.numerics = numerics
  }

  package var json: JSON {
    [
      "type": "recipe/1", "op": .string(op), "revision": .integer(revision),
      "parameters": parameters,
      "inputs": .object(inputs.mapValues { .array($0.map(\.json)) }),
      // A string, for a seed may exceed 2^53.
      "seed": seed.map { .string(String($0)) } ?? .null,
      "numerics": numerics.map(JSON.string) ?? .null,
    ]
  }

  package init?(json: JSON) {
    guard json["type"] == "recipe/1", let op = json["op"]?.stringValue,
      let revision = json["revision"]?.intValue, let parameters = json["parameters"],
      let ports = json["inputs"]?.objectValue
    else { return nil }
    var inputs: [String: [Artifact]] = [:]
    for (port, list) in ports {
      guard let values = list.arrayValue else { return nil }
      inputs[port] = values.compactMap(Artifact.init(json:))
      guard inputs[port]?.count == values.count else { return nil }
    }
    self.init(
      op: op, revision: revision, parameters: parameters, inputs: inputs,
      seed: json["seed"]?.stringValue.flatMap { UInt64($0) },
      numerics: json["numerics"]?.stringValue)
  }
}

/// One number a stage is judged by. `value` and `standardError` keep all 64 bits.
package struct Score: Hashable, Sendable {
  package var value: Double
  /// Standard error of the value, when it is a mean over a sample.
  package var standardError: Double?
  /// How many items (questions, tokens, documents) the value is over.
  package var count: Int?
  /// Nil when neither direction is better.
  package var higherIsBetter: Bool?
  /// How it was measured, where names do not say: form, shots, normalisation, ….
  package var details: JSON?

  package init(
    _ value: Double, standardError: Double? = nil, count: Int? = nil, higherIsBetter: Bool? = nil,
    details: JSON? = nil
  ) {
    self.value = value
    self.standardError = standardError
    self.count = count
    self.higherIsBetter = higherIsBetter
    self.details = details
  }

  package var json: JSON {
    var members: [String: JSON] = ["value": .exact(value)]
    if let standardError { members["standardError"] = .exact(standardError) }
    if let count { members["count"] = .integer(count) }
    if let higherIsBetter { members["higherIsBetter"] = .bool(higherIsBetter) }
    members["details"] = details
    return .object(members)
  }

  package init?(json: JSON) {
    guard let value = json["value"]?.exactValue else { return nil }
    self.init(
      value, standardError: json["standardError"]?.exactValue, count: json["count"]?.intValue,
      higherIsBetter: json["higherIsBetter"]?.boolValue, details: json["details"])
  }
}

/// What a recipe gave: artifacts by output port, scores by name (`accuracy`, `mmlu/anatomy`, …).
package struct StageResult: Hashable, Sendable {
  package var outputs: [String: Artifact]
  package var scores: [String: Score]

  package init(outputs: [String: Artifact], scores: [String: Score]) {
    self.outputs = outputs
    self.scores = scores
  }

  package var json: JSON {
    [
      "type": "result/1", "outputs": .object(outputs.mapValues(\.json)),
      "scores": .object(scores.mapValues(\.json)),
    ]
  }

  package init?(json: JSON) {
    guard json["type"] == "result/1", let outputs = json["outputs"]?.objectValue,
      let scores = json["scores"]?.objectValue
    else { return nil }
    self.init(
      outputs: outputs.compactMapValues(Artifact.init(json:)),
      scores: scores.compactMapValues(Score.init(json:)))
    guard self.outputs.count == outputs.count, self.scores.count == scores.count else {
      return nil
    }
  }
}

/// How an execution or a run ended.
package enum Ending: String, Sendable, CaseIterable {
  case done, failed
  /// Ctrl-C or SIGTERM: resumable.
  case interrupted
  /// Its process went away without a word.
  case killed
}

/// One point of a metric series.
package struct MetricPoint: Hashable, Sendable {
  package var series: String
  /// Steps from 1 after the first update; the meaning is the op's.
  package var step: Int
  package var value: Double

  package init(series: String, step: Int, value: Double) {
    self.series = series
    self.step = step
    self.value = value
  }

  /// Same bits: NaN equals the same NaN, and −0 differs from 0.
  package static func == (a: MetricPoint, b: MetricPoint) -> Bool {
    a.series == b.series && a.step == b.step && a.value.bitPattern == b.value.bitPattern
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(series)
    hasher.combine(step)
    hasher.combine(value.bitPattern)
  }
}

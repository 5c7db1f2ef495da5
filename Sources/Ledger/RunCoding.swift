import ContentStore

// The JSON forms of run records; see schema/README.md.

extension RunStart {
  /// The record `run/1`, which names the other records by digest.
  func json(_ parts: RunParts, nonce: String) -> JSON {
    var members: [String: JSON] = [
      "type": "run/1", "experiment": .string(experiment), "profile": .optional(profile),
      "overrides": .strings(overrides), "files": parts.files, "merged": .optional(parts.merged),
      "folder": .optional(folder), "stages": .strings(stages),
      "parent": parent?.json ?? .null, "purpose": .string(purpose.rawValue),
      "locked": .bool(isLocked), "arguments": .strings(arguments),
      "environment": .string(parts.environment.description), "code": .optional(parts.code),
      "process": process.json, "started": .integer(started.microseconds),
      "nonce": .string(nonce),
    ]
    if let replicate {
      members["replicate"] = [
        "run": .string(replicate.run.description), "number": .integer(replicate.number),
      ]
    }
    return .object(members)
  }

  /// Reads the record back; `record` gives the records that it names.
  init?(json: JSON, record: (JSON?) throws(LedgerError) -> JSON?) throws(LedgerError) {
    guard let experiment = json["experiment"]?.stringValue,
      let environment = try record(json["environment"]),
      let purpose = json["purpose"]?.stringValue.flatMap(Purpose.init),
      let process = json["process"].flatMap(ProcessIdentity.init),
      let started = json["started"]?.intValue
    else { return nil }
    self.init(
      experiment: experiment, profile: json["profile"]?.stringValue, environment: environment)
    overrides = json["overrides"]?.stringArray ?? []
    for file in json["files"]?.arrayValue ?? [] {
      guard let name = file["name"]?.stringValue,
        let text = try record(file["text"])?["text"]?.stringValue
      else { return nil }
      files.append(ExperimentText(name: name, text: text))
    }
    merged = try record(json["merged"]) ?? .null
    folder = json["folder"]?.stringValue
    stages = json["stages"]?.stringArray ?? []
    parent = json["parent"].flatMap(BranchPoint.init)
    self.purpose = purpose
    if let member = json["replicate"], let run = member["run"]?.digestValue,
      let number = member["number"]?.intValue
    {
      replicate = Replicate(of: run, number: number)
    }
    isLocked = json["locked"]?.boolValue ?? false
    arguments = json["arguments"]?.stringArray ?? []
    code = try record(json["code"]) ?? .null
    self.process = process
    self.started = Timestamp(microseconds: started)
  }
}

/// The records that a `run` or `execution` record names, already kept.
struct RunParts {
  var environment: Digest
  var code: Digest?
  /// `[{"name": …, "text": "sha256:…"}]`
  var files: JSON = []
  var merged: Digest?
}

extension BranchPoint {
  fileprivate var json: JSON {
    [
      "run": .string(run.description), "stage": .optional(stage),
      "step": step.map(JSON.integer) ?? .null,
    ]
  }

  fileprivate init?(json: JSON) {
    guard let run = json["run"]?.digestValue else { return nil }
    self.init(run: run, stage: json["stage"]?.stringValue, step: json["step"]?.intValue)
  }
}

extension RunStage {
  /// The record `run-stage/1`.
  func json(run: Digest) -> JSON {
    [
      "type": "run-stage/1", "run": .string(run.description), "stage": .string(name),
      "position": .integer(position), "op": .string(op), "recipe": .optional(recipe),
      "execution": .optional(execution), "outcome": .string(outcome.rawValue),
      "inputs": .object(inputs.mapValues(JSON.strings)),
    ]
  }

  init?(json: JSON) {
    guard let name = json["stage"]?.stringValue, let position = json["position"]?.intValue,
      let op = json["op"]?.stringValue,
      let outcome = json["outcome"]?.stringValue.flatMap(Outcome.init),
      let inputs = json["inputs"]?.objectValue
    else { return nil }
    self.init(
      name: name, position: position, op: op, recipe: json["recipe"]?.digestValue,
      execution: json["execution"]?.digestValue, outcome: outcome,
      inputs: inputs.mapValues { $0.stringArray ?? [] })
  }
}

extension RunEnd {
  /// The record `run-end/1`.
  func json(run: Digest) -> JSON {
    [
      "type": "run-end/1", "run": .string(run.description), "ending": .string(ending.rawValue),
      "ended": .integer(ended.microseconds),
    ]
  }
}

extension JSON {
  static func optional(_ text: String?) -> JSON { text.map(JSON.string) ?? .null }
  static func optional(_ digest: Digest?) -> JSON { optional(digest?.description) }
  static func strings(_ texts: [String]) -> JSON { .array(texts.map(JSON.string)) }
  var stringArray: [String]? { arrayValue?.compactMap(\.stringValue) }
  var digestValue: Digest? { stringValue.flatMap(Digest.init) }
}

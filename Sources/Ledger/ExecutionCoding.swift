import ContentStore

// The JSON forms of execution records; see schema/README.md.

extension ExecutionStart {
  /// The record `execution/1`, which names the other records by digest.
  func json(recipe: Digest, _ parts: RunParts, nonce: String) -> JSON {
    [
      "type": "execution/1", "recipe": .string(recipe.description), "run": .optional(run),
      "stage": .string(stage), "purpose": .string(purpose.rawValue),
      "environment": .string(parts.environment.description), "code": .optional(parts.code),
      "process": process.json, "threads": .integer(threads), "inProcess": .bool(isInProcess),
      "resumedFrom": resumedFrom.map(JSON.integer) ?? .null,
      "started": .integer(started.microseconds), "nonce": .string(nonce),
    ]
  }

  /// Reads the record back; `record` gives the records that it names.
  init?(json: JSON, record: (JSON?) throws(LedgerError) -> JSON?) throws(LedgerError) {
    guard let recipe = try record(json["recipe"]).flatMap(Recipe.init),
      let stage = json["stage"]?.stringValue,
      let environment = try record(json["environment"]),
      let purpose = json["purpose"]?.stringValue.flatMap(Purpose.init),
      let process = json["process"].flatMap(ProcessIdentity.init),
      let started = json["started"]?.intValue
    else { return nil }
    self.init(
      recipe: recipe, run: json["run"]?.digestValue, stage: stage, environment: environment)
    self.purpose = purpose
    code = try record(json["code"]) ?? .null
    self.process = process
    threads = json["threads"]?.intValue ?? 1
    isInProcess = json["inProcess"]?.boolValue ?? false
    resumedFrom = json["resumedFrom"]?.intValue
    self.started = Timestamp(microseconds: started)
  }
}

extension ExecutionEnd {
  /// The record `execution-end/1`.
  func json(execution: Digest, result: Digest?) -> JSON {
    [
      "type": "execution-end/1", "execution": .string(execution.description),
      "ending": .string(ending.rawValue), "result": .optional(result), "error": .optional(error),
      "log": log?.json ?? .null, "ended": .integer(ended.microseconds),
      "userSeconds": userSeconds.map(JSON.exact) ?? .null,
      "systemSeconds": systemSeconds.map(JSON.exact) ?? .null,
      "peakMemory": peakMemory.map(JSON.integer) ?? .null,
    ]
  }

  /// Reads the record back; `record` gives the result that it names.
  init?(json: JSON, record: (JSON?) throws(LedgerError) -> JSON?) throws(LedgerError) {
    guard let ending = json["ending"]?.stringValue.flatMap(Ending.init),
      let ended = json["ended"]?.intValue
    else { return nil }
    self.init(
      ending: ending, result: try record(json["result"]).flatMap(StageResult.init),
      error: json["error"]?.stringValue, log: json["log"].flatMap(Artifact.init),
      ended: Timestamp(microseconds: ended))
    userSeconds = json["userSeconds"]?.exactValue
    systemSeconds = json["systemSeconds"]?.exactValue
    peakMemory = json["peakMemory"]?.intValue
  }
}

extension Subject {
  var json: JSON { ["kind": .string(kind.rawValue), "digest": .string(digest.description)] }
}

package import ContentStore
package import Ledger

/// The exact recipes and results of a run's stages, in a file that is committed beside the
/// experiment: what others must get. Canonical form:
/// `{"experiment":…,"profile":…,"stages":{"<name>":{"recipe":"sha256:…","result":"sha256:…"}},
/// "type":"lock/1"}`; written with one stage per line, so that a change reads well in a diff.
package struct Lock: Hashable, Sendable {
  package struct Entry: Hashable, Sendable {
    package var recipe: Digest
    package var result: Digest

    package init(recipe: Digest, result: Digest) {
      self.recipe = recipe
      self.result = result
    }
  }

  package var experiment: String
  package var profile: String?
  package var stages: [String: Entry]

  package init(experiment: String, profile: String?, stages: [String: Entry]) {
    self.experiment = experiment
    self.profile = profile
    self.stages = stages
  }
}

// Files.
extension Lock {
  /// Reads a lock file; nil when there is none.
  package static func load(_ path: String) throws -> Lock? {
    guard FileSystem.exists(path) else { return nil }
    let bytes = try FileSystem.read(path)
    guard let json = try? JSON(parsing: bytes), let lock = Lock(json: json) else {
      throw RunnerError(
        .wrong, "\(path) is not a lock file (lock/1); write it anew with `exp lock RUN`")
    }
    return lock
  }

  /// Refuses the lock of another experiment, or of another profile, such as a copied file.
  package func check(experiment: String, profile: String?, path: String) throws {
    if self.experiment == experiment && self.profile == profile { return }
    throw RunnerError(
      .wrong,
      "\(path) is the lock of \(Self.words(self.experiment, self.profile)), and this is "
        + "\(Self.words(experiment, profile)); write its own with `exp lock RUN`")
  }

  private static func words(_ experiment: String, _ profile: String?) -> String {
    experiment + (profile.map { " under the profile \($0)" } ?? " with its base values")
  }

  package init?(json: JSON) {
    guard json["type"] == "lock/1", let experiment = json["experiment"]?.stringValue,
      let members = json["stages"]?.objectValue
    else { return nil }
    var stages: [String: Entry] = [:]
    for (name, value) in members {
      guard let recipe = value["recipe"]?.stringValue.flatMap(Digest.init),
        let result = value["result"]?.stringValue.flatMap(Digest.init)
      else { return nil }
      stages[name] = Entry(recipe: recipe, result: result)
    }
    self.init(
      experiment: experiment, profile: json["profile"]?.stringValue, stages: stages)
  }

  /// The file's text: JSON with one stage per line, stages sorted by name.
  package func text() throws(JSONError) -> String {
    var lines: [String] = []
    for name in stages.keys.sorted() {
      guard let entry = stages[name] else { continue }
      let value: JSON = [
        "recipe": .string(entry.recipe.description), "result": .string(entry.result.description),
      ]
      lines.append("    \(try JSON.string(name).canonicalText()): \(try value.canonicalText())")
    }
    let profile = profile.map(JSON.string) ?? .null
    return """
      {
        "type": "lock/1",
        "experiment": \(try JSON.string(experiment).canonicalText()),
        "profile": \(try profile.canonicalText()),
        "stages": {
      \(lines.joined(separator: ",\n"))
        }
      }

      """
  }

  /// Where the lock of an experiment in `folder` lies: `laptop.lock.json`, or `lock.json` for the
  /// base values.
  package static func path(in folder: String, profile: String?) -> String {
    folder + "/" + (profile.map { "\($0).lock.json" } ?? "lock.json")
  }
}

// Comparing.
extension Lock {
  /// A way in which a run is not what its lock says.
  package enum Difference: Hashable, Sendable {
    /// The stage is asked for something else; the first such stage is where to look.
    case recipe(stage: String)
    /// Same recipe, other result: something outside the recipe changed bits.
    case result(stage: String)
    /// The lock does not know the stage.
    case added(stage: String)
    /// The run does not have the stage.
    case missing(stage: String)

    package var stage: String {
      switch self {
      case .recipe(let stage), .result(let stage), .added(let stage), .missing(let stage): stage
      }
    }

    /// One sentence.
    package var sentence: String {
      switch self {
      case .recipe(let stage): "\(stage): its recipe is not the locked one"
      case .result(let stage): "\(stage): same recipe as locked, but another result"
      case .added(let stage): "\(stage): not in the lock"
      case .missing(let stage): "\(stage): in the lock, but not in the run"
      }
    }
  }

  /// Where answered stages differ from the lock, in the run's order, then the missing ones.
  /// - Parameter isPartial: with `--until`, stages that the run leaves out are not missing.
  package func differences(
    from answered: [(name: String, entry: Entry?)], isPartial: Bool
  ) -> [Difference] {
    var differences: [Difference] = []
    for (name, entry) in answered {
      guard let locked = stages[name] else {
        differences.append(.added(stage: name))
        continue
      }
      if entry?.recipe != locked.recipe {
        differences.append(.recipe(stage: name))
      } else if entry?.result != locked.result {
        differences.append(.result(stage: name))
      }
    }
    let names = Set(answered.map(\.name))
    let missing = isPartial ? [] : stages.keys.filter { !names.contains($0) }.sorted()
    return differences + missing.map { .missing(stage: $0) }
  }

  /// The lock of a finished run; throws when a stage has no result.
  package init(run: Digest, in ledger: Ledger) throws {
    guard let recorded = try ledger.run(run) else {
      throw RunnerError(.wrong, "there is no run \(run)")
    }
    var stages: [String: Entry] = [:]
    for stage in try ledger.stages(ofRun: run) {
      guard let recipe = stage.recipe, let execution = stage.execution,
        let result = try ledger.execution(execution)?.result
      else {
        throw RunnerError(
          .wrong, "stage \"\(stage.name)\" of the run has no result; lock a finished run")
      }
      stages[stage.name] = Entry(recipe: recipe, result: result)
    }
    self.init(
      experiment: recorded.start.experiment, profile: recorded.start.profile, stages: stages)
  }
}

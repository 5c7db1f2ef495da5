import ContentStore

/// What a reference is looked up in; the ledger's side.
package protocol ReferenceLookup {
  /// What a run is known by, such as its digest.
  associatedtype Run

  /// The run that a tag names; nil when there is no such tag.
  func tagged(_ tag: String) throws -> Run?
  /// The experiment's run that is `age` before its newest.
  func run(ofExperiment name: String, age: Int) throws -> Run?
  /// How many runs the experiment has.
  func runCount(ofExperiment name: String) throws -> Int
  /// Runs whose name starts with these hex digits, at most `limit`, with their names.
  func runs(prefix: String, limit: Int) throws -> [(name: String, run: Run)]
  /// The run that `exp log` last printed with this number.
  func run(index: Int) throws -> Run?
  /// All tags and experiments, for "did you mean".
  func names() throws -> [String]
}

extension ReferenceLookup {
  /// The run that a reference names. A name is taken for a tag, then an experiment, then hex digits
  /// (four or more), then a number. Throws `ExperimentError` when none or several fit.
  package func resolve(_ reference: Reference) throws -> Run {
    switch reference.run {
    case .name(let name): return try resolve(name)
    case .ancestor(let name, let age): return try ancestor(age, of: name)
    case .paper(let name):
      throw ExperimentError(
        "\"paper:\(name)\" names published figures, which are no run; a run is needed here")
    }
  }

  private func resolve(_ name: String) throws -> Run {
    if let run = try tagged(name) { return run }
    if let run = try run(ofExperiment: name, age: 0) { return run }
    if let run = try prefixed(name) { return run }
    let number = name.allSatisfy(\.isNumber) ? Int(name) : nil
    if let number, let run = try run(index: number) { return run }
    throw try unknown(name, isNumber: number != nil)
  }

  private func prefixed(_ name: String) throws -> Run? {
    guard name.count >= 4, isHex(name) else { return nil }
    let limit = 8
    let found = try runs(prefix: name, limit: limit + 1)
    guard found.count > 1 else { return found.first?.run }
    let names = found.prefix(limit).map(\.name) + (found.count > limit ? ["…"] : [])
    throw ExperimentError(
      "\"\(name)\" is the beginning of several runs: \(names.joined(separator: ", "));"
        + " give more digits")
  }

  private func isHex(_ name: String) -> Bool {
    name.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
  }

  private func ancestor(_ age: Int, of name: String) throws -> Run {
    if let run = try run(ofExperiment: name, age: age) { return run }
    let count = try runCount(ofExperiment: name)
    if count == 0 {
      let isTag = try tagged(name) != nil
      if isTag { throw ExperimentError("\"\(name)\" is a tag: \"~\" counts an experiment's runs") }
      throw try unknown(name, isNumber: false)
    }
    throw ExperimentError(
      "\(name) has \(count) run\(count == 1 ? "" : "s"): \"\(name)~\(count - 1)\" is its first")
  }

  private func unknown(_ name: String, isNumber: Bool) throws -> ExperimentError {
    var why = didYouMean(name, among: try names())
    if why.isEmpty {
      let isShort = name.count < 4 && isHex(name) && !isNumber
      why = isShort ? ": a digest needs four hex digits or more" : "; `exp log` lists the runs"
    }
    let what = isNumber ? "run number" : "run, tag or experiment"
    return ExperimentError("there is no \(what) \"\(name)\"\(why)")
  }
}

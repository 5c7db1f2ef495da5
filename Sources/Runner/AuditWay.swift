package import Ledger
package import Pipeline

/// One way of carrying a recorded stage out again. What is nil is as the options say.
package struct AuditWay: Hashable, Sendable {
  /// Such as `threads 3`; also names the execution on record, after the stage.
  package var name: String
  package var threads: Int?
  /// Rows that go through a model at once.
  package var microBatchRows: Int?
  package var isInProcess = false
  /// Another build's binary.
  package var program: String?
  /// Another engine: another recipe, which owes nobody the same bits.
  package var numerics: String?

  package init(_ name: String) { self.name = name }

  /// Whether other bits than the record's would be a fault.
  package var mustAgree: Bool { numerics == nil }

  /// The ways that any recipe is tried in, and those that its op has a meaning for.
  /// - Parameters:
  ///   - engines: full names of the engines that are here.
  ///   - programs: other builds of exp.
  package static func all(
    for recipe: Recipe, in registry: StageRegistry, engines: [String], programs: [String]
  ) -> [AuditWay] {
    var ways = [1, 2, 3, 7].map { count in
      var way = AuditWay("threads \(count)")
      way.threads = count
      return way
    }
    var inside = AuditWay("in process")
    inside.isInProcess = true
    ways.append(inside)
    for program in programs {
      var way = AuditWay("build \(program)")
      way.program = program
      ways.append(way)
    }
    guard registry[recipe.op]?.usesNumerics ?? false else { return ways }
    for rows in [1, 100, 1 << 16] {
      var way = AuditWay("micro-batches of \(rows)")
      way.microBatchRows = rows
      ways.append(way)
    }
    for engine in engines where engine != recipe.numerics {
      var way = AuditWay("engine \(engine)")
      way.numerics = engine
      ways.append(way)
    }
    return ways
  }

  /// How the runner is to do it.
  func options(_ options: RunOptions) -> RunOptions {
    var options = options
    options.threads = threads ?? options.threads
    options.microBatchRows = microBatchRows
    options.isInProcess = isInProcess
    if let program { options.worker.path = program }
    return options
  }
}

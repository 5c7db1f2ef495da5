/// What computes matrix products; everything else is the project's own arithmetic with either.
package enum Engine: Sendable {
  /// The kernels of this module, `portable/1`: the same bits on every machine.
  case portable
  /// OpenBLAS: its bits depend on its version and on the kernels that it chooses for the CPU.
  case openBLAS(OpenBLAS)

  /// The engine that a recipe or an experiment names: `portable/1`, `openblas` for whatever is here,
  /// or `openblas/VERSION/CORE` for exactly that. Throws when it is not here.
  package init(named name: String) throws(EngineError) {
    if name == Self.portableName {
      self = .portable
      return
    }
    guard name == OpenBLAS.family || name.hasPrefix(OpenBLAS.family + "/") else {
      throw EngineError(
        "there is no numerics engine \"\(name)\"; use \"\(Self.portableName)\" or "
          + "\"\(OpenBLAS.family)\"")
    }
    let here = try OpenBLAS.load()
    guard name == OpenBLAS.family || name == here.name else {
      throw EngineError(
        "the recipe was computed with \(name), and here is \(here.name), whose bits may differ; "
          + "use a machine with that library and core, or numerics \"\(Self.portableName)\"")
    }
    self = .openBLAS(here)
  }

  /// The name in a recipe: all that decides the engine's bits.
  package var name: String {
    switch self {
    case .portable: Self.portableName
    case .openBLAS(let library): library.name
    }
  }

  /// Whether a result's bits are the same however rows are gathered into batches. If not, how they are
  /// is part of what the engine computes, and no hint on speed may change it.
  package var isBatchInvariant: Bool {
    switch self {
    case .portable: true
    case .openBLAS: false
    }
  }

  private static let portableName = "portable/1"
}

/// Why a numerics engine cannot be used here, in one sentence.
package struct EngineError: Error, Hashable, Sendable, CustomStringConvertible {
  package var message: String
  package init(_ message: String) { self.message = message }
  package var description: String { message }
}

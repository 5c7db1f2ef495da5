package import ContentStore
package import Ledger

/// An op with its types erased.
package struct AnyStage: Sendable {
  package let op: String
  package let revision: Int
  package let summary: String
  package let usesSeed: Bool
  package let usesNumerics: Bool
  /// The ports when no parameters are known.
  package let ports: Ports
  /// Every declared parameter, in declaration order.
  package let fields: [ParameterField]

  package init<S: Stage>(_ type: S.Type) { fatalError("to be built") }

  /// Reads a stage's `with`.
  package func decode(_ with: [String: JSON]) throws(ParameterError) -> DecodedStage {
    fatalError("to be built")
  }

  /// Reads a recipe's parameters, in a worker or a replay: `files` parameters are inputs by then.
  package func decode(recipe: Recipe) throws(ParameterError) -> DecodedStage {
    fatalError("to be built")
  }
}

/// An op with its parameters decoded, ready to run.
package struct DecodedStage: Sendable {
  package let op: AnyStage
  /// Every parameter with its default filled in; what the recipe keeps.
  package let parameters: JSON
  /// The user's files by the port they become.
  package let filePatterns: [String: [String]]
  /// Declared ports; ports of `files` parameters included as optional-free inputs of type `files`.
  package let ports: Ports
  package let isDeterministic: Bool
  /// Carries the stage out.
  package let run: @Sendable (any StageContext) throws -> Void
  /// Static cost, from the parameters and what is known of the inputs; nil when the op has none.
  package let estimate: @Sendable ([String: [Estimate]]) -> Estimate?
}

/// The ops that experiments can use.
package struct StageRegistry: Sendable {
  /// Sorted by name.
  package let stages: [AnyStage]

  /// - Precondition: no two have the same op name.
  package init(_ types: [any Stage.Type]) { fatalError("to be built") }

  /// The op of a name; nil when there is none.
  package subscript(op: String) -> AnyStage? { stages.first { $0.op == op } }

  /// The op of a name, or an error with a "did you mean".
  package func stage(_ op: String) throws(ExperimentError) -> AnyStage {
    fatalError("to be built")
  }
}

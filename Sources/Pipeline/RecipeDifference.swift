package import ContentStore
package import Ledger

/// One field in which two recipes differ.
package struct RecipeDifference: Hashable, Sendable, CustomStringConvertible {
  /// `op`, `revision`, `seed`, `numerics`, `with.learningRate`, `with.phases[1].tokens`,
  /// `inputs.tokens`.
  package var path: String
  /// Nil when the older recipe has no such field.
  package var before: JSON?
  package var after: JSON?

  /// `with.learningRate: 0.001 → 0.002`.
  package var description: String { fatalError("to be built") }
}

extension Recipe {
  /// All fields that differ: op, revision, parameters, inputs, seed, numerics, in that order.
  package func differences(from earlier: Recipe) -> [RecipeDifference] {
    fatalError("to be built")
  }

  /// The candidate with the fewest differences; the first of several. Nil when there is none.
  package func nearest(among candidates: [Recipe]) -> (index: Int, differences: [RecipeDifference])?
  { fatalError("to be built") }
}

/// How an optimiser turns gradients into new parameters. A rule has two moments per parameter, whose
/// meaning is its own.
package protocol UpdateRule: Sendable {
  /// What a training state says of the moments' meaning: `adamw`, `rmsprop`.
  var name: String { get }
  /// Whether an element's update needs no other element, so that tensors may be updated together.
  var isElementwise: Bool { get }
  /// One update of views of equal counts, which are one tensor unless the rule is elementwise.
  /// - Parameters:
  ///   - gradients: may be overwritten.
  ///   - step: from 1.
  ///   - decay: the share of every parameter that is taken off before the update.
  func update(
    _ parameters: Floats, gradients: Floats, firstMoments: Floats, secondMoments: Floats,
    step: Int, learningRate: Double, decay: Double, on compute: Compute)
}

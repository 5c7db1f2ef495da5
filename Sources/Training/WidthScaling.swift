package import LanguageModel
package import Numerics

/// µParam-simple (Wortsman et al. 2023, §3.2.4, after Yang et al. 2022): what is tuned on a model of a
/// base width is carried over to a wider one by changing two things of every linear layer of the
/// decoder's blocks, and nothing else:
///
/// - its initial standard deviation goes with 1/√fan-in: times √(base / width);
/// - its learning rate goes with 1/fan-in: times base / width.
///
/// Embeddings, norms, biases and the output matrix keep theirs. (AXLearn, by whose recipe AFM was
/// trained, scales the updates of the attention and feed-forward matrices so, with a base width of
/// 768, and its output matrix is the embedding.) Fan-in is taken to grow with the width in every
/// matrix, so one ratio serves all. Weight decay should be `independent`.
package struct WidthScaling: Hashable, Sendable {
  /// base / width.
  package var ratio: Double

  package init(base: Int, width: Int) { ratio = Double(base) / Double(width) }

  /// What a tensor's learning rate is multiplied by.
  package func rateMultiplier(_ view: ParameterView) -> Double { isScaled(view) ? ratio : 1 }

  /// What a tensor's initial standard deviation is multiplied by.
  package func deviationMultiplier(_ view: ParameterView) -> Double {
    isScaled(view) ? ratio.squareRoot() : 1
  }

  private func isScaled(_ view: ParameterView) -> Bool {
    view.role == .matrix && view.name.hasPrefix("model.layers.")
  }

  /// Turns the initial parameters of the base width's deviation into those of this one.
  package func scaleInitial(_ model: Transformer, on compute: Compute) {
    for view in model.layout.views where isScaled(view) {
      compute.scale(model.parameters[view.range], by: Float(deviationMultiplier(view)))
    }
  }
}

package import Numerics

/// A decoder: its configuration and one flat arena of parameters. Copies share the arena.
package struct Transformer: Sendable {
  package let configuration: ModelConfiguration
  let views: ModelViews
  /// All parameters, placed by `layout`.
  package let parameters: Floats

  /// Where each named tensor lies.
  package var layout: ParameterLayout { views.layout }

  /// A model from its parameters, in the order of `ParameterLayout`.
  package init(_ configuration: ModelConfiguration, parameters: Floats) {
    self.configuration = configuration
    views = ModelViews(configuration)
    precondition(parameters.count == views.layout.count, "the parameters must fit the layout")
    self.parameters = parameters
  }

  /// A model with random initial parameters: N(0, deviation) matrices and embeddings, gains of 1 and
  /// zero biases, as Hugging Face initialises. A value depends on (seed, tensor's name, index) alone.
  package init(
    _ configuration: ModelConfiguration, seed: UInt64, deviation: Float = 0.02, on compute: Compute
  ) {
    self.init(configuration, parameters: Floats(count: ModelViews(configuration).layout.count))
    for view in layout.views {
      let values = parameters[view.range]
      switch view.role {
      case .embedding, .matrix:
        RandomStream(seed: seed, purpose: "initial value of \(view.name)")
          .fillNormal(values, deviation: deviation, on: compute)
      case .norm: values.fill(1 - configuration.normOffset)
      case .bias: values.fill(0)
      }
    }
  }

  /// A tensor by name; nil when the model has none.
  package func tensor(_ name: String) -> Floats? {
    layout.views.first { $0.name == name }.map { parameters[$0.range] }
  }

  /// A model with the same configuration and parameters of its own.
  package func copy() -> Transformer {
    let own = Floats(count: parameters.count)
    own.copy(from: parameters)
    return Transformer(configuration, parameters: own)
  }
}

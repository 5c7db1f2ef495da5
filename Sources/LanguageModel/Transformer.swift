/// A decoder: its configuration and one flat arena of parameters.
package struct Transformer: Sendable {
  package let configuration: ModelConfiguration
  let views: ModelViews
  /// All parameters, placed by `layout`.
  package var parameters: [Float]

  /// Where each named tensor lies.
  package var layout: ParameterLayout { views.layout }

  /// A model from its parameters, in the order of `ParameterLayout`.
  package init(_ configuration: ModelConfiguration, parameters: [Float]) {
    self.configuration = configuration
    views = ModelViews(configuration)
    precondition(parameters.count == views.layout.count, "the parameters must fit the layout")
    self.parameters = parameters
  }
}

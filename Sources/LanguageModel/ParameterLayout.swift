/// One tensor's place in a flat arena of parameters, gradients or moments.
package struct ParameterView: Hashable, Sendable {
  /// What a parameter is, which decides its initial values and whether weight decay applies.
  package enum Role: Hashable, Sendable {
    /// The token embedding matrix, `[vocabulary, hidden]`.
    case embedding
    /// A linear map's matrix, `[out, in]`, row-major: y = x Wᵀ.
    case matrix
    /// A norm's gain.
    case norm
    /// A linear map's bias.
    case bias
  }

  /// Hugging Face's name, such as `model.layers.0.mlp.up_proj.weight`.
  package var name: String
  package var shape: [Int]
  package var role: Role
  /// Index of the first element in the arena.
  package var offset: Int

  package var count: Int { shape.reduce(1, *) }
  package var range: Range<Int> { offset..<offset + count }
}

/// The named tensors of a model, one after the other in one arena.
package struct ParameterLayout: Hashable, Sendable {
  package private(set) var views: [ParameterView] = []
  /// Elements in the arena.
  package private(set) var count = 0

  package init() {}

  /// Tensors that are no model's, for arithmetic that works tensor by tensor.
  package init(_ tensors: [(name: String, shape: [Int])]) {
    for tensor in tensors { _ = add(tensor.name, tensor.shape, .matrix) }
  }

  /// Adds a tensor at the end and returns its place.
  mutating func add(_ name: String, _ shape: [Int], _ role: ParameterView.Role) -> ParameterView {
    let view = ParameterView(name: name, shape: shape, role: role, offset: count)
    views.append(view)
    count += view.count
    return view
  }

  /// The tensor that holds an element of the arena.
  package func view(containing index: Int) -> ParameterView? {
    views.first { $0.range.contains(index) }
  }
}

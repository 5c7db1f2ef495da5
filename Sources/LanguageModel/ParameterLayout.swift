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

/// Places of one decoder layer's tensors.
struct LayerViews: Hashable, Sendable {
  var inputNorm: ParameterView
  var query: ParameterView
  var key: ParameterView
  var value: ParameterView
  var output: ParameterView
  var mlpNorm: ParameterView
  var gate: ParameterView
  var up: ParameterView
  var down: ParameterView
  /// Of query, key and value, one after the other; empty in families without.
  var biases: [ParameterView]
  /// Gains over a head, of queries and of keys; nil in families without.
  var queryNorm: ParameterView?
  var keyNorm: ParameterView?
  /// Gains over what attention and the MLP give; nil in families without.
  var attentionNorm: ParameterView?
  var outputNorm: ParameterView?
}

/// Places of all tensors of a decoder, in the order of Hugging Face's state dictionary.
struct ModelViews: Hashable, Sendable {
  var layout = ParameterLayout()
  var embedding: ParameterView
  var layers: [LayerViews] = []
  var norm: ParameterView
  /// The output matrix; the embedding itself when tied.
  var head: ParameterView

  init(_ configuration: ModelConfiguration) {
    let c = configuration
    var layout = ParameterLayout()
    embedding = layout.add(
      "model.embed_tokens.weight", [c.vocabularySize, c.hidden], .embedding)
    for index in 0..<c.layers { layers.append(Self.layer(index, c, &layout)) }
    norm = layout.add("model.norm.weight", [c.hidden], .norm)
    head =
      c.isTied ? embedding : layout.add("lm_head.weight", [c.vocabularySize, c.hidden], .matrix)
    self.layout = layout
  }

  private static func layer(
    _ index: Int, _ c: ModelConfiguration, _ layout: inout ParameterLayout
  ) -> LayerViews {
    let prefix = "model.layers.\(index)."
    func matrix(_ name: String, _ rows: Int, _ columns: Int) -> ParameterView {
      layout.add("\(prefix)\(name)_proj.weight", [rows, columns], .matrix)
    }
    let query = matrix("self_attn.q", c.queryWidth, c.hidden)
    let key = matrix("self_attn.k", c.keyValueWidth, c.hidden)
    let value = matrix("self_attn.v", c.keyValueWidth, c.hidden)
    let output = matrix("self_attn.o", c.hidden, c.queryWidth)
    let gate = matrix("mlp.gate", c.intermediate, c.hidden)
    let up = matrix("mlp.up", c.intermediate, c.hidden)
    let down = matrix("mlp.down", c.hidden, c.intermediate)
    func norm(_ name: String) -> ParameterView {
      layout.add("\(prefix)\(name)_layernorm.weight", [c.hidden], .norm)
    }
    let inputNorm = norm("input")
    // Before the MLP in Llama, after attention in Gemma.
    let middleNorm = norm("post_attention")
    let mlpNorm = c.hasOutputNorms ? norm("pre_feedforward") : middleNorm
    let outputNorm = c.hasOutputNorms ? norm("post_feedforward") : nil
    let headNorms = (c.hasHeadNorms ? ["q", "k"] : []).map {
      layout.add("\(prefix)self_attn.\($0)_norm.weight", [c.headSize], .norm)
    }
    let biases = c.hasBiases ? [("q", query), ("k", key), ("v", value)] : []
    let biasViews = biases.map { name, weight in
      layout.add("\(prefix)self_attn.\(name)_proj.bias", [weight.shape[0]], .bias)
    }
    return LayerViews(
      inputNorm: inputNorm, query: query, key: key, value: value, output: output,
      mlpNorm: mlpNorm, gate: gate, up: up, down: down, biases: biasViews,
      queryNorm: headNorms.first, keyNorm: headNorms.last,
      attentionNorm: c.hasOutputNorms ? middleNorm : nil, outputNorm: outputNorm)
  }
}

/// Places of a gated MLP's tensors.
struct MLPViews: Hashable, Sendable {
  var gate: ParameterView
  var up: ParameterView
  var down: ParameterView
  /// Of gate and up, one after the other; empty in maps without.
  var biases: [ParameterView] = []
  var downBias: ParameterView?
}

/// Places of the tensors of a layer's experts.
struct ExpertViews: Hashable, Sendable {
  /// `[experts, hidden]`
  var router: ParameterView
  var routed: [MLPViews]
  var shared: MLPViews
  /// `[1, hidden]`
  var sharedGate: ParameterView
}

/// Places of one decoder layer's tensors.
struct LayerViews: Hashable, Sendable {
  /// What follows attention.
  enum Block: Hashable, Sendable {
    case mlp(MLPViews)
    case experts(ExpertViews)
  }

  var inputNorm: ParameterView
  var query: ParameterView
  var key: ParameterView
  var value: ParameterView
  var output: ParameterView
  var mlpNorm: ParameterView
  var block: Block
  /// Of query, key and value, one after the other; empty in families without.
  var biases: [ParameterView]
  var outputBias: ParameterView?
  /// Gains over a head, of queries and of keys; nil in families without.
  var queryNorm: ParameterView?
  var keyNorm: ParameterView?
  /// Gains over what attention and the MLP give; nil in families without.
  var attentionNorm: ParameterView?
  var outputNorm: ParameterView?
}

/// Places of a score head's tensors.
struct ScoreViews: Hashable, Sendable {
  /// The score's map first, then one for each graded aspect.
  var parts: [ScorePartViews]
}

/// One map of a score head.
struct ScorePartViews: Hashable, Sendable {
  /// `[width, hidden]` and `[width]`; nil in a linear head.
  var dense: ParameterView?
  var denseBias: ParameterView?
  /// `[labels, hidden or width]`
  var output: ParameterView
}

/// Places of all tensors of a decoder, in the order of Hugging Face's state dictionary.
struct ModelViews: Hashable, Sendable {
  var layout = ParameterLayout()
  var embedding: ParameterView
  var layers: [LayerViews] = []
  var norm: ParameterView
  /// The output matrix; the embedding itself when tied. A model with a score head has none to use.
  var head: ParameterView
  var score: ScoreViews?

  init(_ configuration: ModelConfiguration) {
    let c = configuration
    var layout = ParameterLayout()
    embedding = layout.add(
      "model.embed_tokens.weight", [c.vocabularySize, c.hidden], .embedding)
    for index in 0..<c.layers {
      layers.append(LayerLayout(c, index: index).add(to: &layout))
    }
    norm = layout.add("model.norm.weight", [c.hidden], .norm)
    score = c.scoreHead.map { Self.score($0, c, &layout) }
    head =
      c.isTied || score != nil
      ? embedding : layout.add("lm_head.weight", [c.vocabularySize, c.hidden], .matrix)
    self.layout = layout
  }

  private static func score(
    _ head: ScoreHead, _ c: ModelConfiguration, _ layout: inout ParameterLayout
  ) -> ScoreViews {
    var parts: [ScorePartViews] = []
    if let width = head.hidden {
      parts.append(part("score", width, head.labels, c.hidden, &layout))
    } else {
      parts.append(
        ScorePartViews(output: layout.add("score.weight", [head.labels, c.hidden], .matrix)))
    }
    if let grades = head.grades {
      for index in 0..<grades.heads {
        parts.append(
          part("grades.\(index)", grades.hidden, grades.classes, c.hidden, &layout))
      }
    }
    return ScoreViews(parts: parts)
  }

  private static func part(
    _ name: String, _ width: Int, _ outputs: Int, _ hidden: Int, _ layout: inout ParameterLayout
  ) -> ScorePartViews {
    ScorePartViews(
      dense: layout.add("\(name).dense.weight", [width, hidden], .matrix),
      denseBias: layout.add("\(name).dense.bias", [width], .bias),
      output: layout.add("\(name).out_proj.weight", [outputs, width], .matrix))
  }
}

/// Adds one layer's tensors to a layout.
private struct LayerLayout {
  private let c: ModelConfiguration
  private let index: Int
  private let prefix: String

  init(_ c: ModelConfiguration, index: Int) {
    self.c = c
    self.index = index
    prefix = "model.layers.\(index)."
  }

  func add(to layout: inout ParameterLayout) -> LayerViews {
    let query = matrix("self_attn.q_proj", c.queryWidth, c.hidden, &layout)
    let key = matrix("self_attn.k_proj", c.keyValueWidth, c.hidden, &layout)
    let value = matrix("self_attn.v_proj", c.keyValueWidth, c.hidden, &layout)
    let output = matrix("self_attn.o_proj", c.hidden, c.queryWidth, &layout)
    var block = block(&layout)
    let inputNorm = norm("input_layernorm", c.hidden, &layout)
    // Before the MLP in Llama, after attention in Gemma.
    let middleNorm = norm("post_attention_layernorm", c.hidden, &layout)
    let mlpNorm =
      c.hasOutputNorms ? norm("pre_feedforward_layernorm", c.hidden, &layout) : middleNorm
    let outputNorm =
      c.hasOutputNorms ? norm("post_feedforward_layernorm", c.hidden, &layout) : nil
    let headNorms = (c.hasHeadNorms ? ["q", "k"] : []).map {
      norm("self_attn.\($0)_norm", c.headSize, &layout)
    }
    let biases = (c.hasBiases ? [("q", query), ("k", key), ("v", value)] : []).map {
      bias("self_attn.\($0)_proj", $1, &layout)
    }
    let outputBias = c.hasOutputBias ? bias("self_attn.o_proj", output, &layout) : nil
    if c.mlpBias, case .mlp(var views) = block {
      addBiases(to: &views, &layout)
      block = .mlp(views)
    }
    return LayerViews(
      inputNorm: inputNorm, query: query, key: key, value: value, output: output,
      mlpNorm: mlpNorm, block: block, biases: biases, outputBias: outputBias,
      queryNorm: headNorms.first, keyNorm: headNorms.last,
      attentionNorm: c.hasOutputNorms ? middleNorm : nil, outputNorm: outputNorm)
  }

  private func block(_ layout: inout ParameterLayout) -> LayerViews.Block {
    guard let experts = c.experts(layer: index) else {
      return .mlp(mlp("mlp", c.intermediate, &layout))
    }
    let router = matrix("mlp.gate", experts.count, c.hidden, &layout)
    let routed = (0..<experts.count).map {
      mlp("mlp.experts.\($0)", experts.intermediate, &layout)
    }
    let shared = mlp("mlp.shared_expert", experts.sharedIntermediate, &layout)
    return .experts(
      ExpertViews(
        router: router, routed: routed, shared: shared,
        sharedGate: matrix("mlp.shared_expert_gate", 1, c.hidden, &layout)))
  }

  private func mlp(_ name: String, _ width: Int, _ layout: inout ParameterLayout) -> MLPViews {
    MLPViews(
      gate: matrix("\(name).gate_proj", width, c.hidden, &layout),
      up: matrix("\(name).up_proj", width, c.hidden, &layout),
      down: matrix("\(name).down_proj", c.hidden, width, &layout))
  }

  private func addBiases(to views: inout MLPViews, _ layout: inout ParameterLayout) {
    views.biases = [
      bias("mlp.gate_proj", views.gate, &layout), bias("mlp.up_proj", views.up, &layout),
    ]
    views.downBias = bias("mlp.down_proj", views.down, &layout)
  }

  private func matrix(
    _ name: String, _ rows: Int, _ columns: Int, _ layout: inout ParameterLayout
  ) -> ParameterView {
    layout.add("\(prefix)\(name).weight", [rows, columns], .matrix)
  }

  private func norm(
    _ name: String, _ width: Int, _ layout: inout ParameterLayout
  ) -> ParameterView {
    layout.add("\(prefix)\(name).weight", [width], .norm)
  }

  private func bias(
    _ name: String, _ weight: ParameterView, _ layout: inout ParameterLayout
  ) -> ParameterView {
    layout.add("\(prefix)\(name).bias", [weight.shape[0]], .bias)
  }
}

import Numerics

/// What a decoder is made of. Field names follow this project; `config.json` uses Hugging Face's.
package struct ModelConfiguration: Hashable, Sendable {
  /// Which family of decoders; decides names, norms, biases and the rest. Raw values are Hugging Face's
  /// `model_type`.
  package enum Architecture: String, Sendable, CaseIterable {
    /// RMSNorm, rotary positions, grouped-query attention, SwiGLU.
    case llama
    /// Llama with biases on query, key and value.
    case qwen2
    /// Llama with an RMSNorm over every head of queries and keys before rotation; tied, AFM's form
    /// (Gunter et al. 2024, §2).
    case qwen3
    /// Scaled embeddings, norms with gains 1 + w before and after both blocks, a tanh-GELU gate,
    /// capped scores and logits, every other layer with a sliding window (Gemma 2, 2024).
    case gemma2
    /// Qwen2 with layers of routed and shared experts (Yang et al. 2024, §2.2).
    case qwen2MoE = "qwen2_moe"
  }

  package var architecture: Architecture
  package var vocabularySize: Int
  /// Width of the residual stream, d.
  package var hidden: Int
  package var layers: Int
  /// Query heads.
  package var heads: Int
  /// Key and value heads; divides `heads`.
  package var keyValueHeads: Int
  /// Width of a head; even, for rotary pairs.
  package var headSize: Int
  /// Width of the gated MLP, in layers without experts.
  package var intermediate: Int
  /// Whether the output matrix is the embedding matrix.
  package var isTied: Bool
  /// Whether attention's linear maps have biases; nil for the family's custom.
  package var attentionBias: Bool?
  /// Whether the gated MLP's linear maps have biases (Llama only).
  package var mlpBias = false
  /// Routed and shared experts in place of the gated MLP; nil for none.
  package var experts: ExpertConfiguration?
  /// θ of the rotary frequencies θ^(−2i/D).
  package var ropeBase: Double
  /// How the frequencies are changed for longer sequences; nil where they are not.
  package var ropeScaling: RotaryScaling?
  /// How inference splits sequences beyond the trained length; nil for plain attention.
  package var dualChunk: DualChunk?
  /// The s of the factor s^−½ on scores; nil for the head size.
  package var queryScalar: Double?
  /// c in c · tanh(score / c); nil for no cap.
  package var scoreCap: Double?
  /// c in c · tanh(logit / c); nil for no cap.
  package var logitCap: Double?
  /// How many tokens, itself included, a token sees in the sliding layers; nil for all.
  package var slidingWindow: Int?
  /// The layers with a sliding window, ascending; nil for the family's custom: 0, 2, … in Gemma 2,
  /// none in others.
  package var slidingLayers: [Int]?
  /// ε in x / √(mean x² + ε).
  package var normEpsilon: Float
  /// The longest sequence the model is meant for, in tokens.
  package var maximumPositions: Int
  /// A head that scores or classifies texts, in place of the output over the vocabulary.
  package var scoreHead: ScoreHead?
  /// Token ids of the tokenizer's special tokens.
  package var beginToken: Int?
  package var endTokens: [Int]

  package init(
    architecture: Architecture = .llama, vocabularySize: Int, hidden: Int, layers: Int, heads: Int,
    keyValueHeads: Int? = nil, headSize: Int? = nil, intermediate: Int, isTied: Bool = true,
    experts: ExpertConfiguration? = nil, ropeBase: Double = 10_000,
    ropeScaling: RotaryScaling? = nil,
    queryScalar: Double? = nil, scoreCap: Double? = nil, logitCap: Double? = nil,
    slidingWindow: Int? = nil, normEpsilon: Float = 1e-5, maximumPositions: Int,
    beginToken: Int? = nil, endTokens: [Int] = []
  ) {
    self.architecture = architecture
    self.vocabularySize = vocabularySize
    self.hidden = hidden
    self.layers = layers
    self.heads = heads
    self.keyValueHeads = keyValueHeads ?? heads
    self.headSize = headSize ?? hidden / max(heads, 1)
    self.intermediate = intermediate
    self.isTied = isTied
    self.experts = experts
    self.ropeBase = ropeBase
    self.ropeScaling = ropeScaling
    self.queryScalar = queryScalar
    self.scoreCap = scoreCap
    self.logitCap = logitCap
    self.slidingWindow = slidingWindow
    self.normEpsilon = normEpsilon
    self.maximumPositions = maximumPositions
    self.beginToken = beginToken
    self.endTokens = endTokens
  }
}

// MARK: What follows from the fields

extension ModelConfiguration {
  /// Query heads that share one key and value head.
  package var group: Int { heads / keyValueHeads }
  /// Width of all query heads.
  package var queryWidth: Int { heads * headSize }
  /// Width of all key (or value) heads.
  package var keyValueWidth: Int { keyValueHeads * headSize }
  /// Whether query, key and value have biases.
  package var hasBiases: Bool { attentionBias ?? architecture.hasBiases }
  /// Whether attention's output has a bias too.
  package var hasOutputBias: Bool { hasBiases && !architecture.hasBiases }
  /// Whether norms follow both blocks too, and gains are 1 + w.
  package var hasOutputNorms: Bool { architecture == .gemma2 }
  /// Whether every head of queries and keys is normalised.
  package var hasHeadNorms: Bool { architecture == .qwen3 }
  /// What norms add to their weights.
  var normOffset: Float { hasOutputNorms ? 1 : 0 }
  /// Factor on embeddings: √d in Gemma.
  var embeddingScale: Float { architecture == .gemma2 ? Float(Double(hidden).squareRoot()) : 1 }
  /// The head's arithmetic.
  var tokenHead: TokenHead { TokenHead(softCap: logitCap.map { Float($0) }) }

  /// The experts of the layer at `index`; nil where it has a gated MLP.
  package func experts(layer index: Int) -> ExpertConfiguration? {
    guard let experts, (index + 1) % experts.sparseStep == 0, !experts.denseLayers.contains(index)
    else { return nil }
    return experts
  }

  /// How many tokens a token sees in the layer at `index`; nil for all before it.
  package func window(layer index: Int) -> Int? {
    let isSliding = slidingLayers?.contains(index) ?? (architecture == .gemma2 && index % 2 == 0)
    return isSliding ? slidingWindow : nil
  }

  /// What every layer of this configuration attends with.
  func attention(layer index: Int) -> Attention {
    Attention(
      queryHeads: heads, keyHeads: keyValueHeads, headSize: headSize,
      scale: queryScalar.map { Float(1 / $0.squareRoot()) } ?? 1 / Float(headSize).squareRoot(),
      softCap: scoreCap.map { Float($0) }, window: window(layer: index))
  }
}

extension ModelConfiguration.Architecture {
  /// Whether query, key and value have biases by custom, and the output none.
  var hasBiases: Bool { self == .qwen2 || self == .qwen2MoE }
}

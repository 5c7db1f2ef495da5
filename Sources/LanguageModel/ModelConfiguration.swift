import Numerics

/// What a decoder is made of. Field names follow this project; `config.json` uses Hugging Face's.
package struct ModelConfiguration: Hashable, Sendable {
  /// Which family of decoders; decides names, norms, biases and the rest.
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
  /// Width of the gated MLP.
  package var intermediate: Int
  /// Whether the output matrix is the embedding matrix.
  package var isTied: Bool
  /// θ of the rotary frequencies θ^(−2i/D).
  package var ropeBase: Double
  /// How the frequencies are changed for longer sequences; nil where they are not.
  package var ropeScaling: RotaryScaling?
  /// The s of the factor s^−½ on scores; nil for the head size.
  package var queryScalar: Double?
  /// c in c · tanh(score / c); nil for no cap.
  package var scoreCap: Double?
  /// c in c · tanh(logit / c); nil for no cap.
  package var logitCap: Double?
  /// How many tokens, itself included, a token sees in layers 0, 2, …; nil for all.
  package var slidingWindow: Int?
  /// ε in x / √(mean x² + ε).
  package var normEpsilon: Float
  /// The longest sequence the model is meant for, in tokens.
  package var maximumPositions: Int
  /// Token ids of the tokenizer's special tokens.
  package var beginToken: Int?
  package var endTokens: [Int]

  package init(
    architecture: Architecture = .llama, vocabularySize: Int, hidden: Int, layers: Int, heads: Int,
    keyValueHeads: Int? = nil, headSize: Int? = nil, intermediate: Int, isTied: Bool = true,
    ropeBase: Double = 10_000, ropeScaling: RotaryScaling? = nil,
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

  /// Query heads that share one key and value head.
  package var group: Int { heads / keyValueHeads }
  /// Width of all query heads.
  package var queryWidth: Int { heads * headSize }
  /// Width of all key (or value) heads.
  package var keyValueWidth: Int { keyValueHeads * headSize }
  /// Whether query, key and value have biases.
  package var hasBiases: Bool { architecture == .qwen2 }
  /// Whether norms follow both blocks too, and gains are 1 + w.
  package var hasOutputNorms: Bool { architecture == .gemma2 }
  /// What norms add to their weights.
  var normOffset: Float { hasOutputNorms ? 1 : 0 }
  /// Factor on embeddings: √d in Gemma.
  var embeddingScale: Float { architecture == .gemma2 ? Float(Double(hidden).squareRoot()) : 1 }
  /// The head's arithmetic.
  var tokenHead: TokenHead { TokenHead(softCap: logitCap.map { Float($0) }) }
  /// Whether every head of queries and keys is normalised.
  package var hasHeadNorms: Bool { architecture == .qwen3 }

  /// Throws what makes the configuration impossible, in one sentence.
  package func validate() throws(CheckpointError) {
    let sizes = [
      ("vocabulary size", vocabularySize), ("hidden size", hidden), ("number of layers", layers),
      ("number of heads", heads), ("number of key-value heads", keyValueHeads),
      ("head size", headSize), ("intermediate size", intermediate),
      ("number of positions", maximumPositions),
    ]
    for (name, value) in sizes where value < 1 || value > 1 << 31 {
      throw CheckpointError("the model's \(name) must be at least 1, found \(value)")
    }
    guard heads % keyValueHeads == 0 else {
      throw CheckpointError(
        "\(keyValueHeads) key-value heads do not divide \(heads) heads; choose a divisor")
    }
    guard headSize % 2 == 0 else {
      throw CheckpointError("the head size \(headSize) is odd; rotary positions need pairs")
    }
    guard ropeBase.isFinite, ropeBase > 0, normEpsilon.isFinite, normEpsilon >= 0 else {
      throw CheckpointError("the rotary base must be above 0 and the norm's epsilon at least 0")
    }
    try ropeScaling?.validate()
    try validateScores()
  }

  private func validateScores() throws(CheckpointError) {
    let isPlain = queryScalar == nil && scoreCap == nil && logitCap == nil && slidingWindow == nil
    guard isPlain || architecture == .gemma2 else {
      throw CheckpointError(
        "only gemma2 has a query scalar, soft-caps and a sliding window, not "
          + architecture.rawValue)
    }
    guard [queryScalar, scoreCap, logitCap].allSatisfy({ $0 ?? 1 > 0 && ($0 ?? 1).isFinite }),
      slidingWindow ?? 1 > 0
    else {
      throw CheckpointError(
        "the query scalar, the soft-caps and the sliding window must be above 0")
    }
  }
}

/// The sizes of a decoder that its cost follows from; real numbers, for they grow beyond what is built.
package struct ModelShape: Hashable, Sendable {
  package var layers: Double
  /// Width of the residual stream.
  package var hidden: Double
  package var heads: Double
  package var keyValueHeads: Double
  package var headSize: Double
  /// Width of the gated MLPs that a token meets, the mean over layers: that of the shared expert and of
  /// the active routed ones together, where there are experts.
  package var mlpWidth: Double
  /// Parameters without embedding and output matrix.
  package var bodyParameters: Double
  /// Those of them that a token meets: fewer where it is sent to some experts only.
  package var activeBodyParameters: Double
  /// Rows of the embedding matrix; nil while unknown, and then embeddings are not counted.
  package var vocabularySize: Double?
  /// Whether the output matrix is the embedding matrix.
  package var isTied: Bool
  /// Tokens that are seen in layers with a sliding window, and how many layers have it.
  package var window: Double?
  package var windowLayers: Double

  package init(
    layers: Double, hidden: Double, heads: Double, keyValueHeads: Double, headSize: Double,
    mlpWidth: Double, bodyParameters: Double, activeBodyParameters: Double? = nil,
    vocabularySize: Double? = nil, isTied: Bool = true, window: Double? = nil,
    windowLayers: Double = 0
  ) {
    self.layers = layers
    self.hidden = hidden
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headSize = headSize
    self.mlpWidth = mlpWidth
    self.bodyParameters = bodyParameters
    self.activeBodyParameters = activeBodyParameters ?? bodyParameters
    self.vocabularySize = vocabularySize
    self.isTied = isTied
    self.window = window
    self.windowLayers = windowLayers
  }
}

// Parameters.
extension ModelShape {
  /// Those of the embedding matrix, and of the output matrix where it is another.
  package var embeddingParameters: Double { (isTied ? 1 : 2) * (vocabularySize ?? 0) * hidden }
  /// All of them.
  package var parameters: Double { bodyParameters + embeddingParameters }
  /// Those that a token meets, embeddings counted whole, as the papers count.
  package var activeParameters: Double { activeBodyParameters + embeddingParameters }
  /// Those that a token is multiplied with: an untied embedding is looked up.
  package var multipliedParameters: Double {
    activeBodyParameters + (vocabularySize ?? 0) * hidden
  }
}

// Operations and memory.
extension ModelShape {
  package var queryWidth: Double { heads * headSize }
  package var keyValueWidth: Double { keyValueHeads * headSize }

  /// Floating-point operations of attention's scores and mixes per token of causal sequences, forward:
  /// 4 · query width · tokens seen, over the layers.
  package func attentionFlops(sequence: Double) -> Double {
    let all = (layers - windowLayers) * Self.seen(sequence, window: nil)
    let near = windowLayers * Self.seen(sequence, window: window)
    return 4 * queryWidth * (all + near)
  }

  /// Tokens that a token of a causal sequence sees, itself included, on average.
  static func seen(_ sequence: Double, window: Double?) -> Double {
    guard let window, window < sequence else { return (sequence + 1) / 2 }
    return window - window * (window - 1) / (2 * sequence)
  }

  /// Numbers that the backward pass needs of a layer's forward pass, per token: what goes into and out of both
  /// norms (4 d), queries, keys, values and the attention's output, and gate, up and their product.
  package var activationsPerLayer: Double {
    4 * hidden + 2 * queryWidth + 2 * keyValueWidth + 3 * mlpWidth
  }
}

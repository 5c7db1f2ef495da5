/// Passes of one model over tokens: what the cost of a stage is made of.
package struct ModelWork: Hashable, Sendable {
  package enum Kind: String, Sendable {
    /// Forward, backward and update.
    case training
    /// Forward alone, sequences side by side.
    case scoring
    /// Forward, a token after another.
    case sampling
  }

  package var kind: Kind
  package var model: ModelShape
  /// In all; for sampling those of the prompts too.
  package var tokens: Double
  /// The length of a sequence, in tokens.
  package var sequence: Double
  /// Tokens in a step; nil where that means nothing.
  package var batchTokens: Double?
  /// When training: a model whose whole distribution is learned, seen by the same tokens.
  package var teacher: ModelShape?
  /// When sampling: tokens of a text that are written, the others being read; and texts of one prompt.
  package var written: Double?
  package var group: Double?

  package init(
    _ kind: Kind, _ model: ModelShape, tokens: Double, sequence: Double,
    batchTokens: Double? = nil, teacher: ModelShape? = nil, written: Double? = nil,
    group: Double? = nil
  ) {
    self.kind = kind
    self.model = model
    self.tokens = tokens
    self.sequence = sequence
    self.batchTokens = batchTokens
    self.teacher = teacher
    self.written = written
    self.group = group
  }

  /// 6 · N · D for training, 2 · N · D for a forward pass; N are the parameters that a token meets (Kaplan et
  /// al. 2020, with embeddings counted, as in Llama 3's 3.8e25).
  package var flops: Double {
    ((kind == .training ? 6 : 2) * model.activeParameters + 2 * (teacher?.activeParameters ?? 0))
      * tokens
  }

  /// Of attention's scores and mixes, which 6 · N · D leaves out.
  package var attentionFlops: Double {
    ((kind == .training ? 3 : 1) * model.attentionFlops(sequence: sequence)
      + (teacher?.attentionFlops(sequence: sequence) ?? 0)) * tokens
  }

  /// What is really computed: attention too, and no products with an embedding that is looked up.
  package var computedFlops: Double {
    flops * model.multipliedParameters / max(1, model.activeParameters) + attentionFlops
  }
}

/// What a stage will cost, computed from parameters alone, and what downstream estimates need to
/// know of its outputs. Nil fields are unknown.
package struct Estimate: Hashable, Sendable {
  /// Parameters of the model that the stage makes or uses.
  package var parameters: Double?
  /// Tokens trained on, scored or written.
  package var tokens: Double?
  /// Floating-point operations, those of attention's scores and mixes left out.
  package var flops: Double?
  /// Of attention's scores and mixes.
  package var attentionFlops: Double?
  /// Peak memory on one machine, bytes.
  package var memoryBytes: Double?
  /// Bytes of the outputs.
  package var storageBytes: Double?
  /// The formula of `flops`, for `exp plan`: `6 · N · D`.
  package var formula: String
  /// The model that the stage's checkpoint holds; what a stage that reads it makes its estimate with.
  package var model: ModelShape?
  /// What the operations are made of.
  package var work: [ModelWork]
  /// Tokens of a tokenizer that the stage makes.
  package var vocabularySize: Double?
  /// How much outputs hold, by name, where that is known.
  package var outputs: [String: DataAmount]
  /// How much the output holds that is read; set for the reader.
  package private(set) var data: DataAmount?

  package init(
    parameters: Double? = nil, tokens: Double? = nil, flops: Double? = nil,
    attentionFlops: Double? = nil, memoryBytes: Double? = nil, storageBytes: Double? = nil,
    formula: String = "", model: ModelShape? = nil, work: [ModelWork] = [],
    vocabularySize: Double? = nil, outputs: [String: DataAmount] = [:]
  ) {
    self.parameters = parameters
    self.tokens = tokens
    self.flops = flops
    self.attentionFlops = attentionFlops
    self.memoryBytes = memoryBytes
    self.storageBytes = storageBytes
    self.formula = formula
    self.model = model
    self.work = work
    self.vocabularySize = vocabularySize
    self.outputs = outputs
  }

  /// For a stage that reads one of the outputs.
  package func reading(_ output: String) -> Estimate {
    var copy = self
    copy.data = outputs[output]
    copy.outputs = [:]
    return copy
  }
}

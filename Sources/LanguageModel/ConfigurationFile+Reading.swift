package import ContentStore

extension ModelConfiguration {
  /// Reads `config.json`. What this module cannot compute exactly is refused by key, not ignored.
  package init(huggingFace json: JSON) throws(CheckpointError) {
    let reader = ConfigurationReader(json: json)
    let architecture = try reader.architecture()
    try reader.requirePlain(architecture)
    let isGemma = architecture == .gemma2
    let hidden = try reader.integer("hidden_size")
    let heads = try reader.integer("num_attention_heads")
    let layers = try reader.integer("num_hidden_layers")
    self.init(
      architecture: architecture,
      vocabularySize: try reader.integer("vocab_size"), hidden: hidden, layers: layers,
      heads: heads,
      keyValueHeads: try reader.integer("num_key_value_heads", default: heads),
      headSize: try reader.integer(
        "head_dim",
        default: isGemma ? 256 : architecture == .qwen3 ? 128 : heads > 0 ? hidden / heads : 0),
      intermediate: try reader.integer("intermediate_size"),
      isTied: try reader.boolean("tie_word_embeddings", default: isGemma),
      experts: try reader.experts(architecture),
      ropeBase: try reader.ropeBase(), ropeScaling: try reader.ropeScaling(),
      queryScalar: isGemma ? try reader.number("query_pre_attn_scalar", default: 256) : nil,
      scoreCap: isGemma ? try reader.cap("attn_logit_softcapping", default: 50) : nil,
      logitCap: isGemma ? try reader.cap("final_logit_softcapping", default: 30) : nil,
      normEpsilon: Float(try reader.number("rms_norm_eps", default: 1e-6)),
      maximumPositions: try reader.integer("max_position_embeddings", default: 2048),
      beginToken: try reader.tokens("bos_token_id").first,
      endTokens: try reader.tokens("eos_token_id"))
    let hasBiases = try reader.hasBiases(architecture)
    attentionBias = hasBiases == architecture.hasBiases ? nil : hasBiases
    mlpBias = architecture == .llama ? try reader.boolean("mlp_bias", default: false) : false
    try readWindow(reader)
    dualChunk = try reader.dualChunk()
    scoreHead = try reader.scoreHead()
    try validate()
  }

  /// The sliding window and the layers that have it.
  private mutating func readWindow(_ reader: ConfigurationReader) throws(CheckpointError) {
    guard architecture != .llama, let sliding = try reader.slidingLayers(architecture, layers)
    else { return }
    guard architecture == .gemma2 || !sliding.isEmpty else { return }
    slidingWindow = try reader.integer("sliding_window", default: 4096)
    let custom = architecture == .gemma2 ? (0..<layers).filter { $0 % 2 == 0 } : []
    slidingLayers = sliding == custom ? nil : sliding
  }
}

extension ConfigurationReader {
  /// Refuses what this module does not compute.
  func requirePlain(
    _ architecture: ModelConfiguration.Architecture
  ) throws(CheckpointError) {
    if architecture == .gemma2 {
      // `hidden_act` is "gelu" in early files; transformers goes by `hidden_activation`.
      try require("hidden_activation", "gelu_pytorch_tanh", whenAbsent: true)
      return try require("use_bidirectional_attention", false, whenAbsent: true)
    }
    try require("hidden_act", "silu", whenAbsent: true)
    if architecture == .llama {
      for kind in value("layer_types")?.arrayValue ?? [] where kind != "full_attention" {
        throw CheckpointError(
          "config.json: \"layer_types\" with \(text(kind)) is not supported here")
      }
    }
  }

  /// Whether query, key and value have biases.
  func hasBiases(_ architecture: ModelConfiguration.Architecture) throws(CheckpointError) -> Bool {
    switch architecture {
    case .qwen2: true
    case .qwen2MoE: try boolean("qkv_bias", default: true)
    case .llama, .qwen3, .gemma2: try boolean("attention_bias", default: false)
    }
  }

  /// The layers with a sliding window; nil when the file switches it off. As transformers 5 has it, by
  /// `layer_types` or, in older files, by each family's rule.
  func slidingLayers(
    _ architecture: ModelConfiguration.Architecture, _ layers: Int
  ) throws(CheckpointError) -> [Int]? {
    let isGemma = architecture == .gemma2
    let isSwitchedOn = try boolean("use_sliding_window", default: false)
    guard isGemma || isSwitchedOn else {
      try requireFull()
      return nil
    }
    if let kinds = value("layer_types") { return try slidingLayers(kinds, layers) }
    // More layers than a checkpoint can have tensors for are refused later, by name.
    let known = 0..<max(0, min(layers, 1 << 20))
    if isGemma { return known.filter { $0 % 2 == 0 } }
    let first = try integer("max_window_layers", default: 28)
    if architecture == .qwen2MoE { return known.filter { $0 % 2 == 0 && $0 < first } }
    return known.filter { $0 >= first }
  }

  private func requireFull() throws(CheckpointError) {
    for kind in value("layer_types")?.arrayValue ?? [] where kind != "full_attention" {
      throw CheckpointError(
        "config.json: \"layer_types\" with \(text(kind)) contradicts \"use_sliding_window\", which is "
          + "false")
    }
  }

  private func slidingLayers(_ kinds: JSON, _ layers: Int) throws(CheckpointError) -> [Int] {
    let names = (kinds.arrayValue ?? []).map { $0.stringValue ?? "" }
    guard names.count == layers else {
      throw CheckpointError(
        "config.json: \"layer_types\" must name the kind of each of the \(layers) layers, found "
          + "\(names.count)")
    }
    for (index, name) in names.enumerated()
    where name != "full_attention" && name != "sliding_attention" {
      throw CheckpointError(
        "config.json: \"layer_types\" must be \"full_attention\" or \"sliding_attention\" at layer "
          + "\(index), found \"\(name)\"")
    }
    return names.indices.filter { names[$0] == "sliding_attention" }
  }

  /// The experts of a Qwen2-MoE; nil for none.
  func experts(
    _ architecture: ModelConfiguration.Architecture
  ) throws(CheckpointError) -> ExpertConfiguration? {
    guard architecture == .qwen2MoE else { return nil }
    let count = try integer("num_experts", default: 60)
    guard count != 0 else { return nil }
    let dense = value("mlp_only_layers")?.arrayValue ?? []
    let layers = dense.compactMap(\.intValue)
    guard layers.count == dense.count else {
      throw CheckpointError("config.json: \"mlp_only_layers\" must be a list of layers")
    }
    return ExpertConfiguration(
      count: count, active: try integer("num_experts_per_tok", default: 4),
      intermediate: try integer("moe_intermediate_size", default: 1408),
      sharedIntermediate: try integer("shared_expert_intermediate_size", default: 5632),
      normalises: try boolean("norm_topk_prob", default: false),
      lossWeight: try number("router_aux_loss_coef", default: 0.001),
      sparseStep: try integer("decoder_sparse_step", default: 1), denseLayers: layers.sorted())
  }

  /// Qwen's key for dual chunk attention, as vLLM reads it; sparse attention is another matter.
  func dualChunk() throws(CheckpointError) -> DualChunk? {
    guard let members = value("dual_chunk_attention_config") else { return nil }
    let reader = ConfigurationReader(json: members)
    try reader.require("sparse_attention_enabled", false, whenAbsent: true)
    return DualChunk(
      chunkSize: try reader.integer("chunk_size", default: 8192),
      localSize: try reader.integer("local_size", default: 1024))
  }

  /// The head of a `…ForSequenceClassification`; nil for other models. transformers counts `id2label`, two
  /// labels when there are none.
  func scoreHead() throws(CheckpointError) -> ScoreHead? {
    let name = value("architectures")?.arrayValue?.first?.stringValue ?? ""
    guard name.hasSuffix("ForSequenceClassification") else { return nil }
    let named = value("id2label")?.objectValue?.count
    let labels = try integer("num_labels", default: 2)
    return ScoreHead(
      labels: named ?? labels,
      hidden: value("score_hidden_size") == nil ? nil : try integer("score_hidden_size"),
      grades: try grades())
  }

  private func grades() throws(CheckpointError) -> ScoreHead.Grades? {
    guard let members = value("graded_heads") else { return nil }
    let reader = ConfigurationReader(json: members)
    return ScoreHead.Grades(
      heads: try reader.integer("heads"), classes: try reader.integer("classes"),
      hidden: try reader.integer("hidden_size"))
  }
}

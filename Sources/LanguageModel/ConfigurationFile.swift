package import ContentStore

// Hugging Face's `config.json` and `generation_config.json`.

extension ModelConfiguration {
  /// `config.json`, with the rotary keys of both transformers 4.x (`rope_theta`, `rope_scaling`) and
  /// 5.x (`rope_parameters`), for a 4.x reader that finds only the latter silently takes θ = 10,000.
  package var huggingFace: JSON {
    var members: [String: JSON] = [
      "architectures": [.string(architecture.className)],
      "model_type": .string(architecture.rawValue), "attention_dropout": 0, "hidden_act": "silu",
      "vocab_size": .integer(vocabularySize), "hidden_size": .integer(hidden),
      "num_hidden_layers": .integer(layers), "num_attention_heads": .integer(heads),
      "num_key_value_heads": .integer(keyValueHeads), "head_dim": .integer(headSize),
      "intermediate_size": .integer(intermediate), "tie_word_embeddings": .bool(isTied),
      "rms_norm_eps": .number(Self.shortest(normEpsilon)),
      "max_position_embeddings": .integer(maximumPositions),
      "initializer_range": 0.02, "use_cache": true,
      "rope_theta": .number(ropeBase),
      "rope_scaling": ropeScaling.map { .object($0.huggingFace) } ?? .null,
      "rope_parameters": .object(
        (ropeScaling?.huggingFace ?? ["rope_type": "default"])
          .merging(["rope_theta": .number(ropeBase)]) { _, new in new }), "dtype": "float32",
      "torch_dtype": "float32",
    ]
    members.merge(familyMembers) { _, new in new }
    members.merge(specialTokens) { _, new in new }
    return .object(members)
  }

  /// Hugging Face's name of a Gemma 2 layer's kind.
  static func gemmaLayerType(_ index: Int) -> String {
    index % 2 == 0 ? "sliding_attention" : "full_attention"
  }

  /// What only this architecture has.
  private var familyMembers: [String: JSON] {
    switch architecture {
    case .llama: ["attention_bias": false, "mlp_bias": false, "pretraining_tp": 1]
    case .qwen2: ["use_sliding_window": false, "sliding_window": nil]
    case .gemma2:
      [
        "hidden_activation": "gelu_pytorch_tanh", "hidden_act": "gelu_pytorch_tanh",
        "attention_bias": false,
        "query_pre_attn_scalar": .number(queryScalar ?? Double(headSize)),
        "attn_logit_softcapping": scoreCap.map(JSON.number) ?? .null,
        "final_logit_softcapping": logitCap.map(JSON.number) ?? .null,
        "sliding_window": .integer(slidingWindow ?? maximumPositions),
        "layer_types": .array((0..<layers).map { .string(Self.gemmaLayerType($0)) }),
      ]
    case .qwen3:
      ["attention_bias": false, "use_sliding_window": false, "sliding_window": nil]
    }
  }

  /// The bytes of `config.json`. transformers 5 refuses soft-caps that are not written as floats, which
  /// canonical JSON does not do for whole ones: 30 becomes 30.0.
  var fileText: [UInt8] {
    get throws(CheckpointError) {
      var text = String(decoding: try Checkpoint.text(huggingFace), as: UTF8.self)
      for (key, cap) in [
        ("attn_logit_softcapping", scoreCap), ("final_logit_softcapping", logitCap),
      ] {
        guard let cap, let whole = Int(exactly: cap) else { continue }
        text = text.replacing("\"\(key)\":\(whole),", with: "\"\(key)\":\(whole).0,")
      }
      return Array(text.utf8)
    }
  }

  /// `generation_config.json`.
  package var generationConfiguration: JSON {
    .object(specialTokens.merging(["_from_model_config": true]) { _, new in new })
  }

  private var specialTokens: [String: JSON] {
    let end: JSON =
      switch endTokens.count {
      case 0: .null
      case 1: .integer(endTokens[0])
      default: .array(endTokens.map(JSON.integer))
      }
    return [
      "bos_token_id": beginToken.map(JSON.integer) ?? .null, "eos_token_id": end,
      "pad_token_id": nil,
    ]
  }

  /// The double that prints as the float does, so that 1e-5 is written as 1e-5.
  private static func shortest(_ value: Float) -> Double {
    Double(value.description) ?? Double(value)
  }

  /// Reads `config.json`. What this module cannot compute exactly is refused by key, not ignored.
  package init(huggingFace json: JSON) throws(CheckpointError) {
    let reader = ConfigurationReader(json: json)
    let architecture = try reader.architecture()
    try reader.requirePlain(architecture)
    let isGemma = architecture == .gemma2
    let hidden = try reader.integer("hidden_size")
    let heads = try reader.integer("num_attention_heads")
    self.init(
      architecture: architecture,
      vocabularySize: try reader.integer("vocab_size"), hidden: hidden,
      layers: try reader.integer("num_hidden_layers"), heads: heads,
      keyValueHeads: try reader.integer("num_key_value_heads", default: heads),
      headSize: try reader.integer(
        "head_dim", default: isGemma ? 256 : heads > 0 ? hidden / heads : 0),
      intermediate: try reader.integer("intermediate_size"),
      isTied: try reader.boolean("tie_word_embeddings", default: isGemma),
      ropeBase: try reader.ropeBase(), ropeScaling: try reader.ropeScaling(),
      queryScalar: isGemma ? try reader.number("query_pre_attn_scalar", default: 256) : nil,
      scoreCap: isGemma ? try reader.cap("attn_logit_softcapping", default: 50) : nil,
      logitCap: isGemma ? try reader.cap("final_logit_softcapping", default: 30) : nil,
      slidingWindow: isGemma ? try reader.integer("sliding_window", default: 4096) : nil,
      normEpsilon: Float(try reader.number("rms_norm_eps", default: 1e-6)),
      maximumPositions: try reader.integer("max_position_embeddings", default: 2048),
      beginToken: try reader.tokens("bos_token_id").first,
      endTokens: try reader.tokens("eos_token_id"))
    try validate()
  }
}

extension ModelConfiguration.Architecture {
  /// The transformers class of a decoder with its output matrix.
  var className: String {
    switch self {
    case .llama: "LlamaForCausalLM"
    case .qwen2: "Qwen2ForCausalLM"
    case .qwen3: "Qwen3ForCausalLM"
    case .gemma2: "Gemma2ForCausalLM"
    }
  }
}

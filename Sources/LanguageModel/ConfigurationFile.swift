package import ContentStore

// Hugging Face's `config.json` and `generation_config.json`.

extension ModelConfiguration {
  /// `config.json`, with the rotary keys of both transformers 4.x (`rope_theta`, `rope_scaling`) and
  /// 5.x (`rope_parameters`), for a 4.x reader that finds only the latter silently takes θ = 10,000.
  package var huggingFace: JSON {
    var members: [String: JSON] = [
      "architectures": [.string(className)],
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
    members.merge(headMembers) { _, new in new }
    members.merge(specialTokens) { _, new in new }
    return .object(members)
  }

  /// What only this architecture has.
  private var familyMembers: [String: JSON] {
    switch architecture {
    case .llama:
      [
        "attention_bias": .bool(hasBiases), "mlp_bias": .bool(mlpBias), "pretraining_tp": 1,
      ]
    case .qwen2: slidingMembers
    case .qwen3: slidingMembers.merging(["attention_bias": .bool(hasBiases)]) { $1 }
    case .gemma2:
      [
        "hidden_activation": "gelu_pytorch_tanh", "hidden_act": "gelu_pytorch_tanh",
        "attention_bias": .bool(hasBiases),
        "query_pre_attn_scalar": .number(queryScalar ?? Double(headSize)),
        "attn_logit_softcapping": scoreCap.map(JSON.number) ?? .null,
        "final_logit_softcapping": logitCap.map(JSON.number) ?? .null,
        "sliding_window": .integer(slidingWindow ?? maximumPositions),
        "layer_types": layerTypes,
      ]
    case .qwen2MoE:
      slidingMembers.merging(["qkv_bias": .bool(hasBiases)]) { $1 }
        .merging(expertMembers) { $1 }
    }
  }

  /// Which layers have a sliding window, by Hugging Face's names.
  private var layerTypes: JSON {
    .array(
      (0..<layers).map { index in
        let isFull =
          slidingLayers == nil && architecture == .gemma2
          ? index % 2 == 1 : window(layer: index) == nil
        return isFull ? "full_attention" : "sliding_attention"
      })
  }

  /// The sliding window of the Qwen families. transformers 4 goes by `max_window_layers` where it knows no
  /// `layer_types`.
  private var slidingMembers: [String: JSON] {
    guard let slidingWindow, let first = (0..<layers).first(where: { window(layer: $0) != nil })
    else { return ["use_sliding_window": false, "sliding_window": nil] }
    return [
      "use_sliding_window": true, "sliding_window": .integer(slidingWindow),
      "max_window_layers": .integer(architecture == .qwen2MoE ? layers : first),
      "layer_types": layerTypes,
    ]
  }

  private var expertMembers: [String: JSON] {
    guard let experts else { return ["num_experts": 0] }
    return [
      "num_experts": .integer(experts.count), "num_experts_per_tok": .integer(experts.active),
      "moe_intermediate_size": .integer(experts.intermediate),
      "shared_expert_intermediate_size": .integer(experts.sharedIntermediate),
      "norm_topk_prob": .bool(experts.normalises),
      "router_aux_loss_coef": .number(experts.lossWeight), "output_router_logits": false,
      "decoder_sparse_step": .integer(experts.sparseStep),
      "mlp_only_layers": .array(experts.denseLayers.map(JSON.integer)),
    ]
  }

  /// A score head's labels, and what dual chunk attention is told.
  private var headMembers: [String: JSON] {
    var members: [String: JSON] = [:]
    if let scoreHead {
      let names = (0..<scoreHead.labels).map { "LABEL_\($0)" }
      members["id2label"] = .object(
        .init(uniqueKeysWithValues: names.enumerated().map { ("\($0)", .string($1)) }))
      members["label2id"] = .object(
        .init(uniqueKeysWithValues: names.enumerated().map { ($1, .integer($0)) }))
      if let width = scoreHead.hidden { members["score_hidden_size"] = .integer(width) }
      if let grades = scoreHead.grades {
        members["graded_heads"] = [
          "heads": .integer(grades.heads), "classes": .integer(grades.classes),
          "hidden_size": .integer(grades.hidden),
        ]
      }
    }
    if let dualChunk {
      members["dual_chunk_attention_config"] = [
        "chunk_size": .integer(dualChunk.chunkSize), "local_size": .integer(dualChunk.localSize),
        "original_max_position_embeddings": .integer(maximumPositions),
      ]
    }
    return members
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

  /// The transformers class of a decoder with its output matrix, or with its score head.
  private var className: String {
    architecture.className + (scoreHead == nil ? "ForCausalLM" : "ForSequenceClassification")
  }
}

extension ModelConfiguration.Architecture {
  /// The first part of the family's names in transformers.
  fileprivate var className: String {
    switch self {
    case .llama: "Llama"
    case .qwen2: "Qwen2"
    case .qwen3: "Qwen3"
    case .gemma2: "Gemma2"
    case .qwen2MoE: "Qwen2Moe"
    }
  }
}

package import ContentStore

// Hugging Face's `config.json` and `generation_config.json`.

extension ModelConfiguration {
  /// `config.json`, with the rotary keys of both transformers 4.x (`rope_theta`, `rope_scaling`) and
  /// 5.x (`rope_parameters`), for a 4.x reader that finds only the latter silently takes θ = 10,000.
  package var huggingFace: JSON {
    var members: [String: JSON] = [
      "architectures": ["LlamaForCausalLM"], "model_type": "llama",
      "attention_bias": false, "attention_dropout": 0, "mlp_bias": false, "hidden_act": "silu",
      "vocab_size": .integer(vocabularySize), "hidden_size": .integer(hidden),
      "num_hidden_layers": .integer(layers), "num_attention_heads": .integer(heads),
      "num_key_value_heads": .integer(keyValueHeads), "head_dim": .integer(headSize),
      "intermediate_size": .integer(intermediate), "tie_word_embeddings": .bool(isTied),
      "rms_norm_eps": .number(Self.shortest(normEpsilon)),
      "max_position_embeddings": .integer(maximumPositions),
      "initializer_range": 0.02, "use_cache": true, "pretraining_tp": 1,
      "rope_theta": .number(ropeBase), "rope_scaling": nil,
      "rope_parameters": ["rope_type": "default", "rope_theta": .number(ropeBase)],
      "dtype": "float32", "torch_dtype": "float32",
    ]
    members.merge(specialTokens) { _, new in new }
    return .object(members)
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
    try reader.require("model_type", "llama")
    try reader.require("hidden_act", "silu", whenAbsent: true)
    for key in ["attention_bias", "mlp_bias"] { try reader.require(key, false, whenAbsent: true) }
    let hidden = try reader.integer("hidden_size")
    let heads = try reader.integer("num_attention_heads")
    self.init(
      vocabularySize: try reader.integer("vocab_size"), hidden: hidden,
      layers: try reader.integer("num_hidden_layers"), heads: heads,
      keyValueHeads: try reader.integer("num_key_value_heads", default: heads),
      headSize: try reader.integer("head_dim", default: heads > 0 ? hidden / heads : 0),
      intermediate: try reader.integer("intermediate_size"),
      isTied: try reader.boolean("tie_word_embeddings", default: false),
      ropeBase: try reader.ropeBase(),
      normEpsilon: Float(try reader.number("rms_norm_eps", default: 1e-6)),
      maximumPositions: try reader.integer("max_position_embeddings", default: 2048),
      beginToken: try reader.tokens("bos_token_id").first,
      endTokens: try reader.tokens("eos_token_id"))
    try validate()
  }
}

/// Reads keys of a `config.json` with errors that name them. `null` counts as absent.
private struct ConfigurationReader {
  let json: JSON

  func value(_ key: String) -> JSON? {
    guard let value = json[key], value != .null else { return nil }
    return value
  }

  func integer(_ key: String, default fallback: Int? = nil) throws(CheckpointError) -> Int {
    guard let value = value(key) else {
      if let fallback { return fallback }
      throw CheckpointError("config.json lacks \"\(key)\"")
    }
    guard let result = value.intValue else {
      throw CheckpointError("config.json: \"\(key)\" must be an integer")
    }
    return result
  }

  func number(_ key: String, default fallback: Double) throws(CheckpointError) -> Double {
    guard let value = value(key) else { return fallback }
    guard let result = value.doubleValue else {
      throw CheckpointError("config.json: \"\(key)\" must be a number")
    }
    return result
  }

  func boolean(_ key: String, default fallback: Bool) throws(CheckpointError) -> Bool {
    guard let value = value(key) else { return fallback }
    guard let result = value.boolValue else {
      throw CheckpointError("config.json: \"\(key)\" must be true or false")
    }
    return result
  }

  /// A token id or a list of them.
  func tokens(_ key: String) throws(CheckpointError) -> [Int] {
    guard let value = value(key) else { return [] }
    let list = value.arrayValue ?? [value]
    let result = list.compactMap(\.intValue)
    guard result.count == list.count else {
      throw CheckpointError("config.json: \"\(key)\" must be a token id or a list of them")
    }
    return result
  }

  func require(
    _ key: String, _ expected: JSON, whenAbsent: Bool = false
  ) throws(CheckpointError) {
    let found = value(key)
    if found == expected || (found == nil && whenAbsent) { return }
    throw CheckpointError(
      "config.json: \"\(key)\" must be \(text(expected)) here, found \(text(found ?? .null))")
  }

  /// θ from `rope_theta` or `rope_parameters`; other kinds of rotary scaling are refused. A non-null
  /// `rope_scaling` wins in transformers, so it is looked at first.
  func ropeBase() throws(CheckpointError) -> Double {
    for key in ["rope_scaling", "rope_parameters"] {
      guard let members = value(key) else { continue }
      let kind = members["rope_type"] ?? members["type"] ?? "default"
      guard kind == "default" else {
        throw CheckpointError("config.json: rotary scaling \(text(kind)) is not supported")
      }
      if let base = members["rope_theta"]?.doubleValue { return base }
    }
    return try number("rope_theta", default: 10_000)
  }

  private func text(_ json: JSON) -> String { (try? json.canonicalText()) ?? "a value" }
}

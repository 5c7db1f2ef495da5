import ContentStore

/// Reads keys of a `config.json` with errors that name them. `null` counts as absent.
struct ConfigurationReader {
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

  /// nil when absent.
  func optionalNumber(_ key: String) throws(CheckpointError) -> Double? {
    value(key) == nil ? nil : try number(key, default: 0)
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

  /// The family, from `model_type`.
  func architecture() throws(CheckpointError) -> ModelConfiguration.Architecture {
    let name = value("model_type")
    if let known = name?.stringValue.flatMap(ModelConfiguration.Architecture.init) { return known }
    let families = ModelConfiguration.Architecture.allCases.map { "\"\($0.rawValue)\"" }
    let last = families.last ?? ""
    throw CheckpointError(
      "config.json: \"model_type\" must be "
        + (families.count > 1 ? families.dropLast().joined(separator: ", ") + " or " : "") + last
        + " here, found \(text(name ?? .null))")
  }

  /// Refuses what this module does not compute.
  func requirePlain(_ architecture: ModelConfiguration.Architecture) throws(CheckpointError) {
    if architecture == .gemma2 { return try requireGemma() }
    try require("hidden_act", "silu", whenAbsent: true)
    switch architecture {
    case .llama:
      for key in ["attention_bias", "mlp_bias"] { try require(key, false, whenAbsent: true) }
    case .qwen2: try require("use_sliding_window", false, whenAbsent: true)
    case .gemma2: break
    case .qwen3:
      for key in ["attention_bias", "use_sliding_window"] {
        try require(key, false, whenAbsent: true)
      }
    }
    for kind in value("layer_types")?.arrayValue ?? [] where kind != "full_attention" {
      throw CheckpointError("config.json: \"layer_types\" with \(text(kind)) is not supported here")
    }
  }

  /// The one of Gemma 2's forms that this module computes.
  private func requireGemma() throws(CheckpointError) {
    // `hidden_act` is "gelu" in early files; transformers goes by `hidden_activation`.
    try require("hidden_activation", "gelu_pytorch_tanh", whenAbsent: true)
    for key in ["attention_bias", "use_bidirectional_attention"] {
      try require(key, false, whenAbsent: true)
    }
    let kinds = value("layer_types")?.arrayValue ?? []
    for (index, kind) in kinds.enumerated() {
      let expected = ModelConfiguration.gemmaLayerType(index)
      guard kind == .string(expected) else {
        throw CheckpointError(
          "config.json: \"layer_types\" must be \"\(expected)\" at layer \(index), found "
            + text(kind))
      }
    }
  }

  /// A cap; `null` means none, absence the family's default.
  func cap(_ key: String, default fallback: Double) throws(CheckpointError) -> Double? {
    json[key] == nil ? fallback : try optionalNumber(key)
  }

  func text(_ json: JSON) -> String { (try? json.canonicalText()) ?? "a value" }
}

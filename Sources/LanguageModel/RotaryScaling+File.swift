import ContentStore

// Rotary keys of Hugging Face's `config.json`: `rope_theta` and `rope_scaling` of transformers 4.x,
// `rope_parameters` of 5.x.

extension RotaryScaling {
  /// The members of `rope_scaling`.
  var huggingFace: [String: JSON] {
    var members: [String: JSON] = ["rope_type": .string(name)]
    switch self {
    case .linear(let factor): members["factor"] = .number(factor)
    case .llama3(let factor, let low, let high, let positions):
      members["factor"] = .number(factor)
      members["low_freq_factor"] = .number(low)
      members["high_freq_factor"] = .number(high)
      members["original_max_position_embeddings"] = .integer(positions)
    case .yarn(let factor, let positions, let fast, let slow, let amplitude):
      members["factor"] = .number(factor)
      members["original_max_position_embeddings"] = .integer(positions)
      members["beta_fast"] = .number(fast)
      members["beta_slow"] = .number(slow)
      if let amplitude { members["attention_factor"] = .number(amplitude) }
    }
    return members
  }
}

extension ConfigurationReader {
  /// The rotary members; a non-null `rope_scaling` wins, as in transformers.
  private var ropeMembers: (key: String, members: ConfigurationReader)? {
    for key in ["rope_scaling", "rope_parameters"] {
      if let members = value(key) { return (key, ConfigurationReader(json: members)) }
    }
    return nil
  }

  /// θ of the rotary frequencies.
  func ropeBase() throws(CheckpointError) -> Double {
    for key in ["rope_scaling", "rope_parameters"] {
      if let base = value(key)?["rope_theta"]?.doubleValue { return base }
    }
    return try number("rope_theta", default: 10_000)
  }

  /// The rotary scaling; kinds and settings that this module does not compute are refused.
  func ropeScaling() throws(CheckpointError) -> RotaryScaling? {
    guard let (key, members) = ropeMembers else { return nil }
    let kind = members.value("rope_type") ?? members.value("type") ?? "default"
    for name in ["mscale", "mscale_all_dim", "truncate"] {
      guard members.value(name) == nil || members.value(name) == true else {
        throw CheckpointError("config.json: \"\(name)\" of \"\(key)\" is not supported")
      }
    }
    let original = try members.integer(
      "original_max_position_embeddings",
      default: integer("max_position_embeddings", default: 2048))
    switch kind {
    case "default": return nil
    case "linear": return .linear(factor: try members.required("factor"))
    case "llama3":
      return .llama3(
        factor: try members.required("factor"), lowFactor: try members.required("low_freq_factor"),
        highFactor: try members.required("high_freq_factor"), originalPositions: original)
    case "yarn":
      return .yarn(
        factor: try members.required("factor"), originalPositions: original,
        betaFast: try members.number("beta_fast", default: 32),
        betaSlow: try members.number("beta_slow", default: 1),
        attentionFactor: try members.optionalNumber("attention_factor"))
    default:
      throw CheckpointError("config.json: rotary scaling \(text(kind)) is not supported")
    }
  }

  private func required(_ key: String) throws(CheckpointError) -> Double {
    guard let value = try optionalNumber(key) else {
      throw CheckpointError("config.json: the rotary scaling lacks \"\(key)\"")
    }
    return value
  }
}

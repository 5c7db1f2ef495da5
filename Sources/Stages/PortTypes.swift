package import Pipeline

extension PortType {
  /// A folder with `classifier.json` and a model: `model.bin` of fastText, or a checkpoint's files.
  package static let classifier: PortType = "classifier"
  /// A mixture's weights: `{"weights": {"math": 0.25, …}}`.
  package static let weights: PortType = "weights"
  /// A PEFT adapter's folder: `adapter_config.json` and `adapter_model.safetensors`.
  package static let adapter: PortType = "adapter"
  /// A teacher's first choices, as `teach` writes them.
  package static let choices: PortType = "choices"
  /// What grades responses to a world's prompts: `World.HiddenReward`'s JSON.
  package static let reward: PortType = "reward"
}

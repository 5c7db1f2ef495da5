import ContentStore
import Numerics

// PEFT's adapter folder: `adapter_config.json` and `adapter_model.safetensors`.

extension Adapter {
  /// The folder's files by path.
  package func files() throws(CheckpointError) -> [String: [UInt8]] {
    var weights = SafetensorsWriter()
    for view in layout.views { weights.add(view.name, shape: view.shape, parameters[view.range]) }
    return [
      "adapter_config.json": try Checkpoint.text(peft),
      "adapter_model.safetensors": try weights.encode(),
    ]
  }

  private var peft: JSON {
    [
      "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": nil,
      "r": .integer(configuration.rank), "lora_alpha": .number(configuration.alpha),
      "target_modules": .array(configuration.targets.sorted().map(JSON.string)),
      "lora_dropout": 0, "bias": "none", "fan_in_fan_out": false, "init_lora_weights": true,
      "inference_mode": true, "use_rslora": false, "use_dora": false, "modules_to_save": nil,
    ]
  }

  /// Reads a folder for a model, given its paths and a way to read one. What this module does not compute
  /// is refused by key; errors name the key or tensor.
  package init(
    for model: ModelConfiguration, paths: some Sequence<String>, read: (String) throws -> [UInt8]
  ) throws {
    let paths = Set(paths)
    for path in ["adapter_config.json", "adapter_model.safetensors"]
    where !paths.contains(path) {
      throw CheckpointError("the adapter folder has no \(path)")
    }
    let json = try Checkpoint.json("adapter_config.json", read("adapter_config.json"))
    try self.init(try Self.configuration(json), for: model)
    let file = try Safetensors(parsing: try read("adapter_model.safetensors"))
    for view in layout.views {
      let values = Floats(try file.floats(view.name, shape: view.shape))
      if let index = values.firstNotFinite {
        throw CheckpointError("tensor \"\(view.name)\" holds \(values[index]) at element \(index)")
      }
      parameters[view.range].copy(from: values)
    }
    let known = Set(layout.views.map(\.name))
    for name in file.names where !known.contains(name) {
      throw CheckpointError("the adapter's configuration has no place for tensor \"\(name)\"")
    }
  }

  private static func configuration(_ json: JSON) throws(CheckpointError) -> AdapterConfiguration {
    let reader = ConfigurationReader(json: json, file: "adapter_config.json")
    try reader.require("peft_type", "LORA")
    try reader.require("bias", "none", whenAbsent: true)
    for key in ["fan_in_fan_out", "use_rslora", "use_dora", "use_qalora", "lora_bias"] {
      try reader.require(key, false, whenAbsent: true)
    }
    for key in [
      "modules_to_save", "layers_to_transform", "layer_replication", "exclude_modules",
      "target_parameters", "trainable_token_indices",
    ] where reader.value(key) != nil {
      throw CheckpointError("adapter_config.json: \"\(key)\" is not supported here")
    }
    for key in ["rank_pattern", "alpha_pattern"] {
      try reader.require(key, [:], whenAbsent: true)
    }
    let names = reader.value("target_modules")?.arrayValue ?? []
    let targets = names.compactMap(\.stringValue)
    guard !targets.isEmpty, targets.count == names.count else {
      throw CheckpointError("adapter_config.json: \"target_modules\" must be a list of names")
    }
    return AdapterConfiguration(
      rank: try reader.integer("r"), alpha: try reader.number("lora_alpha", default: 8),
      targets: targets.sorted())
  }
}

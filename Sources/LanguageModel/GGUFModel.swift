import ContentStore
import Numerics

// A Llama model in GGUF, by the names and metadata keys of llama.cpp (`gguf-py/gguf/constants.py`).

extension GGUF {
  /// The model, and its tokenizer when it is one that this project has.
  package func model() throws(CheckpointError) -> ImportedModel {
    let configuration = try configuration()
    try checkNothingLeft(configuration)
    let model = try ImportedModel.model(configuration) { view throws(CheckpointError) in
      try floats(Self.name(view.name), shape: view.shape)
    }
    var checkpoint = Checkpoint(model, tokenizerFiles: [:])
    var notes: [String] = []
    do throws(CheckpointError) {
      checkpoint.tokenizerFiles = try tokenizerFiles(vocabularySize: configuration.vocabularySize)
    } catch {
      notes.append("\(error); the checkpoint has no tokenizer and works on token ids only")
    }
    return ImportedModel(checkpoint, notes: notes)
  }

  /// The configuration that the metadata gives. What would change what the model computes, and is not
  /// known here, is refused by key.
  func configuration() throws(CheckpointError) -> ModelConfiguration {
    try require("general.architecture", .text("llama"))
    for key in ["llama.rope.scaling.type"] where metadata[key] != nil {
      try require(key, .text("none"))
    }
    for key in ["llama.expert_count"] where metadata[key] != nil { try require(key, .integer(0)) }
    let heads = try integer("llama.attention.head_count")
    let hidden = try integer("llama.embedding_length")
    let headSize = try integer("llama.attention.key_length", default: hidden / max(1, heads))
    for key in ["llama.rope.dimension_count", "llama.attention.value_length"]
    where metadata[key] != nil {
      try require(key, .integer(headSize))
    }
    guard let embedding = tensors["token_embd.weight"] else {
      throw CheckpointError("\(file) has no tensor \"token_embd.weight\"")
    }
    let configuration = ModelConfiguration(
      vocabularySize: embedding.shape[0], hidden: hidden,
      layers: try integer("llama.block_count"), heads: heads,
      keyValueHeads: try integer("llama.attention.head_count_kv", default: heads),
      headSize: headSize, intermediate: try integer("llama.feed_forward_length"),
      isTied: tensors["output.weight"] == nil,
      ropeBase: try number("llama.rope.freq_base", default: 10_000),
      normEpsilon: Float(try number("llama.attention.layer_norm_rms_epsilon")),
      maximumPositions: try integer("llama.context_length"),
      beginToken: try token("tokenizer.ggml.bos_token_id"),
      endTokens: try token("tokenizer.ggml.eos_token_id").map { [$0] } ?? [])
    try validate(configuration)
    return configuration
  }

  /// Refuses sizes that the file has no tensors for, before anything of that size is made.
  private func validate(_ configuration: ModelConfiguration) throws(CheckpointError) {
    do { try configuration.validate() } catch { throw CheckpointError("\(file): \(error)") }
    let elements = tensors.values.reduce(0) { $0 + $1.shape.reduce(1, *) }
    let needed = try configuration.parameterCount()
    guard needed <= elements, configuration.layers <= tensors.count else {
      throw CheckpointError(
        "\(file): the metadata asks for \(configuration.layers) layers and \(needed) parameters, but "
          + "its tensors hold \(elements)")
    }
  }

  /// GGUF's name of a tensor.
  static func name(_ name: String) -> String {
    let parts = name.split(separator: ".").map(String.init)
    let names = [
      "embed_tokens": "token_embd", "norm": "output_norm", "lm_head": "output",
      "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
      "q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output",
      "gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down",
    ]
    let last = parts.dropLast().last.flatMap { names[$0] } ?? name
    return parts.count > 3 ? "blk.\(parts[2]).\(last).weight" : "\(last).weight"
  }

  private func checkNothingLeft(_ configuration: ModelConfiguration) throws(CheckpointError) {
    let known = Set(ModelViews(configuration).layout.views.map { Self.name($0.name) })
    for name in tensors.keys.sorted() where !known.contains(name) {
      throw CheckpointError("\(file): the metadata has no place for tensor \"\(name)\"")
    }
  }

  // MARK: Reading metadata

  private func require(_ key: String, _ expected: Value) throws(CheckpointError) {
    guard let found = metadata[key] else {
      throw CheckpointError("\(file) lacks the metadata \"\(key)\"")
    }
    guard found == expected else {
      throw CheckpointError(
        "\(file): \"\(key)\" must be \(expected.words) here, found \(found.words)")
    }
  }

  private func integer(_ key: String, default fallback: Int? = nil) throws(CheckpointError) -> Int {
    guard let value = metadata[key] else {
      if let fallback { return fallback }
      throw CheckpointError("\(file) lacks the metadata \"\(key)\"")
    }
    guard let result = value.intValue, (0...1 << 31).contains(result) else {
      throw CheckpointError("\(file): \"\(key)\" must be a whole number, found \(value.words)")
    }
    return result
  }

  private func number(
    _ key: String, default fallback: Double? = nil
  ) throws(CheckpointError) -> Double {
    guard let value = metadata[key] else {
      if let fallback { return fallback }
      throw CheckpointError("\(file) lacks the metadata \"\(key)\"")
    }
    guard let result = value.doubleValue else {
      throw CheckpointError("\(file): \"\(key)\" must be a number, found \(value.words)")
    }
    return result
  }

  private func token(_ key: String) throws(CheckpointError) -> Int? {
    metadata[key] == nil ? nil : try integer(key)
  }
}

extension GGUF.Value {
  /// The value in a few words, for messages.
  var words: String {
    switch self {
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .bool(let value): "\(value)"
    case .text(let value): "\"\(value.prefix(40))\""
    case .list(let values): "a list of \(values.count)"
    }
  }
}

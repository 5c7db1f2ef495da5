import ContentStore
import Numerics

/// A Hugging Face model folder: `config.json`, `generation_config.json`, `model.safetensors` (or
/// shards with an index) and the tokenizer's files. A quantised folder is read as what its codes stand for.
package struct Checkpoint: Sendable {
  package var model: Transformer
  /// `tokenizer.json`, `tokenizer_config.json` and the like, passed through byte for byte.
  package var tokenizerFiles: [String: [UInt8]]

  package init(_ model: Transformer, tokenizerFiles: [String: [UInt8]]) {
    self.model = model
    self.tokenizerFiles = tokenizerFiles
  }

  /// Reads a folder, given its paths and a way to read one. Errors name the file, key or tensor.
  package init(
    paths: some Sequence<String>, read: (String) throws -> [UInt8]
  ) throws {
    let paths = Set(paths)
    guard paths.contains("config.json") else {
      throw CheckpointError("the model folder has no config.json")
    }
    let configuration = try ModelConfiguration(
      huggingFace: try Self.json("config.json", try read("config.json")))
    tokenizerFiles = [:]
    for path in paths where !Self.isModelFile(path) { tokenizerFiles[path] = try read(path) }
    if paths.contains(QuantisedCheckpoint.description) {
      model = try QuantisedCheckpoint(
        configuration: configuration, tokenizerFiles: tokenizerFiles, paths: paths, read: read
      ).dequantised(on: Compute(threads: 1))
      return
    }
    let shards = try CheckpointTensors(Self.shards(paths, read))
    try Self.checkShapes(configuration, shards)
    let model = Transformer(
      configuration, parameters: Floats(count: ModelViews(configuration).layout.count))
    for view in model.layout.views {
      let values = try shards.floats(view)
      try Self.checkFinite(values, view.name)
      model.parameters[view.range].copy(from: Floats(values))
    }
    try Self.checkNothingLeft(shards.names(explaining: configuration), model)
    try Self.checkTied(shards, model)
    self.model = model
  }

  /// The folder's files by path.
  package func files() throws(CheckpointError) -> [String: [UInt8]] {
    var weights = SafetensorsWriter()
    for view in model.layout.views {
      weights.add(view.name, shape: view.shape, model.parameters[view.range])
    }
    var files = tokenizerFiles
    files["config.json"] = try model.configuration.fileText
    files["generation_config.json"] = try Self.text(model.configuration.generationConfiguration)
    files["model.safetensors"] = try weights.encode()
    return files
  }

  /// Which file holds each tensor.
  private static func shards(
    _ paths: Set<String>, _ read: (String) throws -> [UInt8]
  ) throws -> [String: Safetensors] {
    let index = "model.safetensors.index.json"
    if paths.contains("model.safetensors") {
      let file = try Safetensors(parsing: try read("model.safetensors"))
      return file.tensors.mapValues { _ in file }
    }
    guard paths.contains(index) else {
      throw CheckpointError("the model folder has neither model.safetensors nor \(index)")
    }
    guard let map = try json(index, try read(index))["weight_map"]?.objectValue else {
      throw CheckpointError("\(index) lacks \"weight_map\"")
    }
    return try shards(map, paths, read)
  }

  private static func shards(
    _ map: [String: JSON], _ paths: Set<String>, _ read: (String) throws -> [UInt8]
  ) throws -> [String: Safetensors] {
    var files: [String: Safetensors] = [:]
    var shards: [String: Safetensors] = [:]
    for (tensor, value) in map.sorted(by: { $0.key < $1.key }) {
      guard let path = value.stringValue, paths.contains(path) else {
        throw CheckpointError(
          "the weight_map puts tensor \"\(tensor)\" in a file that the model folder does not have")
      }
      let file = try files[path] ?? Safetensors(parsing: try read(path))
      files[path] = file
      shards[tensor] = file
    }
    return shards
  }

  /// Refuses a configuration whose tensors are not all there in their shapes, before anything of its
  /// size is made.
  private static func checkShapes(
    _ configuration: ModelConfiguration, _ tensors: CheckpointTensors
  ) throws(CheckpointError) {
    _ = try configuration.parameterCount()
    guard configuration.layers <= tensors.count else {
      throw CheckpointError(
        "config.json asks for \(configuration.layers) layers, but the model folder has only "
          + "\(tensors.count) tensors")
    }
    try tensors.checkExperts(configuration)
    for view in ModelViews(configuration).layout.views { try tensors.check(view) }
  }

  /// Tensors that the configuration does not explain mean another model; only buffers that older
  /// tools saved and an output matrix equal to a tied embedding may be there.
  private static func checkNothingLeft(
    _ names: Set<String>, _ model: Transformer
  ) throws(CheckpointError) {
    let known = Set(model.layout.views.map(\.name))
    for name in names.sorted() where !known.contains(name) {
      if name.hasSuffix("rotary_emb.inv_freq") { continue }
      if name == "lm_head.weight", model.configuration.isTied { continue }
      throw CheckpointError("the configuration has no place for tensor \"\(name)\"")
    }
  }

  /// An output matrix beside a tied embedding must be the same: some versions of transformers would use it.
  private static func checkTied(
    _ tensors: CheckpointTensors, _ model: Transformer
  ) throws(CheckpointError) {
    guard model.configuration.isTied, let values = try tensors.floats(named: "lm_head.weight")
    else { return }
    guard values == model.tensor("model.embed_tokens.weight")?.array else {
      throw CheckpointError(
        "tensor \"lm_head.weight\" differs from \"model.embed_tokens.weight\", but config.json ties them "
          + "(tie_word_embeddings); set that to false to use both, or leave the tensor out")
    }
  }

  private static func checkFinite(_ values: [Float], _ name: String) throws(CheckpointError) {
    guard let index = values.firstIndex(where: { !$0.isFinite }) else { return }
    throw CheckpointError("tensor \"\(name)\" holds \(values[index]) at element \(index)")
  }

  /// Files that are written from the model, or that hold weights in another form.
  private static func isModelFile(_ path: String) -> Bool {
    path == "config.json" || path == "generation_config.json" || path.contains("/")
      || path == QuantisedCheckpoint.description
      || path.hasSuffix(".safetensors") || path.hasSuffix(".safetensors.index.json")
      || path.hasSuffix(".bin") || path.hasSuffix(".gguf") || path.hasSuffix(".pth")
  }

  static func json(_ path: String, _ bytes: [UInt8]) throws(CheckpointError) -> JSON {
    do throws(JSONError) { return try JSON(parsing: bytes) } catch {
      throw CheckpointError("\(path) is not JSON: \(error)")
    }
  }

  static func text(_ json: JSON) throws(CheckpointError) -> [UInt8] {
    do throws(JSONError) { return try json.canonical() + [UInt8(ascii: "\n")] } catch {
      throw CheckpointError("the configuration cannot be written: \(error)")
    }
  }
}

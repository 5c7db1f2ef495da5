import ContentStore
import LanguageModel
import Numerics
import Testing

@Suite struct CheckpointTests {
  private let configuration = ModelConfiguration(
    vocabularySize: 11, hidden: 8, layers: 2, heads: 4, keyValueHeads: 2, intermediate: 12,
    isTied: false, ropeBase: 500_000, normEpsilon: 1e-6, maximumPositions: 32, beginToken: 3,
    endTokens: [1, 2])
  private let compute = Compute(threads: 1)

  private var checkpoint: Checkpoint {
    Checkpoint(
      Transformer(configuration, seed: 5, on: compute),
      tokenizerFiles: ["tokenizer.json": Array("{}".utf8)])
  }

  private func read(_ files: [String: [UInt8]]) throws -> Checkpoint {
    try Checkpoint(paths: files.keys) { try #require(files[$0]) }
  }

  private func message(_ files: [String: [UInt8]]) -> String {
    do {
      _ = try read(files)
      return "no error"
    } catch { return "\(error)" }
  }

  @Test func `a folder is read back whole`() throws {
    let files = try checkpoint.files()
    let back = try read(files)
    #expect(back.model.configuration == configuration)
    #expect(back.model.parameters.array == checkpoint.model.parameters.array)
    #expect(try back.files() == files)
    #expect(
      files.keys.sorted() == [
        "config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
      ])
  }

  @Test func `tensors have Hugging Face's names and shapes`() throws {
    let file = try Safetensors(parsing: try #require(try checkpoint.files()["model.safetensors"]))
    #expect(file.tensors.count == 2 * 9 + 3)
    #expect(file.metadata == ["format": "pt"])
    #expect(file.tensors["model.layers.1.self_attn.k_proj.weight"]?.shape == [4, 8])
    #expect(file.tensors["model.layers.0.mlp.down_proj.weight"]?.shape == [8, 12])
    #expect(file.tensors["lm_head.weight"]?.shape == [11, 8])
  }

  @Test func `a tied model has no output matrix of its own`() throws {
    var tied = configuration
    tied.isTied = true
    let model = Transformer(tied, seed: 5, on: compute)
    #expect(model.tensor("lm_head.weight") == nil)
    #expect(model.layout.count == checkpoint.model.layout.count - 11 * 8)
  }

  @Test func `an output matrix beside a tied embedding must be the same`() throws {
    var files = try checkpoint.files()
    var members = try #require(configuration.huggingFace.objectValue)
    members["tie_word_embeddings"] = true
    files["config.json"] = try JSON.object(members).canonical()
    let folder = files
    let error = #expect(throws: CheckpointError.self) {
      try Checkpoint(paths: folder.keys) { folder[$0] ?? [] }
    }
    #expect(error.map { "\($0)" }?.contains("\"lm_head.weight\" differs") == true)
    let embedding = try #require(checkpoint.model.tensor("model.embed_tokens.weight"))
    let output = try #require(checkpoint.model.layout.views.first { $0.name == "lm_head.weight" })
    let same = checkpoint.model.copy()
    same.parameters[output.range].copy(from: embedding)
    files["model.safetensors"] = try Checkpoint(same, tokenizerFiles: [:]).files()[
      "model.safetensors"]
    let equal = files
    #expect(try Checkpoint(paths: equal.keys) { equal[$0] ?? [] }.model.configuration.isTied)
  }

  @Test func `the configuration has the rotary keys of transformers 4 and 5`() {
    let json = configuration.huggingFace
    #expect(json["rope_theta"] == 500_000)
    #expect(json["rope_scaling"] == .some(.null))
    #expect(json["rope_parameters"] == ["rope_type": "default", "rope_theta": 500_000])
    #expect(json["rms_norm_eps"] == .number(1e-6))
    #expect(json["dtype"] == "float32" && json["torch_dtype"] == "float32")
    #expect(configuration.generationConfiguration["eos_token_id"] == [1, 2])
  }

  @Test func `either rotary key alone is understood`() throws {
    for keys in [["rope_parameters"], ["rope_theta", "rope_scaling"]] {
      var members = try #require(configuration.huggingFace.objectValue)
      for key in keys { members[key] = nil }
      #expect(try ModelConfiguration(huggingFace: .object(members)) == configuration)
    }
  }

  @Test(
    arguments: [
      nil, .linear(factor: 4),
      .llama3(factor: 8, lowFactor: 1, highFactor: 4, originalPositions: 8192),
      .yarn(factor: 4, originalPositions: 32768),
      .yarn(
        factor: 4, originalPositions: 32768, betaFast: 16, betaSlow: 2, attentionFactor: 1.25),
    ] as [RotaryScaling?], ModelConfiguration.Architecture.allCases)
  func `every family's configuration is read back, from the keys of transformers 4 and of 5`(
    scaling: RotaryScaling?, architecture: ModelConfiguration.Architecture
  ) throws {
    var changed = configuration
    (changed.ropeScaling, changed.architecture) = (scaling, architecture)
    if architecture == .gemma2 {
      (changed.queryScalar, changed.slidingWindow, changed.scoreCap) = (3, 7, 50)
    }
    if architecture == .qwen2 { (changed.slidingWindow, changed.slidingLayers) = (5, [1]) }
    if architecture == .llama { (changed.attentionBias, changed.mlpBias) = (true, true) }
    if architecture == .qwen2MoE {
      changed.experts = ExpertConfiguration(
        count: 5, active: 2, intermediate: 6, sharedIntermediate: 9, normalises: true,
        lossWeight: 0.25, denseLayers: [0])
    }
    let whole = try #require(changed.huggingFace.objectValue)
    for keys in [[], ["rope_parameters"], ["rope_theta", "rope_scaling"]] {
      let members = whole.filter { !keys.contains($0.key) }
      #expect(try ModelConfiguration(huggingFace: .object(members)) == changed)
    }
  }

  @Test(
    arguments: [
      ("model_type", "mamba", "must be \"llama\""), ("hidden_act", "gelu", "must be \"silu\""),
      ("attention_bias", 1, "must be true or false"),
      ("num_hidden_layers", "two", "must be an integer"),
      ("num_key_value_heads", 3, "do not divide"), ("head_dim", 3, "odd"),
      ("rope_scaling", ["rope_type": "dynamic", "factor": 4], "\"dynamic\" is not supported"),
      ("rope_scaling", ["rope_type": "yarn"], "lacks \"factor\""),
      ("rope_scaling", ["rope_type": "linear", "factor": -1], "must be above 0"),
      ("layer_types", ["sliding_attention", "full_attention"], "sliding_attention"),
      ("vocab_size", nil, "lacks \"vocab_size\""),
    ] as [(String, JSON, String)])
  func `what cannot be computed exactly is refused by key`(
    key: String, value: JSON, expected: String
  ) throws {
    var members = try #require(configuration.huggingFace.objectValue)
    members[key] = value
    do {
      _ = try ModelConfiguration(huggingFace: .object(members))
      Issue.record("\(key) was accepted")
    } catch { #expect(error.message.contains(expected)) }
  }

  @Test func `Gemma's caps default to the family's, and null means none`() throws {
    var gemma = configuration
    (gemma.architecture, gemma.queryScalar, gemma.slidingWindow) = (.gemma2, 2, 7)
    var members = try #require(gemma.huggingFace.objectValue)
    #expect(try ModelConfiguration(huggingFace: .object(members)).logitCap == nil)
    (gemma.scoreCap, gemma.logitCap) = (50, 2.5)
    let files = try Checkpoint(Transformer(gemma, seed: 1, on: compute), tokenizerFiles: [:])
      .files()
    let text = String(decoding: try #require(files["config.json"]), as: UTF8.self)
    // transformers 5 refuses 50 here.
    #expect(text.contains("\"attn_logit_softcapping\":50.0,"))
    #expect(text.contains("\"final_logit_softcapping\":2.5,"))
    #expect(try read(files).model.configuration == gemma)
    for key in ["final_logit_softcapping", "attn_logit_softcapping"] { members[key] = nil }
    let absent = try ModelConfiguration(huggingFace: .object(members))
    #expect(absent.logitCap == 30 && absent.scoreCap == 50)
    members["layer_types"] = ["full_attention", "sliding_attention"]
    #expect(try ModelConfiguration(huggingFace: .object(members)).slidingLayers == [1])
    for kinds in [["full_attention"], ["full_attention", "chunked_attention"]] as [JSON] {
      members["layer_types"] = kinds
      #expect(throws: CheckpointError.self) {
        try ModelConfiguration(huggingFace: .object(members))
      }
    }
    gemma.architecture = .llama
    #expect(throws: CheckpointError.self) { try gemma.validate() }
  }

  @Test func `missing, misshapen, spare and NaN tensors are named`() throws {
    let files = try checkpoint.files()
    func altered(_ change: (inout [String: Floats], inout [String: [Int]]) -> Void) throws -> String
    {
      var (values, shapes): ([String: Floats], [String: [Int]]) = ([:], [:])
      for view in checkpoint.model.layout.views {
        values[view.name] = Floats(checkpoint.model.parameters[view.range].array)
        shapes[view.name] = view.shape
      }
      change(&values, &shapes)
      var writer = SafetensorsWriter()
      for name in values.keys.sorted() {
        writer.add(name, shape: try #require(shapes[name]), try #require(values[name]))
      }
      var changed = files
      changed["model.safetensors"] = try writer.encode()
      return message(changed)
    }
    let norm = "model.norm.weight"
    #expect(try altered { values, _ in values[norm] = nil }.contains("no tensor \"\(norm)\""))
    #expect(
      try altered { _, shapes in shapes[norm] = [2, 4] }.contains(
        "\"\(norm)\" has shape [2, 4], but the configuration needs [8]"))
    #expect(
      try altered { values, _ in values[norm]?[3] = .nan }.contains("\"\(norm)\" holds nan"))
    #expect(
      try altered { values, shapes in
        values["extra"] = Floats([1])
        shapes["extra"] = [1]
      }.contains("no place for tensor \"extra\""))
  }

  @Test(arguments: ModelConfiguration.Architecture.allCases)
  func `a folder with biases, windows and experts is read back whole`(
    architecture: ModelConfiguration.Architecture
  ) throws {
    var c = configuration
    (c.architecture, c.attentionBias) = (architecture, true)
    if architecture.rawValue.hasPrefix("qwen2") { c.attentionBias = nil }
    if architecture == .qwen2MoE {
      c.experts = ExpertConfiguration(
        count: 3, active: 2, intermediate: 6, sharedIntermediate: 9, denseLayers: [0])
    }
    if architecture == .gemma2 { (c.queryScalar, c.slidingWindow) = (2, 7) }
    let model = makeModel(c)
    #expect(c.bodyParameterCount(activeOnly: false) + 2 * 11 * 8 == model.layout.count)
    let files = try Checkpoint(model, tokenizerFiles: [:]).files()
    let back = try read(files).model
    #expect(back.configuration == c)
    #expect(back.parameters.array == model.parameters.array)
  }

  @Test func `experts that lie together are told apart, and misshapen ones named`() throws {
    var c = configuration
    c.architecture = .qwen2MoE
    c.experts = ExpertConfiguration(
      count: 3, active: 2, intermediate: 5, sharedIntermediate: 9, denseLayers: [1])
    let model = makeModel(c)
    let prefix = "model.layers.0.mlp.experts."
    func folder(experts: Int) throws -> [String: [UInt8]] {
      var files = try Checkpoint(model, tokenizerFiles: [:]).files()
      var writer = SafetensorsWriter()
      for view in model.layout.views where !view.name.hasPrefix(prefix) {
        writer.add(view.name, shape: view.shape, model.parameters[view.range])
      }
      func values(_ name: String) -> [Float] {
        (0..<experts).flatMap { model.tensor("\(prefix)\($0).\(name).weight")?.array ?? [] }
      }
      let gateUp = (0..<experts).flatMap { expert in
        ["gate_proj", "up_proj"].flatMap {
          model.tensor("\(prefix)\(expert).\($0).weight")?.array ?? []
        }
      }
      writer.add("\(prefix)gate_up_proj", shape: [experts, 10, 8], Floats(gateUp))
      writer.add("\(prefix)down_proj", shape: [experts, 8, 5], Floats(values("down_proj")))
      files["model.safetensors"] = try writer.encode()
      return files
    }
    #expect(try read(folder(experts: 3)).model.parameters.array == model.parameters.array)
    #expect(message(try folder(experts: 2)).contains("\(prefix)down_proj\" has shape [2, 8, 5]"))
    var files = try Checkpoint(model, tokenizerFiles: [:]).files()
    var members = try #require(c.huggingFace.objectValue)
    members["num_experts"] = 2_000_000_000
    files["config.json"] = try JSON.object(members).canonical()
    #expect(message(files).contains("experts.1999999999.down_proj.weight"))
  }

  @Test func `a sharded folder is read`() throws {
    let files = try checkpoint.files()
    let whole = try Safetensors(parsing: try #require(files["model.safetensors"]))
    var shards = [SafetensorsWriter(), SafetensorsWriter()]
    var map: [String: JSON] = [:]
    for (index, name) in whole.names.enumerated() {
      shards[index % 2].add(
        name, shape: try whole.tensor(name).shape, Floats(try whole.floats(name)))
      map[name] = .string("model-\(index % 2).safetensors")
    }
    var split = files
    split["model.safetensors"] = nil
    for index in 0..<2 { split["model-\(index).safetensors"] = try shards[index].encode() }
    split["model.safetensors.index.json"] = try JSON.object(["weight_map": .object(map)])
      .canonical()
    #expect(try read(split).model.parameters.array == checkpoint.model.parameters.array)
    split["model-1.safetensors"] = nil
    #expect(message(split).contains("in a file that the model folder does not have"))
  }
}

@Suite struct AbsurdCheckpointTests {
  @Test(
    arguments: [
      ("num_hidden_layers", 2_000_000_000, "asks for 2000000000 layers"),
      ("vocab_size", 2_000_000_000, "has shape [11, 8]"),
      ("intermediate_size", 2_147_483_648, "has shape [12, 8]"),
    ] as [(String, Int, String)])
  func `sizes that the folder has no tensors for are refused before memory is taken`(
    key: String, value: Int, expected: String
  ) throws {
    let configuration = ModelConfiguration(
      vocabularySize: 11, hidden: 8, layers: 1, heads: 4, intermediate: 12, maximumPositions: 32)
    var files = try Checkpoint(
      Transformer(configuration, seed: 5, on: Compute(threads: 1)), tokenizerFiles: [:]
    ).files()
    var members = try #require(configuration.huggingFace.objectValue)
    members[key] = .integer(value)
    files["config.json"] = try JSON.object(members).canonical()
    do {
      _ = try Checkpoint(paths: files.keys) { try #require(files[$0]) }
      Issue.record("\(key) was accepted")
    } catch { #expect("\(error)".contains(expected), "\(error)") }
  }
}

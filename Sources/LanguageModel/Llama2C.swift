import Numerics

/// The model file of llama2.c (karpathy/llama2.c, `export.py` version 0): seven int32 (dim,
/// hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, seq_len), then float32 tensors by kind, each
/// kind for all layers. A negative vocab_size says that the classifier is not the embedding.
package enum Llama2C {
  /// What the first four bytes of the later versions are ("ak42"); they are other formats.
  private static let laterMagic: UInt32 = 0x616B_3432

  /// Whether the bytes are of a version with a magic number, which this reader does not know.
  package static func isLaterVersion(_ bytes: [UInt8]) -> Bool {
    var reader = BinaryReader(bytes, file: "")
    return (try? reader.integer("magic", as: UInt32.self)) == laterMagic
  }

  /// Whether the file has exactly the size that its header asks for.
  package static func isModel(_ bytes: [UInt8]) -> Bool {
    guard !isLaterVersion(bytes), let header = try? Header(bytes, file: "") else { return false }
    return (try? header.fileSize()) == bytes.count
  }

  /// Reads a model. Its begin and end token is 1, between which llama2.c's models put documents.
  package static func read(
    _ bytes: [UInt8], file: String
  ) throws(CheckpointError) -> Transformer {
    guard !isLaterVersion(bytes) else {
      throw CheckpointError(
        "\(file) is of a later version of llama2.c's format (quantised, or with a magic number); "
          + "export the model as version 0")
    }
    let header = try Header(bytes, file: file)
    let size = try header.fileSize()
    guard size == bytes.count else {
      throw CheckpointError(
        "\(file): its header asks for \(size) bytes, but it has \(bytes.count)")
    }
    let places = header.places()
    return try ImportedModel.model(header.configuration) { view throws(CheckpointError) in
      guard let start = places[view.name] else {
        throw CheckpointError("\(file) has no tensor \"\(view.name)\"")
      }
      return floats(bytes, at: start, count: view.count)
    }
  }

  private static func floats(_ bytes: [UInt8], at start: Int, count: Int) -> Floats {
    let result = Floats(count: count)
    result.withMutableBytes { $0.copyBytes(from: bytes[start..<start + 4 * count]) }
    return result
  }

  private struct Header {
    let configuration: ModelConfiguration
    private static let size = 28

    init(_ bytes: [UInt8], file: String) throws(CheckpointError) {
      var reader = BinaryReader(bytes, file: file)
      func value(_ name: String) throws(CheckpointError) -> Int {
        Int(try reader.integer("the header's \(name)", as: Int32.self))
      }
      let (hidden, intermediate) = (try value("dim"), try value("hidden_dim"))
      let layers = try value("n_layers")
      let (heads, keyValueHeads) = (try value("n_heads"), try value("n_kv_heads"))
      let (vocabulary, positions) = (try value("vocab_size"), try value("seq_len"))
      configuration = ModelConfiguration(
        vocabularySize: abs(vocabulary), hidden: hidden, layers: layers, heads: heads,
        keyValueHeads: keyValueHeads, intermediate: intermediate, isTied: vocabulary > 0,
        maximumPositions: positions, beginToken: abs(vocabulary) > 1 ? 1 : nil,
        endTokens: abs(vocabulary) > 1 ? [1] : [])
      do { try configuration.validate() } catch {
        throw CheckpointError("\(file) is no model of llama2.c: \(error)")
      }
      guard hidden % heads == 0 else {
        throw CheckpointError(
          "\(file) is no model of llama2.c: n_heads (\(heads)) does not divide dim (\(hidden))")
      }
    }

    /// Bytes of the whole file: the header, the parameters, and two tables of rotary angles that
    /// older readers wanted.
    func fileSize() throws(CheckpointError) -> Int {
      var sum = CheckedCount()
      sum.add(4, try configuration.parameterCount())
      sum.add(4, configuration.maximumPositions, configuration.headSize)
      sum.add(Self.size)
      guard let total = sum.total else {
        throw CheckpointError("the header asks for more bytes than there can be")
      }
      return total
    }

    /// Where each tensor starts, in bytes.
    func places() -> [String: Int] {
      let c = configuration
      var places: [String: Int] = [:]
      var offset = Self.size
      func place(_ name: String, _ count: Int) {
        places[name] = offset
        offset += 4 * count
      }
      func placeLayers(_ name: String, _ count: Int) {
        for layer in 0..<c.layers { place("model.layers.\(layer).\(name).weight", count) }
      }
      place("model.embed_tokens.weight", c.vocabularySize * c.hidden)
      placeLayers("input_layernorm", c.hidden)
      placeLayers("self_attn.q_proj", c.queryWidth * c.hidden)
      placeLayers("self_attn.k_proj", c.keyValueWidth * c.hidden)
      placeLayers("self_attn.v_proj", c.keyValueWidth * c.hidden)
      placeLayers("self_attn.o_proj", c.queryWidth * c.hidden)
      placeLayers("post_attention_layernorm", c.hidden)
      placeLayers("mlp.gate_proj", c.intermediate * c.hidden)
      placeLayers("mlp.down_proj", c.intermediate * c.hidden)
      placeLayers("mlp.up_proj", c.intermediate * c.hidden)
      place("model.norm.weight", c.hidden)
      offset += 4 * c.maximumPositions * c.headSize
      place("lm_head.weight", c.vocabularySize * c.hidden)
      return places
    }
  }
}

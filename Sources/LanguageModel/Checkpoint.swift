/// A Hugging Face model folder: `config.json`, `generation_config.json`, `model.safetensors` (or
/// shards with an index) and the tokenizer's files.
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
    fatalError("to be built")
  }

  /// The folder's files by path.
  package func files() throws -> [String: [UInt8]] { fatalError("to be built") }
}

import ContentStore
import Corpus
import LanguageModel
import Pipeline
import Text
import Training

extension InputArtifact {
  /// The model folder on this port.
  func checkpoint() throws -> Checkpoint {
    try Checkpoint(paths: tree().entries.keys) { try read(path: $0) }
  }

  /// The model on this port, which must predict tokens.
  func languageModel(named port: String) throws -> Checkpoint {
    let checkpoint = try checkpoint()
    guard checkpoint.model.configuration.scoreHead == nil else {
      throw StageError(
        "the model on the input \"\(port)\" scores texts and has no output over the vocabulary; connect one "
          + "that predicts tokens")
    }
    return checkpoint
  }

  /// A model beside another, whose tokens it reads.
  func model(
    beside other: Checkpoint, named port: String, predictsTokens: Bool = true
  ) throws -> Transformer {
    let checkpoint = try predictsTokens ? languageModel(named: port) : checkpoint()
    let files = (other.tokenizerFiles, checkpoint.tokenizerFiles)
    guard files.0["tokenizer.json"] == files.1["tokenizer.json"],
      checkpoint.model.configuration.vocabularySize == other.model.configuration.vocabularySize
    else { throw StageError("the input \"\(port)\" has another tokenizer than the checkpoint") }
    return checkpoint.model
  }

  /// The PEFT folder on this port, for a model.
  func adapter(for model: ModelConfiguration) throws -> Adapter {
    try Adapter(for: model, paths: tree().entries.keys) { try read(path: $0) }
  }

  /// Every file of a small folder, such as a tokenizer.
  func files() throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for path in try tree().entries.keys { files[path] = try read(path: path) }
    return files
  }

  /// What a token artifact says of itself.
  func tokenDescription() throws -> TokenFiles {
    try TokenFiles(json: JSON(parsing: read(path: TokenFiles.description)))
  }

  /// One part of a token artifact.
  func tokens(_ split: TokenFiles.Split, vocabularySize: Int) throws -> TokenStream {
    let packing = try tokenDescription().packing
    return try TokenStream(
      tokens: NPY.decodeIntegers(read(path: split.tokensPath), as: Int32.self),
      documentStarts: NPY.decodeIntegers(read(path: split.documentsPath)),
      rows: packing.map { packing in
        PackedRows(
          length: packing.rowLength,
          documentLengths: try NPY.decodeIntegers(read(path: split.lengthsPath)),
          seesRows: packing.attention == .rows)
      }, vocabularySize: vocabularySize)
  }
}

extension Checkpoint {
  /// What `tokenizer_config.json` says, with the chat template, which may also lie in a file of its own; nil
  /// without either.
  func tokenizerConfiguration() throws -> TokenizerConfiguration? {
    let configuration = try tokenizerFiles["tokenizer_config.json"].map {
      (bytes) throws(TextError) in try TokenizerConfiguration(json: bytes)
    }
    guard let template = tokenizerFiles["chat_template.jinja"] else { return configuration }
    var merged =
      configuration ?? TokenizerConfiguration(beginToken: nil, endToken: nil, padToken: nil)
    merged.chatTemplate = String(decoding: template, as: UTF8.self)
    return merged
  }

  /// Moves a chat template out of a file of its own, where transformers 5 writes it, into `tokenizer_config.json`:
  /// later stages read and write it there. Without that file, which says more than the template, all stays.
  mutating func foldChatTemplate() throws {
    guard tokenizerFiles["chat_template.jinja"] != nil,
      tokenizerFiles["tokenizer_config.json"] != nil,
      let configuration = try tokenizerConfiguration()
    else { return }
    tokenizerFiles["tokenizer_config.json"] = configuration.json()
    tokenizerFiles["chat_template.jinja"] = nil
  }

  /// Writes the model folder as an output.
  func write(to output: any OutputTree) throws {
    for (path, bytes) in try files().sorted(by: { $0.key < $1.key }) {
      try output.add(path, bytes)
    }
    try output.finish()
  }
}

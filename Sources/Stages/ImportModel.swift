import ContentStore
import LanguageModel
import Ledger
import Numerics
package import Pipeline
import Text

/// Takes in a model that another program trained, so that it can start a lineage.
package enum ImportModel: Stage {
  package struct Parameters: StageParameters {
    package init(from reader: inout ParameterReader) throws(ParameterError) {
      try reader.files(
        "files",
        "A Llama, Qwen2, Qwen3, Qwen2-MoE or Gemma 2 model: a Hugging Face folder, a GGUF file (F32, "
          + "F16, BF16, Q8_0, Q4_0, Q4_1), or llama2.c's .bin with its tokenizer's beside it (name begins with tok)."
      )
    }
  }

  package static let op = "import-model"
  package static let revision = 2
  package static let summary = "Take in a model: a Hugging Face folder, GGUF or llama2.c's format."

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [Port("files", .files, "The model's files.")],
      outputs: [Port("checkpoint", .checkpoint, "The model, as a Hugging Face folder.")])
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let input = try context.input("files")
    let files = ModelFiles(paths: try input.tree().entries.keys.sorted()) {
      try input.read(path: $0)
    }
    let imported = try files.model()
    for note in imported.notes { context.log(note) }
    try context.checkCancellation()
    try imported.checkpoint.write(to: context.makeTree("checkpoint"))
    let model = imported.checkpoint.model
    let c = model.configuration
    context.log(
      "\(c.layers) layers, width \(c.hidden), \(c.heads) heads (\(c.keyValueHeads) for keys and "
        + "values), \(c.vocabularySize) tokens")
    context.score("parameters", Score(Double(model.parameters.count)))
  }
}

/// A model's files and what format they are in.
struct ModelFiles {
  let paths: [String]
  let read: (String) throws -> [UInt8]

  func model() throws -> ImportedModel {
    if let folder = try huggingFaceFolder() { return try huggingFace(in: folder) }
    if let path = try onlyPath(endingIn: ".gguf") {
      return try GGUF(parsing: read(path), file: path).model()
    }
    let binaries = paths.filter { $0.hasSuffix(".bin") }
    if !binaries.isEmpty { return try llama2C(binaries) }
    throw StageError(
      "the files hold no config.json, no .gguf and no .bin; name a model's files, found "
        + (paths.prefix(4).joined(separator: ", ")) + (paths.count > 4 ? ", …" : ""))
  }

  private func onlyPath(endingIn suffix: String) throws -> String? {
    let found = paths.filter { $0.hasSuffix(suffix) }
    guard found.count < 2 else {
      throw StageError("the files hold several models (\(found.joined(separator: ", "))); name one")
    }
    return found.first
  }

  // MARK: Hugging Face

  /// The folder of `config.json`, with a slash at its end, or empty at the root.
  private func huggingFaceFolder() throws -> String? {
    let found = paths.filter { $0 == "config.json" || $0.hasSuffix("/config.json") }
      .map { String($0.dropLast("config.json".count)) }
    let shallowest = found.map { $0.utf8.count { $0 == UInt8(ascii: "/") } }.min()
    let folders = found.filter { $0.utf8.count { $0 == UInt8(ascii: "/") } == shallowest }
    guard folders.count < 2 else {
      throw StageError(
        "the files hold several models, in \(folders.joined(separator: ", ")); name one folder")
    }
    return folders.first
  }

  private func huggingFace(in folder: String) throws -> ImportedModel {
    let inside = paths.filter { $0.hasPrefix(folder) }.map { String($0.dropFirst(folder.count)) }
    var checkpoint = try Checkpoint(paths: inside) { try read(folder + $0) }
    try checkpoint.foldChatTemplate()
    return ImportedModel(checkpoint, notes: try Self.notes(on: checkpoint))
  }

  /// What of a tokenizer later stages will not be able to use; a file that is damaged is refused here.
  private static func notes(on checkpoint: Checkpoint) throws -> [String] {
    guard let bytes = checkpoint.tokenizerFiles["tokenizer.json"] else {
      return ["warning: the folder has no tokenizer.json; stages on texts will need one"]
    }
    do { _ = try JSON(parsing: bytes) } catch {
      throw StageError(
        "tokenizer.json is no JSON: \(error); take it again from where the model is from")
    }
    var notes: [String] = []
    do throws(TextError) { _ = try Tokenizer(json: bytes) } catch {
      notes.append("warning: tokenizer.json cannot be used exactly: \(error.message)")
    }
    do { _ = try checkpoint.tokenizerConfiguration().flatMap { try ChatTemplate($0) } } catch {
      notes.append("warning: the chat template cannot be used: \(error)")
    }
    return notes
  }

  // MARK: llama2.c

  private func llama2C(_ paths: [String]) throws -> ImportedModel {
    var files: [String: [UInt8]] = [:]
    for path in paths { files[path] = try read(path) }
    var notes: [String] = []
    for path in paths where paths.count > 1 && files[path].map(Llama2C.isLaterVersion) == true {
      notes.append("left out \(path): it is of a later version of llama2.c's format")
      files[path] = nil
    }
    let modelPath = try Self.modelPath(files)
    let model = try Llama2C.read(files.removeValue(forKey: modelPath) ?? [], file: modelPath)
    var checkpoint = Checkpoint(model, tokenizerFiles: [:])
    let tokenizers = files.keys.filter(Self.isTokenizerName).sorted()
    guard tokenizers.count < 2 else {
      throw StageError(
        "the files hold several tokenizers (\(tokenizers.joined(separator: ", "))); name one")
    }
    for path in files.keys.sorted() where !tokenizers.contains(path) {
      notes.append("left out \(path): it is neither the model nor a tokenizer")
    }
    if let path = tokenizers.first, let bytes = files[path] {
      let pieces = try SentencePieces(
        parsing: bytes, count: model.configuration.vocabularySize, file: path)
      checkpoint.tokenizerFiles = try pieces.tokenizerFiles()
    } else {
      notes.append("there is no tokenizer (tok….bin); the checkpoint works on token ids only")
    }
    return ImportedModel(checkpoint, notes: notes)
  }

  private static func isTokenizerName(_ path: String) -> Bool {
    (path.split(separator: "/").last ?? "").hasPrefix("tok")
  }

  /// The one file that is a whole model; failing that the one that is not named as a tokenizer, for
  /// its error to say what is wrong.
  private static func modelPath(_ files: [String: [UInt8]]) throws -> String {
    let whole = files.filter { Llama2C.isModel($0.value) }.keys.sorted()
    let others = files.keys.filter { !isTokenizerName($0) }.sorted()
    let candidates = whole.isEmpty ? others : whole
    guard let path = candidates.first else {
      throw StageError("the .bin files hold no model of llama2.c, only tokenizers; name the model")
    }
    guard candidates.count == 1 else {
      throw StageError(
        "several files may be the model (\(candidates.joined(separator: ", "))); name one")
    }
    return path
  }
}

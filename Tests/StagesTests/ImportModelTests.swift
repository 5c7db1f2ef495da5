import ContentStore
import Foundation
import LanguageModel
import Ledger
import Numerics
import Pipeline
import Stages
import Testing
import Text
import Text

/// The op that takes in other programs' models. Formats have tests of their own beside their readers.
@Suite struct ImportModelTests {
  static let stories = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "shared/data/models/stories260K").path
  static let storiesAreThere = FileManager.default.fileExists(atPath: stories + "/tok512.bin")

  private func imported(_ files: [String: [UInt8]]) throws -> FakeContext {
    let context = try FakeContext()
    try context.connect("files", tree: files)
    var reader = ParameterReader([:], fileInputs: ["files"])
    let parameters = try reader.decode { (reader) throws(ParameterError) in
      try ImportModel.Parameters(from: &reader)
    }
    try ImportModel.run(parameters, in: context)
    return context
  }

  private func fault(_ files: [String: [UInt8]]) -> String {
    do {
      _ = try imported(files)
      return "no error"
    } catch { return "\(error)" }
  }

  private func folder() throws -> [String: [UInt8]] {
    let configuration = ModelConfiguration(
      vocabularySize: 11, hidden: 8, layers: 2, heads: 4, keyValueHeads: 2, intermediate: 12,
      maximumPositions: 32)
    let model = Transformer(configuration, seed: 5, on: Compute(threads: 1))
    return try Checkpoint(
      model,
      tokenizerFiles: ["tokenizer.json": Array("{}".utf8), "merges.txt": Array("a b".utf8)]
    ).files()
  }

  @Test func `a Hugging Face folder is written anew with its tokenizer's files`() throws {
    let files = try folder()
    var nested: [String: [UInt8]] = ["README.md": Array("hello".utf8)]
    for (path, bytes) in files { nested["some/model/\(path)"] = bytes }
    nested["some/model/original/config.json"] = Array("{}".utf8)
    nested["some/model/pytorch_model.bin"] = [1, 2, 3]
    let context = try imported(nested)
    #expect(try context.outputPaths("checkpoint") == files.keys.sorted())
    for (path, bytes) in files { #expect(try context.output("checkpoint", path) == bytes) }
    let parameters = 88 + 2 * (192 + 288 + 16) + 8
    #expect(context.scores["parameters"]?.value == Double(parameters))
  }

  @Test func `a chat template in a file of its own goes to the tokenizer's configuration`() throws {
    var files = try folder()
    files["tokenizer_config.json"] = Array(#"{"chat_template": "old", "bos_token": "<s>"}"#.utf8)
    files["chat_template.jinja"] = Array("{{ messages[0].content }}".utf8)
    let context = try imported(files)
    let configuration = try JSON(parsing: context.output("checkpoint", "tokenizer_config.json"))
    #expect(configuration["chat_template"] == "{{ messages[0].content }}")
    #expect(configuration["bos_token"] == "<s>")
    #expect(try !context.outputPaths("checkpoint").contains("chat_template.jinja"))
  }

  @Test func `files that are no model, or several, are refused with their names`() throws {
    let files = try folder()
    #expect(fault(["a.txt": [1], "b.txt": [2]]).contains("no config.json, no .gguf and no .bin"))
    #expect(fault(["a.gguf": [1], "b.gguf": [2]]).contains("several models (a.gguf, b.gguf)"))
    #expect(fault(["a.gguf": Array("GGUF".utf8)]).contains("a.gguf ends at byte 4"))
    #expect(fault(["m.bin": [1, 2, 3, 4]]).contains("m.bin ends at byte 4, inside the header's"))
    #expect(fault(["tok.bin": [1, 2, 3, 4]]).contains("only tokenizers"))
    #expect(fault(["a.bin": [0], "b.bin": [1]]).contains("may be the model (a.bin, b.bin)"))
    var two: [String: [UInt8]] = [:]
    for (path, bytes) in files { (two["a/\(path)"], two["b/\(path)"]) = (bytes, bytes) }
    #expect(fault(two).contains("several models, in a/, b/"))
  }

  @Test(.enabled(if: storiesAreThere, "needs ../shared/data/models/stories260K"))
  func `llama2.c's folder becomes one that Hugging Face's libraries load`() throws {
    var files: [String: [UInt8]] = [:]
    for name in ["stories260K.bin", "stories260K-q8.bin", "tok512.bin"] {
      files[name] = Array(try Data(contentsOf: URL(filePath: "\(Self.stories)/\(name)")))
    }
    let context = try imported(files)
    #expect(
      try context.outputPaths("checkpoint") == [
        "config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
        "tokenizer_config.json",
      ])
    #expect(context.logLines.contains { $0.contains("left out stories260K-q8.bin") })
    let bytes = try context.output("checkpoint", "tokenizer.json")
    let tokenizer = try JSON(parsing: bytes)
    #expect(tokenizer["model"]?["byte_fallback"] == true)
    #expect(tokenizer["model"]?["vocab"]?["<0x0A>"] == 13)
    #expect(tokenizer["model"]?["vocab"]?["▁the"] == 265)
    #expect(tokenizer["model"]?["merges"]?.arrayValue?.first == ["▁", "t"])
    let read = try Tokenizer(json: bytes)
    #expect(read.encode("Once upon a time", addingSpecial: true) == [1, 403, 407, 261, 378])
    files["tok512.bin"]?.removeLast()
    #expect(fault(files).contains("tok512.bin ends at byte 6226, inside the piece of token 511"))
  }
}

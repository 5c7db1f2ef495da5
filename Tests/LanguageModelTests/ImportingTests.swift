import ContentStore
import Foundation
import LanguageModel
import Numerics
import Testing
import Text

/// `../shared/data/models/stories260K`, from the package's root.
private let stories = URL(filePath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  .appending(path: "shared/data/models/stories260K").path
private let storiesAreThere = FileManager.default.fileExists(atPath: stories + "/stories260K.bin")

/// Bytes of a file being made, little-endian.
struct FileBytes {
  var bytes: [UInt8] = []

  mutating func add<Value: FixedWidthInteger>(_ value: Value) {
    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
  }

  mutating func add(_ values: [Float]) { for value in values { add(value.bitPattern) } }

  /// GGUF's text: its length in 64 bits, then UTF-8.
  mutating func add(text: String) {
    add(UInt64(text.utf8.count))
    bytes += text.utf8
  }

  mutating func pad(to alignment: Int) {
    while bytes.count % alignment != 0 { bytes.append(0) }
  }
}

/// A small untied model whose query and key rows are told apart, in the order of neighbouring pairs.
private let configuration = ModelConfiguration(
  vocabularySize: 6, hidden: 8, layers: 2, heads: 2, keyValueHeads: 1, intermediate: 32,
  isTied: false, maximumPositions: 16, beginToken: 1, endTokens: [1])
private let transformer = Transformer(configuration, seed: 3, on: Compute(threads: 1))

/// A tensor with query and key rows in the order of neighbouring pairs.
private func neighbouring(_ view: ParameterView) -> [Float] {
  let values = transformer.parameters[view.range].array
  guard view.name.contains("q_proj") || view.name.contains("k_proj") else { return values }
  let (columns, headSize) = (8, 4)
  // Row 2i + j of a head is row j · D/2 + i of the half-split form.
  return (0..<view.shape[0]).flatMap { row -> ArraySlice<Float> in
    let (head, place) = (row / headSize, row % headSize)
    let source = head * headSize + place % 2 * 2 + place / 2
    return values[source * columns..<(source + 1) * columns]
  }
}

private func message(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "no error"
  } catch { return "\(error)" }
}

@Suite struct Llama2CTests {
  /// The model as llama2.c's `export.py` writes it.
  private var file: [UInt8] {
    var file = FileBytes()
    for value in [8, 32, 2, 2, 1, -6, 16] as [Int32] { file.add(value) }
    let order = [
      "embed_tokens", "input_layernorm", "q_proj", "k_proj", "v_proj", "o_proj",
      "post_attention_layernorm", "gate_proj", "down_proj", "up_proj", "model.norm",
    ]
    for kind in order {
      for view in transformer.layout.views where view.name.contains(kind) {
        file.add(neighbouring(view))
      }
    }
    file.add([Float](repeating: 0.5, count: 16 * 4))
    for view in transformer.layout.views where view.name.contains("lm_head") {
      file.add(neighbouring(view))
    }
    return file.bytes
  }

  @Test func `a model is read with its rows in the order of half-split pairs`() throws {
    let model = try Llama2C.read(file, file: "m.bin")
    #expect(Llama2C.isModel(file))
    #expect(model.configuration == configuration)
    #expect(model.parameters.array == transformer.parameters.array)
  }

  @Test func `what is wrong with a file is said, and nothing is allocated for it`() {
    func fault(_ change: (inout [UInt8]) -> Void) -> String {
      var bytes = file
      change(&bytes)
      return message { _ = try Llama2C.read(bytes, file: "m.bin") }
    }
    #expect(fault { $0.removeLast(5) }.contains("asks for \(file.count) bytes, but it has"))
    #expect(fault { $0 = Array($0.prefix(11)) }.contains("inside the header's n_layers"))
    #expect(fault { $0[0] = 0 }.contains("hidden size must be at least 1"))
    #expect(fault { $0[11] = 0x7F }.contains("but it has"))
    #expect(
      fault { for index in stride(from: 3, to: 12, by: 4) { $0[index] = 0x7F } }.contains(
        "too large to be true"))
    #expect(fault { $0[16] = 3 }.contains("do not divide"))
    #expect(fault { $0.replaceSubrange(0..<4, with: Array("24ka".utf8)) }.contains("version 0"))
    #expect(
      fault { $0.replaceSubrange(28..<32, with: [0, 0, 0xC0, 0x7F]) }.contains(
        "\"model.embed_tokens.weight\" holds nan at element 0"))
  }

  @Test(.enabled(if: storiesAreThere, "needs ../shared/data/models/stories260K"))
  func `stories260K tells the story that llama2.c's test expects`() throws {
    let path = stories + "/stories260K.bin"
    let model = try Llama2C.read(Array(Data(contentsOf: URL(filePath: path))), file: path)
    let pieces = try SentencePieces(
      parsing: Array(Data(contentsOf: URL(filePath: stories + "/tok512.bin"))), count: 512,
      file: "tok512.bin")
    let samples = try Sampler(model, threads: 2).sample(
      [[1]], SamplingOptions(temperature: 0, maximumTokens: 200, stopTokens: [1]))
    let text = printed([1] + samples[0][0].tokens, pieces)
    // run.c with 200 steps (test_all.py of llama2.c, and stories260K.md).
    let expected = """
      Once upon a time, there was a little girl named Lily. She loved to play outside in the park. \
      One day, she saw a big, red ball. She wanted to play with it, but it was too high.
      Lily's mom said, "Lily, let's go to the park." Lily was sad and didn't know what to do. She \
      said, "I want to play with your ball, but I can't find it."
      Lily was sad and didn't know what to do. She said, "I'm sorry, Lily. I didn't know what to do."
      """
    #expect(text.hasPrefix(expected), "\(text)")
  }

  /// What `run.c` prints for some ids.
  private func printed(_ ids: [Int], _ pieces: SentencePieces) -> String {
    var bytes: [UInt8] = []
    for (previous, id) in zip(ids, ids.dropFirst()) {
      let piece = pieces.pieces[id]
      let text = String(decoding: piece, as: UTF8.self)
      if text.count == 6, text.hasPrefix("<0x"),
        let byte = UInt8(text.dropFirst(3).dropLast(), radix: 16)
      {
        bytes.append(byte)
      } else if id > 2 {
        bytes += previous == 1 && piece.first == 0x20 ? piece.dropFirst() : piece[...]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func `a tokenizer of another model is refused`() throws {
    var file = FileBytes()
    file.add(Int32(3))
    for piece in ["<unk>", "\n<s>\n"] {
      file.add([-1])
      file.add(Int32(piece.utf8.count))
      file.bytes += piece.utf8
    }
    #expect(try SentencePieces(parsing: file.bytes, count: 2, file: "t").scores == [-1, -1])
    #expect(
      message { _ = try SentencePieces(parsing: file.bytes, count: 1, file: "t") }.contains(
        "after the model's 1 tokens; it belongs to another model"))
    #expect(
      message { _ = try SentencePieces(parsing: file.bytes, count: 3, file: "t") }.contains(
        "inside the score of token 2 of 3"))
    file.bytes[8..<12] = [0xFF, 0xFF, 0xFF, 0xFF]
    #expect(
      message { _ = try SentencePieces(parsing: file.bytes, count: 2, file: "t") }.contains(
        "the piece of token 0"))
  }
}

@Suite struct GGUFTests {
  /// A tensor of a file being made.
  private struct Entry {
    var name: String
    var shape: [Int]
    var type: GGUFElement = .f32
    var data: [UInt8]
    var offset: Int?
  }

  private enum Field {
    case integer(UInt32)
    case number(Float)
    case text(String)
    case bool(Bool)
    case list([Field])

    var type: UInt32 {
      switch self {
      case .integer: 4
      case .number: 6
      case .bool: 7
      case .text: 8
      case .list: 9
      }
    }

    func write(to file: inout FileBytes) {
      switch self {
      case .integer(let value): file.add(value)
      case .number(let value): file.add([value])
      case .bool(let value): file.bytes.append(value ? 1 : 0)
      case .text(let value): file.add(text: value)
      case .list(let values):
        file.add(values.first?.type ?? 4)
        file.add(UInt64(values.count))
        for value in values { value.write(to: &file) }
      }
    }
  }

  private var metadata: [(String, Field)] {
    [
      ("general.architecture", .text("llama")), ("llama.block_count", .integer(2)),
      ("llama.context_length", .integer(16)), ("llama.embedding_length", .integer(8)),
      ("llama.feed_forward_length", .integer(32)), ("llama.attention.head_count", .integer(2)),
      ("llama.attention.head_count_kv", .integer(1)),
      ("llama.attention.layer_norm_rms_epsilon", .number(1e-5)),
      ("tokenizer.ggml.bos_token_id", .integer(1)), ("tokenizer.ggml.eos_token_id", .integer(1)),
    ]
  }

  /// The model's tensors by GGUF's names.
  private var entries: [Entry] {
    let names = [
      "embed_tokens": "token_embd", "lm_head": "output", "input_layernorm": "attn_norm",
      "post_attention_layernorm": "ffn_norm", "q_proj": "attn_q", "k_proj": "attn_k",
      "v_proj": "attn_v", "o_proj": "attn_output", "gate_proj": "ffn_gate", "up_proj": "ffn_up",
      "down_proj": "ffn_down", "norm": "output_norm",
    ]
    return transformer.layout.views.map { view in
      let parts = view.name.split(separator: ".").map(String.init)
      let kind = names[parts[parts.count - 2]] ?? ""
      var data = FileBytes()
      data.add(neighbouring(view))
      return Entry(
        name: parts.count > 3 ? "blk.\(parts[2]).\(kind).weight" : "\(kind).weight",
        shape: view.shape, data: data.bytes)
    }
  }

  private func file(_ metadata: [(String, Field)], _ entries: [Entry]) -> [UInt8] {
    var file = FileBytes()
    file.bytes += "GGUF".utf8
    file.add(UInt32(3))
    file.add(UInt64(entries.count))
    file.add(UInt64(metadata.count))
    for (key, field) in metadata {
      file.add(text: key)
      file.add(field.type)
      field.write(to: &file)
    }
    var data = FileBytes()
    for entry in entries {
      data.pad(to: 32)
      file.add(text: entry.name)
      file.add(UInt32(entry.shape.count))
      for extent in entry.shape.reversed() { file.add(UInt64(extent)) }
      file.add(entry.type.rawValue)
      file.add(UInt64(entry.offset ?? data.bytes.count))
      data.bytes += entry.data
    }
    file.pad(to: 32)
    return file.bytes + data.bytes
  }

  private func fault(
    _ change: (inout [(String, Field)], inout [Entry]) -> Void
  ) -> String {
    var (metadata, entries) = (metadata, entries)
    change(&metadata, &entries)
    return message {
      _ = try GGUF(parsing: file(metadata, entries), file: "m.gguf").model()
    }
  }

  @Test func `a model is read with its rows in the order of half-split pairs`() throws {
    let imported = try GGUF(parsing: file(metadata, entries), file: "m.gguf").model()
    #expect(imported.checkpoint.model.configuration == configuration)
    #expect(imported.checkpoint.model.parameters.array == transformer.parameters.array)
    #expect(imported.checkpoint.tokenizerFiles.isEmpty)
    #expect(imported.notes.count == 1 && imported.notes[0].contains("tokenizer of kind none"))
  }

  /// A file whose tokenizer is SentencePiece's, with an embedding as large.
  private func sentencePieces(
    _ tokens: [String], _ scores: [Float], _ types: [UInt32], _ more: [(String, Field)] = []
  ) throws -> ImportedModel {
    var metadata = metadata.filter { !$0.0.hasPrefix("tokenizer") }
    metadata += [
      ("tokenizer.ggml.model", .text("llama")), ("tokenizer.ggml.bos_token_id", .integer(1)),
      ("tokenizer.ggml.eos_token_id", .integer(2)),
      ("tokenizer.ggml.tokens", .list(tokens.map(Field.text))),
      ("tokenizer.ggml.scores", .list(scores.map(Field.number))),
      ("tokenizer.ggml.token_type", .list(types.map(Field.integer))),
    ]
    var entries = entries
    for index in entries.indices
    where ["token_embd.weight", "output.weight"].contains(entries[index].name) {
      entries[index].shape = [tokens.count, 8]
      entries[index].data = Array(repeating: 0, count: tokens.count * 32)
    }
    return try GGUF(parsing: file(metadata + more, entries), file: "m.gguf").model()
  }

  /// See Fixtures/make_sentencepiece.py.
  @Test func `a SentencePiece tokenizer gives the ids that SentencePiece gives`() throws {
    let url = Bundle.module.resourceURL!.appending(path: "Fixtures/sentencepiece.json")
    let file = try JSON(parsing: [UInt8](Data(contentsOf: url)))
    func texts(_ key: String) -> [String] { file[key]?.arrayValue?.compactMap(\.stringValue) ?? [] }
    func numbers(_ json: JSON?) -> [Double] { json?.arrayValue?.compactMap(\.doubleValue) ?? [] }
    let imported = try sentencePieces(
      texts("tokens"), numbers(file["scores"]).map(Float.init),
      numbers(file["types"]).map { UInt32($0) })
    #expect(imported.notes == [])
    let tokenizer = try Tokenizer(
      json: #require(imported.checkpoint.tokenizerFiles["tokenizer.json"]))
    let ids = try #require(file["ids"]?.arrayValue).map { numbers($0).map { Int($0) } }
    #expect(ids.count > 200)
    for (index, text) in texts("texts").enumerated() {
      let found = tokenizer.encode(text, parsingSpecial: false)
      #expect(found == ids[index], "\(text.debugDescription)")
      #expect(
        tokenizer.encode(text, parsingSpecial: false, addingSpecial: true) == [1] + ids[index])
      let decoded = tokenizer.decode(ids[index])
      #expect(decoded.utf8.elementsEqual(texts("decoded")[index].utf8), "\(text.debugDescription)")
    }
    let marked = try #require(file["markedIDs"]?.arrayValue).map { numbers($0).map { Int($0) } }
    #expect(texts("marked").map { tokenizer.encode($0) } == marked)
    let configuration = try JSON(
      parsing: #require(imported.checkpoint.tokenizerFiles["tokenizer_config.json"]))
    #expect(configuration["add_bos_token"] == true && configuration["eos_token"] == "</s>")
  }

  @Test func `SentencePiece tokenizers that merges cannot imitate are refused with the reason`()
    throws
  {
    let bytes = (0..<256).map {
      "<0x" + ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) + ">"
    }
    func notes(
      _ pieces: [(String, Float)], _ more: [(String, Field)] = [], type: UInt32 = 1
    ) throws -> String {
      try sentencePieces(
        ["<unk>", "<s>", "</s>"] + bytes + pieces.map(\.0),
        Array(repeating: 0, count: 259) + pieces.map(\.1),
        [2, 3, 3] + Array(repeating: 6, count: 256) + pieces.map { _ in type }, more
      ).notes.joined()
    }
    let letters: [(String, Float)] = [("▁", -9), ("a", -9), ("b", -9), ("c", -9)]
    #expect(try notes(letters + [("ab", -1), ("abc", -2), ("bc", -3)]) == "")
    // Both of equal score, but a left one never needs to wait for a right one.
    #expect(try notes(letters + [("ab", -1), ("bc", -1)]) == "")
    #expect(try notes(letters + [("ab", -1), ("ba", -1)]).contains("2 tokens have the score -1"))
    #expect(
      try notes(letters + [("ab", -2), ("abc", -1)]).contains("scores no lower than token 263"))
    #expect(try notes(letters + [("xb", -1)]).contains("a character that is no token"))
    #expect(try notes(letters + [("ab", -1)], type: 5).contains("token 263 is unused"))
    #expect(try notes(letters + [("a", -1)]).contains("the token \"a\" twice"))
    #expect(try notes([("▁▁", -1)], type: 4).contains("has spaces"))
    #expect(try notes(letters, type: 7).contains("a kind from 1 to 6"))
    #expect(try notes(letters + [("ab", .nan)]).contains("a score"))
    let collapses = ("tokenizer.ggml.remove_extra_whitespaces", Field.bool(true))
    #expect(try notes(letters, [collapses]).contains("changes texts"))
    let equivalent = letters + [("e", -9), ("\u{301}", -9), ("\u{e9}", -9), ("e\u{301}", -1)]
    #expect(try notes(equivalent) == "")
  }

  @Test func `without a space before the text, and with an end token`() throws {
    let bytes = (0..<256).map {
      "<0x" + ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) + ">"
    }
    let imported = try sentencePieces(
      ["<unk>", "<s>", "</s>"] + bytes + ["▁", "a", "aa"],
      Array(repeating: 0, count: 259) + [-2, -3, -1],
      [2, 3, 3] + Array(repeating: 6, count: 256) + [1, 1, 1],
      [
        ("tokenizer.ggml.add_space_prefix", .bool(false)),
        ("tokenizer.ggml.add_bos_token", .bool(false)),
        ("tokenizer.ggml.add_eos_token", .bool(true)),
      ])
    let tokenizer = try Tokenizer(
      json: #require(imported.checkpoint.tokenizerFiles["tokenizer.json"]))
    #expect(tokenizer.encode("aaa a\n", addingSpecial: true) == [261, 260, 259, 260, 13, 2])
    #expect(tokenizer.decode([259, 260, 13], skipSpecial: true) == " a\n")
  }

  @Test func `without an output matrix the model is tied`() throws {
    let tied = try GGUF(
      parsing: file(metadata, entries.filter { $0.name != "output.weight" }), file: "m.gguf"
    ).model()
    #expect(tied.checkpoint.model.configuration.isTied)
  }

  @Test func `blocks are decoded as ggml does`() {
    func decoded(_ type: GGUFElement, _ header: [UInt8], _ rest: [UInt8]) -> [Float] {
      type.decode((header + rest)[...], count: 32).array
    }
    // Half floats: 0x3800 is 0.5, 0xBC00 is −1, 0x4200 is 3.
    let bytes = (0..<32).map { UInt8(bitPattern: Int8($0 * 8 - 128)) }
    let wide = (0..<32).map { Float($0) * 4 - 64 }
    #expect(decoded(.q8_0, [0x00, 0x38], bytes) == wide)
    let nibbles = (0..<16).map { UInt8($0 | (15 - $0) << 4) }
    let low = (0..<16).map { Float($0) }
    let high = (0..<16).map { Float(15 - $0) }
    let all = low + high
    #expect(decoded(.q4_0, [0x00, 0x38], nibbles) == all.map { ($0 - 8) / 2 })
    #expect(decoded(.q4_1, [0x00, 0xBC, 0x00, 0x42], nibbles) == all.map { 3 - $0 })
    #expect(GGUFElement.f16.decode([0x00, 0x38, 0x01, 0x80], count: 2).array == [0.5, -0x1p-24])
    #expect(GGUFElement.bf16.decode([0x80, 0x3F, 0x49, 0xC0], count: 2).array == [1, -3.140625])
  }

  @Test func `tensors of several types and blocks make one model`() throws {
    var changed = entries
    let place = try #require(changed.firstIndex { $0.name == "blk.1.ffn_down.weight" })
    changed[place].type = .q8_0
    changed[place].data = []
    for row in 0..<8 {
      changed[place].data += [0x00, 0x38]
      changed[place].data += (0..<32).map { UInt8(bitPattern: Int8(row * 4 - $0)) }
    }
    let model = try GGUF(parsing: file(metadata, changed), file: "m.gguf").model().checkpoint.model
    let down = try #require(model.tensor("model.layers.1.mlp.down_proj.weight"))
    let expected = (0..<256).map { index -> Float in Float(index / 32 * 4 - index % 32) / 2 }
    #expect(down.array == expected)
  }

  @Test func `missing, misshapen, overlapping, spare and NaN tensors are named`() {
    let name = "blk.0.ffn_up.weight"
    func change(_ entries: inout [Entry], _ body: (inout Entry) -> Void) {
      for index in entries.indices where entries[index].name == name { body(&entries[index]) }
    }
    #expect(
      fault { $1.removeAll { $0.name == name } }.contains("its tensors hold"))
    #expect(
      fault { change(&$1) { $0.shape = [8, 32] } }.contains(
        "\"\(name)\" has shape [8, 32], but the metadata needs [32, 8]"))
    #expect(fault { change(&$1) { $0.offset = 32 } }.contains("overlaps the one before it"))
    #expect(fault { change(&$1) { $0.offset = 7 } }.contains("not a multiple of 32"))
    #expect(fault { change(&$1) { $0.offset = 1 << 60 } }.contains("\"\(name)\" needs 1024 bytes"))
    #expect(
      fault { change(&$1) { $0.shape = [1 << 40, 1 << 40] } }.contains("cannot have the shape"))
    #expect(fault { change(&$1) { $0.shape = [0, 1 << 62] } }.contains("cannot have the shape"))
    #expect(fault { change(&$1) { $0.type = .q4_0 } }.contains("cannot have the shape"))
    #expect(
      fault { change(&$1) { $0.data.replaceSubrange(4..<8, with: [0, 0, 0x80, 0xFF]) } }.contains(
        "\"model.layers.0.mlp.up_proj.weight\" holds -inf at element 1"))
    #expect(
      fault { $1.append(Entry(name: "spare", shape: [1], data: [0, 0, 0, 0])) }.contains(
        "no place for tensor \"spare\""))
    #expect(
      fault { entries, all in all.append(all[0]) }.contains("is there twice"))
  }

  @Test func `what the metadata lacks, or asks in vain, is named by key`() {
    func set(_ key: String, _ field: Field?) -> String {
      fault { metadata, _ in
        metadata.removeAll { $0.0 == key }
        if let field { metadata.append((key, field)) }
      }
    }
    #expect(set("general.architecture", .text("mamba")).contains("must be \"llama\" here"))
    #expect(
      set("llama.context_length", nil).contains("lacks the metadata \"llama.context_length\""))
    #expect(set("llama.block_count", .text("two")).contains("must be a whole number"))
    #expect(set("llama.block_count", .integer(1 << 30)).contains("asks for"))
    #expect(set("llama.embedding_length", .integer(.max)).contains("must be a whole number"))
    #expect(set("llama.rope.scaling.type", .text("yarn")).contains("must be \"none\" here"))
    #expect(set("llama.attention.head_count", .integer(0)).contains("must be at least 1"))
    #expect(set("general.alignment", .integer(0)).contains("general.alignment is 0"))
  }

  @Test func `a file cut anywhere, or of any bytes, gives an error`() throws {
    let whole = file(metadata, entries)
    for count in stride(from: 0, to: whole.count, by: 37) {
      #expect(throws: CheckpointError.self) {
        _ = try GGUF(parsing: Array(whole[..<count]), file: "m.gguf").model()
      }
    }
    var state: UInt64 = 1
    func draw() -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1
      return Int(state >> 40)
    }
    for _ in 0..<500 {
      var bytes = whole
      for _ in 0..<4 { bytes[4 + draw() % 1500] = UInt8(draw() % 256) }
      // Any answer but a crash.
      _ = try? GGUF(parsing: bytes, file: "m.gguf").model()
    }
    #expect(
      message { _ = try GGUF(parsing: Array("GGML".utf8), file: "m") }.contains("not a GGUF file"))
    var absurd = whole
    absurd.replaceSubrange(8..<16, with: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F])
    #expect(
      message { _ = try GGUF(parsing: absurd, file: "m") }.contains("the number of tensors is"))
  }
}

import ContentStore
import Corpus
import Numerics
import Pipeline
import Text

@testable import Stages

/// A tokens artifact: sixteen letters in two kinds of order, and an end token. Every document's id says
/// its number, every source its seed.
func sampleTokens(validation: Int = 8, seed: UInt64 = 1) throws -> [String: [UInt8]] {
  let stream = RandomStream(seed: seed, purpose: "test text")
  var files: [String: [UInt8]] = [:]
  for (split, count) in [(TokenFiles.Split.train, 60), (.validation, validation)] {
    var (tokens, starts, origins): ([Int], [Int], [UInt8]) = ([], [], [])
    for document in 0..<count {
      starts.append(tokens.count)
      let first = Int(stream.integer(at: UInt64(2 * document), below: 16))
      let length = 5 + Int(stream.integer(at: UInt64(2 * document + 1), below: 20))
      tokens += (0..<length).map { 1 + (first + (1 + first % 2) * $0) % 16 } + [0]
      origins += try TokenFiles.Origin(
        line: Array("{\"id\":\"\(seed)-\(document)\",\"source\":\"seed \(seed)\"}".utf8)
      ).line()
    }
    files[split.tokensPath] = TokenFiles.encode(tokens: tokens, vocabularySize: 257)
    files[split.documentsPath] = TokenFiles.encode(documentStarts: starts)
    files[split.originsPath] = origins
  }
  let description = TokenFiles(
    vocabularySize: 257, endToken: 0, tokenCounts: [:], documentCounts: [:])
  files[TokenFiles.description] = try description.json.canonical()
  return files
}

/// The 256 bytes and an end token, and merges beyond that.
func sampleTokenizer(
  vocabularySize: Int, specialTokens: [String] = ["<|endoftext|>"]
) throws -> [UInt8] {
  var trainer = TokenizerTrainer(
    vocabularySize: vocabularySize, pattern: .gpt2, specialTokens: specialTokens)
  trainer.add("aaaa aaaa")
  return try trainer.train().json()
}

/// What is written for `pretrain`, with changes; nil takes a value away.
func pretrainParameters(
  _ with: [String: JSON], _ changes: [String: JSON?]
) throws(ParameterError) -> Pretrain.Parameters {
  var with = with
  for (key, value) in changes { with[key] = value }
  var reader = ParameterReader(with)
  return try reader.decode { (reader) throws(ParameterError) in
    try Pretrain.Parameters(from: &reader)
  }
}

/// A context with what `pretrain` reads.
/// - Parameter sources: more inputs of tokens, with the seeds of their texts.
func pretrainContext(
  _ context: FakeContext, validation: Int = 8, sources: [String: UInt64] = [:]
) throws -> FakeContext {
  try context.connect("tokens", tree: sampleTokens(validation: validation))
  for (port, seed) in sources { try context.connect(port, tree: sampleTokens(seed: seed)) }
  try context.connect("tokenizer", tree: ["tokenizer.json": sampleTokenizer(vocabularySize: 257)])
  return context
}

import ContentStore
import Corpus
import LanguageModel
import Numerics
import Text

@testable import Stages

/// A small random checkpoint with a byte tokenizer whose only added token ends turns.
func sampleCheckpoint(
  seed: UInt64 = 5, hidden: Int = 16, architecture: ModelConfiguration.Architecture = .llama
) throws -> [String: [UInt8]] {
  let configuration = ModelConfiguration(
    architecture: architecture, vocabularySize: 257, hidden: hidden, layers: 2, heads: 2,
    keyValueHeads: 1, intermediate: 24, maximumPositions: 128, endTokens: [0])
  let model = Transformer(configuration, seed: seed, on: Compute(threads: 1))
  let tokenizer = try sampleTokenizer(vocabularySize: 257)
  return try Checkpoint(model, tokenizerFiles: ["tokenizer.json": tokenizer]).files()
}

func lines(_ records: [TrainingRecord]) throws -> [UInt8] { try records.flatMap { try $0.line() } }

/// Conversations in which the answer repeats the question's letter.
func sampleConversations(_ count: Int) throws -> [UInt8] {
  try lines(
    (0..<count).map { index in
      let letter = String(UnicodeScalar(UInt8(97 + index % 8)))
      return TrainingRecord(
        id: "c\(index)", source: "test",
        body: .conversation([
          .user("Say \(letter)."), .assistant("\(letter)\(letter)\(letter)"),
        ]))
    })
}

/// Pairs in which the chosen response repeats the letter and the rejected one does not.
func samplePreferences(_ count: Int, edited: Bool = false) throws -> [UInt8] {
  try lines(
    (0..<count).map { index in
      let letter = String(UnicodeScalar(UInt8(97 + index % 8)))
      let pair = TrainingRecord.Preference(
        prompt: [.user("Say \(letter).")], chosen: [.assistant("\(letter)\(letter)")],
        rejected: [.assistant("zz")],
        edited: edited ? [.assistant("\(letter)\(letter)\(letter)")] : nil, level: 1 + index % 4)
      return TrainingRecord(
        id: "p\(index)", source: "test", body: .preference(pair),
        metadata: [
          "grades": [
            "chosen": ["truth": 2, "tone": 1],
            "rejected": ["truth": 0, "tone": .integer(index % 3)],
          ]
        ])
    })
}

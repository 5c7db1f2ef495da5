import ContentStore
import LanguageModel
import Numerics
import Testing

/// What a sequence gives does not depend on what else is computed with it, in any family.
@Suite struct BatchInvarianceTests {
  private static let vocabulary = 41

  /// A family's small model with large weights, so that its distributions are far from flat. Keys that a
  /// family does not know are nothing to it.
  private func makeModel(_ family: ModelConfiguration.Architecture) throws -> Transformer {
    let configuration = try ModelConfiguration(huggingFace: [
      "model_type": .string(family.rawValue), "vocab_size": .integer(Self.vocabulary),
      "hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 4,
      "num_key_value_heads": 2, "head_dim": 8, "intermediate_size": 40, "rope_theta": 10_000,
      "max_position_embeddings": 64, "tie_word_embeddings": true, "sliding_window": 6,
      "query_pre_attn_scalar": 12, "attn_logit_softcapping": 2, "final_logit_softcapping": 5,
      "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 12,
      "shared_expert_intermediate_size": 20,
    ])
    return Transformer(configuration, seed: 3, deviation: 0.3, on: Compute(threads: 1))
  }

  private func makeTokens(_ count: Int, seed: UInt64) -> [Int] {
    let stream = RandomStream(seed: seed, purpose: "test tokens")
    return (0..<count).map { Int(stream.integer(at: UInt64($0), below: UInt64(Self.vocabulary))) }
  }

  private func bits(_ values: some Sequence<Float>) -> [UInt32] { values.map(\.bitPattern) }

  /// Of lengths below, at and above the blocks of the kernels.
  private var documents: [[Int]] {
    [1, 2, 7, 8, 16, 33, 50].enumerated().map { makeTokens($1, seed: UInt64($0)) }
  }

  @Test(arguments: ModelConfiguration.Architecture.allCases)
  func `a document's log-probabilities are the same alone and among others, in any order`(
    family: ModelConfiguration.Architecture
  ) throws {
    let model = try makeModel(family)
    let documents = documents
    let alone = documents.map { document in
      bits(TrainingPass(model, on: Compute(threads: 1)).forward(TokenBatch(documents: [document])))
    }
    for order in [[0, 1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1, 0], [3, 6, 0, 5, 6, 2], [5, 5, 1]] {
      for threads in [1, 3] {
        let pass = TrainingPass(model, on: Compute(threads: threads))
        let values = pass.forward(TokenBatch(documents: order.map { documents[$0] }))
        var start = 0
        for index in order {
          let end = start + documents[index].count
          #expect(bits(values[start..<end]) == alone[index])
          start = end
        }
      }
    }
  }

  @Test(arguments: ModelConfiguration.Architecture.allCases)
  func `a sample is the same whatever is sampled with it, and is what a full pass says of it`(
    family: ModelConfiguration.Architecture
  ) throws {
    let model = try makeModel(family)
    let prompts = [makeTokens(3, seed: 1), makeTokens(19, seed: 2), makeTokens(8, seed: 3)]
    let options = SamplingOptions(
      temperature: 0.9, topK: 25, topP: 0.95, maximumTokens: 10, stopTokens: [5], seed: 8)
    let all = try Sampler(model, threads: 3).sample(prompts, samples: 3, options)
    let one = try Sampler(model, threads: 1).sample([prompts[0]], samples: 1, options)
    let two = try Sampler(model, threads: 2).sample(Array(prompts.prefix(2)), samples: 2, options)
    #expect(all[0][0] == one[0][0])
    #expect(all.prefix(2).map { Array($0.prefix(2)) } == two)
    for (prompt, samples) in zip(prompts, all) {
      for sample in samples {
        let full = try model.logProbabilities(
          of: prompt + sample.tokens, on: Compute(threads: 2))
        #expect(bits(sample.logProbabilities) == bits(full.suffix(sample.tokens.count)))
      }
    }
  }

  @Test(arguments: ModelConfiguration.Architecture.allCases)
  func `a score is the same whatever is scored with it, and however much at once`(
    family: ModelConfiguration.Architecture
  ) throws {
    let model = try makeModel(family)
    let shots = makeTokens(40, seed: 4)
    let requests = (0..<9).map { index in
      ScoreRequest(
        context: (index % 3 == 0 ? [] : shots) + makeTokens(2 + index % 4, seed: UInt64(index / 2)),
        continuation: makeTokens(1 + index % 3, seed: UInt64(50 + index)))
    }
    let alone = try requests.map { request in
      try Scorer(model, on: Compute(threads: 1)).score([request])[0]
    }
    let stream = makeTokens(150, seed: 5)
    let rolling = try Scorer(model, on: Compute(threads: 1), window: 32)
      .rollingLogProbabilities(of: stream, prefix: 0)
    for (threads, rows) in [(1, nil), (2, 1), (3, 50), (7, nil)] as [(Int, Int?)] {
      let compute = Compute(threads: threads)
      let scorer = Scorer(model, on: compute, passRows: rows)
      #expect(try scorer.score(requests) == alone)
      #expect(try scorer.score(requests.reversed()) == alone.reversed())
      let values = try Scorer(model, on: compute, window: 32, passRows: rows)
        .rollingLogProbabilities(of: stream, prefix: 0)
      #expect(bits(values) == bits(rolling))
    }
  }

  @Test(arguments: ModelConfiguration.Architecture.allCases)
  func `however a batch is cut into micro-batches, its gradient is the same`(
    family: ModelConfiguration.Architecture
  ) throws {
    let model = try makeModel(family)
    let batch = TokenBatch(documents: documents)
    func gradient(_ cuts: [Int], threads: Int) -> [UInt32] {
      let pass = TrainingPass(model, on: Compute(threads: threads))
      let slope = -1 / Float(batch.targetCount)
      let parts = zip([0] + cuts, cuts + [batch.sequences.count]).map { batch.part($0..<$1) }
      pass.beginBatch()
      // A router's balancing loss wants to have seen them all.
      if pass.needsWholeBatch { for part in parts { _ = pass.forward(part) } }
      for part in parts {
        _ = pass.forward(part)
        pass.backward(part, slopes: part.targets.map { $0 < 0 ? 0 : slope })
      }
      pass.endBatch()
      return bits(pass.gradients.array)
    }
    let whole = gradient([], threads: 1)
    for cuts in [[1], [6], [3, 5], [1, 2, 3, 4, 5, 6]] {
      for threads in [1, 2] { #expect(gradient(cuts, threads: threads) == whole, "\(cuts)") }
    }
  }
}

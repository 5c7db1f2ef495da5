import LanguageModel
import Numerics
import Testing

/// A small model with large weights, so that its distributions are far from flat.
private func makeModel(
  seed: UInt64 = 3, isTied: Bool = true, _ architecture: ModelConfiguration.Architecture = .llama
) -> Transformer {
  var configuration = ModelConfiguration(
    architecture: architecture, vocabularySize: 37, hidden: 24, layers: 3, heads: 4,
    keyValueHeads: 2, headSize: 8,
    intermediate: 40, isTied: isTied, maximumPositions: 64)
  if architecture == .gemma2 {
    (configuration.queryScalar, configuration.slidingWindow) = (12, 6)
    (configuration.scoreCap, configuration.logitCap) = (2, 5)
  }
  if architecture == .qwen2 {
    (configuration.slidingWindow, configuration.slidingLayers) = (6, [1])
  }
  if architecture == .qwen2MoE {
    configuration.experts = ExpertConfiguration(
      count: 5, active: 2, intermediate: 12, sharedIntermediate: 16)
  }
  return Transformer(configuration, seed: seed, deviation: 0.3, on: Compute(threads: 1))
}

private func makeTokens(_ count: Int, seed: UInt64 = 1) -> [Int] {
  let stream = RandomStream(seed: seed, purpose: "test tokens")
  return (0..<count).map { Int(stream.integer(at: UInt64($0), below: 37)) }
}

@Suite struct InferenceTests {
  private let compute = Compute(threads: 2)

  @Test func `initial values depend on seed, name and index alone`() throws {
    let (a, b) = (makeModel(isTied: true), makeModel(isTied: false))
    let name = "model.layers.1.mlp.up_proj.weight"
    #expect(try #require(a.tensor(name)).array == #require(b.tensor(name)).array)
    #expect(a.tensor(name)?.array != makeModel(seed: 4).tensor(name)?.array)
    #expect(a.tensor("model.norm.weight")?.array == Array(repeating: 1, count: 24))
    let values = try #require(a.tensor("model.embed_tokens.weight")).array
    let variance = values.reduce(0) { $0 + $1 * $1 } / Float(values.count)
    #expect(abs(variance.squareRoot() - 0.3) < 0.02)
  }

  @Test(arguments: ModelConfiguration.Architecture.allCases)
  func `a prefix's logits are those of the whole, bit for bit`(
    architecture: ModelConfiguration.Architecture
  ) throws {
    let model = makeModel(architecture)
    let tokens = makeTokens(40)
    let whole = try model.logits(of: tokens, on: compute)
    for length in [1, 2, 17, 39] {
      let part = try model.logits(of: Array(tokens.prefix(length)), on: compute)
      #expect(
        bits(part[row: length - 1].array) == bits(whole[row: length - 1].array))
    }
  }

  @Test func `Gemma's caps bound logits, and its gains start at 0`() throws {
    let model = makeModel(.gemma2)
    let logits = try model.logits(of: makeTokens(20), on: compute).floats.array
    #expect(logits.allSatisfy { abs($0) <= 5 } && logits.contains { abs($0) > 1 })
    #expect(model.tensor("model.norm.weight")?.array == Array(repeating: 0, count: 24))
  }

  @Test(arguments: ModelConfiguration.Architecture.allCases)
  func `training's forward pass gives inference's log-probabilities, bit for bit`(
    architecture: ModelConfiguration.Architecture
  ) throws {
    let model = makeModel(isTied: false, architecture)
    let documents = [makeTokens(19), makeTokens(7, seed: 2), makeTokens(30, seed: 3)]
    let pass = TrainingPass(model, on: compute)
    let packed = pass.forward(TokenBatch(documents: documents))
    var start = 0
    for document in documents {
      let alone = try model.logProbabilities(of: document, on: Compute(threads: 1))
      #expect(bits(packed[start..<start + alone.count]) == bits(alone))
      #expect(packed[start + alone.count] == 0)
      start += document.count
    }
  }

  @Test(arguments: ModelConfiguration.Architecture.allCases)
  func `greedy cached decoding equals full forward passes`(
    architecture: ModelConfiguration.Architecture
  ) throws {
    let model = makeModel(architecture)
    let prompt = makeTokens(9)
    let options = SamplingOptions(temperature: 0, maximumTokens: 20)
    let sample = try Sampler(model, threads: 2).sample([prompt], options)[0][0]
    var tokens = prompt
    for token in sample.tokens {
      let logits = try model.logits(of: tokens, on: compute)[row: tokens.count - 1].array
      #expect(logits.firstIndex(of: try #require(logits.max())) == token)
      tokens.append(token)
    }
    let expected = try model.logProbabilities(of: tokens, on: compute).suffix(20)
    #expect(bits(sample.logProbabilities) == bits(expected))
  }

  @Test func `samples do not depend on their neighbours, their order or threads`() throws {
    let model = makeModel()
    let prompts = [makeTokens(3), makeTokens(11, seed: 2), makeTokens(6, seed: 3)]
    let options = SamplingOptions(
      temperature: 0.9, topK: 20, topP: 0.95, maximumTokens: 12, stopTokens: [5], seed: 8)
    let all = try Sampler(model, threads: 3).sample(prompts, samples: 4, options)
    let one = try Sampler(model, threads: 1).sample([prompts[0]], samples: 2, options)
    #expect(Array(all[0].prefix(2)) == one[0])
    #expect(Set(all[0].map(\.tokens)).count > 1)
    for (prompt, samples) in zip(prompts, all) {
      for sample in samples {
        #expect(sample.isStopped == (sample.tokens.last == 5))
        #expect(!sample.tokens.dropLast().contains(5))
        let full = try model.logProbabilities(of: prompt + sample.tokens, on: compute)
        #expect(bits(sample.logProbabilities) == bits(full.suffix(sample.tokens.count)))
      }
    }
  }

  @Test func `draws follow the model's distribution`() throws {
    let model = makeModel()
    let prompt = makeTokens(4)
    let options = SamplingOptions(maximumTokens: 1, seed: 2)
    let samples = try Sampler(model, threads: 2).sample([prompt], samples: 4000, options)[0]
    var counts = [Int](repeating: 0, count: 37)
    for sample in samples { counts[sample.tokens[0]] += 1 }
    let logits = try model.logits(of: prompt, on: compute)[row: 3].array
    let weights = logits.map { Elementary.exp(Double($0)) }
    let total = weights.reduce(0, +)
    var chiSquare = 0.0
    for (count, weight) in zip(counts, weights) {
      let expected = 4000 * weight / total
      chiSquare += (Double(count) - expected) * (Double(count) - expected) / expected
    }
    // 36 degrees of freedom: beyond 80 with probability 3e-5, and the draws are fixed.
    #expect(chiSquare < 80)
  }

  @Test func `top-k and top-p keep only the most likely tokens`() throws {
    let model = makeModel()
    let prompt = makeTokens(4)
    let logits = try model.logits(of: prompt, on: compute)[row: 3].array
    let order = logits.indices.sorted { (-logits[$0], $0) < (-logits[$1], $1) }
    func seen(_ options: SamplingOptions) throws -> Set<Int> {
      let samples = try Sampler(model, threads: 2).sample([prompt], samples: 500, options)[0]
      return Set(samples.map { $0.tokens[0] })
    }
    let topK = SamplingOptions(temperature: 3, topK: 3, maximumTokens: 1)
    #expect(try seen(topK) == Set(order.prefix(3)))
    let topP = SamplingOptions(topP: 1e-6, maximumTokens: 1)
    #expect(try seen(topP) == [order[0]])
  }

  @Test(arguments: ModelConfiguration.Architecture.allCases)
  func `what a sampler says of many sequences, training's pass says bit for bit`(
    architecture: ModelConfiguration.Architecture
  ) throws {
    let model = makeModel(architecture)
    // Enough that threads take sequences of their own, of which some end early.
    let prompts = (0..<30).map { makeTokens(2 + $0 % 9, seed: UInt64($0)) }
    let options = SamplingOptions(
      maximumTokens: 9, stopTokens: [5, 6, 7], seed: 4, wantsEntropy: true)
    let samples = try Sampler(model, threads: 2).sample(prompts, samples: 5, options)
    let other = try Sampler(model, threads: 1).sample(
      Array(prompts[3...4]), samples: 5, options, keys: [3, 4])
    #expect(Array(samples[3...4]) == other)
    let pass = TrainingPass(model, on: compute)
    for (prompt, samples) in zip(prompts, samples) {
      let batch = TokenBatch(documents: samples.map { prompt + $0.tokens })
      let values = pass.forward(batch)
      let none = [Int32](repeating: 0, count: batch.tokens.count)
      let scores = pass.forward(batch, targets: .firstChoice(none, weight: 0))
      for (sample, document) in zip(samples, batch.documents) {
        let rows = document.upperBound - 1 - sample.tokens.count..<document.upperBound - 1
        #expect(bits(sample.logProbabilities) == bits(values[rows]))
        #expect(bits(sample.entropies) == bits(scores[rows].map(\.entropy)))
      }
    }
  }

  @Test func `a sampler reads parameters anew by itself, or when it is told to`() throws {
    let model = makeModel()
    let options = SamplingOptions(maximumTokens: 6, seed: 1)
    let prompts = [makeTokens(5)]
    let always = Sampler(model, threads: 1)
    let asked = Sampler(model, threads: 1, readsEveryTime: false)
    let scorer = Scorer(model, threads: 1)
    let request = [ScoreRequest(context: [1, 2], continuation: [3])]
    let before = try always.sample(prompts, options)
    let score = try scorer.score(request)
    let other = makeModel(seed: 9)
    model.parameters.copy(from: other.parameters)
    let after = try Sampler(other, threads: 1).sample(prompts, options)
    #expect(before != after)
    #expect(try always.sample(prompts, options) == after)
    // Matrices are those of before; what is not packed (gains, the embedding) is read as it is.
    #expect(try asked.sample(prompts, options) != after)
    asked.refresh()
    #expect(try asked.sample(prompts, options) == after)
    scorer.refresh()
    #expect(try scorer.score(request) == Scorer(other, threads: 1).score(request))
    #expect(try scorer.score(request) != score)
  }

  @Test func `tokens beyond the vocabulary and empty prompts are refused`() {
    let model = makeModel()
    let options = SamplingOptions(maximumTokens: 1)
    #expect(throws: TokenError.self) { try Sampler(model, threads: 1).sample([[37]], options) }
    #expect(throws: TokenError.self) { try Sampler(model, threads: 1).sample([[]], options) }
    #expect(throws: TokenError.self) { try model.logits(of: [-1], on: compute) }
  }
}

@Suite struct ScorerTests {
  private let model = makeModel()
  private let compute = Compute(threads: 2)

  /// The definition, one request at a time (lm-evaluation-harness `_loglikelihood_tokens`).
  private func reference(_ request: ScoreRequest, window: Int) throws -> ContinuationScore {
    let whole = Array((request.context + request.continuation).suffix(window + 1))
    let logits = try model.logits(of: whole.dropLast(), on: compute)
    let values = try model.logProbabilities(of: whole, on: compute)
    let count = request.continuation.count
    var isGreedy = true
    for row in logits.rows - count..<logits.rows {
      let choices = logits[row: row].array
      if choices.firstIndex(of: try #require(choices.max())) != whole[row + 1] { isGreedy = false }
    }
    return ContinuationScore(
      logProbability: values.suffix(count).reduce(0) { $0 + Double($1) }, isGreedy: isGreedy,
      truncated: request.context.count + count - whole.count)
  }

  private var requests: [ScoreRequest] {
    let shots = makeTokens(45)
    var requests: [ScoreRequest] = []
    for question in 0..<4 {
      let context = shots + makeTokens(5 + question, seed: UInt64(10 + question))
      for choice in 0..<4 {
        requests.append(ScoreRequest(context: context, continuation: [choice]))
        requests.append(
          ScoreRequest(
            context: context, continuation: makeTokens(choice + 2, seed: UInt64(choice))))
      }
    }
    requests.append(ScoreRequest(context: [3], continuation: makeTokens(6)))
    return requests
  }

  @Test(arguments: [64, 40, 7])
  func `scores are the definition's, truncation included`(window: Int) throws {
    let scores = try Scorer(model, threads: 2, window: window).score(requests)
    for (request, score) in zip(requests, scores) {
      #expect(score == (try reference(request, window: window)))
    }
  }

  @Test func `a greedy continuation is called greedy`() throws {
    let context = makeTokens(8)
    let options = SamplingOptions(temperature: 0, maximumTokens: 5)
    let greedy = try Sampler(model, threads: 1).sample([context], options)[0][0].tokens
    var other = greedy
    other[4] = (other[4] + 1) % 37
    let scores = try Scorer(model, threads: 1).score([
      ScoreRequest(context: context, continuation: greedy),
      ScoreRequest(context: context, continuation: other),
    ])
    #expect(scores.map(\.isGreedy) == [true, false])
  }

  @Test func `progress reaches the number of requests and may stop`() throws {
    struct Stop: Error {}
    var last = 0
    _ = try Scorer(model, threads: 1).score(requests) { last = $0 }
    #expect(last == requests.count)
    #expect(throws: Stop.self) {
      try Scorer(model, threads: 1).score(requests) { _ in throw Stop() }
    }
  }

  @Test func `requests that cannot be scored are refused`() {
    let scorer = Scorer(model, threads: 1, window: 4)
    for (context, continuation) in [([], [1]), ([1], []), ([1], makeTokens(5)), ([99], [1])] {
      #expect(throws: TokenError.self) {
        try scorer.score([ScoreRequest(context: context, continuation: continuation)])
      }
    }
  }

  /// lm-evaluation-harness `get_rolling_token_windows(tokens, prefix, L, context_len=1)`, written out.
  @Test(arguments: [1, 5, 8, 9, 16, 21])
  func `rolling windows are the harness's`(count: Int) throws {
    let (tokens, window, prefix) = (makeTokens(count), 8, 36)
    let values = try Scorer(model, threads: 2, window: window)
      .rollingLogProbabilities(of: tokens, prefix: prefix)
    var expected: [Float] = []
    var done = 0
    while done < count {
      let end = min(done + window, count)
      let whole =
        done == 0 ? [prefix] + tokens.prefix(end) : Array(tokens[(end - window - 1)..<end])
      expected += try model.logProbabilities(of: whole, on: compute).suffix(end - done)
      done = end
    }
    #expect(bits(values) == bits(expected))
  }
}

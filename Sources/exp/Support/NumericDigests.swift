import CLinux
import ContentStore
import LanguageModel
import Numerics

/// Digests of everything that computes numbers, on small models of every family: what `script/exactness`
/// compares between threads, builds and processors. Small, for one of the ways is an emulator without a
/// fused multiply-add.
struct NumericDigests {
  private let compute: Compute

  /// - Parameter threads: how many share the work.
  init(threads: Int) { compute = Compute(threads: threads) }

  /// Names and digests, in a fixed order.
  func all() throws -> [(name: String, digest: Digest)] {
    var list = [("functions", functions()), ("products", products()), ("draws", draws())]
    for architecture in ModelConfiguration.Architecture.allCases {
      let name = architecture.rawValue
      let model = try Self.model(architecture)
      list.append(("\(name) training", train(model)))
      list.append(("\(name) generation", try generate(model)))
      list.append(("\(name) evaluation", try evaluate(model)))
    }
    return list
  }

  /// The processor that computes, by its own account, and whether it has fused multiply-adds.
  static func processor() -> String {
    #if arch(x86_64)
      var name = [CChar](repeating: 0, count: 49)
      exp_cpu_name(&name)
      let text = String(
        decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      let level = exp_cpu_is_v4() != 0 ? "v4" : exp_cpu_is_v3() != 0 ? "v3" : "below v3"
      return text.split(separator: " ").joined(separator: " ") + ", x86-64-" + level
    #else
      return "not x86-64"
    #endif
  }

  // MARK: Kernels

  private func functions() -> Digest {
    let stream = RandomStream(seed: 1, purpose: "functions")
    var hasher = Hasher()
    for index in 0..<4000 {
      let x = (stream.uniformDouble(at: UInt64(index)) - 0.5) * Double(1 << (index % 12))
      hasher.add([
        Elementary.exp(x), Elementary.log(x.magnitude), Elementary.tanh(x), Elementary.sin(x),
        Elementary.cos(x), Elementary.pow(x.magnitude, 1.7), Elementary.sigmoid(x),
        Elementary.softplus(x),
      ])
      let y = Float(x)
      hasher.add([Elementary.exp(y), Elementary.tanh(y), Elementary.sigmoid(y), Elementary.log(y)])
    }
    return hasher.digest
  }

  /// Products of shapes that fill no tile, in every form.
  private func products() -> Digest {
    var hasher = Hasher()
    for (m, n, k) in [(1, 50, 70), (37, 45, 130), (50, 18, 300)] {
      let (a, b) = (matrix(m, k, "a"), matrix(n, k, "b"))
      let (plain, other) = (matrix(k, n, "c"), matrix(k, m, "d"))
      let c = matrix(m, n, "e")
      compute.multiply(a, transposed: b, into: c)
      hasher.add(c.floats)
      compute.multiply(a, plain, into: c, from: .existing)
      hasher.add(c.floats)
      compute.multiply(transposed: other, plain, into: c, from: .bias(matrix(1, n, "f").floats))
      hasher.add(c.floats)
    }
    return hasher.digest
  }

  private func matrix(_ rows: Int, _ columns: Int, _ purpose: String) -> Matrix {
    let matrix = Matrix(rows: rows, columns: columns)
    RandomStream(seed: 2, purpose: purpose)
      .fillNormal(matrix.floats, deviation: 1, on: compute)
    return matrix
  }

  private func draws() -> Digest {
    var hasher = Hasher()
    let stream = RandomStream(seed: 3, purpose: "draws")
    hasher.add((0..<1000).map { stream.uniformDouble(at: $0) })
    let normal = Floats(count: 1001)
    stream.fillNormal(normal, deviation: 0.02, on: compute)
    hasher.add(normal)
    return hasher.digest
  }

  // MARK: Models

  private static let vocabulary = 61

  /// A family's smallest model that has all of its parts. Keys that a family does not know are nothing
  /// to it.
  private static func model(
    _ architecture: ModelConfiguration.Architecture
  ) throws -> Transformer {
    let configuration = try ModelConfiguration(huggingFace: [
      "model_type": .string(architecture.rawValue), "vocab_size": .integer(vocabulary),
      "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
      "num_key_value_heads": 2, "head_dim": 8, "intermediate_size": 40, "rope_theta": 10_000,
      "max_position_embeddings": 64, "tie_word_embeddings": true, "sliding_window": 6,
      "query_pre_attn_scalar": 12, "attn_logit_softcapping": 2, "final_logit_softcapping": 5,
      "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 12,
      "shared_expert_intermediate_size": 20,
    ])
    return Transformer(configuration, seed: 4, deviation: 0.3, on: Compute(threads: 1))
  }

  private static func tokens(_ count: Int, _ seed: UInt64) -> [Int] {
    let stream = RandomStream(seed: seed, purpose: "tokens")
    return (0..<count).map { Int(stream.integer(at: UInt64($0), below: UInt64(vocabulary))) }
  }

  /// Three updates over packed documents: log-probabilities, gradients, parameters and moments.
  private func train(_ model: Transformer) -> Digest {
    var hasher = Hasher()
    let pass = TrainingPass(model, on: compute)
    let count = model.parameters.count
    let (firsts, seconds) = (Floats(count: count), Floats(count: count))
    for step in 1...3 {
      let seed = UInt64(10 * step)
      let batch = TokenBatch(documents: [
        Self.tokens(17, seed), Self.tokens(5, seed + 1), Self.tokens(26, seed + 2),
      ])
      let parts = batch.parts(rows: 24)
      pass.beginBatch()
      // A router's balancing loss wants to have seen them all.
      if pass.needsWholeBatch { for part in parts { hasher.add(pass.forward(part)) } }
      for part in parts {
        hasher.add(pass.forward(part))
        let slope = -1 / Float(batch.targetCount)
        pass.backward(part, slopes: part.targets.map { $0 < 0 ? 0 : slope })
      }
      pass.endBatch()
      hasher.add(pass.gradients)
      hasher.add([compute.sumOfSquares(pass.gradients)])
      AdamW().update(
        model.parameters, gradients: pass.gradients, firstMoments: firsts, secondMoments: seconds,
        step: step, learningRate: 0.01, weightDecay: 0.1, on: compute)
    }
    for floats in [model.parameters, firsts, seconds] { hasher.add(floats) }
    return hasher.digest
  }

  private func generate(_ model: Transformer) throws -> Digest {
    var hasher = Hasher()
    let prompts = [Self.tokens(3, 5), Self.tokens(14, 6), Self.tokens(8, 7)]
    let all = [
      SamplingOptions(temperature: 0, maximumTokens: 8),
      SamplingOptions(
        temperature: 0.8, topK: 30, topP: 0.9, maximumTokens: 8, stopTokens: [1], seed: 9),
    ]
    for options in all {
      let samples = try Sampler(model, threads: compute.threads)
        .sample(prompts, samples: 2, options)
      for sample in samples.joined() {
        hasher.add(sample.tokens.map(Double.init))
        hasher.add(sample.logProbabilities)
      }
    }
    return hasher.digest
  }

  private func evaluate(_ model: Transformer) throws -> Digest {
    var hasher = Hasher()
    let shots = Self.tokens(33, 8)
    let requests = (0..<4).flatMap { question in
      (0..<3).map { choice in
        ScoreRequest(
          context: shots + Self.tokens(4, UInt64(20 + question)),
          continuation: Self.tokens(1 + choice, UInt64(30 + choice)))
      }
    }
    let scorer = Scorer(model, on: compute)
    for score in try scorer.score(requests) {
      hasher.add([score.logProbability, score.isGreedy ? 1 : 0, Double(score.truncated)])
    }
    hasher.add(try scorer.rollingLogProbabilities(of: Self.tokens(90, 9), prefix: 0))
    return hasher.digest
  }

  /// SHA-256 of values' bits.
  private struct Hasher {
    private var hash = SHA256()

    mutating func add(_ values: [Double]) {
      values.map(\.bitPattern.littleEndian).withUnsafeBytes { hash.update($0) }
    }
    mutating func add(_ values: [Float]) {
      values.map(\.bitPattern.littleEndian).withUnsafeBytes { hash.update($0) }
    }
    mutating func add(_ values: Floats) { values.withBytes { hash.update($0) } }

    var digest: Digest {
      var copy = hash
      return copy.finalize()
    }
  }
}

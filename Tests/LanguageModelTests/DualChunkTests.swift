import LanguageModel
import Numerics
import Testing

private func makeConfiguration(_ dualChunk: DualChunk?) -> ModelConfiguration {
  var c = ModelConfiguration(
    architecture: .qwen2, vocabularySize: 23, hidden: 16, layers: 2, heads: 4, keyValueHeads: 2,
    headSize: 8, intermediate: 20, isTied: false,
    ropeScaling: .yarn(factor: 4, originalPositions: 16, betaFast: 4, betaSlow: 0.5),
    maximumPositions: 64)
  c.dualChunk = dualChunk
  return c
}

private let rule = DualChunk(chunkSize: 16, localSize: 4)

/// A plain decoder in double precision, whose attention asks a function for the positions that a query and
/// a key turn by.
private struct Reference {
  let model: Transformer
  let angles: [Double]
  let amplitude: Double

  private func weights(_ name: String) -> (Int, Int) -> Double {
    guard let view = model.layout.views.first(where: { $0.name == name }) else {
      return { _, _ in 0 }
    }
    let (values, columns) = (model.parameters[view.range].array, view.shape.last ?? 1)
    return { Double(values[$0 * columns + $1]) }
  }

  private func apply(_ name: String, _ x: [Double], _ rows: Int, bias: Bool = false) -> [Double] {
    let (w, b) = (weights(name + ".weight"), weights(name + ".bias"))
    return (0..<rows).map { row in
      x.indices.reduce(bias ? b(0, row) : 0) { $0 + w(row, $1) * x[$1] }
    }
  }

  private func norm(_ name: String, _ x: [Double]) -> [Double] {
    let w = weights(name)
    let mean = x.reduce(0) { $0 + $1 * $1 } / Double(x.count)
    let root = (mean + Double(model.configuration.normEpsilon)).squareRoot()
    return x.indices.map { x[$0] / root * w(0, $0) }
  }

  private func turned(_ x: ArraySlice<Double>, _ position: Int) -> [Double] {
    let (x, half) = (Array(x), x.count / 2)
    var y = x
    for i in 0..<half {
      let angle = Double(position) * angles[i]
      let (c, s) = (Elementary.cos(angle) * amplitude, Elementary.sin(angle) * amplitude)
      y[i] = x[i] * c - x[half + i] * s
      y[half + i] = x[half + i] * c + x[i] * s
    }
    return y
  }

  /// Positions for a query at p and a key at k.
  static func positions(_ p: Int, _ k: Int, _ rule: DualChunk?) -> (query: Int, key: Int) {
    guard let rule else { return (p, k) }
    let c = rule.length
    let distance = p / c - k / c
    let query =
      distance == 0
      ? p % c : distance == 1 ? min(p % c + c, rule.chunkSize) : min(2 * c - 1, rule.chunkSize)
    return (query, k % c)
  }

  func logits(_ tokens: [Int]) -> [[Double]] {
    let c = model.configuration
    let embedding = weights("model.embed_tokens.weight")
    var rows = tokens.map { token in (0..<c.hidden).map { embedding(token, $0) } }
    for layer in 0..<c.layers {
      let prefix = "model.layers.\(layer)."
      let normed = rows.map { norm(prefix + "input_layernorm.weight", $0) }
      func projected(_ name: String, _ rows: Int) -> [[Double]] {
        normed.map { apply(prefix + "self_attn.\(name)_proj", $0, rows, bias: true) }
      }
      let attended = attention(
        projected("q", c.queryWidth), projected("k", c.keyValueWidth),
        projected("v", c.keyValueWidth))
      for row in rows.indices {
        let out = apply(prefix + "self_attn.o_proj", attended[row], c.hidden)
        rows[row] = zip(rows[row], out).map { $0 + $1 }
        let n = norm(prefix + "post_attention_layernorm.weight", rows[row])
        let gate = apply(prefix + "mlp.gate_proj", n, c.intermediate)
        let up = apply(prefix + "mlp.up_proj", n, c.intermediate)
        let gated = zip(gate, up).map { $0 * Elementary.sigmoid($0) * $1 }
        let down = apply(prefix + "mlp.down_proj", gated, c.hidden)
        rows[row] = zip(rows[row], down).map { $0 + $1 }
      }
    }
    return rows.map { apply("lm_head", norm("model.norm.weight", $0), c.vocabularySize) }
  }

  private func attention(
    _ queries: [[Double]], _ keys: [[Double]], _ values: [[Double]]
  ) -> [[Double]] {
    let c = model.configuration
    return queries.indices.map { p in
      (0..<c.heads).flatMap { head -> [Double] in
        let own = head * c.headSize..<(head + 1) * c.headSize
        let group = head / c.group
        let shared = group * c.headSize..<(group + 1) * c.headSize
        let weights = (0...p).map { k -> Double in
          let place = Self.positions(p, k, c.dualChunk)
          let q = turned(queries[p][own], place.query)
          let dot = zip(q, turned(keys[k][shared], place.key)).reduce(0) { $0 + $1.0 * $1.1 }
          return Elementary.exp(dot / Double(c.headSize).squareRoot())
        }
        let sum = weights.reduce(0, +)
        return shared.map { i in (0...p).reduce(0) { $0 + weights[$1] / sum * values[$1][i] } }
      }
    }
  }
}

@Suite struct DualChunkTests {
  private let compute = Compute(threads: 2)
  private let tokens = makeTokens(60, below: 23)

  @Test func `inside one chunk it is plain attention, bit for bit`() throws {
    let plain = makeModel(makeConfiguration(nil))
    let dual = Transformer(makeConfiguration(rule), parameters: plain.parameters)
    let short = Array(tokens.prefix(rule.length))
    #expect(
      try bits(dual.logits(of: short, on: compute).floats.array)
        == bits(plain.logits(of: short, on: compute).floats.array))
    let long = try dual.logits(of: tokens, on: compute)
    let all = try plain.logits(of: tokens, on: compute)
    #expect(bits(long[rows: 0..<12].floats.array) == bits(all[rows: 0..<12].floats.array))
    #expect(bits(long[row: 13].array) != bits(all[row: 13].array))
  }

  @Test(arguments: [nil, rule, DualChunk(chunkSize: 14, localSize: 7)])
  func `every distance is that of a direct computation in double`(rule: DualChunk?) throws {
    let model = makeModel(makeConfiguration(rule))
    // YaRN by the formulas of papers.md, as in RotaryScaling's own tests against transformers.
    let reference = Reference(
      model: model, angles: model.configuration.rotaryFrequencies,
      amplitude: 0.1 * Elementary.log(4.0) + 1)
    let found = try model.logits(of: tokens, on: compute)
    for (row, expected) in reference.logits(tokens).enumerated() {
      for (column, value) in expected.enumerated() {
        #expect(abs(Double(found[row, column]) - value) < 1e-4, "row \(row)")
      }
    }
  }

  @Test func `cached decoding over chunks equals the full pass, in any batch`() throws {
    let model = makeModel(makeConfiguration(rule))
    let prompts = [Array(tokens.prefix(9)), Array(tokens.prefix(30)), Array(tokens.prefix(13))]
    let options = SamplingOptions(temperature: 0.8, maximumTokens: 24, seed: 4)
    let samples = try Sampler(model, threads: 2).sample(prompts, options)
    for (prompt, sample) in zip(prompts, samples) {
      let full = try model.logProbabilities(of: prompt + sample[0].tokens, on: compute)
      #expect(bits(sample[0].logProbabilities) == bits(full.suffix(24)))
    }
  }

  @Test func `the configuration is read back, and impossible ones are refused`() throws {
    let c = makeConfiguration(rule)
    #expect(try ModelConfiguration(huggingFace: c.huggingFace) == c)
    var wrong = c
    wrong.dualChunk = DualChunk(chunkSize: 16, localSize: 9)
    #expect(throws: CheckpointError.self) { try wrong.validate() }
    wrong = c
    (wrong.slidingWindow, wrong.slidingLayers) = (4, [0])
    #expect(throws: CheckpointError.self) { try wrong.validate() }
  }
}

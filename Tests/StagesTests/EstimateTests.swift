import ContentStore
import Pipeline
import Testing

@testable import Stages

/// The sizes that papers report (papers.md §2.1, §4.1, §5.1), from what experiment files say.
@Suite struct EstimateTests {
  private func shape(_ members: [String: JSON], vocabulary: Double) throws -> ModelShape {
    var reader = ParameterReader(members, path: "model")
    let model = try reader.decode { (reader) throws(ParameterError) in
      try ModelParameters(from: &reader)
    }
    return model.shape(vocabularySize: vocabulary)
  }

  private func llama(_ layers: Double, _ hidden: Double, _ heads: Double, _ width: Double) throws
    -> ModelShape
  {
    try shape(
      [
        "layers": .number(layers), "hidden": .number(hidden), "heads": .number(heads),
        "keyValueHeads": 8, "intermediate": .number(width), "tied": false,
      ], vocabulary: 128_256)
  }

  @Test func `Llama 3.1 has 8.03, 70.55 and 405.85 billion parameters`() throws {
    // transformers: LlamaForCausalLM of the released configurations.
    #expect(try llama(32, 4096, 32, 14_336).parameters == 8_030_261_248)
    #expect(try llama(80, 8192, 64, 28_672).parameters == 70_553_706_496)
    #expect(try llama(126, 16_384, 128, 53_248).parameters == 405_853_388_800)
  }

  @Test(
    arguments: [
      (26, 2304, 8, 4, 256, 9216, 590_118_912, 2_024_517_888),
      (42, 3584, 16, 8, 256, 14_336, 917_962_752, 8_324_201_984),
      (46, 4608, 32, 16, 128, 36_864, 1_180_237_824, 26_047_480_320),
    ] as [(Double, Double, Double, Double, Double, Double, Double, Double)])
  func `Gemma 2 has the parameters of its Table 2`(
    layers: Double, hidden: Double, heads: Double, keyValueHeads: Double, headSize: Double,
    width: Double, embedding: Double, body: Double
  ) throws {
    let gemma = try shape(
      [
        "architecture": "gemma2", "layers": .number(layers), "hidden": .number(hidden),
        "heads": .number(heads), "keyValueHeads": .number(keyValueHeads),
        "headSize": .number(headSize), "intermediate": .number(width), "slidingWindow": 4096,
      ], vocabulary: 256_128)
    #expect(gemma.embeddingParameters == embedding)
    #expect(gemma.bodyParameters == body)
    #expect(gemma.windowLayers == layers / 2)
  }

  @Test(
    arguments: [
      (24, 896, 14, 2, 4864, true, 151_936, 0.49), (28, 1536, 12, 2, 8960, true, 151_936, 1.54),
      (28, 3584, 28, 4, 18_944, false, 152_064, 7.62),
      (80, 8192, 64, 8, 29_568, false, 152_064, 72.71),
    ] as [(Double, Double, Double, Double, Double, Bool, Double, Double)])
  func `Qwen2 has the parameters of its name`(
    layers: Double, hidden: Double, heads: Double, keyValueHeads: Double, width: Double,
    tied: Bool, vocabulary: Double, billions: Double
  ) throws {
    let qwen = try shape(
      [
        "architecture": "qwen2", "layers": .number(layers), "hidden": .number(hidden),
        "heads": .number(heads), "keyValueHeads": .number(keyValueHeads),
        "intermediate": .number(width), "tied": .bool(tied),
      ], vocabulary: vocabulary)
    #expect((qwen.parameters / 1e7).rounded() / 100 == billions)
  }

  @Test func `Qwen2-57B-A14B has 57.41 billion parameters, 14.25 of them active`() throws {
    let experts: JSON = [
      "count": 64, "active": 8, "intermediate": 2560, "sharedIntermediate": 20_480,
    ]
    let mixture = try shape(
      [
        "architecture": "qwen2moe", "layers": 28, "hidden": 3584, "heads": 28,
        "keyValueHeads": 4, "headSize": 128, "intermediate": 18_944, "tied": false,
        "experts": experts,
      ], vocabulary: 151_936)
    #expect((mixture.parameters / 1e7).rounded() == 5741)
    #expect((mixture.activeParameters / 1e7).rounded() == 1425)
    #expect(mixture.mlpWidth == 8 * 2560 + 20_480)
  }

  @Test func `Llama 3.1 405B takes 3.8e25 operations for 15.6 trillion tokens`() throws {
    let model = try llama(126, 16_384, 128, 53_248)
    let estimate = try #require(
      Estimates.training(model, tokens: 15.6e12, sequence: 8192, batchTokens: 16e6))
    #expect(abs(try #require(estimate.flops) / 3.8e25 - 1) < 0.001)
    #expect(estimate.tokens == 15.6e12)
    // 6 · width · (s + 1) / 2 · 2 for each layer and token.
    let attention = 12 * 16_384 * 8193 / 2 * 126 * 15.6e12
    #expect(abs(try #require(estimate.attentionFlops) / attention - 1) < 1e-12)
    #expect(estimate.formula == "6 · N · D; N: parameters, D: tokens")
  }

  @Test func `a sliding window bounds what a token sees`() {
    var shape = ModelShape(
      layers: 2, hidden: 8, heads: 2, keyValueHeads: 1, headSize: 4, mlpWidth: 16,
      bodyParameters: 100)
    #expect(shape.attentionFlops(sequence: 7) == 4 * 8 * 2 * 4)
    shape.window = 3
    shape.windowLayers = 1
    // Of 7 tokens the first sees 1, the second 2, the others 3: 18 / 7.
    #expect(abs(shape.attentionFlops(sequence: 7) - 4 * 8 * (4 + 18.0 / 7)) < 1e-12)
    #expect(shape.attentionFlops(sequence: 2) == 4 * 8 * 2 * 1.5)
  }

  @Test func `frozen models beside the trained one, and what samples and judges, are counted`()
    throws
  {
    let policy = ModelShape(
      layers: 1, hidden: 8, heads: 2, keyValueHeads: 1, headSize: 4, mlpWidth: 16,
      bodyParameters: 1000, vocabularySize: 10)
    var reference = policy
    reference.bodyParameters = 500
    reference.activeBodyParameters = 500
    let trained = try #require(
      Estimates.training(policy, tokens: 100, sequence: 10, beside: [reference, nil]))
    #expect(trained.flops == 6.0 * 1080 * 100 + 2.0 * 580 * 100)
    #expect(trained.tokens == 100)
    #expect(trained.formula.hasPrefix("6 · N · D + 2 · M · D"))
    let sampled = try #require(
      Estimates.sampling(policy, samples: 4, tokens: 20, promptTokens: 5, judges: [reference]))
    #expect(sampled.flops == 2.0 * 1080 * 100 + 2.0 * 580 * 100)
    #expect(sampled.model == policy)
    let scored = try #require(Estimates.scoring(policy, tokens: nil))
    #expect(scored.flops == nil && scored.parameters == 1080)
    #expect(Estimates.training(nil, tokens: 1, sequence: 1) == nil)
    let merged = try #require(Estimates.surgery(policy, inputs: 3, bits: 4))
    #expect(merged.storageBytes == 540 && merged.memoryBytes == 4 * 4 * 1080)
  }

  @Test func `records that a world will make are counted by the stages that read them`() throws {
    let text = """
      { name: "flow", stages: {
        world: { op: "world", with: { entities: 60, instructions: 160, preferences: 80, prompts: 40 } },
        tokenizer: { op: "tokenizer", inputs: { documents: "world.documents" }, with: { vocabularySize: 2048 } },
        tokens: { op: "tokenize", inputs: { documents: "world.documents", tokenizer: "tokenizer.tokenizer" } },
        base: { op: "pretrain", inputs: { tokens: "tokens.tokens", tokenizer: "tokenizer.tokenizer" },
          with: { model: { layers: 2, hidden: 16, heads: 4, intermediate: 24 }, steps: 3, batch: 2, sequence: 8 } },
        few: { op: "mix-records", inputs: { all: "world.instructions" }, with: { size: 40 } },
        sft: { op: "sft", inputs: { checkpoint: "base.checkpoint", records: "world.instructions" }, with: { batch: 16, epochs: 2 } },
        short: { op: "sft", inputs: { checkpoint: "base.checkpoint", records: "few.records" }, with: { batch: 16, epochs: 2 } },
        merged: { op: "merge", inputs: { a: "sft.checkpoint", b: "short.checkpoint" }, with: { method: "linear" } },
        reward: { op: "reward", inputs: { checkpoint: "merged.checkpoint", records: "world.preferences" }, with: { batch: 8 } },
        dpo: { op: "preference", inputs: { checkpoint: "merged.checkpoint", records: "world.preferences", validation: "world.preferences-test" }, with: { batch: 8, levels: [1, 2] } },
        answers: { op: "rejection-sample", inputs: { policies: "dpo.checkpoint", prompts: "world.prompts", "reward-model": "reward.checkpoint" }, with: { samples: 5, maxTokens: 4 } },
        rl: { op: "policy-gradient", inputs: { checkpoint: "sft.checkpoint", prompts: "world.prompts", "reward-model": "reward.checkpoint" }, with: { steps: 6, batch: 4, samples: 3 } },
        expert: { op: "upcycle", inputs: { checkpoint: "base.checkpoint" }, with: { experts: 4, perToken: 2, expertIntermediate: 12, sharedIntermediate: 24 } },
        taught: { op: "distill", inputs: { tokens: "tokens.tokens", tokenizer: "tokenizer.tokenizer", teacher: "base.checkpoint" },
          with: { model: { layers: 1, hidden: 8, heads: 2, intermediate: 12 }, steps: 3, batch: 2, sequence: 8 } },
        scores: { op: "evaluate", inputs: { checkpoint: "rl.checkpoint", questions: "world.questions" }, with: { form: "cloze", limit: 2 } },
      } }
      """
    let source = SourceFile(name: "x", folder: "/", bytes: Array(text.utf8))
    let estimates = try ExperimentFile(parsing: source).experiment().resolve(.all).estimates
    let work = { (name: String) in estimates[name]?.work ?? [] }
    let world = try #require(estimates["world"])
    #expect(world.outputs["instructions"]?.items == 160)
    #expect(world.outputs["preferences-test"]?.items == 16)
    #expect(abs(world.outputs["preferences"]!.levels.values.reduce(0, +) - 1) < 1e-9)
    let length = work("sft")[0].sequence
    #expect((30...60).contains(length))
    // Twenty batches of sixteen, and five of the forty.
    #expect(abs(work("sft")[0].tokens / 20 - 16 * length) < 16)
    #expect(abs(work("short")[0].tokens / 5 - work("sft")[0].tokens / 20) < 40)
    let body = try #require(estimates["base"]?.model)
    #expect(estimates["merged"]?.model == body && estimates["answers"]?.model == body)
    // The reference reads training and held-out pairs, the policy the latter twice.
    #expect(work("dpo").map(\.kind) == [.training, .scoring, .scoring])
    #expect(work("dpo")[0].tokens < work("reward")[0].tokens)
    let written = work("answers")[0]
    #expect(written.kind == .sampling && written.written == 4 && written.group == 5)
    #expect(abs(written.tokens - 200 * written.sequence) < 1e-6)
    #expect(work("rl").map(\.kind) == [.training, .sampling, .scoring, .scoring])
    let mixture = try #require(estimates["expert"]?.model)
    #expect(mixture.mlpWidth == 48)
    // Per layer: a shared expert and its gate, four experts and a router in the MLP's place.
    let more = 2.0 * 16 * (3.0 * 24 + 1 + 4 + 3 * 4 * 12 - 3 * 24)
    #expect(mixture.bodyParameters == body.bodyParameters + more)
    let taught = try #require(work("taught").first)
    #expect(taught.teacher == body)
    #expect(
      estimates["taught"]?.flops
        == (6 * taught.model.activeParameters + 2 * body.activeParameters) * 48)
    #expect(work("scores").count == 1)
  }

  @Test func `a checkpoint's model reaches the stages that read it`() throws {
    let text = """
      { name: "flow", stages: {
        text: { op: "import", with: { files: "x" } },
        tokenizer: { op: "tokenizer", inputs: { documents: "text.documents" }, with: { vocabularySize: 300 } },
        tokens: { op: "tokenize", inputs: { documents: "text.documents", tokenizer: "tokenizer.tokenizer" } },
        first: { op: "pretrain", inputs: { tokens: "tokens.tokens", tokenizer: "tokenizer.tokenizer" },
          with: { model: { layers: 2, hidden: 16, heads: 4, intermediate: 24 },
            phases: [ { steps: 3, batch: 2, sequence: 8 }, { steps: 1, batch: 1, sequence: 32 } ] } },
        second: { op: "pretrain", inputs: { tokens: "tokens.tokens", tokenizer: "tokenizer.tokenizer",
            checkpoint: "first.checkpoint" }, with: { steps: 5, batch: 2, sequence: 8 } },
        scores: { op: "evaluate", inputs: { checkpoint: "second.checkpoint", documents: "text.documents" } },
        records: { op: "import-records", with: { files: "y" } },
        sft: { op: "sft", inputs: { checkpoint: "second.checkpoint", records: "records.records" },
          with: { steps: 10, batch: 2, maxLength: 8 } },
        dpo: { op: "preference", inputs: { checkpoint: "sft.checkpoint", records: "records.records" },
          with: { steps: 10, batch: 2, maxLength: 8 } },
        open: { op: "preference", inputs: { checkpoint: "dpo.checkpoint", records: "records.records" } },
      } }
      """
    let source = SourceFile(name: "x", folder: "/", bytes: Array(text.utf8))
    let estimates = try ExperimentFile(parsing: source).experiment().resolve(.all).estimates
    let first = try #require(estimates["first"])
    let parameters = try #require(first.parameters)
    #expect(first.model?.embeddingParameters == 300.0 * 16)
    #expect(first.tokens == 80)
    #expect(first.flops == 6 * parameters * 80)
    #expect(first.work.map(\.sequence) == [8, 32])
    #expect(estimates["second"]?.model == first.model)
    #expect(estimates["second"]?.flops == 6 * parameters * 80)
    #expect(estimates["scores"]?.parameters == parameters)
    #expect(estimates["sft"]?.flops == 6 * parameters * 160)
    // Two responses a pair, and the reference's log-probabilities of both.
    #expect(estimates["dpo"]?.flops == 8 * parameters * 320)
    #expect(estimates["dpo"]?.tokens == 320)
    #expect(estimates["open"]?.flops == nil && estimates["open"]?.model == first.model)
  }
}

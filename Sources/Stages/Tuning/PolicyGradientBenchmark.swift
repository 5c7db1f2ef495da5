import ContentStore
import Corpus
import LanguageModel
import Ledger
package import Numerics
import Pipeline
import Text
package import Training

/// What a policy-gradient step costs beside its sampling and its training, for `script/bench`.
package enum PolicyGradientBenchmark {
  /// Seconds of each.
  package struct Times: Sendable {
    /// Whole steps: sampling, the anchor's log-probabilities, rewards by a model of the policy's size, an update.
    package var step = 0.0
    /// The responses alone, as `Sampler` gives them.
    package var sampling = 0.0
    /// An update alone, on samples made before.
    package var training = 0.0

    /// What a step costs of what its two halves cost.
    package var ratio: Double { step / (sampling + training) }
  }

  /// Measures RLOO in turn with its halves; medians of some rounds.
  /// - Parameters:
  ///   - shape: the policy and the reward model.
  ///   - samples: responses of each prompt, of up to `tokens` tokens.
  package static func run(
    _ shape: TrainingBenchmark.Shape, prompts: Int, samples: Int, tokens: Int, rounds: Int,
    on compute: Compute
  ) throws -> Times {
    let setting = try Setting(
      shape.configuration, prompts: prompts, samples: samples, tokens: tokens, compute)
    let whole = try setting.trainer(setting.batch, setting.objective())
    let alone = try setting.trainer(setting.samples(), setting.parameters.gradient.objective)
    var rounds = try (0...rounds).map { round in
      var times = Times()
      times.step = try seconds { try whole.advance() }
      times.sampling = try seconds { try setting.sample(whole.model, round) }
      times.training = try seconds { try alone.advance() }
      return times
    }
    rounds.removeFirst()
    func median(_ value: (Times) -> Double) -> Double {
      rounds.map(value).sorted()[rounds.count / 2]
    }
    return Times(
      step: median(\.step), sampling: median(\.sampling), training: median(\.training))
  }

  private static func seconds(_ body: () throws -> Void) rethrows -> Double {
    try ContinuousClock().measure(body) / .seconds(1)
  }
}

/// A policy, its prompts and its judge.
private struct Setting {
  let parameters: PolicyGradient.Parameters
  private let model: Transformer
  private let prompts: [EncodedPrompt]
  private let codec: ChatCodec
  private let rewarder: Rewarder
  private let context = BenchmarkContext()
  private let compute: Compute

  init(
    _ configuration: ModelConfiguration, prompts: Int, samples: Int, tokens: Int,
    _ compute: Compute
  ) throws {
    self.compute = compute
    var reader = ParameterReader([
      "method": "rloo", "samples": .integer(samples), "maxTokens": .integer(tokens),
      "batch": .integer(prompts),
    ])
    parameters = try PolicyGradient.Parameters(from: &reader)
    // Bytes and no merges: the model's other tokens say nothing.
    var trainer = TokenizerTrainer(vocabularySize: 257, pattern: .gpt2)
    trainer.add("a")
    let files = ["tokenizer.json": try trainer.train().json()]
    model = Transformer(configuration, seed: 1, on: compute)
    let judge = model.scoring(ScoreHead(labels: 1), seed: 2, on: compute)
    let checkpoint = Checkpoint(model, tokenizerFiles: files)
    var codec = try ChatCodec(checkpoint, template: "", maximumLength: nil)
    self.prompts = try (0..<prompts).map { number in
      let messages = [ChatMessage.user("What is the number of the prompt \(number)?")]
      let record = TrainingRecord(id: "\(number)", source: "bench", body: .prompt(messages))
      return EncodedPrompt(number: number, record: record, tokens: try codec.prompt(messages))
    }
    self.codec = codec
    rewarder = try Rewarder(
      parameters.rewarder, model: Checkpoint(judge, tokenizerFiles: files), context, compute)
  }

  private var maker: RolloutMaker {
    RolloutMaker(prompts, rewarder, parameters.sampling, codec, context, compute)
  }

  func objective() throws -> PolicyGradientObjective {
    PolicyGradientObjective(
      parameters.gradient, parameters.critic, maker,
      anchor: Anchor(model, rate: nil, on: compute), critic: nil, Warnings(context),
      seed: context.seed)
  }

  /// All prompts, as a step's batch.
  var batch: Batch {
    PromptBatches.batch(prompts.map(\.tokens), Array(prompts.indices), 0)
  }

  /// What a step of the model as it is learns from.
  func samples() throws -> Batch {
    let rollouts = try maker.make(
      Array(prompts.indices), samples: parameters.sampling.samples, .step(0), from: model,
      anchor: Anchor(model, rate: nil, on: compute), rows: rows
    ) {}
    let builder = PolicyBatchBuilder(
      parameters: parameters.gradient, critics: parameters.critic,
      group: parameters.sampling.samples, longest: parameters.sampling.maximumTokens)
    return builder.parts(rollouts, values: nil, order: Array(rollouts.indices))[0]
  }

  private var rows: Int { TrainingPass.comfortableRows(model.configuration) }

  /// A trainer of a copy of the model, whose every step has the same batch.
  func trainer(_ batch: Batch, _ objective: any Objective) throws -> Trainer {
    Trainer(
      model.copy(), source: OneBatch(batch: batch),
      plan: parameters.tuning.plan(steps: 1 << 20, hidden: model.configuration.hidden),
      objective: objective, microBatchRows: rows, on: compute)
  }

  func sample(_ policy: Transformer, _ round: Int) throws {
    let options = parameters.sampling.options(ends: codec.endTokens, seed: UInt64(round))
    _ = try Sampler(policy, threads: compute.threads).sample(
      prompts.map { $0.tokens.map(Int.init) }, samples: parameters.sampling.samples, options)
  }
}

private struct OneBatch: BatchSource {
  let batch: Batch

  func batch(after step: Int) -> Batch { batch }
}

/// A stage without inputs and outputs.
private final class BenchmarkContext: SilentContext {
  let seed: UInt64 = 1
  let numerics = "portable"
  let threads = 1
  let scratchFolder = ""
  let inputPorts: [String] = []
  private let refusal = StageError("a benchmark has no inputs and outputs")

  func input(_ port: String) throws -> InputArtifact { throw refusal }
  func inputs(_ port: String) -> [InputArtifact] { [] }
  func makeFile(_ port: String) throws -> any OutputFile { throw refusal }
  func makeTree(_ port: String) throws -> any OutputTree { throw refusal }
  func checkCancellation() throws {}
}

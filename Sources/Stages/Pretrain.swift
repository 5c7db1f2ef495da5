import Corpus
package import Pipeline
import Training

/// Trains a new Llama-style decoder to predict the next token.
package enum Pretrain: Stage {
  package struct Parameters: StageParameters {
    let model: ModelParameters
    let optimiser: OptimiserParameters
    let steps: Int
    let batch: Int
    let sequence: Int
    let validationEvery: Int
    let validationBatches: Int
    let snapshotEvery: Int
    let traceEvery: Int

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      model = try reader.object("model", "What the decoder is made of.") {
        (reader) throws(ParameterError) in try ModelParameters(from: &reader)
      }
      batch = try reader.integer(
        "batch", default: 16, in: 1...(1 << 20), unit: "sequences", "Sequences per step.")
      sequence = try reader.integer(
        "sequence", default: 256, in: 1...(1 << 24), unit: "tokens", "Tokens per sequence.")
      let tokens = try reader.optionalNumber(
        "tokens", in: 1...1e15, unit: "tokens",
        "Tokens to train on, rounded up to whole steps; give this or steps.")
      steps = try Self.steps(tokens, perStep: batch * sequence, &reader)
      optimiser = try OptimiserParameters(from: &reader)
      validationEvery = try reader.integer(
        "validationEvery", default: 100, unit: "steps",
        "Steps between validations; 0 validates after the last step only.")
      validationBatches = try reader.integer(
        "validationBatches", default: 8, in: 1...(1 << 40), unit: "batches",
        "The most batches of validation tokens that are looked at.")
      snapshotEvery = try reader.integer(
        "snapshotEvery", default: 0, unit: "steps",
        "Steps between training states that are kept as an output; 0 keeps none.")
      traceEvery = try reader.integer(
        "traceEvery", default: 100, unit: "steps",
        "Steps between lines of the trace that a replay compares; 0 writes the last only.")
      guard Double(steps) * Double(batch) * Double(sequence) < 9e15 else {
        throw ParameterError(
          path: "steps", message: "times batch and sequence is beyond 9e15 tokens")
      }
    }

    /// Reads `steps`, which is needed when `tokens` is not given, and refused when it is.
    private static func steps(
      _ tokens: Double?, perStep: Int, _ reader: inout ParameterReader
    ) throws(ParameterError) -> Int {
      let summary = "Updates to make; give this or tokens."
      let range = 1...(1 << 40)
      guard let tokens else {
        return try reader.integer("steps", in: range, unit: "steps", summary)
      }
      guard try reader.optionalInteger("steps", in: range, unit: "steps", summary) == nil else {
        throw ParameterError(path: "tokens", message: "cannot be given together with steps")
      }
      return max(1, Int((tokens / Double(perStep)).rounded(.up)))
    }

    /// Tokens trained on.
    var tokens: Int { steps * batch * sequence }

    func plan(seed: UInt64) -> TrainingPlan {
      TrainingPlan(
        steps: steps, batch: batch, sequence: sequence,
        schedule: optimiser.schedule(steps: steps), optimiser: optimiser.adam,
        weightDecay: optimiser.weightDecay, clip: optimiser.clip > 0 ? optimiser.clip : nil,
        seed: seed, validationEvery: validationEvery,
        validationSequences: validationBatches * batch, traceEvery: traceEvery)
    }
  }

  package static let op = "pretrain"
  package static let revision = 1
  package static let summary = "Train a new decoder to predict the next token."
  package static let usesSeed = true
  package static let usesNumerics = true

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [
        Port("tokens", .tokens, "What to train and validate on."),
        Port("tokenizer", .tokenizer, "The tokenizer that made the tokens."),
        Port(
          "snapshot", .any, "A training state to start from; `exp branch --at STAGE@STEP` sets it.",
          optional: true),
      ],
      outputs: [
        Port("checkpoint", .checkpoint, "The trained model, as a Hugging Face folder."),
        Port(
          "snapshots", .snapshots,
          "Training states by step, `step-000100.safetensors`; may be empty."
        ),
        Port("trace", .any, "Digests of the training state by step, as JSON Lines."),
      ])
  }

  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    let body = Double(parameters.model.bodyParameters)
    let tokens = Double(parameters.tokens)
    let kept = parameters.snapshotEvery > 0 ? parameters.steps / parameters.snapshotEvery : 0
    // Parameters, gradients and two moments, and the activations of one micro-batch.
    return Estimate(
      parameters: body, tokens: tokens, flops: 6 * body * tokens,
      memoryBytes: 16 * body + 0x1p28, storageBytes: (4 + 12 * Double(kept)) * body,
      formula: "6 · parameters · tokens, embeddings not counted")
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    try PretrainRun(parameters, context).carryOut()
  }
}

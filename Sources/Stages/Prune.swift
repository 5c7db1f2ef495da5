import ContentStore
import LanguageModel
import Ledger
import Numerics
package import Pipeline
import Training

/// Makes a model's gated MLPs narrower.
package enum Prune: Stage {
  /// How the units that stay are chosen.
  enum Method: String, CaseIterable, Sendable {
    case softTopK = "soft-top-k"
    case magnitude, activation, random
  }

  /// What the masks are trained with.
  enum Trained: String, CaseIterable, Sendable { case scores, all }

  /// Where scores begin.
  enum Start: String, CaseIterable, Sendable { case zeros, magnitude, activation }

  package struct Parameters: StageParameters {
    let intermediate: Int
    let method: Method
    /// Of `soft-top-k`; nil for the others.
    let training: Pretrain.Parameters?
    let masks: MaskParameters?
    let batch: Int
    let sequence: Int
    let batches: Int

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      intermediate = try reader.integer(
        "intermediate", in: 1...1_048_576, "Hidden units that stay in every layer's gated MLP.")
      method = try reader.choice(
        "method", default: .softTopK,
        "soft-top-k: by masks that are trained, as AFM; magnitude: by the norms of a unit's weights; "
          + "activation: by what units give on average, times the norm of their output weights; random: by "
          + "chance.")
      let isTrained = method == .softTopK || reader.isListing
      training =
        isTrained ? try Pretrain.Parameters(from: &reader, ofOwnParameters: false) : nil
      masks = isTrained ? try MaskParameters(from: &reader) : nil
      // A trained run's own say how validation and calibration are cut.
      if let data = training?.phases.first?.data {
        (batch, sequence) = (data.batch, data.sequence)
      } else if reader.isListing {
        (batch, sequence) = (16, 256)
      } else {
        batch = try reader.integer(
          "batch", default: 16, in: 1...(1 << 20), unit: "sequences", "Sequences per batch.")
        sequence = try reader.integer(
          "sequence", default: 256, in: 1...(1 << 24), unit: "tokens", "Tokens per sequence.")
      }
      batches = try reader.integer(
        "calibrationBatches", default: 8, in: 1...(1 << 40), unit: "batches",
        "Batches of training tokens by which activations are measured, and the most held-out batches by "
          + "which a method without training is scored.")
    }

    /// The sizes of a run without training, in the words of one with.
    func untrained() throws -> Pretrain.Parameters {
      var reader = ParameterReader([
        "steps": .integer(batches), "batch": .integer(batch), "sequence": .integer(sequence),
        "validationBatches": .integer(batches),
      ])
      return try reader.decode { (reader) throws(ParameterError) in
        try Pretrain.Parameters(from: &reader, ofOwnParameters: false)
      }
    }
  }

  /// How masks are trained.
  struct MaskParameters: StageParameters {
    let trained: Trained
    let start: Start
    let scoreRate: Double
    let softTopK: SoftTopK

    init(from reader: inout ParameterReader) throws(ParameterError) {
      trained = try reader.choice(
        "train", default: .all,
        "all: the model's weights and the masks' scores together; scores: the scores alone.")
      start = try reader.choice(
        "initialScores", default: .zeros,
        "zeros: all units alike; magnitude or activation: by those methods' scores, standardised in each "
          + "layer.")
      scoreRate = try reader.number(
        "scoreRate", default: 10, in: 0...1e6,
        "The scores' learning rate as a multiple of learningRate.")
      let iterations = try reader.integer(
        "maskIterations", default: 20, in: 1...1000, "Iterations of soft top-k.")
      let epsilon = try reader.number(
        "maskEpsilon", default: 4, in: 1e-3...1e3,
        "Smoothness of soft top-k in its first iteration.")
      let decay = try reader.number(
        "maskEpsilonDecay", default: 0.7, in: 0.01...1,
        "What each iteration multiplies the smoothness by.")
      let floor = try reader.number(
        "maskEpsilonFloor", default: 0, in: 0...1e3, "The lowest smoothness.")
      softTopK = SoftTopK(
        iterations: iterations, epsilon: epsilon, decay: decay, floor: floor)
      guard (softTopK.epsilons.last ?? 0) >= 1e-6 || reader.isListing else {
        throw ParameterError(
          path: "maskEpsilonDecay",
          message:
            "takes the smoothness below 1e-6 in \(iterations) iterations; give a maskEpsilonFloor")
      }
    }
  }

  package static let op = "prune"
  package static let revision = 1
  package static let summary = "Cut hidden units out of a model's gated MLPs."
  package static let usesSeed = true
  package static let usesNumerics = true

  package static func ports(_ parameters: Parameters?) -> Ports {
    var ports = Pretrain.ports(parameters?.training)
    ports.inputs.removeAll { $0.name == "checkpoint" }
    ports.inputs.insert(
      Port("checkpoint", .checkpoint, "The model to make narrower."), at: 2)
    let averages = Set(AverageParameters.ports.map(\.name))
    ports.outputs.removeAll { averages.contains($0.name) }
    if let parameters, parameters.training == nil {
      ports.inputs.removeAll { $0.name == "snapshot" }
      ports.otherInputs = nil
      ports.outputs.removeAll { $0.name != "checkpoint" }
    } else if parameters == nil {
      for index in ports.outputs.indices where ports.outputs[index].name != "checkpoint" {
        ports.outputs[index].isOptional = true
      }
    }
    return ports
  }

  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    guard let model = inputs.model("checkpoint") else { return nil }
    let width = Double(parameters.intermediate)
    var cut = model
    let removed = model.layers * 3 * model.hidden * (model.mlpWidth - width)
    cut.mlpWidth = width
    cut.bodyParameters -= removed
    cut.activeBodyParameters -= removed
    let trained = parameters.training.flatMap { Pretrain.estimate($0, inputs: inputs) }
    let tokens = Double(parameters.batches * parameters.batch * parameters.sequence)
    var estimate =
      trained ?? Estimates.scoring(model, tokens: tokens, sequence: parameters.sequence)
    // What comes out is the narrower model; the work is the wider one's.
    estimate?.model = cut
    estimate?.storageBytes = 4 * cut.parameters
    return estimate
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    if let training = parameters.training, let masks = parameters.masks {
      try PretrainRun(training, context) { setting in
        PruningTask(parameters: parameters, masks: masks, setting: setting)
      }.carryOut()
    } else {
      let setting = try PretrainRun(parameters.untrained(), context).setting
      try PlainPruning(parameters: parameters, setting: setting).carryOut()
    }
  }
}

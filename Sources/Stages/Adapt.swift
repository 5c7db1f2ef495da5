import LanguageModel
import Ledger
package import Pipeline
import Training

/// Trains low-rank adapters on a frozen, possibly quantised, model.
package enum Adapt: Stage {
  /// What the adapted model learns from.
  enum Lesson: String, CaseIterable, Sendable {
    case nobody = "none"
    case full
    case firstChoice = "first-choice"

    var targets: TeacherTargets? { TeacherTargets(rawValue: rawValue) }
  }

  package struct Parameters: StageParameters {
    let training: Pretrain.Parameters
    let rank: Int
    let alpha: Double
    let modules: [String]
    /// Nil for next-token training.
    let teaching: TeachingParameters?

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      training = try Pretrain.Parameters(from: &reader, ofOwnParameters: false)
      rank = try reader.integer(
        "rank", default: 16, in: 1...65536, "Inner width of the adapters; AFM's is 16.")
      alpha = try reader.number(
        "alpha", default: 16, in: 1e-6...1e6,
        "The adapters' products are scaled by alpha / rank (PEFT's lora_alpha).")
      modules = try reader.strings(
        "targetModules", default: Self.modules,
        "Linear maps to adapt, by whole names or their last parts, as PEFT's target_modules; left out, "
          + "all of attention and of the gated MLP, as AFM.")
      let lesson: Lesson = try reader.choice(
        "teacher", default: .nobody,
        "none: next-token training; full or first-choice: what of the input teacher's prediction is "
          + "learned, such as that of the model before it was quantised.")
      let targets = reader.isListing ? .full : lesson.targets
      teaching = try targets.map { targets throws(ParameterError) in
        try TeachingParameters(targets, from: &reader)
      }
      if reader.isListing { return }
      guard !modules.isEmpty else {
        throw ParameterError(path: "targetModules", message: "needs at least one name")
      }
      for name in ["teacher", "adapter"] where training.sources.contains(name) {
        throw ParameterError(path: "mix.\(name)", message: "is no input of tokens")
      }
    }

    private static let modules = [
      "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
    ]

    var configuration: AdapterConfiguration {
      AdapterConfiguration(rank: rank, alpha: alpha, targets: modules.sorted())
    }
  }

  package static let op = "adapt"
  package static let revision = 1
  package static let summary =
    "Train low-rank adapters on a frozen model, such as a quantised one."
  package static let usesSeed = true
  package static let usesNumerics = true

  package static func ports(_ parameters: Parameters?) -> Ports {
    var ports = Pretrain.ports(parameters?.training)
    ports.inputs.removeAll { $0.name == "checkpoint" }
    ports.inputs.insert(
      Port("checkpoint", .checkpoint, "The model to adapt; it stays as it is."), at: 2)
    ports.inputs.append(
      Port(
        "adapter", .adapter,
        "Where to begin, such as the adapter that won a quantised model's accuracy back; by itself, at random.",
        optional: true))
    if parameters == nil || parameters?.teaching != nil {
      var teacher = TeachingParameters.port
      teacher.isOptional = parameters == nil
      ports.inputs.append(teacher)
    }
    let averages = Set(AverageParameters.ports.map(\.name))
    ports.outputs.removeAll { averages.contains($0.name) || $0.name == "checkpoint" }
    ports.outputs =
      [
        Port("adapter", .adapter, "The adapter, as PEFT's folder."),
        Port("checkpoint", .checkpoint, "The model with the adapter's products added."),
      ] + ports.outputs
    return ports
  }

  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    // The base stays: of the adapter alone there are gradients and moments, which is next to nothing.
    guard var estimate = Pretrain.estimate(parameters.training, inputs: inputs),
      let model = estimate.model
    else { return nil }
    estimate.memoryBytes = (estimate.memoryBytes ?? 0) - 16 * model.parameters
    guard let teaching = parameters.teaching else { return estimate }
    return Estimates.taught(estimate, by: inputs.model("teacher"), targets: teaching.targets)
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    try PretrainRun(parameters.training, context) { setting in
      try AdapterTask(parameters, setting)
    }.carryOut()
  }
}

/// An adapter trained in a model's place.
private struct AdapterTask: TokenTask {
  let objective: any Objective
  private let configuration: AdapterConfiguration
  private let seed: UInt64
  /// What it begins from; nil for PEFT's beginning.
  private let beginning: InputArtifact?

  init(_ parameters: Adapt.Parameters, _ setting: TokenSetting) throws {
    configuration = parameters.configuration
    seed = setting.context.seed
    beginning = setting.context.inputs("adapter").first
    objective =
      try parameters.teaching.map { try TeachingTask($0, setting).objective } ?? NextToken()
  }

  func reparametrisation(of model: Transformer) throws -> (any Reparametrisation)? {
    AdapterTraining(try adapter(for: model.configuration), on: model.copy())
  }

  private func adapter(for model: ModelConfiguration) throws -> Adapter {
    guard let beginning else { return try Adapter(configuration, for: model, seed: seed) }
    let adapter = try beginning.adapter(for: model)
    guard adapter.configuration == configuration else {
      throw StageError(
        "the adapter to begin from has \(Self.words(adapter.configuration)); the stage's parameters say "
          + "\(Self.words(configuration)): give the same")
    }
    return adapter
  }

  private static func words(_ configuration: AdapterConfiguration) -> String {
    "rank \(configuration.rank), alpha \(configuration.alpha), targetModules "
      + configuration.targets.joined(separator: ", ")
  }

  func writeModel(
    _ trainer: Trainer, tokenizer: [String: [UInt8]], in context: any StageContext
  ) throws {
    try Checkpoint(trainer.model, tokenizerFiles: tokenizer)
      .write(to: context.makeTree("checkpoint"))
    guard let training = trainer.reparametrisation as? AdapterTraining else { return }
    let output = try context.makeTree("adapter")
    for (path, bytes) in try training.adapter.files().sorted(by: { $0.key < $1.key }) {
      try output.add(path, bytes)
    }
    try output.finish()
  }

  func addScores(_ trainer: Trainer, _ setting: TokenSetting) throws {
    setting.context.score("parameters/trained", Score(Double(trainer.layout.count)))
    let model = try setting.context.input("checkpoint").checkpoint().model
    let base = try beginning.map {
      try $0.adapter(for: model.configuration).merged(into: model, on: setting.context.compute())
    }
    try setting.score(base ?? model, as: "base")
  }
}

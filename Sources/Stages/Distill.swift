import LanguageModel
package import Pipeline
import Training

/// Trains a decoder to predict what a teacher predicts.
package enum Distill: Stage {
  package struct Parameters: StageParameters {
    let training: Pretrain.Parameters
    let teaching: TeachingParameters
    let stored: Bool

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      training = try Pretrain.Parameters(from: &reader)
      let targets: TeacherTargets = try reader.choice(
        "targets", default: .full,
        "full: the teacher's whole distribution, as Gemma 2; first-choice: its most likely token, as AFM."
      )
      teaching = try TeachingParameters(targets, from: &reader)
      stored = try reader.boolean(
        "stored", default: false,
        "Whether the teacher's first choices come from the input choices, which `teach` made, in place of "
          + "a teacher.")
      if reader.isListing { return }
      guard !stored || targets == .firstChoice else {
        throw ParameterError(
          path: "stored", message: "is for first-choice targets; whole distributions are not stored"
        )
      }
      for name in ["teacher", "choices"] where training.sources.contains(name) {
        throw ParameterError(path: "mix.\(name)", message: "is no input of tokens")
      }
    }

    package func check(
      goingOnFrom parent: Parameters, after step: Int
    ) throws(ParameterError) {
      try training.check(goingOnFrom: parent.training, after: step)
    }
  }

  package static let op = "distill"
  package static let revision = 1
  package static let summary = "Train a decoder, new or given, to predict what a teacher predicts."
  package static let usesSeed = true
  package static let usesNumerics = true

  package static func ports(_ parameters: Parameters?) -> Ports {
    var ports = Pretrain.ports(parameters?.training)
    let choices = Port(
      "choices", .choices, "What teach made of the same tokens, when stored.",
      optional: parameters == nil)
    var teacher = TeachingParameters.port
    teacher.isOptional = parameters == nil
    if parameters?.stored != true { ports.inputs.append(teacher) }
    if parameters?.stored != false { ports.inputs.append(choices) }
    return ports
  }

  package static func estimate(
    _ parameters: Parameters, inputs: [String: [Estimate]]
  ) -> Estimate? {
    Estimates.taught(
      Pretrain.estimate(parameters.training, inputs: inputs),
      by: parameters.stored ? nil : inputs.model("teacher"), targets: parameters.teaching.targets)
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    try PretrainRun(parameters.training, context) { setting in
      parameters.stored
        ? try TeachingTask(stored: parameters.teaching, setting)
        : try TeachingTask(parameters.teaching, setting)
    }.carryOut()
  }
}

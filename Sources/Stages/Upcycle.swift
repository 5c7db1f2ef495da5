import LanguageModel
import Ledger
import Numerics
package import Pipeline

/// Makes a mixture of experts of a dense model, to be trained further.
package enum Upcycle: Stage {
  package struct Parameters: StageParameters {
    let experts: Int
    let perToken: Int
    let expertIntermediate: Int
    let sharedIntermediate: Int
    let normalize: Bool
    let balanceWeight: Double
    let reinitialise: Double
    let deviation: Double?
    let routerDeviation: Double
    let shared: Upcycling.Shared

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      experts = try reader.integer(
        "experts", default: 64, in: 1...65536, "Routed experts of a layer; Qwen2-57B-A14B has 64.")
      perToken = try reader.integer(
        "perToken", default: 8, in: 1...65536, "How many of them see a token.")
      expertIntermediate = try reader.integer(
        "expertIntermediate", in: 1...1_048_576, "Width of a routed expert (2560).")
      sharedIntermediate = try reader.integer(
        "sharedIntermediate", in: 1...1_048_576,
        "Width of the shared expert (20480: eight of 2560).")
      normalize = try reader.boolean(
        "normalize", default: false,
        "Whether a token's chosen probabilities are divided by their sum.")
      balanceWeight = try reader.number(
        "balanceWeight", default: 0.001, in: 0...1e6,
        "Factor on the balancing loss that training adds.")
      reinitialise = try reader.number(
        "reinitialise", default: 0.5, in: 0...1,
        "The share of every routed expert's parameters that is drawn anew.")
      deviation = try reader.optionalNumber(
        "deviation", in: 0...10,
        "Standard deviation of what is drawn anew; left out, that of the dense tensor.")
      routerDeviation = try reader.number(
        "routerDeviation", default: 0.02, in: 0...10, "Standard deviation of the router at first.")
      shared = try reader.choice(
        "shared", default: .preserve,
        "How the shared expert starts: preserve, of the dense MLP's units scaled to be the dense MLP behind its gate; "
          + "copy, of the units as they are; random. Qwen2's way is not reported.")
      if reader.isListing { return }
      guard perToken <= experts else {
        throw ParameterError(
          path: "perToken", message: "must be at most experts (\(experts)), found \(perToken)")
      }
    }

    func upcycling(seed: UInt64) -> Upcycling {
      Upcycling(
        experts: ExpertConfiguration(
          count: experts, active: perToken, intermediate: expertIntermediate,
          sharedIntermediate: sharedIntermediate, normalises: normalize, lossWeight: balanceWeight),
        reinitialised: reinitialise, deviation: deviation, routerDeviation: routerDeviation,
        shared: shared, seed: seed)
    }
  }

  package static let op = "upcycle"
  package static let revision = 1
  package static let summary = "Make a mixture of experts of a dense model, as Qwen2 did."
  package static let usesSeed = true

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [
        Port("checkpoint", .checkpoint, "A dense Qwen2, or a Llama without biases.")
      ],
      outputs: [
        Port("checkpoint", .checkpoint, "The mixture of experts (qwen2moe), to be trained further.")
      ])
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let checkpoint = try context.input("checkpoint").checkpoint()
    let dense = checkpoint.model
    let upcycling = parameters.upcycling(seed: context.seed)
    let layers = Double(dense.configuration.layers)
    let model = try upcycling.mixture(of: dense, on: Compute(threads: context.threads)) { layer in
      try context.checkCancellation()
      context.progress(Progress(done: Double(layer), total: layers, unit: "layers"))
    }
    try Checkpoint(model, tokenizerFiles: checkpoint.tokenizerFiles)
      .write(to: context.makeTree("checkpoint"))
    let copies = upcycling.copies(width: dense.configuration.intermediate)
    context.log(
      "\(copies) copies of the MLP of width \(dense.configuration.intermediate) cut into "
        + "\(parameters.experts) experts of \(parameters.expertIntermediate)")
    context.score("copies", Score(Double(copies)))
    context.score("parameters", Score(Double(model.parameters.count)))
    context.score(
      "parameters/active", Score(Double(try model.configuration.activeParameterCount())))
    context.score("parameters/dense", Score(Double(dense.parameters.count)))
  }
}

import LanguageModel
import Ledger
package import Pipeline

/// Lets a checkpoint read longer sequences than it was trained on, without training: YaRN's frequencies and dual
/// chunk attention, which Qwen2 has for up to four times its length (§2.2.1). Weights stay as they are.
package enum Extend: Stage {
  package struct Parameters: StageParameters {
    let positions: Int
    let ropeBase: Double?
    let scaling: RotaryScaling?
    let dualChunk: DualChunk?

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      positions = try reader.integer(
        "positions", in: 2...(1 << 30), unit: "tokens", "The longest sequence to be read.")
      ropeBase = try reader.optionalNumber(
        "ropeBase", in: 1...1e12,
        "Base of the rotary positions' frequencies; left out, the checkpoint's.")
      scaling = try reader.object(
        "ropeScaling", "How rotary frequencies are changed; none keeps the checkpoint's."
      ) { (reader) throws(ParameterError) in try RopeScalingParameters(from: &reader).scaling }
      dualChunk = try reader.optionalObject(
        "dualChunk",
        "Dual chunk attention in inference (An et al. 2024); left out, plain attention."
      ) { (reader) throws(ParameterError) in
        DualChunk(
          chunkSize: try reader.integer(
            "chunkSize", in: 2...(1 << 30), unit: "tokens",
            "The greatest position of a query, at most the trained length."),
          localSize: try reader.integer(
            "localSize", in: 1...(1 << 30), unit: "tokens",
            "Tokens before a chunk that keep their true distances; at most half of chunkSize."))
      }
      if reader.isListing || reader.isRecorded { return }
      if let dualChunk, dualChunk.localSize > dualChunk.chunkSize / 2 {
        throw ParameterError(
          path: "dualChunk.localSize",
          message: "must be at most half of dualChunk.chunkSize, \(dualChunk.chunkSize / 2), found "
            + "\(dualChunk.localSize)")
      }
    }

    /// What will disappoint, in words.
    /// - Parameter trained: the positions that the checkpoint reads.
    fileprivate func warnings(trained: Int) -> [String] {
      var warnings: [String] = []
      if positions < trained {
        warnings.append("\(positions) positions are fewer than the \(trained) it could read before")
      }
      if let dualChunk, dualChunk.chunkSize > trained {
        warnings.append(
          "dualChunk.chunkSize, \(dualChunk.chunkSize), is beyond the checkpoint's \(trained) positions"
        )
      }
      return warnings
    }
  }

  package static let op = "extend"
  package static let revision = 1
  package static let summary =
    "Let a checkpoint read longer sequences without training: YaRN, dual chunk attention."

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [Port("checkpoint", .checkpoint, "The model.")],
      outputs: [Port("checkpoint", .checkpoint, "The same weights, another configuration.")])
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    var checkpoint = try context.input("checkpoint").checkpoint()
    var configuration = checkpoint.model.configuration
    let trained = configuration.maximumPositions
    for text in parameters.warnings(trained: trained) { context.log("warning: \(text)") }
    configuration.maximumPositions = parameters.positions
    if let base = parameters.ropeBase { configuration.ropeBase = base }
    if let scaling = parameters.scaling { configuration.ropeScaling = scaling }
    configuration.dualChunk = parameters.dualChunk ?? configuration.dualChunk
    try configuration.validate()
    checkpoint.model = Transformer(configuration, parameters: checkpoint.model.parameters)
    try checkpoint.write(to: context.makeTree("checkpoint"))
    context.score("positions", Score(Double(parameters.positions)))
    context.log("from \(trained) to \(parameters.positions) positions")
  }
}

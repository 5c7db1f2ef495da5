import ContentStore
import LanguageModel
import Ledger
import Numerics
package import Pipeline

/// Stores a model's matrices with few bits.
package enum Quantise: Stage {
  package enum Method: String, CaseIterable, Sendable { case palette, integers }

  package struct Parameters: StageParameters {
    let method: Method
    let bits: Int
    let axis: Quantisation.Axis
    let group: Int
    let symmetric: Bool
    let twoBitLayers: [Int]
    let twoBit: [String]
    let keep: [String]
    let embeddings: Bool
    let rounds: Int
    let precision: StoredPrecision
    let dequantise: Bool

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      method = try reader.choice(
        "method", default: .palette,
        "palette, Apple's: a k-means table for every group of rows or columns; integers: whole numbers and a scale for "
          + "every group of a row's elements.")
      let isPalette = method == .palette
      bits = try reader.integer(
        "bits", default: 4, in: 1...8, unit: "bits",
        "Of a matrix's elements: 2, 4 or 8; a palette's also 1.")
      axis = try reader.choice(
        "axis", default: .rows, "What a palette's group is of: rows (outputs) or columns (inputs).")
      group = try reader.integer(
        "group", default: isPalette ? 16 : 32, in: 0...1_048_576,
        "How many neighbouring rows or columns share a table, or neighbouring elements of a row a scale; left out, 16 "
          + "or 32. 0: the whole matrix, or the whole row.")
      symmetric = try reader.boolean(
        "symmetric", default: true,
        "Whether integers lie around 0; otherwise every group has a zero point.")
      let layers = try reader.numbers(
        "twoBitLayers", default: [], in: 0...1e6, "Decoder layers whose matrices have 2 bits.")
      twoBitLayers = try Self.whole(layers)
      twoBit = try reader.strings(
        "twoBit", default: [],
        "Parts of names, such as mlp.up_proj, of matrices that have 2 bits.")
      keep = try reader.strings(
        "keep", default: ["mlp.gate.weight", "shared_expert_gate", "score."],
        "Parts of names of matrices that stay as they are; left out, routers and score heads.")
      embeddings = try reader.boolean(
        "embeddings", default: true,
        "Whether the embedding and the output matrix are stored with 8 bits, a scale for each token."
      )
      rounds = try reader.integer(
        "rounds", default: 200, in: 1...10_000, "The most rounds of k-means.")
      precision = try reader.choice(
        "precision", default: .float16, "How tables and scales are stored.")
      dequantise = try reader.boolean(
        "dequantise", default: false,
        "Whether the output checkpoint has the same values in float32, for programs that do not read the codes."
      )
      if reader.isListing { return }
      try check()
    }

    private static func whole(_ numbers: [Double]) throws(ParameterError) -> [Int] {
      var layers: [Int] = []
      for (index, number) in numbers.enumerated() {
        guard let layer = Int(exactly: number) else {
          throw ParameterError(path: "twoBitLayers[\(index)]", message: "must be a whole number")
        }
        layers.append(layer)
      }
      return layers
    }

    private func check() throws(ParameterError) {
      let known = method == .palette ? [1, 2, 4, 8] : [2, 4, 8]
      guard known.contains(bits) else {
        throw ParameterError(
          path: "bits",
          message: "must be one of \(known.map(String.init).joined(separator: ", ")), found \(bits)"
        )
      }
    }
  }

  package static let op = "quantise"
  package static let revision = 1
  package static let summary =
    "Store a model with few bits: palettes of 2 or 4 bits, or int8 and int4 by groups."

  package static func ports(_ parameters: Parameters?) -> Ports {
    var ports = Ports(
      inputs: [Port("checkpoint", .checkpoint, "The model.")],
      outputs: [
        Port("quantised", .checkpoint, "The model in codes and tables; every op reads it.")
      ])
    if parameters?.dequantise ?? true {
      ports.outputs.append(
        Port(
          "checkpoint", .checkpoint,
          "What the codes stand for, as an ordinary folder, when dequantise is set.", optional: true
        ))
    }
    return ports
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    try QuantiseRun(parameters, context).carryOut()
  }
}

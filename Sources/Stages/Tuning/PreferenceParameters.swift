import LanguageModel
import Pipeline
import Text
import Training

/// The objective of preference tuning, shared by `preference` and `online-preference`.
struct PreferenceParameters: StageParameters {
  enum NLLForm: String, CaseIterable, Sendable { case token, sequence }

  let objective: PreferenceObjective
  let nllWeight: Double
  let nllForm: NLLForm
  let masksFormatting: Bool
  let isReferenceFree: Bool

  init(from reader: inout ParameterReader) throws(ParameterError) {
    let names = try reader.strings(
      "loss", default: ["sigmoid"],
      "The losses, by TRL's names: "
        + PreferenceLoss.allCases.map(\.rawValue).joined(separator: ", ") + ".")
    let weights = try reader.numbers(
      "lossWeights", default: [], in: -1e6...1e6,
      "What each loss is multiplied by; none means 1.")
    var settings = PreferenceSettings()
    settings.beta = try reader.number(
      "beta", default: 0.1, in: 1e-6...1e6,
      "β: how strongly the policy is held to the reference (τ in IPO).")
    settings.labelSmoothing = try reader.number(
      "labelSmoothing", default: 0, in: 0...0.499,
      "ε: the share of labels taken to be wrong (cDPO, robust, exo_pair, aot).")
    settings.divergence = try reader.choice(
      "divergence", default: .reverseKL, "f-DPO's divergence, TRL's f_divergence_type.")
    settings.alpha = try reader.number(
      "divergenceAlpha", default: 0.5, in: -100...100, "α of alpha_divergence.")
    settings.discopopTemperature = try reader.number(
      "discopopTemperature", default: 0.05, in: 1e-6...1e6, "τ of discopop.")
    let lengthDecay = try reader.number(
      "lengthDecay", default: 1, in: 0...1,
      "What tokens beyond the shorter response's length count for (LD-DPO's α; TRL's ld_alpha).")
    nllWeight = try reader.number(
      "nllWeight", default: 0, in: 0...1e6,
      "Weight of the chosen responses' negative log-likelihood; Llama 3 adds 0.2 (§4.1.4).")
    nllForm = try reader.choice(
      "nllForm", default: .token,
      "token: its mean over all chosen tokens of the batch, TRL's; sequence: the mean of each "
        + "response's mean, Pang et al. 2024.")
    masksFormatting = try reader.boolean(
      "maskFormatting", default: false,
      "Whether special tokens of the responses, such as the one that ends them, do not count (Llama 3 "
        + "masks header and termination tokens in both responses).")
    isReferenceFree = try reader.boolean(
      "referenceFree", default: false, "Whether log-ratios are taken to no reference at all.")
    objective = PreferenceObjective(
      try Self.losses(names, weights, settings), settings, lengthDecay: lengthDecay)
  }

  private static func losses(
    _ names: [String], _ weights: [Double], _ settings: PreferenceSettings
  ) throws(ParameterError) -> [PreferenceObjective.WeightedLoss] {
    var losses: [PreferenceObjective.WeightedLoss] = []
    for (index, name) in names.enumerated() {
      guard let loss = PreferenceLoss(rawValue: name) else {
        throw ParameterError(
          path: "loss[\(index)]",
          message: "is none of "
            + PreferenceLoss.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
      }
      guard loss != .exoPair || settings.labelSmoothing > 0 else {
        throw ParameterError(
          path: "labelSmoothing", message: "must be above 0 with the loss exo_pair")
      }
      losses.append(.init(loss, weight: index < weights.count ? weights[index] : 1))
    }
    guard !losses.isEmpty, weights.isEmpty || weights.count == losses.count else {
      throw ParameterError(
        path: "lossWeights",
        message: "must be as many as the losses, \(names.count), found \(weights.count)")
    }
    return losses
  }

  /// Pairs of sequences, chosen first, as a batch.
  /// - Parameter references: a value per token of each sequence.
  func batch(
    _ pairs: [[MaskedSequence]], _ references: [[[Float]]], _ formatting: Set<Int32>
  ) -> Batch {
    let tokens = TokenBatch(pairs.flatMap { $0 }, groups: pairs.map(\.count))
    var columns: [String: [Float]] = [:]
    if !isReferenceFree {
      columns[PreferenceObjective.reference] = references.flatMap { $0.flatMap { $0 } }
    }
    if masksFormatting {
      columns[PreferenceObjective.format] = tokens.targets.map { formatting.contains($0) ? 1 : 0 }
    }
    if nllWeight > 0 { columns[PreferenceObjective.nll] = nllWeights(tokens, columns) }
    return Batch(tokens, columns: columns)
  }

  private func nllWeights(_ tokens: TokenBatch, _ columns: [String: [Float]]) -> [Float] {
    let format = columns[PreferenceObjective.format]
    let counts = { (row: Int) in tokens.targets[row] >= 0 && (format?[row] ?? 0) == 0 }
    var weights = [Float](repeating: 0, count: tokens.tokens.count)
    let chosen = stride(from: 0, to: tokens.documents.count, by: 2).map { tokens.documents[$0] }
    let all = chosen.reduce(0) { $0 + $1.count(where: counts) }
    for document in chosen {
      let own = document.count(where: counts)
      let share =
        nllForm == .token
        ? 1 / Double(max(1, all)) : 1 / (Double(max(1, own)) * Double(max(1, chosen.count)))
      for row in document where counts(row) { weights[row] = Float(nllWeight * share) }
    }
    return weights
  }
}

import LanguageModel
import Numerics
import Pipeline

/// Whether every update is merged with the way from the base to the tuned checkpoint, so that alignment forgets
/// less (Online Merging Optimizers, Lu et al. 2024).
struct OnlineMergeParameters: StageParameters {
  enum Method: String, CaseIterable, Sendable { case off, ondare, onties }

  let method: Method
  let alpha: Double
  let share: Double

  init(from reader: inout ParameterReader) throws(ParameterError) {
    method = try reader.choice(
      "merge", default: .off,
      "ondare or onties: every update is merged with the way from the input base to the checkpoint."
    )
    alpha = try reader.number(
      "mergeAlpha", default: 1e-6, in: 0...1,
      "α: the weight of that way in every update; the paper swept 1e-7 to 1e-4.")
    share = try reader.number(
      "mergeShare", default: 0.5, in: 0...1, "p: the share of entries that are kept.")
  }

  /// Nil when off.
  func merge(
    _ tuned: Transformer, base: Transformer?, seed: UInt64, on compute: Compute
  ) throws -> OnlineMerge? {
    guard let method = OnlineMerge.Method(rawValue: method.rawValue) else { return nil }
    guard let base else {
      throw StageError("merge needs the model that the checkpoint was tuned from, on \"base\"")
    }
    guard base.layout == tuned.layout else {
      throw StageError("the input \"base\" has other tensors than the checkpoint")
    }
    let task = Floats(count: tuned.parameters.count)
    task.copy(from: tuned.parameters)
    compute.add(base.parameters, times: -1, to: task)
    return OnlineMerge(
      method, alpha: alpha, share: share, seed: seed, task: task, layout: tuned.layout,
      on: compute)
  }
}

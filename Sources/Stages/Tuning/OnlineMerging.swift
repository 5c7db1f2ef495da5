import LanguageModel
import Numerics
import Pipeline
import Training

/// Merges every update with the way from the base to the tuned checkpoint (Online Merging Optimizers, Lu et al.
/// 2024): θ ← θ + (1 − α) F(Δθ) + α F(τ), τ = θ_SFT − θ_base, so that alignment forgets less.
final class OnlineMerging: Sendable {
  enum Method: String, CaseIterable, Sendable {
    case off
    /// F keeps each entry with probability p, and does not rescale.
    case ondare
    /// F keeps a tensor's largest entries, a share p of them; entries whose sign is not that of the two
    /// vectors' sum are left out.
    case onties
  }

  struct Parameters: StageParameters {
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

    func merging(
      _ tuned: Transformer, base: Transformer?, seed: UInt64, on compute: Compute
    ) throws -> OnlineMerging? {
      guard method != .off else { return nil }
      guard let base else {
        throw StageError("merge needs the model that the checkpoint was tuned from, on \"base\"")
      }
      guard base.layout == tuned.layout else {
        throw StageError("the input \"base\" has other tensors than the checkpoint")
      }
      return OnlineMerging(self, tuned, base, seed: seed, on: compute)
    }
  }

  private let parameters: Parameters
  private let layout: ParameterLayout
  private let seed: UInt64
  /// F(τ), thinned out once as in the authors' code.
  private let task: Floats

  private init(
    _ parameters: Parameters, _ tuned: Transformer, _ base: Transformer, seed: UInt64,
    on compute: Compute
  ) {
    self.parameters = parameters
    self.seed = seed
    layout = tuned.layout
    let way = Floats(count: tuned.parameters.count)
    way.copy(from: tuned.parameters)
    compute.add(base.parameters, times: -1, to: way)
    task = way
    let stream = RandomStream(seed: seed, purpose: "online merge of the task vector")
    for view in layout.views { thin(way[view.range], view, stream, compute) }
  }

  /// Parameters that are merged.
  var count: Int { task.count }

  /// Merges the update that the optimiser has just made.
  /// - Parameter before: the parameters without it; is overwritten.
  func apply(to model: Transformer, before: Floats, step: Int, on compute: Compute) {
    let parameters = model.parameters
    let update = Floats(count: parameters.count)
    update.copy(from: parameters)
    compute.add(before, times: -1, to: update)
    let stream = RandomStream(seed: seed, purpose: "online merge of updates")
      .substream(UInt64(step))
    for view in layout.views { thin(update[view.range], view, stream, compute) }
    let (alpha, task, signs) = (self.parameters.alpha, task, self.parameters.method == .onties)
    compute.split(parameters.count, grain: 1 << 12) { range in
      for index in range {
        var (own, way) = (update[index], task[index])
        if signs {
          let isPositive = own + way >= 0
          if (own > 0) != isPositive { own = 0 }
          if (way > 0) != isPositive { way = 0 }
        }
        // In double precision: α τ alone may be below θ's last place.
        parameters[index] = Float(
          Double(before[index]) + ((1 - alpha) * Double(own) + alpha * Double(way)))
      }
    }
  }

  /// F, in place.
  private func thin(
    _ values: Floats, _ view: ParameterView, _ stream: RandomStream, _ compute: Compute
  ) {
    let share = parameters.share
    if parameters.method == .onties {
      return keepLargest(values, Int(share * Double(values.count)))
    }
    compute.split(values.count, grain: 1 << 12) { range in
      for index in range
      where stream.uniformDouble(at: UInt64(view.offset + index)) >= share {
        values[index] = 0
      }
    }
  }

  /// Of equal magnitudes the first are kept.
  private func keepLargest(_ values: Floats, _ count: Int) {
    guard count > 0, count < values.count else { return }
    let array = values.array
    let order = array.indices.sorted {
      (array[$1].magnitude, $0) < (array[$0].magnitude, $1)
    }
    for index in order[count...] { values[index] = 0 }
  }
}

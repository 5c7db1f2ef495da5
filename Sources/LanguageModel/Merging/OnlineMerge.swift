package import Numerics

/// An optimiser's step merged with the way from base to SFT model, step after step (Online Merging Optimizers; Lu et
/// al. 2024; papers.md §6.11): θ ← θ + (1 − α) F(Δθ) + α F(τ), τ = θ_SFT − θ_base, so that alignment does not
/// forget what the SFT model learnt.
///
/// Where the paper leaves a choice, that of its authors' code (QwenLM/online_merging_optimizers) is taken, but for
/// `F.dropout`, which there multiplies what it keeps by 1/p: the paper's F does not rescale.
package struct OnlineMerge: Sendable {
  package enum Method: String, CaseIterable, Sendable {
    /// F keeps each entry with probability p, at random.
    case ondare
    /// F keeps the ⌊p · n⌋ entries of a tensor with the largest magnitudes (all, where that is none); entries whose sign
    /// is not that of the two vectors' plain sum are left out, 0 counting as positive.
    case onties
  }

  package var method: Method
  /// α, from 0 to 1; the paper swept 1e-7 to 1e-4.
  package var alpha: Double
  /// p, from 0 to 1.
  package var share: Double
  package var seed: UInt64
  /// F(τ): thinned out once, as the authors' code does.
  private let task: Floats
  private let layout: ParameterLayout
  private let merging: Merging

  /// Parameters that are merged.
  package var count: Int { layout.count }

  /// - Parameter task: τ, in the layout's order. Not changed.
  package init(
    _ method: Method, alpha: Double, share: Double, seed: UInt64, task: Floats,
    layout: ParameterLayout, on compute: Compute
  ) {
    precondition(task.count == layout.count, "a task vector of another model")
    self.method = method
    self.alpha = alpha
    self.share = share
    self.seed = seed
    self.layout = layout
    merging = Merging(on: compute)
    let thinned = Floats(count: task.count)
    for view in layout.views {
      let kept = Self.kept(
        task[view.range], method, share, merging,
        RandomStream(seed: seed, purpose: "online merge of \(view.name): task vector"))
      thinned[view.range].copy(
        from: merging.masked(task[view.range], keeping: kept, density: share, rescaling: .none))
    }
    self.task = thinned
  }

  /// θ ← θ + the merge of the optimiser's update with the task vector.
  ///
  /// - Parameters:
  ///   - update: Δθ, what the optimiser would add. Not changed.
  ///   - step: names the random masks, so that a resumed run draws the same.
  package func apply(_ update: Floats, to parameters: Floats, step: Int) {
    precondition(
      update.count == task.count && parameters.count == task.count,
      "an update of another model")
    for view in layout.views {
      let stream = RandomStream(seed: seed, purpose: "online merge of \(view.name): updates")
        .substream(UInt64(step))
      let own = update[view.range]
      let thinned = merging.masked(
        own, keeping: Self.kept(own, method, share, merging, stream), density: share,
        rescaling: .none)
      merge(thinned, view, into: parameters[view.range])
    }
  }

  private static func kept(
    _ x: Floats, _ method: Method, _ share: Double, _ merging: Merging, _ stream: RandomStream
  ) -> [Bool] {
    switch method {
    case .ondare: return merging.random(x.count, density: share, stream)
    case .onties:
      let count = Int(share * Double(x.count))
      return count < 1 || share >= 1
        ? .init(repeating: true, count: x.count) : merging.largest(x, count: count)
    }
  }

  /// Both terms are added up before θ is touched: α τ alone may be below θ's last place.
  private func merge(_ update: Floats, _ view: ParameterView, into parameters: Floats) {
    let task = task[view.range]
    let merged = merging.made(update.count) { range, out in
      update[range].withSpan { update in
        task[range].withSpan { task in
          parameters[range].withSpan { parameters in
            for i in update.indices {
              let (a, b) = agreed(update[i], task[i])
              out[i] = Float(Double(parameters[i]) + ((1 - alpha) * a + alpha * b))
            }
          }
        }
      }
    }
    parameters.copy(from: merged)
  }

  private func agreed(_ update: Float, _ task: Float) -> (Double, Double) {
    guard method == .onties else { return (Double(update), Double(task)) }
    let isPositive = update + task >= 0
    func kept(_ x: Float) -> Double { (x > 0) == isPositive ? Double(x) : 0 }
    return (kept(update), kept(task))
  }
}

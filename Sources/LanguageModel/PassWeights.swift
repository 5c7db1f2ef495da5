import Numerics

/// A model's linear maps, as a training pass applies them.
struct PassWeights: Sendable {
  let layers: [LayerWeights]
  let head: Linear

  func prepared(on compute: Compute) -> PassWeights {
    PassWeights(
      layers: layers.map { $0.prepared(withBack: true, on: compute) },
      head: head.prepared(withBack: true, on: compute))
  }

  func refresh(on compute: Compute) {
    for layer in layers { layer.refresh(on: compute) }
    head.refresh(on: compute)
  }
}

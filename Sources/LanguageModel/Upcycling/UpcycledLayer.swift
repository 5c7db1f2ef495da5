import Numerics

/// One layer's experts, filled from the dense layer's MLP.
struct UpcycledLayer {
  private let upcycling: Upcycling
  private let layer: Int
  private let width: Int
  private let dense: Transformer
  private let mlp: MLPViews
  private let compute: Compute

  init(
    _ upcycling: Upcycling, layer: Int, dense: Transformer, mlp: MLPViews, _ compute: Compute
  ) {
    self.upcycling = upcycling
    self.layer = layer
    self.dense = dense
    self.mlp = mlp
    self.compute = compute
    width = dense.configuration.intermediate
  }

  func fill(_ views: ExpertViews, of model: Transformer) {
    draw(views.router, of: model, deviation: upcycling.routerDeviation)
    model.parameters[views.sharedGate.range].fill(0)
    for (expert, units) in upcycling.units(layer: layer, width: width).enumerated() {
      let routed = views.routed[expert]
      copy(units, into: routed, of: model, scales: nil)
      for (own, source) in [(routed.gate, mlp.gate), (routed.up, mlp.up), (routed.down, mlp.down)] {
        redraw(own, of: model, from: source)
      }
    }
    fillShared(views.shared, of: model)
  }

  private func fillShared(_ shared: MLPViews, of model: Transformer) {
    guard upcycling.shared != .random else {
      for (own, source) in [(shared.gate, mlp.gate), (shared.up, mlp.up), (shared.down, mlp.down)] {
        draw(own, of: model, deviation: upcycling.deviation ?? deviation(of: source))
      }
      return
    }
    let units = upcycling.sharedUnits(layer: layer, width: width)
    copy(
      units, into: shared, of: model,
      scales: upcycling.shared == .copy
        ? nil : Upcycling.preservingScales(units, width: width))
  }

  /// Rows of gate and up, and columns of down.
  private func copy(
    _ units: [Int], into views: MLPViews, of model: Transformer, scales: [Float]?
  ) {
    for (own, source) in [(views.gate, mlp.gate), (views.up, mlp.up)] {
      let (to, from) = (matrix(own, model), matrix(source, dense))
      for (row, unit) in units.enumerated() { to[row: row].copy(from: from[row: unit]) }
    }
    let (to, from) = (matrix(views.down, model), matrix(mlp.down, dense))
    for row in 0..<to.rows {
      for (column, unit) in units.enumerated() {
        to[row, column] = from[row, unit] * (scales?[column] ?? 1)
      }
    }
  }

  /// Draws a share of a tensor's elements anew.
  private func redraw(_ view: ParameterView, of model: Transformer, from source: ParameterView) {
    let deviation = upcycling.deviation ?? deviation(of: source)
    let chosen = RandomStream(seed: upcycling.seed, purpose: "reinitialised of \(view.name)")
    let drawn = stream(view)
    let values = model.parameters[view.range]
    for index in 0..<values.count {
      let place = UInt64(index)
      guard Double(chosen.uniform(at: place)) < upcycling.reinitialised else { continue }
      values[index] = Float(deviation * drawn.normal(at: place))
    }
  }

  private func draw(_ view: ParameterView, of model: Transformer, deviation: Double) {
    stream(view)
      .fillNormal(model.parameters[view.range], deviation: Float(deviation), on: compute)
  }

  private func stream(_ view: ParameterView) -> RandomStream {
    RandomStream(seed: upcycling.seed, purpose: "initial value of \(view.name)")
  }

  /// The root of the mean square of a dense tensor.
  private func deviation(of view: ParameterView) -> Double {
    (compute.sumOfSquares(dense.parameters[view.range]) / Double(view.count)).squareRoot()
  }

  private func matrix(_ view: ParameterView, _ model: Transformer) -> Matrix {
    Matrix(model.parameters[view.range], rows: view.shape[0], columns: view.shape[1])
  }
}

// MARK: Which units go where

extension Upcycling {
  /// How many copies of a dense MLP of this width are cut up.
  package func copies(width: Int) -> Int {
    (experts.count * experts.intermediate + width - 1) / width
  }

  /// For every routed expert the dense MLP's units it is made of, in order.
  package func units(layer: Int, width: Int) -> [[Int]] {
    let all = (0..<copies(width: width)).flatMap { shuffled(layer, copy: $0, width: width) }
    return (0..<experts.count).map {
      Array(all[$0 * experts.intermediate..<($0 + 1) * experts.intermediate])
    }
  }

  /// The units of the shared expert: all in order, then those of shuffled copies of its own.
  package func sharedUnits(layer: Int, width: Int) -> [Int] {
    let wanted = experts.sharedIntermediate
    if wanted < width {
      return shuffled(layer, copy: -1, width: width).prefix(wanted).sorted()
    }
    var units = Array(0..<width)
    var copy = -1
    while units.count < wanted {
      units += shuffled(layer, copy: copy, width: width).prefix(wanted - units.count)
      copy -= 1
    }
    return units
  }

  private func shuffled(_ layer: Int, copy: Int, width: Int) -> [Int] {
    RandomStream(seed: seed, purpose: "units of layer \(layer), copy \(copy)").permutation(width)
  }

  /// Factors on the columns of the shared expert's down projection that make up for the gate's ½, and for units that
  /// are there several times or not at all.
  static func preservingScales(_ units: [Int], width: Int) -> [Float] {
    var copies = [Int](repeating: 0, count: width)
    for unit in units { copies[unit] += 1 }
    let missing = Double(width) / Double(copies.count { $0 > 0 })
    return units.map { Float(2 * missing / Double(copies[$0])) }
  }
}

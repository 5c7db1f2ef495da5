package import Numerics

/// What a low-rank adapter (LoRA; Hu et al. 2021) changes.
package struct AdapterConfiguration: Hashable, Sendable {
  /// r, the inner width.
  package var rank: Int
  /// α; the product of the two matrices is scaled by α / r.
  package var alpha: Double
  /// Names of linear maps: whole module names, or their last parts, such as `q_proj`.
  package var targets: [String]

  package init(rank: Int, alpha: Double, targets: [String]) {
    self.rank = rank
    self.alpha = alpha
    self.targets = targets
  }

  var scale: Float { Float(alpha / Double(rank)) }

  /// Whether a tensor of a model is adapted; as PEFT matches `target_modules`.
  func includes(_ view: ParameterView) -> Bool {
    guard view.role == .matrix, view.name.hasSuffix(".weight") else { return false }
    let module = view.name.dropLast(".weight".count)
    return targets.contains { module == $0 || module.hasSuffix(".\($0)") }
  }
}

/// Low-rank matrices beside a model's own: W + α/r · B A, with A `[r, in]` and B `[out, r]`.
///
/// An adapter is a view of a model's parameters: `apply` writes the sums into a model that forward and
/// backward passes then use as any other, and `gradients` turns the sums' gradients into the adapter's.
/// So every architecture, micro-batching and decoding work as they are, with the same guarantees; and a
/// merged model is what was trained, bit for bit.
package struct Adapter: Sendable {
  /// An adapted tensor of the model and its two matrices.
  struct Pair: Sendable {
    var whole: ParameterView
    var a: ParameterView
    var b: ParameterView
  }

  package let configuration: AdapterConfiguration
  /// Where A and B lie, by PEFT's names.
  package let layout: ParameterLayout
  package let parameters: Floats
  let pairs: [Pair]

  /// Zeros for every matrix of a model that the configuration includes. Throws when there is none.
  package init(
    _ configuration: AdapterConfiguration, for model: ModelConfiguration
  ) throws(CheckpointError) {
    guard configuration.rank >= 1, configuration.alpha.isFinite else {
      throw CheckpointError(
        "an adapter needs a rank of at least 1 and a finite alpha, found \(configuration.rank) and "
          + "\(configuration.alpha)")
    }
    var layout = ParameterLayout()
    var pairs: [Pair] = []
    for view in ModelViews(model).layout.views where configuration.includes(view) {
      let module = "base_model.model.\(view.name.dropLast(".weight".count))"
      let a = layout.add(
        "\(module).lora_A.weight", [configuration.rank, view.shape[1]], .matrix)
      let b = layout.add(
        "\(module).lora_B.weight", [view.shape[0], configuration.rank], .matrix)
      pairs.append(Pair(whole: view, a: a, b: b))
    }
    for target in configuration.targets {
      let only = AdapterConfiguration(rank: 1, alpha: 1, targets: [target])
      guard pairs.contains(where: { only.includes($0.whole) }) else {
        throw CheckpointError("the model has no linear map \"\(target)\" to adapt")
      }
    }
    guard !pairs.isEmpty else { throw CheckpointError("an adapter needs at least one target") }
    self.configuration = configuration
    self.layout = layout
    self.pairs = pairs
    parameters = Floats(count: layout.count)
  }

  /// As PEFT begins: A uniform in ±1/√in (Kaiming's with a = √5), B of zeros.
  package init(
    _ configuration: AdapterConfiguration, for model: ModelConfiguration, seed: UInt64
  ) throws(CheckpointError) {
    try self.init(configuration, for: model)
    for pair in pairs {
      let stream = RandomStream(seed: seed, purpose: "initial value of \(pair.a.name)")
      let bound = 1 / Float(pair.a.shape[1]).squareRoot()
      let values = parameters[pair.a.range]
      for index in 0..<values.count {
        values[index] = bound * (2 * stream.uniform(at: UInt64(index)) - 1)
      }
    }
  }

  /// `target` ← `base` with the adapter's products added. Both have the adapter's model's configuration.
  package func apply(to target: Transformer, base: Transformer, on compute: Compute) {
    target.parameters.copy(from: base.parameters)
    for pair in pairs {
      let product = Matrix(rows: pair.whole.shape[0], columns: pair.whole.shape[1])
      compute.multiply(matrix(pair.b, parameters), matrix(pair.a, parameters), into: product)
      compute.add(
        product.floats, times: configuration.scale, to: target.parameters[pair.whole.range])
    }
  }

  /// A model of its own with the adapter's products added.
  package func merged(into base: Transformer, on compute: Compute) -> Transformer {
    let model = base.copy()
    apply(to: model, base: base, on: compute)
    return model
  }

  /// Gradients of A and B by the adapter's layout, given those of the model's parameters:
  /// dA = α/r · Bᵀ dW and dB = α/r · dW Aᵀ.
  package func gradients(of whole: Floats, on compute: Compute) -> Floats {
    let result = Floats(count: layout.count)
    for pair in pairs {
      let slope = matrix(pair.whole, whole)
      compute.multiply(
        transposed: matrix(pair.b, parameters), slope, into: matrix(pair.a, result))
      compute.multiply(
        slope, transposed: matrix(pair.a, parameters), into: matrix(pair.b, result))
    }
    compute.scale(result, by: configuration.scale)
    return result
  }

  private func matrix(_ view: ParameterView, _ arena: Floats) -> Matrix {
    Matrix(arena[view.range], rows: view.shape[0], columns: view.shape[1])
  }
}

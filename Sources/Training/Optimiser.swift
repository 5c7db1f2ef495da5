package import LanguageModel
package import Numerics

/// How weight decay follows the learning rate. Both are decoupled from the gradient (Loshchilov and
/// Hutter 2019).
package enum WeightDecayForm: String, CaseIterable, Sendable {
  /// Times the tensor's learning rate of the step, as PyTorch and Hugging Face have it.
  case rate
  /// Times the schedule's factor only, rate / peak, whatever the peak and a tensor's multiplier are
  /// (Wortsman et al. 2023, §3.2.2); AXLearn's `adastar_optimizer` does so.
  case independent
}

/// An update rule over a model's arena, with its moments. Weight decay applies to matrices and
/// embeddings, not to norms and biases, as Hugging Face's Trainer has it.
package struct Optimiser {
  package let rule: any UpdateRule
  let weightDecay: Double
  let form: WeightDecayForm
  package let firstMoments: Floats
  package let secondMoments: Floats
  /// Stretches of the arena that are updated alike: single tensors, or neighbours where that changes
  /// nothing.
  private let stretches: [Stretch]
  private let tensors: [Stretch]

  private struct Stretch {
    var range: Range<Int>
    var decays: Bool
    /// What the learning rate is multiplied by.
    var multiplier: Double
  }

  /// - Parameters:
  ///   - widths: for µParam; nil for the same rate everywhere.
  ///   - multiplier: what a tensor's rate is multiplied by beside that.
  package init(
    _ rule: any UpdateRule, weightDecay: Double, form: WeightDecayForm = .rate,
    widths: WidthScaling? = nil, multiplier: (ParameterView) -> Double = { _ in 1 },
    for layout: ParameterLayout
  ) {
    self.rule = rule
    self.weightDecay = weightDecay
    self.form = form
    firstMoments = Floats(count: layout.count)
    secondMoments = Floats(count: layout.count)
    tensors = layout.views.map { view in
      Stretch(
        range: view.range, decays: view.role == .matrix || view.role == .embedding,
        multiplier: (widths?.rateMultiplier(view) ?? 1) * multiplier(view))
    }
    stretches = rule.isElementwise ? Self.joined(tensors) : tensors
  }

  private static func joined(_ tensors: [Stretch]) -> [Stretch] {
    var result: [Stretch] = []
    for tensor in tensors {
      if let last = result.last, last.decays == tensor.decays,
        last.multiplier == tensor.multiplier, last.range.upperBound == tensor.range.lowerBound
      {
        result[result.count - 1].range = last.range.lowerBound..<tensor.range.upperBound
      } else {
        result.append(tensor)
      }
    }
    return result
  }

  /// Update number `step`, from 1.
  /// - Parameters:
  ///   - gradients: may be overwritten.
  ///   - factor: the learning rate as a fraction of its schedule's peak, for independent decay.
  package func update(
    _ parameters: Floats, gradients: Floats, step: Int, learningRate: Double, factor: Double = 1,
    on compute: Compute
  ) {
    compute.timed(.optimiser) {
      for stretch in stretches {
        update(stretch, parameters, gradients, step, learningRate, factor, compute)
      }
    }
  }

  /// The same update, tensor by tensor, and what it did to each.
  package func measuredUpdate(
    _ parameters: Floats, gradients: Floats, step: Int, learningRate: Double, factor: Double = 1,
    on compute: Compute
  ) -> [(parameterNorm: Double, updateRatio: Double)] {
    let scratch = Floats(count: tensors.map(\.range.count).max() ?? 0)
    return tensors.map { tensor in
      let (values, before) = (parameters[tensor.range], scratch[0..<tensor.range.count])
      before.copy(from: values)
      update(tensor, parameters, gradients, step, learningRate, factor, compute)
      compute.add(values, times: -1, to: before)
      let norm = compute.sumOfSquares(values).squareRoot()
      let change = compute.sumOfSquares(before).squareRoot()
      return (norm, change == 0 ? 0 : change / norm)
    }
  }

  private func update(
    _ stretch: Stretch, _ parameters: Floats, _ gradients: Floats, _ step: Int,
    _ learningRate: Double, _ factor: Double, _ compute: Compute
  ) {
    let (range, rate) = (stretch.range, learningRate * stretch.multiplier)
    let decay = (form == .rate ? rate : factor) * (stretch.decays ? weightDecay : 0)
    rule.update(
      parameters[range], gradients: gradients[range], firstMoments: firstMoments[range],
      secondMoments: secondMoments[range], step: step, learningRate: rate, decay: decay,
      on: compute)
  }
}

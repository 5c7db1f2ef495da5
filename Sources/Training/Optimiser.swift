package import LanguageModel
package import Numerics

/// AdamW over a model's arena, with its moments. Weight decay applies to matrices and embeddings, not
/// to norms and biases, as Hugging Face's Trainer has it.
package struct Optimiser {
  let adam: AdamW
  let weightDecay: Double
  package let firstMoments: Floats
  package let secondMoments: Floats
  /// Consecutive tensors that are treated alike.
  private let runs: [(range: Range<Int>, decays: Bool)]

  package init(_ adam: AdamW, weightDecay: Double, for layout: ParameterLayout) {
    self.adam = adam
    self.weightDecay = weightDecay
    firstMoments = Floats(count: layout.count)
    secondMoments = Floats(count: layout.count)
    var runs: [(range: Range<Int>, decays: Bool)] = []
    for view in layout.views {
      let decays = view.role == .matrix || view.role == .embedding
      if let last = runs.last, last.decays == decays {
        runs[runs.count - 1].range = last.range.lowerBound..<view.range.upperBound
      } else {
        runs.append((view.range, decays))
      }
    }
    self.runs = runs
  }

  /// Update number `step`, from 1.
  package func update(
    _ parameters: Floats, gradients: Floats, step: Int, learningRate: Double, on compute: Compute
  ) {
    for run in runs {
      adam.update(
        parameters[run.range], gradients: gradients[run.range],
        firstMoments: firstMoments[run.range], secondMoments: secondMoments[run.range], step: step,
        learningRate: learningRate, weightDecay: run.decays ? weightDecay : 0, on: compute)
    }
  }
}

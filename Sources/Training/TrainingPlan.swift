package import Numerics

/// How a model is trained. Everything here decides the result.
package struct TrainingPlan: Sendable {
  /// Updates in all, over one phase or more.
  package var phases: [Phase]
  package var optimiser: any UpdateRule
  package var weightDecay: Double
  package var weightDecayForm: WeightDecayForm
  /// For µParam; nil for the same learning rate in every tensor.
  package var widths: WidthScaling?
  /// The joint L2 norm that gradients are scaled down to; nil leaves them.
  package var clip: Double?
  /// Steps between validations; 0 validates after the last step only.
  package var validationEvery: Int
  /// Steps between lines of the trace; 0 writes one for the last step only.
  package var traceEvery: Int
  /// Steps between measurements of every tensor; 0 makes none.
  package var tensorMetricsEvery: Int
  /// Averages of the parameters to keep.
  package var averages: [(kind: Average.Kind, window: StepWindow)]

  /// A stretch of steps with one learning rate schedule and one model configuration.
  package struct Phase: Hashable, Sendable {
    package var steps: Int
    package var schedule: Schedule
    /// The step of the run, from 0, that is the schedule's first.
    package var scheduleStart: Int
    /// The rotary base; nil leaves the model's.
    package var ropeBase: Double?

    package init(
      steps: Int, schedule: Schedule, scheduleStart: Int = 0, ropeBase: Double? = nil
    ) {
      self.steps = steps
      self.schedule = schedule
      self.scheduleStart = scheduleStart
      self.ropeBase = ropeBase
    }
  }

  package init(
    phases: [Phase], optimiser: any UpdateRule = AdamW(), weightDecay: Double = 0,
    weightDecayForm: WeightDecayForm = .rate, widths: WidthScaling? = nil, clip: Double? = 1,
    validationEvery: Int = 0, traceEvery: Int = 0, tensorMetricsEvery: Int = 0,
    averages: [(kind: Average.Kind, window: StepWindow)] = []
  ) {
    precondition(!phases.isEmpty, "a plan has a phase")
    self.phases = phases
    self.optimiser = optimiser
    self.weightDecay = weightDecay
    self.weightDecayForm = weightDecayForm
    self.widths = widths
    self.clip = clip
    self.validationEvery = validationEvery
    self.traceEvery = traceEvery
    self.tensorMetricsEvery = tensorMetricsEvery
    self.averages = averages
  }

  /// A plan of one phase.
  package init(
    steps: Int, schedule: Schedule, optimiser: any UpdateRule = AdamW(), weightDecay: Double = 0,
    clip: Double? = 1, validationEvery: Int = 0, traceEvery: Int = 0
  ) {
    self.init(
      phases: [Phase(steps: steps, schedule: schedule)], optimiser: optimiser,
      weightDecay: weightDecay, clip: clip, validationEvery: validationEvery,
      traceEvery: traceEvery)
  }

  /// Updates in all.
  package var steps: Int { phases.reduce(0) { $0 + $1.steps } }

  /// The phase of the update that follows `step` earlier ones; after the last step, the last.
  package func phase(after step: Int) -> Phase {
    var end = 0
    for phase in phases {
      end += phase.steps
      if step < end { return phase }
    }
    return phases[phases.count - 1]
  }

  func validates(after step: Int) -> Bool { isDue(step, every: validationEvery) }
  func traces(after step: Int) -> Bool { isDue(step, every: traceEvery) }

  func measuresTensors(after step: Int) -> Bool {
    tensorMetricsEvery > 0 && step % tensorMetricsEvery == 0
  }

  private func isDue(_ step: Int, every interval: Int) -> Bool {
    step == steps || (interval > 0 && step % interval == 0)
  }
}

import LanguageModel

/// The training data of next-token prediction: named token streams, mixed in phases.
///
/// Sequence j of a source within a phase is that source's row number s + j, where s is how many rows of
/// the phase's length the source's tokens of all earlier phases would fill. So each source keeps its own
/// epochs: with one length nothing comes again before all has come. Where a phase changes the length,
/// rows are cut anew, and the rest of that epoch may hold tokens seen before and lack others.
package struct TokenMixture: BatchSource {
  /// One sequence of a step.
  package struct Sequence: Hashable, Sendable {
    package var source: String
    /// Its tokens in the source's stream.
    package var tokens: Range<Int>
  }

  package let streams: [String: TokenStream]
  package let phases: [DataPhase]
  private let plans: [Plan]

  /// A phase, ready to be looked into.
  private struct Plan: Sendable {
    /// Steps before the phase.
    var start: Int
    /// Per source of the phase's mix: its order and the row that comes first.
    var orders: [DataOrder]
    var firstRows: [Int]
  }

  /// Refuses phases that name a source which is not there or has less than one sequence.
  package init(
    _ streams: [String: TokenStream], phases: [DataPhase], seed: UInt64
  ) throws(TrainingError) {
    self.streams = streams
    self.phases = phases
    var (plans, start): ([Plan], Int) = ([], 0)
    var seen: [String: Int] = [:]
    for phase in phases {
      var plan = Plan(start: start, orders: [], firstRows: [])
      let counts = phase.mix.counts(of: phase.steps * phase.batch)
      for (name, count) in zip(phase.mix.names, counts) {
        guard let stream = streams[name] else {
          throw TrainingError("there is no source \"\(name)\", which a phase's mix names")
        }
        plan.orders.append(
          try DataOrder(stream, name: name, sequence: phase.sequence, seed: seed))
        let tokens = seen[name, default: 0]
        plan.firstRows.append((tokens + phase.sequence - 1) / phase.sequence)
        seen[name] = tokens + count * phase.sequence
      }
      plans.append(plan)
      start += phase.steps
    }
    self.plans = plans
  }

  /// Updates in all phases.
  package var steps: Int { phases.reduce(0) { $0 + $1.steps } }

  /// The index of the phase that the update after `step` earlier ones belongs to.
  package func phase(after step: Int) -> Int {
    plans.lastIndex { $0.start <= step } ?? 0
  }

  /// The sequences of the update that follows `step` earlier ones, source by source.
  package func sequences(after step: Int) -> [Sequence] {
    let index = phase(after: step)
    let (phase, plan) = (phases[index], plans[index])
    let before = phase.mix.counts(of: (step - plan.start) * phase.batch)
    let after = phase.mix.counts(of: (step - plan.start + 1) * phase.batch)
    return phase.mix.names.indices.flatMap { source in
      (before[source]..<after[source]).map { number in
        Sequence(
          source: phase.mix.names[source],
          tokens: plan.orders[source].range(at: plan.firstRows[source] + number))
      }
    }
  }

  package func batch(after step: Int) -> Batch {
    var builder = TokenStream.BatchBuilder()
    for sequence in sequences(after: step) {
      if let stream = streams[sequence.source] { builder.add(sequence.tokens, of: stream) }
    }
    return Batch(builder.batch)
  }

  /// How many sequences of each source a phase has, by name in the mix's order.
  package func counts(of phase: Int) -> [(source: String, sequences: Int)] {
    let counts = phases[phase].mix.counts(of: phases[phase].steps * phases[phase].batch)
    return zip(phases[phase].mix.names, counts).map { ($0, $1) }
  }

  /// The phases up to a step, a line each; neighbours that are alike count as one.
  package func description(of steps: Int) -> String {
    var (lines, rest): ([(steps: Int, text: String)], Int) = ([], steps)
    for phase in phases where rest > 0 {
      let part = min(phase.steps, rest)
      rest -= part
      let text = "\(phase.batch) sequences of \(phase.sequence) tokens: \(phase.mix.description)"
      if lines.last?.text == text {
        lines[lines.count - 1].steps += part
      } else {
        lines.append((part, text))
      }
    }
    return lines.map { "\($0.steps) steps of \($0.text)" }.joined(separator: "\n")
  }
}

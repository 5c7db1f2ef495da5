package import Numerics

/// A question to a model: how likely is this continuation after this context?
package struct ScoreRequest: Hashable, Sendable {
  /// Token ids before the continuation; at least one (a prefix token when there is no text).
  package var context: [Int]
  /// At least one token id.
  package var continuation: [Int]

  package init(context: [Int], continuation: [Int]) {
    self.context = context
    self.continuation = continuation
  }
}

/// The answer to a `ScoreRequest`.
package struct ContinuationScore: Hashable, Sendable {
  /// Sum of the continuation tokens' natural log-probabilities over the full vocabulary.
  package var logProbability: Double
  /// Whether every continuation token was the model's first choice (lowest id wins ties).
  package var isGreedy: Bool
  /// How many tokens were cut off the left to fit the window.
  package var truncated: Int

  package init(logProbability: Double, isGreedy: Bool, truncated: Int) {
    self.logProbability = logProbability
    self.isGreedy = isGreedy
    self.truncated = truncated
  }
}

/// Scores continuations as lm-evaluation-harness does (reference.md §1.2): input = the last L + 1
/// tokens of context + continuation, minus the final one. A request's answer does not depend on
/// the other requests.
package struct Scorer: Sendable {
  package let model: Transformer
  /// The longest input, L, in tokens.
  package let window: Int
  private let engine: InferenceEngine

  /// `window` defaults to the model's own.
  package init(_ model: Transformer, threads: Int, window: Int? = nil) {
    self.init(model, on: Compute(threads: threads), window: window)
  }

  /// - Parameter passRows: about how many tokens go through the model at once; bears on memory and speed
  ///   only.
  package init(
    _ model: Transformer, on compute: Compute, window: Int? = nil, passRows: Int? = nil
  ) {
    self.model = model
    self.window = max(1, window ?? model.configuration.maximumPositions)
    engine = InferenceEngine(model, window: self.window, passRows: passRows, on: compute)
  }

  /// Reads the model's parameters anew, after an update.
  package func refresh() { engine.refresh() }

  /// Answers in the order of the requests. Requests with the same context share its forward pass, and
  /// neighbours whose contexts begin alike (few-shot prompts) share that beginning's. `progress` is
  /// called between batches with the number of requests answered; it may throw to stop.
  package func score(
    _ requests: [ScoreRequest], progress: (Int) throws -> Void = { _ in }
  ) throws -> [ContinuationScore] {
    var batch = ScoringBatch(requests: requests, engine: engine)
    for run in PrefixRun.runs(try groups(requests)) {
      let prefix = prefixCache(run)
      for group in run.groups {
        batch.add(group, prefix: prefix)
        if batch.isFull {
          batch.answer()
          try progress(batch.answered)
        }
      }
    }
    batch.answer()
    try progress(batch.answered)
    return batch.scores
  }

  /// Requests by their truncated context, in order of first appearance.
  private func groups(_ requests: [ScoreRequest]) throws(TokenError) -> [ScoreGroup] {
    var groups: [ScoreGroup] = []
    var known: [[Int]: Int] = [:]
    for (index, request) in requests.enumerated() {
      try check(request)
      let room = window + 1 - request.continuation.count
      let context = Array(request.context.suffix(room))
      if let place = known[context] {
        groups[place].requests.append(index)
      } else {
        known[context] = groups.count
        groups.append(ScoreGroup(context: context, requests: [index]))
      }
    }
    return groups
  }

  private func check(_ request: ScoreRequest) throws(TokenError) {
    try model.configuration.check(request.context)
    try model.configuration.check(request.continuation)
    guard !request.context.isEmpty, !request.continuation.isEmpty else {
      throw TokenError("a context and a continuation to score need at least one token each")
    }
    guard request.continuation.count <= window else {
      throw TokenError(
        "a continuation of \(request.continuation.count) tokens does not fit the window of "
          + "\(window) tokens")
    }
  }

  private func prefixCache(_ run: PrefixRun) -> KeyValueCache? {
    guard run.prefix > 0, let context = run.groups.first?.context else { return nil }
    var pieces = [
      InferenceEngine.Piece(
        cache: engine.makeCache(capacity: run.prefix),
        tokens: context.prefix(run.prefix).map(Int32.init), wanted: 0)
    ]
    _ = engine.forward(&pieces)
    return pieces[0].cache
  }

  /// The log-probability of every token of a stream, the first one after `prefix`, in rolling windows:
  /// each predicts up to `window` tokens, with one token of context after the first (reference.md §1.2).
  /// `progress` is called between batches with the number of tokens done; it may throw to stop.
  package func rollingLogProbabilities(
    of tokens: [Int], prefix: Int, progress: (Int) throws -> Void = { _ in }
  ) throws -> [Float] {
    try model.configuration.check(tokens + [prefix])
    var result: [Float] = []
    var pieces: [InferenceEngine.Piece] = []
    var pending = 0
    func answer() throws {
      let logits = engine.forward(&pieces)
      let targets = tokens[result.count..<result.count + logits.rows].map(Int32.init)
      result += engine.logProbabilities(logits, of: targets)
      (pieces, pending) = ([], 0)
      try progress(result.count)
    }
    for window in RollingWindow.windows(of: tokens.count, length: window) {
      let input = window.input.map { Int32($0 < 0 ? prefix : tokens[$0]) }
      pieces.append(
        .init(
          cache: engine.makeCache(capacity: input.count), tokens: input,
          wanted: window.predicted.count))
      pending += input.count
      if pending >= engine.passLimit { try answer() }
    }
    if !pieces.isEmpty { try answer() }
    return result
  }
}

/// Requests that share a context.
struct ScoreGroup {
  var context: [Int]
  /// Indices of the requests.
  var requests: [Int]
}

/// Neighbouring groups whose contexts begin with the same tokens.
struct PrefixRun {
  var groups: [ScoreGroup]
  /// How many tokens they share; every context is longer. 0 for a group alone.
  var prefix: Int

  /// Cuts groups into runs. A group joins the run before it when they share at least 32 tokens and
  /// half of what the run shares. This bears on speed only.
  static func runs(_ groups: [ScoreGroup]) -> [PrefixRun] {
    var runs: [PrefixRun] = []
    for group in groups {
      if let last = runs.last, let first = last.groups.first {
        let known = last.groups.count == 1 ? first.context.count - 1 : last.prefix
        let limit = min(known, group.context.count - 1)
        let shared = zip(first.context.prefix(limit), group.context).prefix { $0 == $1 }.count
        if shared >= 32, 2 * shared >= known {
          runs[runs.count - 1].groups.append(group)
          runs[runs.count - 1].prefix = shared
          continue
        }
      }
      runs.append(PrefixRun(groups: [group], prefix: 0))
    }
    return runs
  }
}

/// One forward pass of a rolling evaluation: indices of the stream's tokens; −1 is the prefix token.
struct RollingWindow: Hashable {
  var input: Range<Int>
  var predicted: Range<Int>

  /// lm-evaluation-harness `get_rolling_token_windows` with one token of context.
  static func windows(of count: Int, length: Int) -> [RollingWindow] {
    var windows: [RollingWindow] = []
    var start = 0
    while start < count {
      let end = min(start + length, count)
      let first = start == 0 ? -1 : end - length - 1
      windows.append(RollingWindow(input: first..<end - 1, predicted: start..<end))
      start = end
    }
    return windows
  }
}

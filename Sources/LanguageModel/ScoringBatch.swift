import Numerics

/// Groups of requests that go through the model together.
struct ScoringBatch {
  private let requests: [ScoreRequest]
  private let engine: InferenceEngine
  private(set) var scores: [ContinuationScore]
  /// How many requests have been answered.
  private(set) var answered = 0

  private var groups: [ScoreGroup] = []
  private var pieces: [InferenceEngine.Piece] = []
  private var rows = 0

  init(requests: [ScoreRequest], engine: InferenceEngine) {
    self.requests = requests
    self.engine = engine
    scores = requests.map { _ in
      ContinuationScore(logProbability: 0, isGreedy: true, truncated: 0)
    }
  }

  var isFull: Bool { rows >= engine.passLimit }

  /// Adds a group; its context begins with the tokens that `prefix` holds.
  mutating func add(_ group: ScoreGroup, prefix: KeyValueCache?) {
    let count = group.context.count
    let cache =
      prefix?.fork(capacity: count, engine.model.configuration)
      ?? engine.makeCache(capacity: count)
    let tokens = group.context.dropFirst(cache.length).map(Int32.init)
    pieces.append(.init(cache: cache, tokens: tokens, wanted: 1))
    groups.append(group)
    rows += group.context.count - cache.length
    rows += group.requests.reduce(0) { $0 + requests[$1].continuation.count - 1 }
  }

  /// Answers all requests of the groups added since the last call.
  mutating func answer() {
    guard !groups.isEmpty else { return }
    scoreFirstTokens(engine.forward(&pieces))
    scoreOtherTokens()
    answered += groups.reduce(0) { $0 + $1.requests.count }
    (groups, pieces, rows) = ([], [], 0)
  }

  /// The first token of every continuation, from its context's last row.
  private mutating func scoreFirstTokens(_ logits: Matrix) {
    var owners: [Int] = []
    var rows: [Int32] = []
    for (row, group) in groups.enumerated() {
      owners += group.requests
      rows += group.requests.map { _ in Int32(row) }
    }
    let wanted = Matrix(rows: rows.count, columns: logits.columns)
    engine.compute.gatherRows(rows, of: logits, into: wanted)
    for (index, row) in zip(owners, rows) {
      let kept = groups[Int(row)].context.count
      scores[index].truncated = requests[index].context.count - kept
    }
    add(wanted, owners: owners, targets: owners.map { Int32(requests[$0].continuation[0]) })
  }

  /// The other tokens, each continuation after a copy of its context's cache.
  private mutating func scoreOtherTokens() {
    var owners: [Int] = []
    var targets: [Int32] = []
    var tails: [InferenceEngine.Piece] = []
    for (group, piece) in zip(groups, pieces) {
      for index in group.requests where requests[index].continuation.count > 1 {
        let tokens = requests[index].continuation.map(Int32.init)
        let capacity = piece.cache.length + tokens.count - 1
        let cache = piece.cache.fork(capacity: capacity, engine.model.configuration)
        tails.append(
          .init(cache: cache, tokens: Array(tokens.dropLast()), wanted: tokens.count - 1))
        owners += Array(repeating: index, count: tokens.count - 1)
        targets += tokens.dropFirst()
      }
    }
    guard !tails.isEmpty else { return }
    add(engine.forward(&tails), owners: owners, targets: targets)
  }

  /// Adds rows' log-probabilities to their owners' sums, in order.
  private mutating func add(_ logits: Matrix, owners: [Int], targets: [Int32]) {
    let values = engine.logProbabilities(logits, of: targets)
    let choices = engine.firstChoices(logits)
    for row in owners.indices {
      scores[owners[row]].logProbability += Double(values[row])
      if choices[row] != targets[row] { scores[owners[row]].isGreedy = false }
    }
  }
}

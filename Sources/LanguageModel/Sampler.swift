import Numerics

/// Samples continuations with a cache of keys and values. Draws are keyed by (seed, prompt index,
/// sample, position), so a sample does not depend on what else is in its batch.
package struct Sampler: Sendable {
  package let model: Transformer
  /// How many threads to use.
  package let threads: Int
  /// nil where every call makes its own.
  private let kept: InferenceEngine?

  /// - Parameter readsEveryTime: whether every call of `sample` reads the model's parameters anew, which
  ///   takes about as long as a copy of them. If not, they are read now and when `refresh` is called.
  package init(_ model: Transformer, threads: Int, readsEveryTime: Bool = true) {
    self.model = model
    self.threads = threads
    kept =
      readsEveryTime ? nil : InferenceEngine(model, window: 1, on: Compute(threads: threads))
  }

  /// Reads the model's parameters anew, after an update.
  package func refresh() { kept?.refresh() }

  /// `samples` continuations of every prompt. A prompt has at least one token; it and its samples may
  /// be longer than the model's window. `onToken` hears (prompt, sample, token) as they are made, and
  /// may throw to stop.
  /// - Parameters:
  ///   - keys: what keys each prompt's draws in place of its index, so that prompts may come in any
  ///     batches.
  ///   - isComplete: whether a sample's tokens are enough, so that it ends as at a stop token.
  package func sample(
    _ prompts: [[Int]], samples: Int = 1, _ options: SamplingOptions, keys: [Int]? = nil,
    onToken: (Int, Int, Int) throws -> Void = { _, _, _ in },
    isComplete: ([Int]) -> Bool = { _ in false }
  ) throws -> [[Sample]] {
    for prompt in prompts {
      try model.configuration.check(prompt)
      guard !prompt.isEmpty else { throw TokenError("a prompt needs at least one token") }
    }
    let empty = Sample(tokens: [], logProbabilities: [], isStopped: false)
    var results = prompts.map { _ in Array(repeating: empty, count: samples) }
    guard options.maximumTokens > 0, samples > 0, !prompts.isEmpty else { return results }
    let window = (prompts.map(\.count).max() ?? 0) + options.maximumTokens
    var engine =
      kept ?? InferenceEngine(model, window: window, on: Compute(threads: threads))
    engine.reach(window)
    for wave in waves(prompts, samples, options) {
      var decoding = Decoding(engine: engine, options: options, keys: keys)
      decoding.start(wave, prompts)
      while !decoding.isDone { try decoding.step(&results, isComplete, onToken) }
    }
    return results
  }

  /// Cuts the work so that each wave's caches fit in about half a gigabyte.
  private func waves(
    _ prompts: [[Int]], _ samples: Int, _ options: SamplingOptions
  ) -> [[SampleKey]] {
    let c = model.configuration
    let limit = (1 << 27) / (2 * c.layers * c.keyValueWidth)
    var waves: [[SampleKey]] = []
    var tokens = 0
    for (prompt, ids) in prompts.enumerated() {
      for sample in 0..<samples {
        tokens += ids.count + options.maximumTokens
        if waves.isEmpty || tokens > limit || waves[waves.count - 1].count == 512 {
          waves.append([])
          tokens = ids.count + options.maximumTokens
        }
        waves[waves.count - 1].append(SampleKey(prompt: prompt, sample: sample))
      }
    }
    return waves
  }
}

/// Which sample a sequence is.
struct SampleKey: Hashable {
  var prompt: Int
  var sample: Int
}

/// Sequences that grow together, one token each per step.
private struct Decoding {
  private struct Sequence {
    let key: SampleKey
    let draws: RandomStream
    var cache: KeyValueCache
    var length = 0

    /// The number that chooses the next token.
    var uniform: Double { draws.uniformDouble(at: UInt64(length)) }
  }

  private let engine: InferenceEngine
  private let options: SamplingOptions
  private let keys: [Int]?
  private var sequences: [Sequence] = []
  /// Each sequence's next token.
  private var draws: [TokenDraw] = []

  init(engine: InferenceEngine, options: SamplingOptions, keys: [Int]?) {
    self.engine = engine
    self.options = options
    self.keys = keys
  }

  var isDone: Bool { sequences.isEmpty }

  /// Reads every prompt once, in passes of bounded size, and gives each of its samples a copy.
  mutating func start(_ keys: [SampleKey], _ prompts: [[Int]]) {
    var order: [Int] = []
    for key in keys where order.last != key.prompt { order.append(key.prompt) }
    let first = Matrix(rows: order.count, columns: engine.model.configuration.vocabularySize)
    var caches: [KeyValueCache] = []
    while caches.count < order.count {
      var pieces: [InferenceEngine.Piece] = []
      var tokens = 0
      for prompt in order[caches.count...] {
        tokens += prompts[prompt].count
        guard pieces.isEmpty || tokens <= engine.passLimit else { break }
        pieces.append(
          .init(
            cache: engine.makeCache(capacity: prompts[prompt].count),
            tokens: prompts[prompt].map(Int32.init), wanted: 1))
      }
      let rows = caches.count..<caches.count + pieces.count
      engine.compute.copy(engine.forward(&pieces), to: first[rows: rows])
      caches += pieces.map(\.cache)
    }
    fork(keys, order, caches, first)
  }

  private mutating func fork(
    _ keys: [SampleKey], _ order: [Int], _ caches: [KeyValueCache], _ first: Matrix
  ) {
    let rows = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, $0) })
    let stream = RandomStream(seed: options.seed, purpose: "sampling")
    let (c, options, chooser) = (engine.model.configuration, options, options.chooser)
    let owners = keys.map { (rows[$0.prompt] ?? 0, $0, self.keys?[$0.prompt] ?? $0.prompt) }
    let made = engine.compute.map(keys.count) { index in
      let (row, key, number) = owners[index]
      let sequence = Sequence(
        key: key, draws: stream.substream(UInt64(number)).substream(UInt64(key.sample)),
        cache: caches[row].branch(capacity: caches[row].length + options.maximumTokens, c))
      return (sequence, chooser.draw(first, row: row, uniform: sequence.uniform))
    }
    sequences = made.map(\.0)
    draws = made.map(\.1)
  }

  /// Takes a token for every sequence, retires those that end, and draws the others' next.
  mutating func step(
    _ results: inout [[Sample]], _ isComplete: ([Int]) -> Bool,
    _ onToken: (Int, Int, Int) throws -> Void
  ) throws {
    var going: [Sequence] = []
    var pieces: [InferenceEngine.Piece] = []
    for (index, old) in sequences.enumerated() {
      var sequence = old
      let draw = draws[index]
      sequence.length += 1
      let isStopped = options.stopTokens.contains(Int(draw.token))
      results[sequence.key.prompt][sequence.key.sample].add(draw, options, isStopped)
      try onToken(sequence.key.prompt, sequence.key.sample, Int(draw.token))
      if isStopped || sequence.length == options.maximumTokens { continue }
      if isComplete(results[sequence.key.prompt][sequence.key.sample].tokens) { continue }
      pieces.append(.init(cache: sequence.cache, tokens: [draw.token], wanted: 1))
      sequence.cache.advance(by: 1)
      going.append(sequence)
    }
    sequences = going
    draw(pieces)
  }

  private mutating func draw(_ pieces: [InferenceEngine.Piece]) {
    guard !pieces.isEmpty else { return }
    let (sequences, chooser) = (sequences, options.chooser)
    draws = [TokenDraw](repeating: TokenDraw(), count: pieces.count)
    draws.withUnsafeMutableBufferPointer { buffer in
      // Each thread writes the draws of its own part.
      nonisolated(unsafe) let buffer = buffer
      engine.decode(pieces) { index, logits, row in
        buffer[index] = chooser.draw(logits, row: row, uniform: sequences[index].uniform)
      }
    }
  }
}

extension Sample {
  fileprivate mutating func add(_ draw: TokenDraw, _ options: SamplingOptions, _ isStopped: Bool) {
    tokens.append(Int(draw.token))
    logProbabilities.append(draw.logProbability)
    if options.wantsEntropy { entropies.append(draw.entropy) }
    self.isStopped = isStopped
  }
}

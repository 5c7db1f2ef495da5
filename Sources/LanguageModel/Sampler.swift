import Numerics

/// Samples continuations with a cache of keys and values. Draws are keyed by (seed, prompt index,
/// sample, position), so a sample does not depend on what else is in its batch.
package struct Sampler: Sendable {
  package let model: Transformer
  /// How many threads to use.
  package let threads: Int

  package init(_ model: Transformer, threads: Int) {
    self.model = model
    self.threads = threads
  }

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
    let longest = prompts.map(\.count).max() ?? 0
    let engine = InferenceEngine(
      model, window: longest + options.maximumTokens, on: Compute(threads: threads))
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
  }

  private let engine: InferenceEngine
  private let options: SamplingOptions
  private let keys: [Int]?
  private var sequences: [Sequence] = []
  /// The logits of each sequence's next token.
  private var logits = Matrix(rows: 0, columns: 1)

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
    let stream = RandomStream(seed: options.seed, purpose: "sampling")
    var rows: [Int32] = []
    for key in keys {
      let row = order.firstIndex(of: key.prompt) ?? 0
      rows.append(Int32(row))
      let cache = caches[row].fork(
        capacity: caches[row].length + options.maximumTokens, engine.model.configuration,
        on: engine.compute)
      let draws = stream.substream(UInt64(self.keys?[key.prompt] ?? key.prompt))
        .substream(UInt64(key.sample))
      sequences.append(Sequence(key: key, draws: draws, cache: cache))
    }
    logits = Matrix(rows: rows.count, columns: first.columns)
    engine.compute.gatherRows(rows, of: first, into: logits)
  }

  /// Chooses a token for every sequence, retires those that end, and takes the others one on.
  mutating func step(
    _ results: inout [[Sample]], _ isComplete: ([Int]) -> Bool,
    _ onToken: (Int, Int, Int) throws -> Void
  ) throws {
    let tokens = choose()
    let values = engine.logProbabilities(logits, of: tokens)
    var going: [Sequence] = []
    var pieces: [InferenceEngine.Piece] = []
    for (index, old) in sequences.enumerated() {
      var sequence = old
      let token = Int(tokens[index])
      sequence.length += 1
      let isStopped = options.stopTokens.contains(token)
      results[sequence.key.prompt][sequence.key.sample].tokens.append(token)
      results[sequence.key.prompt][sequence.key.sample].logProbabilities.append(values[index])
      results[sequence.key.prompt][sequence.key.sample].isStopped = isStopped
      try onToken(sequence.key.prompt, sequence.key.sample, token)
      if isStopped || sequence.length == options.maximumTokens { continue }
      if isComplete(results[sequence.key.prompt][sequence.key.sample].tokens) { continue }
      pieces.append(.init(cache: sequence.cache, tokens: [tokens[index]], wanted: 1))
      going.append(sequence)
    }
    sequences = going
    guard !going.isEmpty else { return }
    logits = engine.forward(&pieces)
    for index in going.indices { sequences[index].cache = pieces[index].cache }
  }

  private func choose() -> [Int32] {
    var tokens = [Int32](repeating: 0, count: sequences.count)
    let (sequences, logits, options) = (sequences, logits, options)
    tokens.withUnsafeMutableBufferPointer { buffer in
      // Each thread writes the tokens of its own part.
      nonisolated(unsafe) let buffer = buffer
      engine.compute.split(sequences.count) { part in
        for index in part {
          let draw = sequences[index].draws.uniformDouble(at: UInt64(sequences[index].length))
          buffer[index] = Int32(
            logits[row: index].withSpan { options.choose(from: $0, draw: draw) })
        }
      }
    }
    return tokens
  }
}

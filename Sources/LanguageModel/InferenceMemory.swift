import Numerics
import Synchronization

/// What one pass without gradients computes for up to `rows` tokens.
///
/// @unchecked Sendable: `InferenceMemories` lends it to one pass at a time.
final class InferenceMemory: @unchecked Sendable {
  let rows: Int
  private let activations: LayerActivations
  /// The inputs of every other layer, `[rows, hidden]`.
  let other: Matrix
  /// The final norm's output, `[rows, hidden]`, and its roots.
  let normed: Matrix
  let roots: Floats
  /// `[rows, vocabulary]`; made when first asked for.
  private(set) lazy var logits = Matrix(rows: rows, columns: vocabularySize)
  private let vocabularySize: Int

  init(rows: Int, _ c: ModelConfiguration) {
    self.rows = rows
    activations = LayerActivations(rows: rows, c)
    other = Matrix(rows: rows, columns: c.hidden)
    normed = Matrix(rows: rows, columns: c.hidden)
    roots = Floats(count: rows)
    vocabularySize = c.vocabularySize
  }

  /// The part for `rows` tokens.
  func activations(rows: Int) -> LayerActivations { LayerActivations(activations, rows: rows) }
}

/// Memory of passes, kept for the next: fresh pages for every token would cost more than some layers do.
final class InferenceMemories: Sendable {
  private let configuration: ModelConfiguration
  private let free = Mutex<[InferenceMemory]>([])
  /// Larger ones are given back: prompts are read once.
  private static let keptRows = 1024
  private static let kept = 16

  init(_ configuration: ModelConfiguration) { self.configuration = configuration }

  /// Lends memory for at least `rows` tokens.
  func lend<T>(rows: Int, _ body: (InferenceMemory) -> T) -> T {
    let found = free.withLock { list -> InferenceMemory? in
      guard let index = list.firstIndex(where: { $0.rows >= rows }) else { return nil }
      return list.remove(at: index)
    }
    let memory = found ?? InferenceMemory(rows: rows, configuration)
    defer { give(memory) }
    return body(memory)
  }

  /// Keeps it, in order of size; the smallest goes when there are too many.
  private func give(_ memory: InferenceMemory) {
    guard memory.rows <= Self.keptRows else { return }
    free.withLock { list in
      let index = list.firstIndex { $0.rows >= memory.rows } ?? list.count
      list.insert(memory, at: index)
      if list.count > Self.kept { list.removeFirst() }
    }
  }
}

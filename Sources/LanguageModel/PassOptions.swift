import Numerics

/// How a training pass is carried out.
package struct PassOptions: Hashable, Sendable {
  /// Probability with which dropout zeroes an element of the embeddings and of what attention and the
  /// MLP (or experts) of every layer give to the residual stream, between `beginBatch` and `endBatch`:
  /// the places of GPT-2's `embd_pdrop` and `resid_pdrop`.
  package var dropout: Double
  /// Keys dropout's random numbers.
  package var seed: UInt64
  /// Bytes that activations may take before layers are computed twice instead of kept. Bears on memory
  /// and speed only, never on a bit of a result.
  package var activationBytes: Int

  package init(dropout: Double = 0, seed: UInt64 = 0, activationBytes: Int = 1 << 30) {
    precondition(dropout >= 0 && dropout < 1, "a dropout rate is at least 0 and below 1")
    self.dropout = dropout
    self.seed = seed
    self.activationBytes = activationBytes
  }
}

/// The dropout masks of one forward pass.
struct PassMasks: Sendable {
  private let options: PassOptions
  private let stream: RandomStream
  private let firstRow: Int

  /// nil without dropout. `step` numbers the batch.
  init?(_ options: PassOptions, step: Int, firstRow: Int) {
    guard options.dropout > 0 else { return nil }
    self.options = options
    self.firstRow = firstRow
    stream = RandomStream(seed: options.seed, purpose: "dropout").substream(UInt64(step))
  }

  var embedding: DropoutMask { mask(0) }

  func layer(_ index: Int) -> LayerMasks {
    LayerMasks(attention: mask(2 * index + 1), block: mask(2 * index + 2))
  }

  private func mask(_ place: Int) -> DropoutMask {
    DropoutMask(
      rate: options.dropout, stream: stream.substream(UInt64(place)), firstRow: firstRow)
  }
}

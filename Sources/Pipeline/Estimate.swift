/// What a stage will cost, computed from parameters alone, and what downstream estimates need to
/// know of its outputs. Nil fields are unknown.
package struct Estimate: Hashable, Sendable {
  /// Parameters of the model that the stage makes or uses.
  package var parameters: Double?
  /// Tokens trained on, scored or written.
  package var tokens: Double?
  /// Floating-point operations.
  package var flops: Double?
  /// Peak memory, bytes.
  package var memoryBytes: Double?
  /// Bytes of the outputs.
  package var storageBytes: Double?
  /// The formula of `flops`, for `exp plan`: `6 · parameters · tokens`.
  package var formula: String

  package init(
    parameters: Double? = nil, tokens: Double? = nil, flops: Double? = nil,
    memoryBytes: Double? = nil, storageBytes: Double? = nil, formula: String = ""
  ) {
    self.parameters = parameters
    self.tokens = tokens
    self.flops = flops
    self.memoryBytes = memoryBytes
    self.storageBytes = storageBytes
    self.formula = formula
  }
}

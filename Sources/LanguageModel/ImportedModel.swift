import Numerics

/// A model that another program saved, put into this project's form.
package struct ImportedModel: Sendable {
  package var checkpoint: Checkpoint
  /// What the user should know of it, a sentence each.
  package var notes: [String]

  package init(_ checkpoint: Checkpoint, notes: [String] = []) {
    self.checkpoint = checkpoint
    self.notes = notes
  }

  /// A model whose tensors are asked for one at a time by Hugging Face's names. Query and key
  /// matrices come with rows for neighbouring rotary pairs, as in llama2.c and GGUF.
  static func model(
    _ configuration: ModelConfiguration,
    tensor: (ParameterView) throws(CheckpointError) -> Floats
  ) throws(CheckpointError) -> Transformer {
    _ = try configuration.parameterCount()
    let model = Transformer(
      configuration, parameters: Floats(count: ModelViews(configuration).layout.count))
    for view in model.layout.views {
      var values = try tensor(view)
      if let index = values.firstNotFinite {
        throw CheckpointError("tensor \"\(view.name)\" holds \(values[index]) at element \(index)")
      }
      if view.name.hasSuffix("q_proj.weight") {
        values = RotaryPairs.halfSplit(
          values, heads: configuration.heads, headSize: configuration.headSize)
      } else if view.name.hasSuffix("k_proj.weight") {
        values = RotaryPairs.halfSplit(
          values, heads: configuration.keyValueHeads, headSize: configuration.headSize)
      }
      model.parameters[view.range].copy(from: values)
    }
    return model
  }
}

extension Floats {
  /// Index of the first NaN or infinity.
  var firstNotFinite: Int? {
    withSpan { values in
      for index in values.indices where !values[index].isFinite { return index }
      return nil
    }
  }
}

/// A sum of products that remembers whether it overflowed.
struct CheckedCount {
  /// Nil after an overflow.
  private(set) var total: Int? = 0

  mutating func add(_ factors: Int...) {
    var product = 1
    for factor in factors {
      let (next, overflow) = product.multipliedReportingOverflow(by: factor)
      if overflow { return total = nil }
      product = next
    }
    guard let before = total else { return }
    let (after, overflow) = before.addingReportingOverflow(product)
    total = overflow ? nil : after
  }
}

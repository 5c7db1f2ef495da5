package import Pipeline

/// How a model is spread over devices, each number a factor: `tp=8,pp=16,dp=128,cp=1`.
package struct ParallelLayout: Hashable, Sendable {
  /// Tensor: every matrix is cut.
  package var tensor = 1.0
  /// Pipeline: layers are dealt out.
  package var pipeline = 1.0
  /// Data: rows are dealt out, and optimiser states with them.
  package var data = 1.0
  /// Context: every sequence is cut.
  package var context = 1.0

  package var devices: Double { tensor * pipeline * data * context }

  /// What is wrong with a layout, in one sentence.
  package struct Malformed: Error, CustomStringConvertible {
    package var description: String
  }

  private static func place(_ name: String) -> WritableKeyPath<ParallelLayout, Double>? {
    switch name {
    case "tp": \.tensor
    case "pp": \.pipeline
    case "dp": \.data
    case "cp": \.context
    default: nil
    }
  }

  package init(parsing text: String) throws(Malformed) {
    var seen: Set<String> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let pair = part.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
      guard pair.count == 2, let path = Self.place(pair[0]), let number = Int(pair[1]),
        (1...1 << 24).contains(number), seen.insert(pair[0]).inserted
      else {
        throw Malformed(
          description: "\"\(part)\" is no part of a layout; write tp=8,pp=16,dp=128,cp=1, each once"
        )
      }
      self[keyPath: path] = Double(number)
    }
  }
}

/// What one device holds of a training stage, bytes, with mixed precision: weights in 16 bits and gradients in 32
/// over tp · pp; a 32-bit copy and two moments over tp · pp · dp · cp (ZeRO stage 1; Rajbhandari et al. 2020);
/// and activations.
package struct DeviceMemory: Hashable, Sendable {
  package var weights: Double
  package var gradients: Double
  package var optimiser: Double
  /// 16 bits each, with one sequence a micro-batch: as many micro-batches are under way in the first part of a
  /// pipeline as it has parts, so that pp cancels out; over tp · cp. Nothing is recomputed.
  package var activations: Double
  /// The same when only every layer's input is kept and the rest is computed again.
  package var recomputed: Double

  package var state: Double { weights + gradients + optimiser }

  package init(_ work: ModelWork, _ layout: ParallelLayout) {
    let model = work.model
    let own = model.parameters / (layout.tensor * layout.pipeline)
    weights = 2 * own
    gradients = 4 * own
    optimiser = 12 * own / (layout.data * layout.context)
    let rows = work.sequence / (layout.tensor * layout.context)
    activations = 2 * rows * model.layers * model.activationsPerLayer
    recomputed = 2 * rows * (model.layers * model.hidden + model.activationsPerLayer)
  }
}

/// Devices that a plan is worked out for.
package struct Accelerators: Hashable, Sendable {
  package var devices: Double
  /// The most operations a second that one does.
  package var flops: Double
  /// The part of them that a training run gets: model FLOPs utilisation.
  package var utilisation: Double

  package init(devices: Double, flops: Double, utilisation: Double) {
    self.devices = devices
    self.flops = flops
    self.utilisation = utilisation
  }

  /// Hours of one device, or as many devices each its part.
  package func deviceHours(_ operations: Double) -> Double {
    operations / (flops * utilisation) / 3600
  }

  /// Seconds with all devices.
  package func seconds(_ operations: Double) -> Double {
    operations / (flops * utilisation * devices)
  }
}

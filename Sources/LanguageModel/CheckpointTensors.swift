import ContentStore

/// The tensors of a model folder, from one file or several. Experts may lie in a tensor each, as published
/// models have them, or layer by layer in two (`experts.gate_up_proj`, `[experts, 2 · width, hidden]`, and
/// `experts.down_proj`), as transformers 5 holds them.
final class CheckpointTensors {
  /// Which file holds each tensor.
  private let shards: [String: Safetensors]
  /// The fused tensor that was last read: its experts are asked for one after the other.
  private var last: (name: String, values: [Float]) = ("", [])

  init(_ shards: [String: Safetensors]) { self.shards = shards }

  var count: Int { shards.count }

  /// A tensor's values.
  func floats(_ view: ParameterView) throws(CheckpointError) -> [Float] {
    if let shard = shards[view.name] { return try shard.floats(view.name) }
    guard let part = FusedExpert(view.name), let shard = shards[part.name] else {
      throw missing(view.name)
    }
    if last.name != part.name { last = (part.name, try shard.floats(part.name)) }
    let start = part.offset(count: view.count)
    return Array(last.values[start..<start + view.count])
  }

  /// A tensor that need not be there.
  func floats(named name: String) throws(CheckpointError) -> [Float]? {
    try shards[name].map { (shard) throws(CheckpointError) in try shard.floats(name) }
  }

  /// Refuses a tensor that is not there in the view's shape.
  func check(_ view: ParameterView) throws(CheckpointError) {
    if let shard = shards[view.name] {
      _ = try shard.tensor(view.name, shape: view.shape)
      return
    }
    guard let part = FusedExpert(view.name), let shard = shards[part.name] else {
      throw missing(view.name)
    }
    let found = try shard.tensor(part.name).shape
    let rows = part.isGateOrUp ? 2 * view.shape[0] : view.shape[0]
    guard found.count == 3, found[0] > part.expert, Array(found[1...]) == [rows, view.shape[1]]
    else {
      throw CheckpointError(
        "tensor \"\(part.name)\" has shape \(found), but the configuration needs "
          + "[\(part.expert + 1) or more, \(rows), \(view.shape[1])]")
    }
  }

  /// Refuses more experts than the folder has tensors for, before they are laid out.
  func checkExperts(_ c: ModelConfiguration) throws(CheckpointError) {
    guard let experts = c.experts,
      let layer = (0..<c.layers).first(where: { c.experts(layer: $0) != nil })
    else { return }
    let prefix = "model.layers.\(layer).mlp.experts."
    let last = "\(prefix)\(experts.count - 1).down_proj.weight"
    if let fused = shards["\(prefix)down_proj"] {
      let found = try fused.tensor("\(prefix)down_proj").shape
      guard found.first == experts.count else {
        throw CheckpointError(
          "tensor \"\(prefix)down_proj\" has shape \(found), but the configuration has "
            + "\(experts.count) experts")
      }
    } else if shards[last] == nil {
      throw missing(last)
    }
  }

  /// The tensors' names; those that hold the configuration's experts together stand for themselves
  /// no more.
  func names(explaining c: ModelConfiguration) -> Set<String> {
    let names = Set(shards.keys)
    guard c.experts != nil else { return names }
    return names.filter { name in
      !(0..<c.layers).contains { layer in
        c.experts(layer: layer) != nil
          && ["gate_up_proj", "down_proj"].contains {
            name == "model.layers.\(layer).mlp.experts.\($0)"
          }
      }
    }
  }

  private func missing(_ name: String) -> CheckpointError {
    CheckpointError(
      "the model folder has no tensor \"\(name)\"" + didYouMean(name, among: shards.keys))
  }
}

/// One expert's matrix as a part of its layer's fused tensor.
private struct FusedExpert {
  let name: String
  let expert: Int
  let isGateOrUp: Bool
  private let isUp: Bool

  /// From a name such as `model.layers.0.mlp.experts.3.up_proj.weight`; nil for others.
  init?(_ view: String) {
    let parts = view.split(separator: ".").map(String.init)
    guard parts.count == 8, parts[4] == "experts", let expert = Int(parts[5]) else { return nil }
    self.expert = expert
    isUp = parts[6] == "up_proj"
    isGateOrUp = parts[6] != "down_proj"
    name = (parts[..<5] + [isGateOrUp ? "gate_up_proj" : "down_proj"]).joined(separator: ".")
  }

  /// Where the matrix, of `count` elements, starts.
  func offset(count: Int) -> Int {
    isGateOrUp ? (2 * expert + (isUp ? 1 : 0)) * count : expert * count
  }
}

/// What an angle or a norm is measured over.
package enum MergeScope: String, CaseIterable, Sendable {
  /// Every tensor for itself, as mergekit does.
  case tensor
  /// The tensors of a decoder layer together, and each of the others for itself.
  case layer
  /// All parameters as one vector.
  case model
}

/// Consecutive parameters that are merged as one vector.
package struct MergeGroup: Hashable, Sendable {
  package var name: String
  package var range: Range<Int>
  /// Where it is in the depth of the model: 0 at the embedding and in the first layer, 1 in the last
  /// layer and after it (mergekit's `t` of a gradient: layer / (layers − 1), 1 in a model of one layer).
  package var depth: Double

  package init(name: String, range: Range<Int>, depth: Double) {
    self.name = name
    self.range = range
    self.depth = depth
  }
}

extension ParameterLayout {
  /// The arena in groups, in its order.
  package func groups(_ scope: MergeScope) -> [MergeGroup] {
    if scope == .model { return [MergeGroup(name: "model", range: 0..<count, depth: 1)] }
    let last = views.compactMap(\.layer).max() ?? 0
    var groups: [MergeGroup] = []
    for view in views {
      let layer = view.layer
      let name = layer.map { scope == .layer ? "layer \($0)" : view.name } ?? view.name
      if groups.last?.name == name {
        groups[groups.count - 1].range =
          groups[groups.count - 1].range.lowerBound..<view.range.upperBound
      } else {
        groups.append(
          MergeGroup(name: name, range: view.range, depth: Self.depth(view, layer, last: last)))
      }
    }
    return groups
  }

  private static func depth(_ view: ParameterView, _ layer: Int?, last: Int) -> Double {
    guard let layer else { return view.role == .embedding ? 0 : 1 }
    return last == 0 ? 1 : Double(layer) / Double(last)
  }
}

extension ParameterView {
  /// The decoder layer that the tensor belongs to.
  var layer: Int? {
    let parts = name.split(separator: ".", maxSplits: 3)
    guard parts.count > 2, parts[0] == "model", parts[1] == "layers" else { return nil }
    return Int(parts[2])
  }
}

/// A number that may change with depth: anchors evenly spread from the first layer to the last, linear between
/// them (mergekit's gradients).
package struct DepthGradient: Hashable, Sendable {
  package var anchors: [Double]

  /// - Precondition: at least one anchor.
  package init(_ anchors: [Double]) {
    precondition(!anchors.isEmpty, "a gradient needs an anchor")
    self.anchors = anchors
  }

  package func value(at depth: Double) -> Double {
    let scaled = depth * Double(anchors.count - 1)
    let first = min(Int(scaled), anchors.count - 1)
    let second = min(anchors.count - 1, first + 1)
    let share = scaled - Double(first)
    return (1 - share) * anchors[first] + share * anchors[second]
  }
}

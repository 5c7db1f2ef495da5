import Numerics

/// The Huffman tree over labels of falling counts (`HierarchicalSoftmaxLoss::buildTree`).
struct LabelTree: Sendable {
  struct Node: Sendable {
    var count: Int64 = 1_000_000_000_000_000
    var parent: Int?
    var children: (left: Int, right: Int)?
    /// Whether it is its parent's right child.
    var isRight = false
  }

  /// Leaves, the labels, first; the root last.
  private(set) var nodes: [Node] = []
  /// For each label, the inner nodes from its leaf to the root, counted from 0, and whether the way
  /// down from each goes right.
  private(set) var paths: [[Int]] = []
  private(set) var codes: [[Bool]] = []

  init(_ counts: [Int64]) {
    guard !counts.isEmpty else { return }
    nodes = counts.map { Node(count: $0) } + Array(repeating: Node(), count: counts.count - 1)
    join(leaves: counts.count)
    for leaf in counts.indices { addPath(of: leaf, leaves: counts.count) }
  }

  private mutating func join(leaves: Int) {
    var (leaf, node) = (leaves - 1, leaves)
    for parent in leaves..<max(leaves, 2 * leaves - 1) {
      var least: [Int] = []
      for _ in 0..<2 {
        if leaf >= 0, nodes[leaf].count < nodes[node].count {
          least.append(leaf)
          leaf -= 1
        } else {
          least.append(node)
          node += 1
        }
      }
      nodes[parent].children = (least[0], least[1])
      nodes[parent].count = nodes[least[0]].count + nodes[least[1]].count
      nodes[least[0]].parent = parent
      nodes[least[1]].parent = parent
      nodes[least[1]].isRight = true
    }
  }

  private mutating func addPath(of leaf: Int, leaves: Int) {
    var (path, code, node): ([Int], [Bool], Int) = ([], [], leaf)
    while let parent = nodes[node].parent {
      path.append(parent - leaves)
      code.append(nodes[node].isRight)
      node = parent
    }
    paths.append(path)
    codes.append(code)
  }
}

/// Labels in proportion to the square roots of their counts (`NegativeSamplingLoss`).
struct NegativeTable: Sendable {
  private var labels: [Int32] = []

  init(_ counts: [Int64]) {
    var sum: Float = 0
    for count in counts { sum = Float(Double(sum) + Double(count).squareRoot()) }
    for (label, count) in counts.enumerated() {
      let share = Float(Double(count).squareRoot()) * 10_000_000 / sum
      labels += Array(repeating: Int32(label), count: Int(share.rounded(.up)))
    }
  }

  func draw(not target: Int, _ random: inout MinimalRandom) -> Int {
    while true {
      let label = Int(labels[random.integer(below: labels.count)])
      if label != target { return label }
    }
  }
}

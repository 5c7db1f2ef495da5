package import ContentStore

/// A lineage as text: a tree for the terminal, Graphviz, Mermaid, JSON.
extension LineageGraph {
  /// Lines with ├── and └──; a node met again is only named. What would stand too far to the right is drawn
  /// below, from the margin.
  /// - Parameter style: dresses a node's name (bold on a terminal).
  package func tree(style: @escaping (String) -> String = { $0 }) -> [String] {
    var tree = LineageTree(graph: self, style: style)
    for root in roots { tree.draw(root) }
    return tree.lines
  }

  fileprivate func next(_ node: Node) -> [Edge] {
    edges.filter { direction == .up ? $0.user == node : $0.maker == node }
  }

  private func title(_ node: Node) -> String {
    switch node {
    case .execution: labels[node]?.stage ?? "?"
    case .source: "your files"
    }
  }

  private func name(_ node: Node) -> String { "n\(node.digest.hex.prefix(12))" }

  /// A node's lines in a picture.
  private func text(_ node: Node) -> [String] {
    [title(node), node.digest.short] + (labels[node]?.seed.map { ["seed \($0)"] } ?? [])
  }

  private func arrow(_ edge: Edge) -> String {
    let ports =
      edge.output.isEmpty || edge.output == edge.input
      ? edge.input : "\(edge.output) → \(edge.input)"
    return "\(ports) \(edge.artifact.digest.short)"
  }

  /// Graphviz: arrows run from maker to user.
  package func dot() -> String {
    var lines = ["digraph lineage {", "  rankdir=LR;", "  node [fontname=\"sans-serif\"];"]
    for node in nodes {
      let shape = if case .source = node { "note" } else { "box" }
      let text = text(node).joined(separator: "\\n")
      lines.append("  \(name(node)) [shape=\(shape), label=\"\(text)\"];")
    }
    for edge in edges {
      lines.append("  \(name(edge.maker)) -> \(name(edge.user)) [label=\"\(arrow(edge))\"];")
    }
    return (lines + ["}"]).joined(separator: "\n")
  }

  /// Mermaid, as GitHub draws it.
  package func mermaid() -> String {
    var lines = ["flowchart LR"]
    for node in nodes {
      let text = text(node).joined(separator: "<br/>")
      if case .source = node {
        lines.append("  \(name(node))[/\"\(text)\"/]")
      } else {
        lines.append("  \(name(node))[\"\(text)\"]")
      }
    }
    for edge in edges {
      lines.append("  \(name(edge.maker)) -- \"\(arrow(edge))\" --> \(name(edge.user))")
    }
    return lines.joined(separator: "\n")
  }

  /// `{"direction", "roots", "nodes": [{"id", "kind", "stage", "op", "status", "seed"}], "edges": [{"from",
  /// "output", "to", "input", "artifact"}]}`; edges run from maker to user. A seed is a text, for it may exceed
  /// 2^53, and null where no random numbers are drawn.
  package var json: JSON {
    [
      "direction": direction == .up ? "up" : "down",
      "roots": .array(roots.map { .string($0.digest.hex) }),
      "nodes": .array(nodes.map(json)),
      "edges": .array(
        edges.map { edge in
          [
            "from": .string(edge.maker.digest.hex), "output": .string(edge.output),
            "to": .string(edge.user.digest.hex), "input": .string(edge.input),
            "artifact": edge.artifact.json,
          ]
        }),
    ]
  }

  private func json(_ node: Node) -> JSON {
    let label = labels[node]
    let kind: String = if case .source = node { "files" } else { "execution" }
    return [
      "id": .string(node.digest.hex), "kind": .string(kind),
      "stage": label.map { .string($0.stage) } ?? .null,
      "op": label.map { .string($0.op) } ?? .null,
      "status": label.map { .string($0.status) } ?? .null,
      "seed": label?.seed.map { .string(String($0)) } ?? .null,
    ]
  }
}

/// The tree while it is drawn.
private struct LineageTree {
  /// The columns that lines keep to, where names allow it.
  private static let width = 100

  typealias Node = LineageGraph.Node
  typealias Edge = LineageGraph.Edge

  let graph: LineageGraph
  let style: (String) -> String
  private(set) var lines: [String] = []
  private var drawn: Set<Node> = []
  /// To be drawn from the margin, first come, first drawn.
  private var waiting: [Node] = []

  init(graph: LineageGraph, style: @escaping (String) -> String) {
    self.graph = graph
    self.style = style
  }

  mutating func draw(_ root: Node) {
    waiting.append(root)
    while !waiting.isEmpty {
      let node = waiting.removeFirst()
      guard drawn.insert(node).inserted else { continue }
      lines.append(heading(node, style))
      branches(of: node, "")
    }
  }

  private mutating func branches(of node: Node, _ indent: String) {
    let next = graph.next(node)
    for (index, edge) in next.enumerated() {
      let isLast = index == next.count - 1
      let far = graph.direction == .up ? edge.maker : edge.user
      let goesOn = !graph.next(far).isEmpty
      let isDrawn = drawn.contains(far)
      let isDeep = goesOn && !isDrawn && !hasRoom(for: far, indent.count + 8)
      if isDeep { waiting.append(far) } else { drawn.insert(far) }
      let isNamedOnly = goesOn && (isDrawn || isDeep)
      let note = isNamedOnly ? (isDeep ? Self.below : "  (above)") : seed(far)
      lines.append(indent + (isLast ? "└── " : "├── ") + passage(edge, far, style) + note)
      if isNamedOnly { continue }
      branches(of: far, indent + (isLast ? "    " : "│   "))
    }
  }

  private static let below = "  (below)"

  /// Whether what leads to a node may stand this far from the margin.
  private func hasRoom(for node: Node, _ column: Int) -> Bool {
    graph.next(node).allSatisfy { edge in
      let far = graph.direction == .up ? edge.maker : edge.user
      let text = passage(edge, far) { $0 }
      return column + text.count + max(Self.below.count, seed(far).count) <= Self.width
    }
  }

  private func seed(_ node: Node) -> String {
    graph.labels[node]?.seed.map { "  seed \($0)" } ?? ""
  }

  private func heading(_ node: Node, _ style: (String) -> String) -> String {
    switch node {
    case .execution(let id):
      return "\(stage(node, style))  \(id.short)\(status(node))\(seed(node))"
    case .source(let artifact):
      return "\(style("your files"))  \(artifact.kind.rawValue) \(artifact.digest.short)"
    }
  }

  /// Upward `documents ← world.wiki 1a2b3c4d`, the artifact's digest; downward `wiki 1a2b3c4d → tokens (tokenize)
  /// 5e6f7a8b`, with the user's execution, for users in other runs have the same names.
  private func passage(_ edge: Edge, _ far: Node, _ style: (String) -> String) -> String {
    let artifact = edge.artifact.digest.short
    switch (graph.direction, far) {
    case (.up, .execution):
      let output = edge.output.isEmpty ? "" : ".\(edge.output)"
      return "\(edge.input) ← \(stage(far, style, output))  \(artifact)\(status(far))"
    case (.up, .source): return "\(edge.input) ← \(heading(far, style))"
    case (.down, .execution(let id)):
      let output = edge.output.isEmpty ? "" : "\(edge.output) "
      return "\(output)\(artifact) → \(stage(far, style))  \(id.short)\(status(far))"
    case (.down, .source): return heading(far, style)
    }
  }

  /// Name and op, where they differ.
  private func stage(
    _ node: Node, _ style: (String) -> String, _ output: String = ""
  ) -> String {
    let label = graph.labels[node]
    let name = label?.stage ?? "?"
    return style(name) + output + (label?.op == name ? "" : " (\(label?.op ?? "?"))")
  }

  private func status(_ node: Node) -> String {
    let status = graph.labels[node]?.status
    return status == "done" ? "" : "  \(status ?? "")"
  }
}

package import ContentStore

/// A lineage as text: a tree for the terminal, Graphviz, Mermaid, JSON.
extension LineageGraph {
  /// Lines with ├── and └──; a node met again is only named.
  /// - Parameter style: dresses a node's name (bold on a terminal).
  package func tree(style: (String) -> String = { $0 }) -> [String] {
    var drawn: Set<Node> = []
    var lines: [String] = []
    for root in roots {
      lines.append(describe(root, style))
      drawn.insert(root)
      branches(of: root, "", &drawn, &lines, style)
    }
    return lines
  }

  private func branches(
    of node: Node, _ indent: String, _ drawn: inout Set<Node>, _ lines: inout [String],
    _ style: (String) -> String
  ) {
    let next = edges.filter { direction == .up ? $0.user == node : $0.maker == node }
    for (index, edge) in next.enumerated() {
      let isLast = index == next.count - 1
      let far = direction == .up ? edge.maker : edge.user
      let isNew = drawn.insert(far).inserted
      let mark = isLast ? "└── " : "├── "
      let again = isNew || !hasBranches(far) ? "" : "  (above)"
      lines.append(indent + mark + passage(edge) + describe(far, style) + again)
      if isNew { branches(of: far, indent + (isLast ? "    " : "│   "), &drawn, &lines, style) }
    }
  }

  private func hasBranches(_ node: Node) -> Bool {
    edges.contains { direction == .up ? $0.user == node : $0.maker == node }
  }

  /// `tokens ← ` or `tokens → tokens of `: how an artifact passed.
  private func passage(_ edge: Edge) -> String {
    direction == .up ? "\(edge.input) ← " : "\(edge.output) → "
  }

  private func describe(_ node: Node, _ style: (String) -> String) -> String {
    let label = labels[node]
    switch node {
    case .execution(let id):
      let status = label?.status == "done" ? "" : "  \(label?.status ?? "")"
      let stage = label?.stage ?? "?"
      let op = label?.op == stage ? "" : " (\(label?.op ?? "?"))"
      return "\(style(stage))\(op)  \(id.short)\(status)"
    case .source(let artifact):
      return "\(style("your files"))  \(artifact.kind.rawValue) \(artifact.digest.short)"
    }
  }

  private func title(_ node: Node) -> String {
    switch node {
    case .execution: labels[node]?.stage ?? "?"
    case .source: "your files"
    }
  }

  private func name(_ node: Node) -> String { "n\(node.digest.hex.prefix(12))" }

  private func arrow(_ edge: Edge) -> String {
    edge.output.isEmpty || edge.output == edge.input
      ? edge.input : "\(edge.output) → \(edge.input)"
  }

  /// Graphviz: arrows run from maker to user.
  package func dot() -> String {
    var lines = ["digraph lineage {", "  rankdir=LR;", "  node [fontname=\"sans-serif\"];"]
    for node in nodes {
      let shape = if case .source = node { "note" } else { "box" }
      lines.append(
        "  \(name(node)) [shape=\(shape), label=\"\(title(node))\\n\(node.digest.short)\"];")
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
      let text = "\(title(node))<br/>\(node.digest.short)"
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

  /// `{"direction", "roots", "nodes": [{"id", "kind", "stage", "op", "status"}], "edges": [{"from",
  /// "output", "to", "input", "artifact"}]}`; edges run from maker to user.
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
    ]
  }
}

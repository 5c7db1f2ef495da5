package import ContentStore
package import Ledger

/// The graph artifact → execution → input artifacts, upward (what something came from) or downward
/// (what was made of it). Nodes are executions and artifacts that no execution made (the user's
/// files); edges carry the artifact that went from one to the other.
package struct LineageGraph: Sendable {
  package enum Direction: Sendable { case up, down }

  package enum Node: Hashable, Sendable {
    case execution(Digest)
    /// An artifact without a maker on record.
    case source(Artifact)

    package var digest: Digest {
      switch self {
      case .execution(let digest): digest
      case .source(let artifact): artifact.digest
      }
    }
  }

  /// An artifact that left `maker` by `output` and entered `user` by `input`.
  package struct Edge: Hashable, Sendable {
    package var maker: Node
    package var output: String
    package var user: Node
    package var input: String
    package var artifact: Artifact
  }

  /// What a node is called.
  package struct Label: Hashable, Sendable {
    package var stage: String
    package var op: String
    package var status: String
  }

  package let direction: Direction
  package private(set) var roots: [Node] = []
  /// In the order they were met, which is stable.
  package private(set) var nodes: [Node] = []
  package private(set) var edges: [Edge] = []
  package private(set) var labels: [Node: Label] = [:]
  /// Executions preferred as makers: those that answered the run that was asked about.
  private let preferred: Set<Digest>

  /// - Parameter run: the run whose executions are named where several made the same artifact.
  package init(
    from executions: [Digest], _ direction: Direction, run: Digest? = nil, in ledger: Ledger
  ) throws(LedgerError) {
    self.direction = direction
    let stages = try run.map { (run) throws(LedgerError) in try ledger.stages(ofRun: run) } ?? []
    preferred = Set(stages.compactMap(\.execution))
    for execution in executions {
      roots.append(.execution(execution))
      try visit(execution, ledger)
    }
  }

  /// The lineage of one artifact: of its makers upward, of its users downward.
  package init(
    of artifact: Artifact, _ direction: Direction, run: Digest? = nil, in ledger: Ledger
  ) throws(LedgerError) {
    self.direction = direction
    let stages = try run.map { (run) throws(LedgerError) in try ledger.stages(ofRun: run) } ?? []
    let answering = Set(stages.compactMap(\.execution))
    preferred = answering
    let productions = try ledger.productions(of: artifact.digest)
    guard
      let maker = productions.first(where: { answering.contains($0.execution) })
        ?? productions.first
    else {
      let source = Node.source(artifact)
      roots = [source]
      add(source, Label(stage: "files", op: artifact.kind.rawValue, status: "given"))
      if direction == .down { try users(of: artifact, from: source, "", ledger) }
      return
    }
    let node = Node.execution(maker.execution)
    roots = [node]
    switch direction {
    case .up: try visit(maker.execution, ledger)
    case .down:
      // Only this output's users, not those of the maker's other outputs.
      add(node, Label(stage: maker.stage, op: maker.op, status: "done"))
      try users(of: artifact, from: node, maker.port, ledger)
      if maker.port == "snapshots" { try branches(from: maker.execution, node, ledger) }
    }
  }

  private mutating func add(_ node: Node, _ label: Label) {
    guard labels.updateValue(label, forKey: node) == nil else { return }
    nodes.append(node)
  }

  private mutating func visit(_ id: Digest, _ ledger: Ledger) throws(LedgerError) {
    let node = Node.execution(id)
    guard labels[node] == nil, let execution = try ledger.execution(id) else { return }
    add(
      node,
      Label(
        stage: execution.start.stage, op: execution.start.recipe.op,
        status: execution.end?.ending.rawValue ?? "running"))
    switch direction {
    case .up: try makers(of: execution, node, ledger)
    case .down:
      for (port, artifact) in (execution.end?.result?.outputs ?? [:]).sorted(by: { $0.key < $1.key }
      ) {
        try users(of: artifact, from: node, port, ledger)
      }
      try branches(from: id, node, ledger)
    }
  }

  /// Those that started from one of an execution's snapshots; see `snapshot(of:)`.
  private mutating func branches(
    from id: Digest, _ node: Node, _ ledger: Ledger
  ) throws(LedgerError) {
    for branch in try ledger.branches(from: id) {
      guard let inputs = try ledger.execution(branch.execution)?.start.recipe.inputs["snapshot"],
        let artifact = inputs.first
      else { continue }
      edges.append(
        Edge(
          maker: node, output: "snapshots@\(branch.step)", user: .execution(branch.execution),
          input: "snapshot", artifact: artifact))
      try visit(branch.execution, ledger)
    }
  }

  private mutating func makers(
    of execution: RecordedExecution, _ node: Node, _ ledger: Ledger
  ) throws(LedgerError) {
    let inputs = execution.start.recipe.inputs
    for port in inputs.keys.sorted() {
      for artifact in inputs[port]! {
        let productions = try ledger.productions(of: artifact.digest)
        let maker =
          productions.first { preferred.contains($0.execution) } ?? productions.first
        let branchPoint = try maker == nil ? snapshot(of: execution, port, ledger) : nil
        guard let (maker, output) = maker.map({ ($0.execution, $0.port) }) ?? branchPoint else {
          let source = Node.source(artifact)
          add(source, Label(stage: "files", op: artifact.kind.rawValue, status: "given"))
          edges.append(
            Edge(maker: source, output: "", user: node, input: port, artifact: artifact))
          continue
        }
        edges.append(
          Edge(
            maker: .execution(maker), output: output, user: node, input: port,
            artifact: artifact))
        try visit(maker, ledger)
      }
    }
  }

  /// Who made the snapshot that a branch started from: it is a file inside an output of the parent's
  /// stage, so that no output has its digest.
  private func snapshot(
    of execution: RecordedExecution, _ port: String, _ ledger: Ledger
  ) throws(LedgerError) -> (Digest, String)? {
    guard port == "snapshot", let run = execution.start.run,
      let parent = try ledger.run(run)?.start.parent, let step = parent.step,
      parent.stage == execution.start.stage
    else { return nil }
    let stage = try ledger.stages(ofRun: parent.run).first { $0.name == parent.stage }
    return stage?.execution.map { ($0, "snapshots@\(step)") }
  }

  /// The done executions that read an artifact; of several with one recipe the first.
  private mutating func users(
    of artifact: Artifact, from node: Node, _ output: String, _ ledger: Ledger
  ) throws(LedgerError) {
    for use in try ledger.consumptions(of: artifact.digest) {
      let done = try ledger.executions(ofRecipe: use.recipe).filter { $0.end?.ending == .done }
      guard let user = done.first(where: { preferred.contains($0.id) }) ?? done.first else {
        continue
      }
      edges.append(
        Edge(
          maker: node, output: output, user: .execution(user.id), input: use.port,
          artifact: artifact))
      try visit(user.id, ledger)
    }
  }
}

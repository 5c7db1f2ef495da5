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
    /// Nil for what draws no random numbers.
    package var seed: UInt64?
  }

  package let direction: Direction
  package private(set) var roots: [Node] = []
  /// In the order they were met, which is stable.
  package private(set) var nodes: [Node] = []
  package private(set) var edges: [Edge] = []
  package private(set) var labels: [Node: Label] = [:]
  /// How the run that was asked about names what it used.
  private let wiring: Wiring

  /// - Parameter run: the run whose wiring counts where several outputs hold the same artifact.
  package init(
    from executions: [Digest], _ direction: Direction, run: Digest? = nil, in ledger: Ledger
  ) throws(LedgerError) {
    self.direction = direction
    wiring = try Wiring(run, ledger)
    for execution in executions {
      roots.append(.execution(execution))
      try visit(execution, ledger)
    }
  }

  /// The lineage of one artifact: of its makers upward, of its users downward.
  /// - Parameter output: the execution and the output that it was asked for as, when it was.
  package init(
    of artifact: Artifact, _ direction: Direction, run: Digest? = nil,
    as output: (execution: Digest, port: String)? = nil, in ledger: Ledger
  ) throws(LedgerError) {
    self.direction = direction
    wiring = try Wiring(run, ledger)
    let productions = try ledger.productions(of: artifact.digest)
    guard let maker = wiring.maker(among: productions, declared: output) else {
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
      guard let execution = try ledger.execution(maker.execution) else { return }
      add(node, label(execution))
      try users(of: artifact, from: node, maker.port, ledger)
      if maker.port == "snapshots" { try branches(from: maker.execution, node, ledger) }
    }
  }

  private mutating func add(_ node: Node, _ label: Label) {
    guard labels.updateValue(label, forKey: node) == nil else { return }
    nodes.append(node)
  }

  private func label(_ execution: RecordedExecution) -> Label {
    let recipe = execution.start.recipe
    return Label(
      stage: wiring.stage(answeredBy: execution.id) ?? execution.start.stage, op: recipe.op,
      status: execution.end?.ending.rawValue ?? "running", seed: recipe.seed)
  }

  private mutating func visit(_ id: Digest, _ ledger: Ledger) throws(LedgerError) {
    let node = Node.execution(id)
    guard labels[node] == nil, let execution = try ledger.execution(id) else { return }
    add(node, label(execution))
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
      for (index, artifact) in inputs[port]!.enumerated() {
        let source = wiring.source(of: execution.id, port, index)
        let maker = wiring.maker(
          among: try ledger.productions(of: artifact.digest), declared: source)
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
      guard let user = done.first(where: { wiring.isUsing($0.id) }) ?? done.first else {
        continue
      }
      guard .execution(user.id) != node, wiring.mayRead(node, output, user.id, use) else {
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

/// A run's own names for executions, and its own word for which output an input is: different outputs may hold
/// the same bytes, as those of a filter that drops nothing do.
private struct Wiring: Sendable {
  /// By the execution that answers them; of stages that one execution answers the first.
  private var stages: [Digest: RunStage] = [:]
  /// By the name of the stage.
  private var executions: [String: Digest] = [:]

  init(_ run: Digest?, _ ledger: Ledger) throws(LedgerError) {
    guard let run else { return }
    for stage in try ledger.stages(ofRun: run) {
      guard let execution = stage.execution else { continue }
      executions[stage.name] = execution
      if stages[execution] == nil { stages[execution] = stage }
    }
  }

  func isUsing(_ execution: Digest) -> Bool { stages[execution] != nil }

  func stage(answeredBy execution: Digest) -> String? { stages[execution]?.name }

  /// Who made an input as the run declares it (`world.web`), and by which output.
  func source(of execution: Digest, _ port: String, _ index: Int) -> (Digest, String)? {
    guard let references = stages[execution]?.inputs[port], index < references.count else {
      return nil
    }
    let parts = references[index].split(separator: ".", maxSplits: 1)
    guard parts.count == 2, let maker = executions[String(parts[0])] else { return nil }
    return (maker, String(parts[1]))
  }

  /// Whether an input is this output, as far as the run says; another may hold the same bytes.
  func mayRead(
    _ maker: LineageGraph.Node, _ output: String, _ user: Digest, _ use: Consumption
  ) -> Bool {
    guard let source = source(of: user, use.port, use.position) else { return true }
    return .execution(source.0) == maker && source.1 == output
  }

  /// The declared one of the outputs that hold an artifact, else one of the run's, else the first ever.
  func maker(
    among productions: [Production], declared: (execution: Digest, port: String)? = nil
  ) -> Production? {
    productions.first { $0.execution == declared?.execution && $0.port == declared?.port }
      ?? productions.first { isUsing($0.execution) } ?? productions.first
  }
}

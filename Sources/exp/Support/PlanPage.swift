import ContentStore
import Pipeline
import Reports
import Stages

/// A plan on the screen.
struct PlanPage {
  let report: PlanReport
  let experiment: Experiment
  private let profileNote: String?
  let console: Console

  private let comparisons: [PlanReport.Comparison]

  /// Throws what is wrong with a model that the paper is said to describe.
  init(report: PlanReport, _ loaded: LoadedExperiment, console: Console) throws {
    self.report = report
    experiment = loaded.experiment
    profileNote = loaded.profileNote
    self.console = console
    comparisons = try report.comparisons(with: experiment.reported) { plan in
      do throws(ParameterError) { return try plan.estimate() } catch {
        throw ExperimentError(
          error.message, path: "reported.\(plan.size).plan.\(error.path)")
      }
    }
  }

  func show() {
    let profile = experiment.profile.map { ", profile \($0)" } ?? ""
    console.print("\(console.styled(experiment.name, .bold))\(profile)")
    if let profileNote { console.print(console.styled(profileNote, .dim)) }
    console.print()
    stages()
    total()
    devices()
    paper()
  }

  private func print(_ table: Table) {
    table.lines(
      width: console.isTerminal ? console.width : nil, heading: { console.styled($0, .dim) }
    ).forEach { console.print($0) }
  }

  private func heading(_ text: String) {
    console.print()
    console.print(console.styled(text, .bold))
  }

  // MARK: Stages

  private func stages() {
    var table = Table([
      .init("stage"), .init("op"), .init("parameters", .right), .init("active", .right),
      .init("embedding", .right), .init("tokens", .right), .init("FLOPs", .right),
      .init("attention", .right), .init("memory", .right), .init("storage", .right),
      .init("time", .right), .init("reads"),
    ])
    for line in report.lines {
      let (estimate, model) = (line.estimate, line.estimate?.model)
      table.add([
        line.stage.name, line.stage.stage.op.op, text(estimate?.parameters, Format.count),
        text(model?.activeParameters, Format.count),
        text(model?.vocabularySize == nil ? nil : model?.embeddingParameters, Format.count),
        text(estimate?.tokens, Format.count), text(estimate?.flops, operations),
        text(estimate?.attentionFlops, operations), text(estimate?.memoryBytes, size),
        text(estimate?.storageBytes, size), time(line), reads(line.stage),
      ])
    }
    print(table)
  }

  private func time(_ line: PlanReport.Line) -> String {
    let text = text(line.seconds ?? seconds(line)) { Format.duration(seconds: $0) }
    return line.isEarlier ? text + "*" : text
  }

  /// With the accelerators that were given.
  private func seconds(_ line: PlanReport.Line) -> Double? {
    report.accelerators.flatMap { devices in
      operations(of: line).map { devices.seconds($0) }
    }
  }

  /// Matrices and attention.
  private func operations(of line: PlanReport.Line) -> Double? {
    line.estimate?.flops.map { $0 + (line.estimate?.attentionFlops ?? 0) }
  }

  private func reads(_ stage: ResolvedStage) -> String {
    let files = stage.files.keys.sorted().map { port in
      stage.files[port]!.map(\.text).joined(separator: " ")
    }
    return (stage.dependencies + files).joined(separator: ", ")
  }

  private func operations(_ value: Double) -> String { Format.operations(value) }
  private func size(_ bytes: Double) -> String { Format.bytes(Int(min(bytes, 9e18))) }

  private func text(_ value: Double?, _ form: (Double) -> String) -> String {
    value.map(form) ?? "-"
  }

  private func total() {
    console.print()
    console.print(
      "\(report.lines.count) stages, \(operations(report.flops)) FLOPs and "
        + "\(operations(report.attentionFlops)) of attention, \(Format.count(report.tokens)) tokens, "
        + "\(size(report.storage)) of checkpoints and snapshots")
    for formula in formulas { console.print(console.styled("FLOPs: \(formula)", .dim)) }
    if report.attentionFlops > 0 {
      console.print(
        console.styled(
          "attention: 4 · query width · tokens seen, of causal sequences, thrice when training",
          .dim))
    }
    if let devices = report.accelerators {
      let hours = devices.deviceHours(report.flops + report.attentionFlops)
      console.print(
        "\(Format.count(devices.devices)) devices of \(operations(devices.flops)) FLOP/s, "
          + "\(Format.number(devices.utilisation * 100)) % used: \(Format.count(hours)) device hours, "
          + Format.duration(seconds: hours * 3600 / devices.devices))
    } else if let seconds = report.seconds {
      let rest = report.lines.count { $0.seconds == nil }
      console.print(
        "here about \(Format.duration(seconds: seconds)), by a short measurement"
          + (rest > 0 ? "; \(rest) stages are not predicted" : ""))
      if report.lines.contains(where: \.isEarlier) {
        console.print(console.styled("* as long as it took in the newest run here", .dim))
      }
    }
  }

  private var formulas: [String] {
    report.lines.compactMap { $0.estimate?.formula }.filter { !$0.isEmpty }
      .reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  // MARK: Devices

  private func devices() {
    guard let layout = report.layout else { return }
    let rows = report.lines.compactMap { line in
      PlanReport.heaviest(line.estimate).map { (line.stage.name, $0, DeviceMemory($0, layout)) }
    }
    if rows.isEmpty { return }
    heading(
      "On each of \(Format.count(layout.devices)) devices (tp \(Format.number(layout.tensor)), pp "
        + "\(Format.number(layout.pipeline)), dp \(Format.number(layout.data)), cp "
        + "\(Format.number(layout.context)))")
    var table = Table([
      .init("stage"), .init("sequence", .right), .init("weights", .right),
      .init("gradients", .right), .init("optimiser", .right), .init("activations", .right),
      .init("recomputed", .right),
    ])
    for (name, work, memory) in rows {
      table.add([
        name, Format.number(work.sequence), size(memory.weights), size(memory.gradients),
        size(memory.optimiser), size(memory.activations), size(memory.recomputed),
      ])
    }
    print(table)
  }

  // MARK: The paper

  private func paper() {
    if comparisons.isEmpty { return }
    heading("Beside the paper")
    var table = Table([
      .init("model"), .init("what"), .init("paper", .right), .init("plan", .right),
      .init("difference", .right), .init("source"),
    ])
    for row in comparisons {
      table.add([
        row.size, row.quantity.rawValue, Format.operations(row.reported, digits: 5),
        text(row.planned) { Format.operations($0, digits: 5) },
        row.percent.map { Format.signed($0, digits: 2) + " %" } ?? "", row.source,
      ])
    }
    print(table)
  }

  // MARK: JSON

  var json: JSON {
    [
      "experiment": .string(experiment.name),
      "profile": experiment.profile.map(JSON.string) ?? .null,
      "profileIsDefault": .bool(profileNote != nil),
      "stages": .array(report.lines.map(json)),
      "total": [
        "flops": .exact(report.flops), "attentionFlops": .exact(report.attentionFlops),
        "tokens": .exact(report.tokens), "storageBytes": .exact(report.storage),
        "seconds": number(report.accelerators.map(totalSeconds) ?? report.seconds),
        "deviceHours": number(
          report.accelerators?.deviceHours(report.flops + report.attentionFlops)),
      ],
      "paper": .array(comparisons.map(json)),
    ]
  }

  private func totalSeconds(_ devices: Accelerators) -> Double {
    devices.seconds(report.flops + report.attentionFlops)
  }

  private func number(_ value: Double?) -> JSON { value.map(JSON.exact) ?? .null }

  private func json(_ line: PlanReport.Line) -> JSON {
    let estimate = line.estimate
    return [
      "stage": .string(line.stage.name), "op": .string(line.stage.stage.op.op),
      "dependencies": .array(line.stage.dependencies.map(JSON.string)),
      "parameters": line.stage.stage.parameters,
      "estimate": [
        "parameters": number(estimate?.parameters),
        "activeParameters": number(estimate?.model?.activeParameters),
        "embeddingParameters": number(estimate?.model?.embeddingParameters),
        "tokens": number(estimate?.tokens), "flops": number(estimate?.flops),
        "attentionFlops": number(estimate?.attentionFlops),
        "memoryBytes": number(estimate?.memoryBytes),
        "storageBytes": number(estimate?.storageBytes),
        "formula": .string(estimate?.formula ?? ""),
        "seconds": number(line.seconds ?? seconds(line)), "earlier": .bool(line.isEarlier),
        "device": device(line),
      ],
    ]
  }

  private func device(_ line: PlanReport.Line) -> JSON {
    guard let layout = report.layout, let work = PlanReport.heaviest(line.estimate) else {
      return .null
    }
    let memory = DeviceMemory(work, layout)
    return [
      "weights": .exact(memory.weights), "gradients": .exact(memory.gradients),
      "optimiser": .exact(memory.optimiser), "activations": .exact(memory.activations),
      "recomputed": .exact(memory.recomputed),
    ]
  }

  private func json(_ row: PlanReport.Comparison) -> JSON {
    [
      "model": .string(row.size), "quantity": .string(row.quantity.rawValue),
      "reported": .exact(row.reported), "planned": number(row.planned),
      "percent": number(row.percent), "source": .string(row.source),
    ]
  }
}

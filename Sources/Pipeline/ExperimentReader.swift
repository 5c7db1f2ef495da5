import ContentStore

/// Reads the parts of an experiment from its merged text.
enum ExperimentReader {
  /// The keys of an experiment besides its profiles.
  static let keys = [
    "name", "description", "paper", "seed", "numerics", "stages", "loops", "claims", "reported",
  ]
  static let stageKeys = ["op", "inputs", "with", "seed", "description"]
  static let claimKeys = ["id", "source", "check", "note"]
  static let paperKeys = [
    "title", "arxiv", "doi", "url", "authors", "year", "venue", "note",
  ]
  static let engines = ["portable/1", "openblas"]

  static func name(_ reader: NodeReader) throws(ExperimentError) -> String {
    let name = try reader.requiredString("name", "what the experiment is called")
    guard isExperimentName(name) else {
      throw reader.error(
        "name",
        "\"\(name)\" is no experiment name: use lower-case letters, digits, '-', '_' and '.', "
          + "starting with a letter, so that references can name it")
    }
    guard name != "paper" else {
      throw reader.error("name", "\"paper\" is taken: paper:NAME names published figures")
    }
    return name
  }

  /// Lower case, and none of the signs that references use (`: ~ @ /`).
  static func isExperimentName(_ name: String) -> Bool {
    guard let first = name.utf8.first, isLetter(first) else { return false }
    return name.utf8.allSatisfy { isLetter($0) || isDigit($0) || "-_.".utf8.contains($0) }
  }

  /// Lower case, without the signs that references use (`. : ~ @ /`).
  static func isStageName(_ name: String) -> Bool {
    guard let first = name.utf8.first, first != UInt8(ascii: "-") else { return false }
    return name.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  static func paper(_ reader: NodeReader) throws(ExperimentError) -> JSON? {
    guard let node = reader.node["paper"] else { return nil }
    return try NodeReader(node, path: "paper", allowed: paperKeys).node.json
  }

  static func numerics(_ reader: NodeReader) throws(ExperimentError) -> String {
    let name = try reader.string("numerics") ?? engines[0]
    guard engines.contains(name) else {
      throw reader.error(
        "numerics",
        "must be one of \(engines.joined(separator: ", ")), found \"\(name)\""
          + didYouMean(name, among: engines))
    }
    return name
  }

  /// The plain stages, then those of each loop, unrolled.
  static func stages(_ reader: NodeReader) throws(ExperimentError) -> [StageUse] {
    var stages: [StageUse] = []
    let plain = try reader.map("stages")
    for member in plain?.members ?? [] {
      stages.append(try stage(member, path: "stages.\(member.key)", among: plain?.members ?? []))
    }
    var loops: [Loop] = []
    for member in try reader.map("loops")?.members ?? [] {
      loops.append(try Loop(member, outer: stages.map(\.name) + loops.map(\.name)))
    }
    for loop in loops { stages += try loop.unrolled() }
    guard !stages.isEmpty else {
      throw ExperimentError("has no stages", path: "stages", at: reader.node.position)
    }
    try refuseDuplicates(stages)
    return try resolvingCarried(stages, loops)
  }

  private static func refuseDuplicates(_ stages: [StageUse]) throws(ExperimentError) {
    var paths: [String: String] = [:]
    for stage in stages {
      if let other = paths.updateValue(stage.path, forKey: stage.name) {
        throw ExperimentError(
          "unrolls to the stage name \"\(stage.name)\", which \(other) has too; rename one",
          path: stage.path, at: stage.position)
      }
    }
  }

  static func stage(
    _ member: SourceNode.Member, path: String, among siblings: [SourceNode.Member]
  ) throws(ExperimentError) -> StageUse {
    let reader = try NodeReader(
      member.value, path: path, allowed: stageKeys, hint: "; an op's parameters go under \"with\"")
    guard isStageName(member.key) else {
      throw ExperimentError(
        "\"\(member.key)\" is no stage name: use lower-case letters, digits and '-'", path: path,
        at: member.keyPosition)
    }
    guard reader.node["op"] != nil else {
      // A profile that misspells a stage makes a new one, which lacks its op.
      let others = siblings.map(\.key).filter { $0 != member.key }
      throw ExperimentError(
        "has no \"op\"\(didYouMean(member.key, among: others))", path: path, at: member.keyPosition)
    }
    let with = member.value["with"] ?? SourceNode(.object([]), at: member.keyPosition)
    _ = try NodeReader(with, path: reader.at("with"), allowed: nil)
    return StageUse(
      name: member.key, op: try reader.requiredString("op", "the kind of work"),
      inputs: try inputs(reader), with: with, seed: try reader.seed("seed"), path: path,
      position: member.keyPosition, node: member.value)
  }

  private static func inputs(_ reader: NodeReader) throws(ExperimentError) -> [InputUse] {
    var inputs: [InputUse] = []
    for member in try reader.map("inputs")?.members ?? [] {
      let path = "\(reader.path).inputs.\(member.key)"
      inputs.append(
        InputUse(
          port: member.key, references: try references(member.value, path: path),
          position: member.keyPosition))
    }
    return inputs
  }

  /// One reference or a list of them. A name without an output (a carried value of a loop) has an
  /// empty `output`.
  static func references(
    _ node: SourceNode, path: String
  ) throws(ExperimentError) -> [InputReference] {
    var references: [InputReference] = []
    for element in node.elements ?? [node] {
      guard let text = element.stringValue else {
        throw ExperimentError(
          "must be \"stage.output\" or a list of such, found "
            + ParameterReader.describe(element.json), path: path, at: element.position)
      }
      references.append(try reference(text, path: path, at: element.position))
    }
    return references
  }

  private static func reference(
    _ text: String, path: String, at position: SourcePosition
  ) throws(ExperimentError) -> InputReference {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard isStageName(String(parts[0])), parts.count == 1 || isOutputName(parts[1]) else {
      let remedy =
        text.contains("/")
        ? "an input is a whole output, \"stage.output\", without a path in it"
        : "write \"stage.output\""
      throw ExperimentError("\"\(text)\" is no reference: \(remedy)", path: path, at: position)
    }
    return InputReference(
      stage: String(parts[0]), output: parts.count > 1 ? String(parts[1]) : "", position: position)
  }

  private static func isOutputName(_ text: Substring) -> Bool {
    !text.isEmpty && !text.contains { "./:@~".contains($0) || $0.isWhitespace }
  }
}

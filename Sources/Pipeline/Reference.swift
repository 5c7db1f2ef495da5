/// How people name things that the ledger holds (DESIGN §9).
package struct Reference: Hashable, Sendable {
  package enum Run: Hashable, Sendable {
    /// A tag, an experiment, a prefix of hex digits, or an index number: told apart by looking up.
    case name(String)
    /// `NAME~2`: an experiment's runs, newest first, counted from 0; `NAME~` is `NAME~1`.
    case ancestor(String, Int)
    /// `paper:NAME`: an experiment's published figures.
    case paper(String)
  }

  package var run: Run
  package var stage: String?
  /// `@STEP`.
  package var step: Int?
  /// `.OUTPUT`.
  package var output: String?
  /// `/PATH` in the output's tree.
  package var path: String?

  /// Reads `RUN`, `RUN:STAGE`, `RUN:STAGE@STEP`, `RUN:STAGE.OUTPUT`, `RUN:STAGE.OUTPUT/PATH` or
  /// `paper:NAME`, where `RUN` is `NAME`, `NAME~2`, hex digits (`sha256:` before them is allowed), or
  /// a number.
  package init(parsing text: String) throws(ExperimentError) {
    let bare = text.hasPrefix("sha256:") ? text.dropFirst(7) : text[...]
    let parts = bare.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    if parts.count == 2, parts[0] == "paper" {
      run = .paper(try Self.name(parts[1], in: text))
      return
    }
    run = try Self.run(parts[0], in: text)
    if parts.count == 2 { try readStage(parts[1], in: text) }
  }

  private static func malformed(_ text: String, _ why: String) -> ExperimentError {
    ExperimentError(
      "\"\(text)\" is no reference: \(why); write RUN, RUN:STAGE, RUN:STAGE@STEP,"
        + " RUN:STAGE.OUTPUT or RUN:STAGE.OUTPUT/PATH")
  }

  /// The signs that have a meaning in references.
  private static let signs = ":~@/"

  private static func name(_ part: Substring, in text: String) throws(ExperimentError) -> String {
    if part.isEmpty { throw malformed(text, "it names nothing") }
    if let sign = part.first(where: { signs.contains($0) || $0.isWhitespace }) {
      throw malformed(text, "a name holds no \"\(sign)\"")
    }
    return String(part)
  }

  private static func run(_ part: Substring, in text: String) throws(ExperimentError) -> Run {
    guard let tilde = part.firstIndex(of: "~") else { return .name(try name(part, in: text)) }
    let (before, after) = (part[..<tilde], part[part.index(after: tilde)...])
    guard let age = after.isEmpty ? 1 : number(after) else {
      throw malformed(text, "a number of runs belongs after \"~\"")
    }
    return .ancestor(try name(before, in: text), age)
  }

  /// Digits alone, unlike `Int.init`, which takes a sign.
  private static func number(_ part: Substring) -> Int? {
    part.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(part) : nil
  }

  private mutating func readStage(_ part: Substring, in text: String) throws(ExperimentError) {
    let end = part.firstIndex { "./@".contains($0) } ?? part.endIndex
    stage = try Self.name(part[..<end], in: text)
    let rest = part[end...]
    switch rest.first {
    case nil: return
    case "@":
      guard let step = Self.number(rest.dropFirst()) else {
        throw Self.malformed(text, "a step's number belongs after \"@\"")
      }
      self.step = step
    case ".": try readOutput(rest.dropFirst(), in: text)
    default: throw Self.malformed(text, "an output belongs before \"/\"")
    }
  }

  private mutating func readOutput(_ part: Substring, in text: String) throws(ExperimentError) {
    let slash = part.firstIndex(of: "/") ?? part.endIndex
    output = try Self.name(part[..<slash], in: text)
    let path = part[slash...].dropFirst()
    if slash < part.endIndex, path.isEmpty { throw Self.malformed(text, "the path is empty") }
    self.path = path.isEmpty ? nil : String(path)
  }
}

extension Reference: CustomStringConvertible {
  /// As it is written.
  package var description: String {
    let name =
      switch run {
      case .name(let name): name
      case .ancestor(let name, let age): "\(name)~\(age)"
      case .paper(let name): "paper:\(name)"
      }
    return name + (stage.map { ":\($0)" } ?? "") + (step.map { "@\($0)" } ?? "")
      + (output.map { ".\($0)" } ?? "") + (path.map { "/\($0)" } ?? "")
  }
}

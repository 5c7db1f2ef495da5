import ContentStore
import Ledger
import Corpus
import Pipeline

/// The program of a verifier, run once for every text in a private folder, as a `command` stage would be.
final class VerifierProgram {
  private let parameters: Synthesize.Parameters
  private let context: any StageContext
  private var number = 0

  init(_ parameters: Synthesize.Parameters, _ context: any StageContext) throws {
    (self.parameters, self.context) = (parameters, context)
    try Command.checkProgram(command([:]), context)
  }

  private func command(_ texts: JSON) throws -> Command.Parameters {
    var reader = ParameterReader(
      [
        "run": .array(parameters.run.map(JSON.string)), "timeout": .number(parameters.timeout),
        "parameters": texts,
      ], fileInputs: ["files", "program"])
    return try reader.decode { (reader) throws(ParameterError) in
      try Command.Parameters(from: &reader)
    }
  }

  /// Why the program failed; nil when it ended with status 0.
  func failure(of texts: [String: String], _ document: Document) throws -> String? {
    var members = texts.mapValues(JSON.string)
    members["id"] = .string(document.id)
    members["text"] = .string(document.text)
    members["metadata"] = document.metadata
    let command = try command(.object(members))
    let inner = ProgramContext(context, folder: "\(context.scratchFolder)/program-\(number)")
    number += 1
    try FileSystem.createFolder(context.scratchFolder)
    try FileSystem.createFolder(inner.scratchFolder)
    defer { try? FileSystem.removeRecursively(inner.scratchFolder) }
    let folder = try CommandFolder(command, inner)
    do {
      try CommandProcess(command, folder, inner).run {}
      return nil
    } catch let error as StageError {
      try context.checkCancellation()
      return error.message.contains("longer than its timeout") ? "timeout" : "failed"
    }
  }
}

/// What one run of a program sees of its stage: its files and a folder of its own.
private final class ProgramContext: SilentContext {
  private let outer: any StageContext
  let scratchFolder: String

  init(_ outer: any StageContext, folder: String) {
    self.outer = outer
    scratchFolder = folder
  }

  var seed: UInt64 { outer.seed }
  var numerics: String { outer.numerics }
  var threads: Int { outer.threads }
  func input(_ port: String) throws -> InputArtifact { try outer.input(port) }
  func inputs(_ port: String) -> [InputArtifact] { port == "files" ? outer.inputs(port) : [] }
  /// The program gets the texts, not the stage's inputs.
  var inputPorts: [String] { [] }
  func makeFile(_ port: String) throws -> any OutputFile { try outer.makeFile(port) }
  func makeTree(_ port: String) throws -> any OutputTree { try outer.makeTree(port) }
  func checkCancellation() throws { try outer.checkCancellation() }
}

import ContentStore
import Glibc
import Ledger

/// `exp cat REF`: the bytes of a file.
enum Cat: Verb {
  static let name = "cat"
  static let summary = "Print a file of an artifact"
  static let discussion = """
    REF is RUN:STAGE.OUTPUT for an artifact that is one file, RUN:STAGE.OUTPUT/PATH for a file in a tree.
    Bytes are checked against their digest before the last of them is printed.

      exp cat quickstart:pretrain.checkpoint/config.json
    """
  static let operands = Operands.exactly(1, "REF")

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let session = try Session.reading()
    let artifact = try session.artifact(arguments.operands[0])
    guard artifact.kind == .file else {
      let paths = try session.store.readTree(artifact.digest).entries.keys.sorted()
      throw UsageError(
        "\(arguments.operands[0]) is a tree; name a file in it: "
          + paths.prefix(8).map { "/" + $0 }.joined(separator: ", ")
          + (paths.count > 8 ? ", …" : ""))
    }
    let reader = try session.store.makeReader(artifact.digest)
    while let chunk = try reader.next() { console.write(chunk) }
    return .done
  }
}

/// `exp checkout REF DIR`: an artifact as ordinary files.
enum Checkout: Verb {
  static let name = "checkout"
  static let summary = "Write an artifact into a folder as ordinary files"
  static let discussion = """
    The folder must be new or empty, so that nothing of yours is overwritten.

      exp checkout quickstart:pretrain.checkpoint model/
    """
  static let operands = Operands.exactly(2, "REF DIR")

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let session = try Session.reading()
    let artifact = try session.artifact(arguments.operands[0])
    let folder = arguments.operands[1]
    if let entries = try? FileSystem.list(folder), !entries.isEmpty {
      throw UsageError("\(folder) is not empty; name a new folder")
    }
    try session.store.materialize(artifact, at: folder)
    console.talk("\(arguments.operands[0]) is in \(folder)")
    return .done
  }
}

extension Session {
  /// The artifact that a reference names.
  func artifact(_ reference: String) throws -> Artifact {
    switch try target(reference) {
    case .artifact(let artifact, _): return artifact
    case .stage(let run, let stage):
      let names = try result(of: stage)?.outputs.keys.sorted() ?? []
      if names.count == 1, let result = try result(of: stage) { return result.outputs[names[0]]! }
      throw UsageError(
        "\(reference) is a stage of run \(run.id.short); name one of its outputs: "
          + names.map { "\(reference).\($0)" }.joined(separator: ", "))
    default:
      throw UsageError("\(reference) is no artifact; write RUN:STAGE.OUTPUT")
    }
  }
}

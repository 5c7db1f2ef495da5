import ContentStore
import Glibc
import Pipeline

/// The folders of one command: `run` to work in, `inputs` to read, `home` and `tmp` of its own.
struct CommandFolder {
  /// What the program may do anything in: `run`, `home`, `tmp`.
  let writable: [String]
  /// Read-only inputs, linked into `run`.
  let inputs: String
  /// The working folder.
  let run: String
  let home: String
  let temporary: String

  init(_ parameters: Command.Parameters, _ context: any StageContext) throws {
    let base = context.scratchFolder
    (run, home, temporary) = ("\(base)/run", "\(base)/home", "\(base)/tmp")
    inputs = "\(base)/inputs"
    writable = [run, home, temporary]
    for folder in writable + [inputs] { try FileSystem.createFolder(folder) }
    for file in context.inputs("files") {
      try file.store.materialize(file.artifact, at: run)
    }
    for port in context.inputPorts where port != "files" && port != "program" {
      try place(context.inputs(port), at: "\(inputs)/\(port)")
    }
    _ = try valueOrErrno(cannot: "link \"\(run)/inputs\"") { symlink("../inputs", "\(run)/inputs") }
    guard !FileSystem.exists(path("parameters.json")) else {
      throw StageError(
        "the stage's files hold a parameters.json, which is where the program finds its parameters; "
          + "give yours another name")
    }
    try FileSystem.write(try parameters.parameters.canonical(), to: path("parameters.json"))
    // Trees keep no permissions; a program among the files must be executable.
    if let own = parameters.run.first, own.contains("/"), !own.hasPrefix("/") {
      chmod(path(own), 0o755)
      try refuseScript(own)
    }
  }

  /// The interpreter of a script among the stage's own files is not in the recipe, so it must be named.
  private func refuseScript(_ own: String) throws {
    guard let file = try? File(path(own), .read), let start = try? file.read(upTo: 2),
      start == Array("#!".utf8)
    else { return }
    throw StageError(
      "\"\(own)\" is a script, whose interpreter the recipe would not know; name the interpreter: "
        + "run: [\"python3\", \"\(own)\"]")
  }

  /// One artifact is the path itself; several are numbered files or folders in it.
  private func place(_ artifacts: [InputArtifact], at path: String) throws {
    for (index, input) in artifacts.enumerated() {
      let place = artifacts.count == 1 ? path : "\(path)/\(index)"
      try input.store.materialize(input.artifact, at: place, readOnly: true)
    }
  }

  /// A path in the working folder.
  func path(_ relative: String) -> String { "\(run)/\(relative)" }

  /// A JSON file that the program wrote.
  func json(_ relative: String) throws -> JSON {
    try requireFile(relative)
    do {
      return try JSON(parsing: try FileSystem.read(path(relative)))
    } catch let error as JSONError {
      throw StageError("the program's \"\(relative)\" is not JSON: \(error)")
    }
  }

  /// Stores what the program wrote as an output.
  func store(_ relative: String, as port: String, in context: any StageContext) throws {
    guard let status = try FileSystem.status(of: path(relative)) else {
      throw StageError(
        "the program ended without writing \"\(relative)\", its output \"\(port)\"")
    }
    if status.kind == .folder {
      let tree = try context.makeTree(port)
      for name in try FileSystem.listRecursively(path(relative)) {
        try copy("\(relative)/\(name)", to: try tree.makeFile(name))
      }
      try tree.finish()
    } else {
      try copy(relative, to: try context.makeFile(port))
    }
  }

  private func copy(_ relative: String, to output: any OutputFile) throws {
    try requireFile(relative)
    let file = try File(path(relative), .read)
    while case let piece = try file.read(upTo: 1 << 20), !piece.isEmpty { try output.write(piece) }
    try output.finish()
  }

  /// Refuses what is missing, is no file, or is a link that leads out of the private folder.
  private func requireFile(_ relative: String) throws {
    guard let status = try FileSystem.status(of: path(relative)) else {
      throw StageError("the program ended without writing \"\(relative)\"")
    }
    guard status.kind == .file else { throw StageError("\"\(relative)\" is not a file") }
    guard let real = realpath(path(relative), nil), let base = realpath("\(run)/..", nil) else {
      throw StageError("\"\(relative)\" cannot be read")
    }
    defer {
      free(real)
      free(base)
    }
    if !String(cString: real).hasPrefix(String(cString: base) + "/") {
      throw StageError(
        "\"\(relative)\" is a link to a file that the stage does not own; write a file instead")
    }
  }
}

import ContentStore
import Runner

/// `exp init [DIR]`: a store beside the user's files.
enum Init: Verb {
  static let name = "init"
  static let summary = "Make a store (.exp/) in a folder"
  static let discussion = """
    Not needed before `exp run`, which makes one in the git repository's folder, else here.
    """
  static let operands = Operands.between(0, 1, "[DIR]")

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let here = FileSystem.currentFolder()
    let folder = arguments.operands.first.map { $0.hasPrefix("/") ? $0 : "\(here)/\($0)" } ?? here
    let exists = Workspace.find(from: folder) == folder
    let workspace = try Workspace.open(at: folder)
    console.talk(
      exists ? "\(workspace.path) is there already" : "made a store in \(workspace.path)")
    return .done
  }
}

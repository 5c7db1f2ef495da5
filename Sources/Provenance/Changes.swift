import CGit2

/// A tracked path that differs from the commit.
struct ChangedPath {
  /// As git has it, which need not be UTF-8; ends with a zero.
  var bytes: [CChar]
  /// Whether it is still tracked and in the work tree.
  var isPresent: Bool

  /// For people.
  var text: String {
    String(decoding: bytes.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

/// How index and work tree differ from the commit, by `git status`'s rules: files whose size and
/// times are as the index has them are not read.
struct Changes {
  var paths: [ChangedPath] = []
  var untracked = 0

  init(in repository: borrowing Repository) throws(GitError) {
    var options = git_status_options()
    try git(git_status_options_init(&options, UInt32(GIT_STATUS_OPTIONS_VERSION)))
    options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR
    options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED.rawValue
    let pointer = repository.pointer
    let list = try gitObject { git_status_list_new($0, pointer, &options) }
    defer { git_status_list_free(list) }
    for index in 0..<git_status_list_entrycount(list) {
      if let entry = git_status_byindex(list, index) { add(entry.pointee) }
    }
  }

  private mutating func add(_ entry: git_status_entry) {
    guard let delta = entry.index_to_workdir ?? entry.head_to_index,
      let name = delta.pointee.old_file.path ?? delta.pointee.new_file.path,
      !Changes.isStore(String(cString: name))
    else { return }
    let status = entry.status.rawValue
    if status & GIT_STATUS_WT_NEW.rawValue != 0 { untracked += 1 }
    let others = GIT_STATUS_WT_NEW.rawValue | GIT_STATUS_IGNORED.rawValue
    if status & ~others == 0 { return }
    let gone = GIT_STATUS_INDEX_DELETED.rawValue | GIT_STATUS_WT_DELETED.rawValue
    let bytes = Array(UnsafeBufferPointer(start: name, count: length(of: name) + 1))
    paths.append(ChangedPath(bytes: bytes, isPresent: status & gone == 0))
  }

  private func length(of name: UnsafePointer<CChar>) -> Int {
    var count = 0
    while name[count] != 0 { count += 1 }
    return count
  }

  /// Whether a path lies in a store of `exp`.
  private static func isStore(_ path: String) -> Bool {
    path.utf8.split(separator: UInt8(ascii: "/")).contains { $0.elementsEqual(".exp".utf8) }
  }
}

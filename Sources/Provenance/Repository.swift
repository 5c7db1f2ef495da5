import CGit2

/// An open git repository.
struct Repository: ~Copyable {
  let pointer: OpaquePointer

  /// The repository that a folder lies in.
  init(containing folder: String) throws(GitError) {
    pointer = try gitObject { git_repository_open_ext($0, folder, 0, nil) }
  }

  deinit { git_repository_free(pointer) }

  /// All that is recorded. What fails on the way becomes a note.
  func state() throws(GitError) -> CodeState {
    var state = CodeState()
    readHead(&state)
    state.remote = remote().map(RemoteURL.withoutCredentials)
    if git_repository_is_bare(pointer) == 1 {
      state.add(note: "the repository is bare, so there are no files to compare")
      return state
    }
    do throws(GitError) {
      try readChanges(&state)
    } catch {
      state.add(note: "the work tree could not be compared: \(error.message)")
    }
    return state
  }

  private func readHead(_ state: inout CodeState) {
    var head: OpaquePointer?
    let code = git_repository_head(&head, pointer)
    guard code == 0, let head else {
      if code == GIT_EUNBORNBRANCH.rawValue {
        state.add(note: "the branch has no commit yet")
      } else {
        state.add(note: "HEAD names no commit")
      }
      return
    }
    defer { git_reference_free(head) }
    if let id = git_reference_target(head) { state.commit = hex(id.pointee) }
    if git_reference_is_branch(head) == 1 {
      state.branch = String(cString: git_reference_shorthand(head))
    }
  }

  private func readChanges(_ state: inout CodeState) throws(GitError) {
    let changes = try Changes(in: self)
    state.isDirty = !changes.paths.isEmpty
    state.changed = changes.paths.map(\.text).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    state.untracked = changes.untracked
    if !state.isDirty { return }
    do throws(GitError) {
      var (tree, note) = try Snapshot.write(changes.paths, in: self)
      state.tree = hex(tree)
      if let note { state.add(note: note) }
      let name = "refs/exp/" + hex(tree)
      let ref = try gitObject { git_reference_create($0, pointer, name, &tree, 1, nil) }
      git_reference_free(ref)
      state.ref = name
    } catch {
      state.add(note: "the changed files could not be kept in the repository: \(error.message)")
    }
  }

  /// The address of the branch's remote, of `origin`, or of the first remote there is.
  private func remote() -> String? {
    var names = git_strarray()
    guard git_remote_list(&names, pointer) == 0 else { return nil }
    defer { git_strarray_dispose(&names) }
    let all = (0..<names.count).compactMap { names.strings[$0].map { String(cString: $0) } }
    let name = upstreamRemote() ?? (all.contains("origin") ? "origin" : all.min())
    guard let name, let remote = try? gitObject({ git_remote_lookup($0, pointer, name) })
    else { return nil }
    defer { git_remote_free(remote) }
    return git_remote_url(remote).map { String(cString: $0) }
  }

  private func upstreamRemote() -> String? {
    guard let head = try? gitObject({ git_repository_head($0, pointer) }) else { return nil }
    defer { git_reference_free(head) }
    var name = git_buf()
    defer { git_buf_dispose(&name) }
    guard git_branch_upstream_remote(&name, pointer, git_reference_name(head)) == 0 else {
      return nil
    }
    return name.ptr.map { String(cString: $0) }
  }

  /// The folder that holds the user's files, with a slash at the end.
  var workTree: String { git_repository_workdir(pointer).map { String(cString: $0) } ?? "" }

  /// `core.fileMode`: whether executable bits in the work tree mean anything.
  var trustsFileMode: Bool {
    var config: OpaquePointer?
    guard git_repository_config_snapshot(&config, pointer) == 0 else { return true }
    defer { git_config_free(config) }
    var value: Int32 = 1
    return git_config_get_bool(&value, config, "core.filemode") != 0 || value != 0
  }
}

/// The 40 hex digits of an object's name.
func hex(_ id: git_oid) -> String {
  var id = id
  var text = [CChar](repeating: 0, count: 41)
  git_oid_tostr(&text, text.count, &id)
  return String(decoding: text.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

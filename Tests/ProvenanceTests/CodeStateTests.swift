import ContentStore
import Foundation
import Glibc
import Testing

@testable import Provenance

@Suite(.disabled(if: isGitMissing, "needs git"))
struct CodeStateTests {
  @Test func `a clean repository is its commit and branch`() throws {
    let folder = try GitFolder()
    let commit = try folder.commit(["a.txt": "1", "src/b.txt": "2"])
    let state = try folder.capture(folder("src"))
    #expect(state.commit == commit)
    #expect(state.branch == "main")
    #expect(!state.isDirty)
    #expect(state.changed == [])
    #expect(state.untracked == 0)
    #expect(state.tree == nil && state.ref == nil && state.note == nil && state.remote == nil)
    #expect(try folder.git("for-each-ref", "refs/exp") == "")
  }

  @Test func `a folder in no repository has no state`() throws {
    let folder = try GitFolder("none")
    #expect(CodeState.capture(from: folder.path) == nil)
    #expect(CodeState.capture(from: folder("missing")) == nil)
  }

  @Test func `a dirty work tree is kept as a tree that git can compare`() throws {
    let folder = try GitFolder()
    try folder.commit([
      "changed": "1", "staged": "1", "both": "1", "deleted": "1", "same": "1", "deep/er/file": "1",
      "mode": "1", "removed": "1",
    ])
    try folder.write("2", to: "changed")
    try folder.write("2", to: "staged")
    try folder.write("2", to: "both")
    try folder.write("new", to: "added")
    try folder.git("add", "staged", "both", "added")
    try folder.write("3", to: "both")
    unlink(folder("deleted"))
    try folder.git("rm", "-q", "--cached", "removed")
    try folder.write("2", to: "deep/er/file")
    chmod(folder("mode"), 0o755)
    try folder.write("secret", to: "untracked")
    try folder.write("big", to: "untracked folder/file")
    let before = try folder.git("status", "--porcelain")
    let index = try FileSystem.read(folder(".git/index"))

    let state = try folder.capture()
    #expect(state.isDirty)
    let changed = [
      "added", "both", "changed", "deep/er/file", "deleted", "mode", "removed", "staged",
    ]
    #expect(state.changed == changed)
    // "removed" stays in the folder, where git no longer knows it.
    #expect(state.untracked == 3)
    #expect(state.ref == "refs/exp/" + (state.tree ?? ""))
    #expect(
      try folder.difference(state) == [
        "A added", "M both", "M changed", "M deep/er/file", "D deleted", "M mode", "D removed",
        "M staged",
      ])
    #expect(try folder.git("show", "\(state.ref ?? ""):both") == "3")
    #expect(try folder.git("ls-tree", state.ref ?? "", "mode").hasPrefix("100755"))

    #expect(try FileSystem.read(folder(".git/index")) == index)
    #expect(try folder.git("status", "--porcelain") == before)
    #expect(try folder.git("fsck", "--strict") == "")
    #expect(try folder.capture() == state)
  }

  @Test func `the kept tree is the one that git itself would commit`() throws {
    let folder = try GitFolder()
    try folder.commit(["a": "1", "b/c": "2", "d/e": "3", "f": "4"])
    try folder.write("5", to: "a")
    try FileSystem.removeRecursively(folder("b"))
    try folder.write("now a file", to: "b")
    unlink(folder("f"))
    try folder.write("now a folder", to: "f/g")
    try folder.git("add", "-A")
    let state = try folder.capture()
    #expect(state.tree == (try folder.git("write-tree")))
  }

  @Test func `kept trees survive garbage collection`() throws {
    let folder = try GitFolder()
    try folder.commit(["a": "1"])
    try folder.write("2", to: "a")
    let state = try folder.capture()
    try folder.git("checkout", "-q", "a")
    try folder.git("gc", "-q", "--prune=now")
    #expect(try folder.difference(state) == ["M a"])
  }

  @Test func `links are kept as links`() throws {
    let folder = try GitFolder()
    try folder.commit(["file": "1", "becomes link": "1"])
    symlink("nowhere", folder("link"))
    try folder.git("add", "link")
    unlink(folder("becomes link"))
    symlink("file", folder("becomes link"))
    let state = try folder.capture()
    let ref = try #require(state.ref)
    #expect(try folder.git("ls-tree", ref, "link").hasPrefix("120000"))
    #expect(try folder.git("ls-tree", ref, "becomes link").hasPrefix("120000"))
    #expect(try folder.git("show", "\(ref):link") == "nowhere")
    #expect(try folder.git("show", "\(ref):becomes link") == "file")
  }

  @Test func `a folder that a link replaced is gone`() throws {
    let folder = try GitFolder()
    try folder.commit(["dir/file": "1", "other/file": "1"])
    try FileSystem.removeRecursively(folder("dir"))
    symlink("other", folder("dir"))
    let state = try folder.capture()
    #expect(try folder.difference(state) == ["D dir/file"])
  }

  @Test func `names of any kind are kept`() throws {
    let folder = try GitFolder()
    let name = "ü 😂\t\"x\"\n"
    try folder.commit(["a": "1"])
    try folder.write("1", to: name)
    try folder.git("add", "-A")
    let latin: [CChar] = folder("").utf8CString.dropLast() + [-1, 0]
    close(open(latin, O_CREAT | O_WRONLY, 0o600))
    try folder.git("add", "-A")
    let state = try folder.capture()
    #expect(state.changed.contains(name))
    #expect(state.tree == (try folder.git("write-tree")))
  }

  @Test func `the store's own folder is never looked at`() throws {
    let folder = try GitFolder()
    try folder.commit(["a": "1", "sub/b": "1"])
    try folder.write("x", to: ".exp/ledger.sqlite")
    try folder.write("x", to: "sub/.exp/ledger.sqlite")
    let clean = try folder.capture()
    #expect(!clean.isDirty && clean.untracked == 0)
    try folder.git("add", "-f", "-A")
    try folder.write("2", to: "a")
    let state = try folder.capture()
    #expect(state.changed == ["a"])
    #expect(try folder.difference(state) == ["M a"])
  }

  @Test func `before the first commit there are still files to keep`() throws {
    let folder = try GitFolder()
    let empty = try folder.capture()
    #expect(empty.commit == nil && empty.branch == nil && !empty.isDirty)
    #expect(empty.note == "the branch has no commit yet")
    try folder.write("1", to: "a")
    try folder.git("add", "a")
    try folder.write("2", to: "a")
    let state = try folder.capture()
    #expect(state.isDirty)
    #expect(try folder.git("show", "\(state.ref ?? ""):a") == "2")
  }

  @Test func `a detached head has a commit and no branch`() throws {
    let folder = try GitFolder()
    let commit = try folder.commit(["a": "1"])
    try folder.git("checkout", "-q", "--detach")
    let state = try folder.capture()
    #expect(state.commit == commit)
    #expect(state.branch == nil && state.note == nil)
  }

  @Test func `a branch may have slashes in its name`() throws {
    let folder = try GitFolder()
    try folder.commit(["a": "1"])
    try folder.git("checkout", "-q", "-b", "feature/x")
    #expect(try folder.capture().branch == "feature/x")
  }

  @Test func `a linked work tree is a repository too`() throws {
    let folder = try GitFolder()
    let other = try GitFolder("none")
    let commit = try folder.commit(["a": "1"])
    try folder.git("worktree", "add", "-q", "-b", "other", other("tree"))
    try other.write("2", to: "tree/a")
    let state = try folder.capture(other("tree"))
    #expect(state.commit == commit)
    #expect(state.branch == "other")
    #expect(try folder.difference(state) == ["M a"])
    #expect(!(try folder.capture().isDirty))
  }

  @Test func `a bare repository has a commit and no files`() throws {
    let folder = try GitFolder()
    let commit = try folder.commit(["a": "1"])
    try folder.git("clone", "-q", "--bare", folder.path, folder("bare.git"))
    let state = try folder.capture(folder("bare.git"))
    #expect(state.commit == commit)
    #expect(!state.isDirty)
    #expect(state.note?.contains("bare") == true)
  }

  @Test func `a submodule is kept by its commit, and its inner changes are said to be lost`() throws
  {
    let inner = try GitFolder()
    let first = try inner.commit(["in": "1"])
    let folder = try GitFolder()
    try folder.commit(["a": "1"])
    try folder.git("submodule", "add", "-q", inner.path, "sub")
    try folder.git("commit", "-q", "-m", "submodule")
    #expect(!(try folder.capture().isDirty))
    try folder.write("2", to: "sub/in")
    let dirty = try folder.capture()
    #expect(dirty.changed == ["sub"])
    #expect(dirty.note?.contains("submodules (sub)") == true)
    try folder.git(["commit", "-q", "-a", "-m", "inside"], in: folder("sub"))
    let state = try folder.capture()
    let second = try folder.git(["rev-parse", "HEAD"], in: folder("sub"))
    #expect(second != first)
    let line = try folder.git("ls-tree", state.ref ?? "", "sub")
    #expect(line == "160000 commit \(second)\tsub")
  }

  @Test func `a merge that stopped at a conflict is kept as it is in the work tree`() throws {
    let folder = try GitFolder()
    try folder.commit(["a": "1\n", "b": "1\n"])
    try folder.git("checkout", "-q", "-b", "other")
    try folder.commit(["a": "2\n"])
    try folder.git("checkout", "-q", "main")
    try folder.commit(["a": "3\n"])
    try folder.git(["merge", "other"], mayFail: true)
    let state = try folder.capture()
    #expect(state.changed == ["a"])
    #expect(try folder.git("show", "\(state.ref ?? ""):a").hasPrefix("<<<<<<<"))
  }

  @Test func `line ends are kept as git would commit them`() throws {
    let folder = try GitFolder()
    try folder.commit([".gitattributes": "* text eol=crlf\n", "a": "1\r\n"])
    try folder.write("1\r\n2\r\n", to: "a")
    let state = try folder.capture()
    #expect(try folder.git("cat-file", "-p", "\(state.ref ?? ""):a") == "1\n2")
  }

  @Test func `executable bits count only where the repository says so`() throws {
    let folder = try GitFolder()
    try folder.commit(["a": "1"])
    try folder.git("config", "core.fileMode", "false")
    chmod(folder("a"), 0o755)
    #expect(!(try folder.capture().isDirty))
    try folder.write("2", to: "a")
    let state = try folder.capture()
    #expect(try folder.git("ls-tree", state.ref ?? "", "a").hasPrefix("100644"))
  }

  @Test func `ignored files are neither counted nor kept`() throws {
    let folder = try GitFolder()
    try folder.commit([".gitignore": "*.log\n", "a": "1"])
    try folder.write("x", to: "big.log")
    let state = try folder.capture()
    #expect(!state.isDirty && state.untracked == 0)
  }

  @Test func `the remote is that of the branch, else origin, without credentials`() throws {
    let folder = try GitFolder()
    try folder.commit(["a": "1"])
    try folder.git("remote", "add", "backup", "https://backup.example.org/x.git")
    #expect(try folder.capture().remote == "https://backup.example.org/x.git")
    try folder.git("remote", "add", "origin", "https://me:secret@example.org/x.git?token=t")
    #expect(try folder.capture().remote == "https://example.org/x.git")
    try folder.git("config", "branch.main.remote", "backup")
    try folder.git("config", "branch.main.merge", "refs/heads/main")
    #expect(try folder.capture().remote == "https://backup.example.org/x.git")
    let text = try folder.capture().json.canonicalText()
    #expect(!text.contains("secret"))
  }

  @Test(.enabled(if: geteuid() == 0, "needs root, to give files to another user"))
  func `a repository of another user is read`() throws {
    let folder = try GitFolder()
    let commit = try folder.commit(["a": "1"])
    for name in try FileSystem.listRecursively(folder.path) { chown(folder(name), 1234, 1234) }
    for name in ["", ".git"] { chown(folder(name), 1234, 1234) }
    let state = try folder.capture()
    #expect(state.commit == commit)
    #expect(state.note == nil)
  }

  @Test(.enabled(if: geteuid() == 0, "needs root, to mount a read-only disk"))
  func `a repository that cannot be written is recorded without its changes`() throws {
    let folder = try GitFolder("none")
    let disk = folder("disk")
    try FileSystem.createFolder(disk)
    guard mount("none", disk, "tmpfs", 0, "size=10m") == 0 else { return }
    defer { umount(disk) }
    try folder.git(["init", "-q", "-b", "main"], in: disk)
    try folder.write("1", to: "disk/a")
    try folder.git(["add", "a"], in: disk)
    try folder.git(["commit", "-q", "-m", "a"], in: disk)
    try folder.write("22", to: "disk/a")
    #expect(mount("none", disk, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), "size=10m") == 0)
    let state = try folder.capture(disk)
    #expect(state.commit != nil && state.isDirty)
    #expect(state.changed == ["a"])
    #expect(state.ref == nil)
    #expect(state.note?.hasPrefix("the changed files could not be kept") == true)
  }

  @Test func `a damaged repository gives a note, not a failure`() throws {
    let folder = try GitFolder()
    try folder.commit(["a": "1"])
    try folder.write("nonsense", to: ".git/index")
    let noIndex = try folder.capture()
    #expect(noIndex.commit != nil)
    #expect(noIndex.note?.contains("could not be compared") == true)
    try folder.write("nonsense", to: ".git/HEAD")
    let noHead = try folder.capture()
    #expect(noHead.note != nil)
    try folder.write("[core\nrepositoryformatversion = 99", to: ".git/config")
    let noConfig = try folder.capture()
    #expect(noConfig.note?.contains("could not be read") == true)
  }

  @Test func `the record has every field`() throws {
    let folder = try GitFolder()
    try folder.commit(["a": "1"])
    try folder.write("2", to: "a")
    let state = try folder.capture()
    let json = try #require(state.json.objectValue)
    #expect(
      json.keys.sorted() == [
        "branch", "changed", "commit", "dirty", "note", "ref", "remote", "tree", "untracked",
      ])
    #expect(json["dirty"] == true)
    #expect(json["changed"] == ["a"])
    #expect(json["remote"] == .null)
  }
}

struct RemoteURLTests {
  @Test(arguments: [
    ("https://example.org/a/b.git", "https://example.org/a/b.git"),
    ("https://user:pass@example.org/a.git", "https://example.org/a.git"),
    ("https://ghp_token@github.com/a/b", "https://github.com/a/b"),
    ("https://oauth2:t@gitlab.com:8443/a", "https://gitlab.com:8443/a"),
    ("HTTPS://u:p%40q@h/x", "HTTPS://h/x"), ("https://u:p@q@h/x", "https://h/x"),
    ("https://u:p/q@h/x", "https://h/x"), ("https://u:p#q@h/x", "https://h/x"),
    ("https://h/x?access_token=t#f", "https://h/x"), ("https://h/@scope/x", "https://h/@scope/x"),
    ("https://h:443/@scope/x", "https://h:443/@scope/x"), ("http://[::1]/@x", "http://[::1]/@x"),
    ("ssh://git@h:22/x.git", "ssh://git@h:22/x.git"), ("ssh://git:pw@h/x", "ssh://git@h/x"),
    ("git+ssh://git:pw@h/x", "git+ssh://git@h/x"), ("ssh://:pw@h/x", "ssh://h/x"),
    ("git@github.com:a/b.git", "git@github.com:a/b.git"), ("u:p@h:a/b", "u@h:a/b"),
    ("host:a/b@c", "host:a/b@c"), ("/srv/a:b@c/d", "/srv/a:b@c/d"), ("../x", "../x"), ("", ""),
    ("file:///srv/x.git", "file:///srv/x.git"),
    ("codecommit::https://u:p@h/x", "codecommit::https://h/x"),
    ("ext::ssh -i key u:secret@h %S", "ext::"), ("ftp://u:p@h/x", "ftp://h/x"),
  ])
  func `an address is recorded without its secrets`(url: String, expected: String) {
    #expect(RemoteURL.withoutCredentials(url) == expected)
  }
}

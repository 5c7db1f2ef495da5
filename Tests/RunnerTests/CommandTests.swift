import ContentStore
import Glibc
import Ledger
import Stages
import Testing

@testable import Runner

@Suite struct CommandTests {
  let laboratory: Laboratory
  init() throws { laboratory = try Laboratory() }

  private func shell(_ script: String, _ rest: String = "") -> String {
    "{ name: \"command\", stages: { it: { op: \"command\", with: { "
      + "run: [\"sh\", \"-c\", \"\(script)\"]\(rest.isEmpty ? "" : ", ")\(rest) } } } }"
  }

  @Test func `a program's files, metrics and scores become outputs and records`() throws {
    let script =
      "mkdir -p model/deep; echo hi > out.txt; echo w > model/deep/w.bin; "
      + #"echo '{\"step\":1,\"loss\":0.5,\"gap\":\"NaN\"}' > m.jsonl; "#
      + #"echo '{\"accuracy\":0.75}' > s.json"#
    let report = try laboratory.run(
      shell(
        script,
        "outputs: { text: \"out.txt\", model: \"model\" }, metrics: \"m.jsonl\", scores: \"s.json\""
      ))
    #expect(report["it"]?.error == nil)
    #expect(try laboratory.text(report, "it", "text") == "hi\n")
    #expect(report["it"]?.result?.scores["accuracy"] == Score(0.75))
    let tree = try #require(report["it"]?.result?.outputs["model"])
    #expect(
      try laboratory.workspace.store.readTree(tree.digest).entries.keys.sorted() == ["deep/w.bin"])
    let points = try laboratory.workspace.ledger.points(of: try #require(report["it"]?.execution))
    #expect(points.map(\.series).sorted() == ["gap", "loss"])
    #expect(points.first { $0.series == "gap" }?.value.isNaN == true)
  }

  @Test func `a failing program fails its stage with the end of what it said`() throws {
    let report = try laboratory.run(shell("echo working; echo no luck >&2; exit 3"))
    #expect(report["it"]?.error == "the program \"sh\" ended with status 3:\nno luck")
    #expect(report["it"]?.logTail.sorted() == ["no luck", "working"])
  }

  @Test func `a program sees its declared environment and parameters and nothing else`() throws {
    setenv("EXP_TEST_SECRET", "leaked", 1)
    let report = try laboratory.run(
      shell(
        "env | sort > env.txt; cat parameters.json > p.json",
        "environment: { MODE: \"fast\" }, parameters: { b: 1, a: [2] }, "
          + "outputs: { env: \"env.txt\", parameters: \"p.json\" }"))
    let text = try #require(try laboratory.text(report, "it", "env"))
    let names = text.split(separator: "\n").compactMap { $0.split(separator: "=").first }
    #expect(
      names == [
        "EXP_PARAMETERS", "HOME", "LANG", "MODE", "OMP_NUM_THREADS", "PATH", "PWD",
        "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "SOURCE_DATE_EPOCH", "TMPDIR", "TZ",
      ])
    #expect(try laboratory.text(report, "it", "parameters") == "{\"a\":[2],\"b\":1}")
  }

  @Test func `an edited helper is another recipe, and an undeclared one is not found`() throws {
    try laboratory.write("echo $(sh ./helper.sh) > out.txt\n", to: "main.sh")
    try laboratory.write("echo one\n", to: "helper.sh")
    let text = """
      { name: "helpers", stages: { it: { op: "command", with: {
        run: ["sh", "main.sh"], files: ["main.sh", "helper.sh"], outputs: { text: "out.txt" } } } } }
      """
    #expect(try laboratory.text(try laboratory.run(text), "it", "text") == "one\n")
    #expect(try laboratory.run(text).outcomes == [.hit])
    try laboratory.write("echo two\n", to: "helper.sh")
    let second = try laboratory.run(text)
    #expect(second.outcomes == [.executed])
    #expect(try laboratory.text(second, "it", "text") == "two\n")
    let undeclared = text.replacing(", \"helper.sh\"]", with: "]")
    #expect(try laboratory.text(try laboratory.run(undeclared), "it", "text") == "\n")
  }

  @Test(.enabled(if: Command.canConfine))
  func `a program cannot read or change what is not declared`() throws {
    try laboratory.write("secret", to: "undeclared.txt")
    let path = "\(laboratory.folder)/undeclared.txt"
    let read = try laboratory.run(shell("cat \(path)"))
    #expect(read["it"]?.error?.contains("Permission denied") == true)
    let write = try laboratory.run(shell("echo x > \(path)"))
    #expect(write["it"]?.error?.contains("Permission denied") == true)
    let shared = try laboratory.run(shell("ls /tmp"))
    #expect(shared["it"]?.error?.contains("Permission denied") == true)
  }

  @Test func `inputs of other stages are files under inputs`() throws {
    let text = """
      { name: "inputs", stages: {
        one: { op: "number", with: { value: 41 } },
        two: { op: "number", with: { value: 1 } },
        it: { op: "command", inputs: { a: "one.value", list: ["one.value", "two.value"] }, with: {
          run: ["sh", "-c", "cat inputs/a inputs/list/0 inputs/list/1 > out.txt"],
          outputs: { text: "out.txt" } } } } }
      """
    #expect(try laboratory.text(try laboratory.run(text), "it", "text") == "41411")
  }

  @Test func `a program that takes too long is ended with all that it started`() throws {
    let started = Clock.seconds
    let report = try laboratory.run(shell("sleep 61.5 & sleep 61.5", "timeout: 0.3"))
    #expect(report["it"]?.error == "the program ran longer than its timeout of 0.3 s")
    #expect(Clock.seconds - started < 30)
  }

  @Test func `an output that is missing or leads outside is refused`() throws {
    let missing = try laboratory.run(shell("true", "outputs: { text: \"out.txt\" }"))
    #expect(
      missing["it"]?.error
        == "the program ended without writing \"out.txt\", its output \"text\"")
    let link = try laboratory.run(
      shell("ln -s /etc/passwd out.txt", "outputs: { text: \"out.txt\" }"))
    #expect(link["it"]?.error?.contains("is a link to a file that the stage does not own") == true)
  }

  @Test func `the program's own bytes belong to the recipe`() throws {
    let tool = "\(laboratory.folder)/tool.sh"
    let text = """
      { name: "tool", stages: { it: { op: "command", with: {
        run: ["\(tool)"], outputs: { text: "out.txt" } } } } }
      """
    try laboratory.write("#!/bin/sh\necho first > out.txt\n", to: "tool.sh")
    chmod(tool, 0o755)
    #expect(try laboratory.text(try laboratory.run(text), "it", "text") == "first\n")
    try laboratory.write("#!/bin/sh\necho other > out.txt\n", to: "tool.sh")
    chmod(tool, 0o755)
    let second = try laboratory.run(text)
    #expect(second.outcomes == [.executed])
    #expect(try laboratory.text(second, "it", "text") == "other\n")
    // A replay of the first would run another program, and says so.
    let third = try Replay.run(
      try #require(try laboratory.workspace.ledger.runs().last?.id), stages: [],
      in: laboratory.workspace, options: laboratory.options, registry: .toys,
      observer: laboratory.observer)
    guard case .failed(let message) = third.stages[0].verdict else {
      Issue.record("\(third.stages[0].verdict)")
      return
    }
    #expect(message.contains("is not the one in the recipe"))
  }

  @Test func `scores of a program that is not deterministic are held to its tolerance`() throws {
    for (tolerance, isWithin) in [("1e300", true), ("0", false)] {
      let report = try laboratory.run(
        shell(
          #"printf '{\"x\":1%s}' $(date +%N) > s.json"#,
          "scores: \"s.json\", deterministic: false, tolerance: \(tolerance)"))
      #expect(report["it"]?.error == nil)
      let replay = try Replay.run(
        try #require(report.run), stages: [], in: laboratory.workspace, options: laboratory.options,
        registry: .toys, observer: laboratory.observer)
      switch replay.stages[0].verdict {
      case .withinTolerance: #expect(isWithin)
      case .differs(let difference):
        #expect(!isWithin)
        #expect(difference.score?.series == "x")
      default: Issue.record("\(replay.stages[0].verdict)")
      }
    }
  }
}

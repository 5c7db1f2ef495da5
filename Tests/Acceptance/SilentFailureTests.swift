import ContentStore
import Foundation
import Testing

/// The fifteen silent failures reproduced in other tools (F1–F15 of the study that this project began
/// with), each in the nearest form that `exp` has. None may be silent here.
@Suite struct SilentFailureTests {
  /// An experiment with one `command` stage over a shell script.
  private func experiment(
    _ script: String = "run.sh", files: String = "[\"run.sh\"]", more: String = "",
    inputs: String = ""
  ) -> String {
    """
    { name: "shell", stages: {
      work: { op: "command", \(inputs)
        with: { run: ["/bin/sh", "\(script)"], files: \(files), outputs: { out: "out.txt" }, \(more) } },
    } }
    """
  }

  private func shop(_ script: String, more: String = "") throws -> Shop {
    let shop = try Shop()
    try shop.write("run.sh", script)
    try shop.write("experiment.json5", experiment(more: more))
    return shop
  }

  /// How a stage was answered by the newest run.
  private func outcome(_ shop: Shop, _ stage: String = "work") throws -> String? {
    let run = try shop.json("run", ".", "--json", "-q")
    return run["stages"]?.arrayValue?.first { $0["name"]?.stringValue == stage }?["outcome"]?
      .stringValue
  }

  @Test func `F1: a flipped byte in an object is found, named, and never served`() throws {
    let shop = try shop("echo payload > out.txt")
    try shop.exp("run", ".")
    let artifact = try shop.json("show", "shell:work", "--json")["result"]?["outputs"]?["out"]
    let hex = try #require(artifact?["file"]?.stringValue?.dropFirst(7))
    let path = shop.path(".exp/objects/\(hex.prefix(2))/\(hex.dropFirst(2))")
    chmod(path, 0o644)
    try Data("paylaod\n".utf8).write(to: URL(fileURLWithPath: path))
    let verify = try shop.exp("verify")
    #expect(verify.status == 3)
    #expect(verify.out.contains(hex.dropFirst(2)))
    let cat = try shop.exp("cat", "shell:work.out")
    #expect(cat.status == 3)
    #expect(!cat.out.contains("paylaod"))
    let checkout = try shop.exp("checkout", "shell:work.out", "copy")
    #expect(checkout.status == 3)
  }

  @Test func `F2: an orphan's late write never enters a later result`() throws {
    let shop = try shop(
      """
      echo partial > out.txt
      (sleep 2; echo late >> out.txt) &
      if [ "$(cat parameters.json)" != "{}" ]; then :; fi
      sleep 1
      echo done >> out.txt
      """)
    let running = try shop.start(["run", ".", "-q"])
    Thread.sleep(forTimeInterval: 0.7)
    running.kill()
    _ = try? running.wait()
    #expect(try outcome(shop) == "executed")
    Thread.sleep(forTimeInterval: 1.5)
    #expect(try shop.exp("cat", "shell:work.out").out == "partial\ndone\n")
  }

  @Test
  func
    `F3: a changed environment variable is another recipe, an undeclared one does not reach the program`()
    throws
  {
    let shop = try shop(
      "echo \"[$MODE][$SECRET]\" > out.txt", more: "environment: { MODE: \"one\" }")
    try shop.exp(["run", "."], environment: ["SECRET": "leak"])
    #expect(try shop.exp("cat", "shell:work.out").out == "[one][]\n")
    try shop.write("experiment.json5", experiment(more: "environment: { MODE: \"two\" }"))
    #expect(try outcome(shop) == "executed")
    #expect(try shop.exp("cat", "shell:work.out").out == "[two][]\n")
  }

  @Test func `F3, F7: a changed helper is seen when declared`() throws {
    let shop = try Shop()
    try shop.write("run.sh", ". ./helper.sh; helper > out.txt")
    try shop.write("helper.sh", "helper() { echo one; }")
    try shop.write("experiment.json5", experiment(files: "[\"run.sh\", \"helper.sh\"]"))
    try shop.exp("run", ".")
    #expect(try outcome(shop) == "hit")
    try shop.write("helper.sh", "helper() { echo two; }")
    #expect(try outcome(shop) == "executed")
    #expect(try shop.exp("cat", "shell:work.out").out == "two\n")
  }

  @Test func `F7: a helper that is not declared is refused`() throws {
    let shop = try Shop()
    try shop.write("helper.txt", "hidden")
    try shop.write("run.sh", "cat \(shop.path("helper.txt")) > out.txt")
    try shop.write("experiment.json5", experiment())
    let outcome = try shop.exp("run", ".")
    let doctor = try shop.exp("doctor").out
    if doctor.contains("no Landlock") {
      #expect(outcome.err.contains("Landlock"))
    } else {
      #expect(outcome.status == 1)
      #expect(outcome.err.contains("work failed"))
    }
  }

  @Test func `F4, F9: a program that gives other bytes is a finding, and its replay says so`()
    throws
  {
    let shop = try shop("date +%s%N > out.txt")
    try shop.exp("run", ".")
    let replay = try shop.exp("replay", "shell")
    #expect(replay.status == 1)
    #expect(replay.out.contains("first difference"))
    #expect(replay.out.contains("work"))
    let show = try shop.exp("show", "shell:work").out
    #expect(show.contains("not deterministic"))
    let verify = try shop.exp("verify")
    #expect(verify.status == 0)
    #expect(verify.out.contains("not deterministic"))
    let again = try shop.exp("run", ".")
    #expect(again.out.contains("not deterministic"))
  }

  @Test func `F4: a program that says it is not deterministic is compared by its scores`() throws {
    let shop = try Shop()
    let script = """
      date +%s%N > out.txt
      echo '{"accuracy": 0.5}' > scores.json
      """
    try shop.write("run.sh", script)
    try shop.write(
      "experiment.json5",
      experiment(more: "scores: \"scores.json\", deterministic: false, tolerance: 0.01"))
    try shop.exp("run", ".")
    let replay = try shop.exp("replay", "shell")
    #expect(replay.status == 0, "\(replay.out)\(replay.err)")
    #expect(replay.out.contains("within tolerance"))
  }

  @Test func `F5: swapped inputs are another recipe and another result`() throws {
    let shop = try Shop()
    try shop.write("a.txt", "A")
    try shop.write("b.txt", "B")
    try shop.write("run.sh", "cat inputs/first inputs/second > out.txt")
    func text(_ first: String, _ second: String) -> String {
      let make = { (letter: String) in
        "\"make-\(letter)\": { op: \"command\", with: { run: [\"/bin/cp\", \"\(letter).txt\", \"out.txt\"], "
          + "files: [\"\(letter).txt\"], outputs: { out: \"out.txt\" } } },"
      }
      return """
        { name: "shell", stages: { \(make("a")) \(make("b"))
          work: { op: "command", inputs: { first: "make-\(first).out", second: "make-\(second).out" },
            with: { run: ["/bin/sh", "run.sh"], files: ["run.sh"], outputs: { out: "out.txt" } } } } }
        """
    }
    try shop.write("experiment.json5", text("a", "b"))
    #expect(try outcome(shop) == "executed")
    #expect(try shop.exp("cat", "shell:work.out").out == "AB")
    try shop.write("experiment.json5", text("b", "a"))
    #expect(try outcome(shop) == "executed")
    #expect(try shop.exp("cat", "shell:work.out").out == "BA")
  }

  @Test func `F6: an edit of the same size with the old modification time is seen`() throws {
    let shop = try Shop()
    try shop.write("data.txt", "old")
    try shop.write("run.sh", "cat data.txt > out.txt")
    try shop.write("experiment.json5", experiment(files: "[\"run.sh\", \"data.txt\"]"))
    try shop.exp("run", ".")
    Thread.sleep(forTimeInterval: 2.1)
    #expect(try outcome(shop) == "hit")
    let before = try FileManager.default.attributesOfItem(atPath: shop.path("data.txt"))
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: shop.path("data.txt")))
    try handle.write(contentsOf: Data("new".utf8))
    try handle.close()
    try FileManager.default.setAttributes(
      [.modificationDate: before[.modificationDate]!], ofItemAtPath: shop.path("data.txt"))
    #expect(try outcome(shop) == "executed")
    #expect(try shop.exp("cat", "shell:work.out").out == "new")
  }

  @Test func `F8: an edited script is run again`() throws {
    let shop = try shop("echo one > out.txt")
    try shop.exp("run", ".")
    try shop.write("run.sh", "echo two > out.txt")
    #expect(try outcome(shop) == "executed")
    #expect(try shop.exp("cat", "shell:work.out").out == "two\n")
    #expect(try shop.exp("why", "shell:work").out.contains("inputs.files"))
  }

  @Test func `F10: a score edited in the ledger file is found and named`() throws {
    let shop = try Shop()
    try shop.write("run.sh", "echo x > out.txt; echo '{\"accuracy\": 0.25}' > scores.json")
    try shop.write("experiment.json5", experiment(more: "scores: \"scores.json\""))
    try shop.exp("run", ".")
    #expect(try shop.exp("verify").status == 0)
    let edit = try Ledgers.edit(
      shop.path(".exp/ledger.sqlite"), table: "score", column: "value", to: "0.99")
    #expect(edit > 0)
    let verify = try shop.exp("verify")
    #expect(verify.status == 3)
    #expect(verify.out.contains("score"))
  }

  @Test
  func
    `F11: eight runs that create one store at the same moment all succeed, and no recipe is carried out twice`()
    throws
  {
    let shop = try shop("sleep 0.3; echo x > out.txt")
    for number in 0..<4 {
      try shop.write(
        "other\(number).json5",
        experiment().replacing("\"shell\"", with: "\"other\(number)\"")
          .replacing("outputs:", with: "parameters: { n: \(number) }, outputs:"))
    }
    let running = try (0..<8).map { number in
      try shop.start(["run", number < 4 ? "." : "other\(number - 4).json5", "-q"])
    }
    for process in running {
      let outcome = try process.wait()
      #expect(outcome.status == 0, "\(outcome.err)")
      #expect(!outcome.err.contains("locked"))
    }
    let table = try shop.json(
      "sql", "--json", "SELECT recipe, count(*) AS n FROM stage_executions GROUP BY recipe")
    #expect(table.arrayValue?.count == 5)
    #expect(table.arrayValue?.allSatisfy { $0["n"]?.intValue == 1 } == true)
    #expect(try shop.exp("verify").status == 0)
  }

  @Test func `F12: metrics keep every bit that JSON can write, and scores too`() throws {
    let shop = try Shop()
    let values = [
      "0.1", "0.30000000000000004", "5e-324", "1.7976931348623157e308", "-0.0", "9007199254740994",
    ]
    let lines = values.enumerated().map { "{\"step\": \($0 + 1), \"x\": \($1)}" }
    try shop.write("run.sh", "cp m.jsonl metrics.jsonl; echo > out.txt")
    try shop.write("m.jsonl", lines.joined(separator: "\n") + "\n")
    try shop.write(
      "experiment.json5",
      experiment(files: "[\"run.sh\", \"m.jsonl\"]", more: "metrics: \"metrics.jsonl\""))
    try shop.exp("run", ".")
    let table = try shop.json("sql", "--json", "SELECT step, value FROM metrics ORDER BY step")
    let found = try #require(table.arrayValue).map { $0["value"]?.exactValue?.bitPattern }
    // SQLite's REAL drops the sign of zero in a view; the points themselves keep it (LedgerTests).
    #expect(
      found.enumerated().filter { $0.offset != 4 }.map(\.element)
        == values.enumerated().filter { $0.offset != 4 }.map { Double($0.element)!.bitPattern })
  }

  @Test func `F13: points that were acknowledged survive SIGKILL`() throws {
    let shop = try Shop()
    let script = """
      i=1
      while [ $i -le 2000 ]; do echo "{\\"step\\": $i, \\"x\\": $i}"; i=$((i+1)); done > metrics.jsonl
      sleep 30; echo > out.txt
      """
    try shop.write("run.sh", script)
    try shop.write("experiment.json5", experiment(more: "metrics: \"metrics.jsonl\""))
    let running = try shop.start(["run", ".", "-q"])
    let query = "SELECT count(*) AS n FROM metrics"
    var acknowledged = 0
    for _ in 0..<100 where acknowledged < 2000 {
      Thread.sleep(forTimeInterval: 0.1)
      let answer = try shop.exp("sql", "--json", query)
      acknowledged = (try? answer.json())?.arrayValue?.first?["n"]?.intValue ?? 0
    }
    running.kill()
    _ = try? running.wait()
    #expect(acknowledged == 2000)
    #expect(try shop.json("sql", "--json", query).arrayValue?.first?["n"]?.intValue == 2000)
  }

  @Test func `F14: a killed run is shown as killed`() throws {
    let shop = try shop("sleep 30; echo > out.txt")
    let running = try shop.start(["run", ".", "-q"])
    Thread.sleep(forTimeInterval: 0.7)
    #expect(try shop.exp("log").out.contains("running"))
    running.kill()
    _ = try? running.wait()
    Thread.sleep(forTimeInterval: 0.2)
    try shop.exp("init")
    #expect(try shop.exp("log").out.contains("killed"))
  }

  @Test func `F15: after SIGKILL the same call just works`() throws {
    let shop = try shop("sleep 1; echo x > out.txt")
    let running = try shop.start(["run", ".", "-q"])
    Thread.sleep(forTimeInterval: 0.5)
    running.kill()
    _ = try? running.wait()
    #expect(try outcome(shop) == "executed")
    #expect(try shop.exp("verify").status == 0)
  }

  @Test(.enabled(if: FileManager.default.isWritableFile(atPath: "/dev/shm"), "needs /dev/shm"))
  func `shared memory is no way from one program to the next`() throws {
    let name = "/dev/shm/exp-test-\(UUID().uuidString)"
    defer { unlink(name) }
    try Data("leak".utf8).write(to: URL(fileURLWithPath: name))
    let shop = try shop("cat \(name) > out.txt")
    guard try !shop.exp("doctor").out.contains("no Landlock") else { return }
    #expect(try shop.exp("run", ".").status == 1)
    try shop.write("experiment.json5", experiment(more: "sharedMemory: true"))
    #expect(try shop.exp("run", ".").status == 0)
  }

  @Test func `output that cannot be written is an error`() throws {
    let shop = try shop("echo payload > out.txt")
    try shop.exp("run", ".")
    let words = ["-c", "'\(Shop.binary)' cat shell:work.out > /dev/full"]
    let outcome = try Shop.call("/bin/sh", words, in: shop.folder)
    #expect(outcome.status == 1)
    #expect(outcome.err.contains("cannot write standard output"))
  }

  @Test func `a tag may not take an experiment's name, nor look like another reference`() throws {
    let shop = try shop("echo payload > out.txt")
    for name in ["shell", "a b", "12", "abcd"] {
      #expect(try shop.exp("run", ".", "--tag", name).status == 2, "\(name)")
    }
    #expect(try shop.exp("run", ".", "-n", "good").status == 0)
    #expect(try shop.exp("tag", "shell", "good").status == 2)
    #expect(try shop.exp("show", "good").status == 0)
  }
}

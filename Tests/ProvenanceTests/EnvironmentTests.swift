import ContentStore
import Foundation
import Glibc
import Testing

@testable import Provenance

struct EnvironmentTests {
  /// What a command prints, without the last line feed.
  func output(_ command: String) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", command]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: ["\n"])
  }

  @Test func `the machine is as the system's own tools say`() throws {
    let environment = Environment.capture()
    #expect(environment.kernel == (try output("uname -sr")))
    #expect(environment.host == (try output("uname -n")))
    #expect(environment.user == (try output("id -un")))
    #expect(environment.usableCores == Int(try output("nproc")))
    #expect(environment.cores >= environment.usableCores)
    #expect(environment.libc == "glibc " + (try output("getconf GNU_LIBC_VERSION | cut -d' ' -f2")))
    #expect(environment.os == (try output(". /etc/os-release; echo \"$PRETTY_NAME\"")))
    let kilobytes = try output("awk '/MemTotal/ {print $2}' /proc/meminfo")
    #expect(environment.memory == Int(kilobytes).map { $0 * 1024 })
    #expect(!environment.cpu.isEmpty)
    #expect(environment.cpuFeatures == environment.cpuFeatures.sorted())
  }

  @Test(.enabled(if: SHA256.hasInstructions, "needs a CPU with SHA instructions"))
  func `the CPU's features are listed`() {
    #expect(Environment.capture().cpuFeatures.contains("sha_ni"))
  }

  @Test func `natively, the CPU says of itself what the kernel says of it`() {
    #expect(Machine.cpu().features == Machine.listedCPU().features)
    let names = [Machine.cpu().model, Machine.listedCPU().model]
    #expect(names[0] == names[1].split(separator: " ").joined(separator: " "))
  }

  @Test func `the running program is known by its digest`() throws {
    let digest = try SHA256.hash(File("/proc/self/exe", .read))
    #expect(Environment.capture().executable == digest)
    let path = NSTemporaryDirectory() + "/exp-memo-\(getpid())"
    defer { unlink(path) }
    let memo = FileMemo(at: path)
    #expect(Environment.capture(memo: memo).executable == digest)
    #expect(Environment.capture(memo: memo).executable == digest)
  }

  @Test func `the record has every field`() throws {
    let blas = BLASVersion(name: "OpenBLAS", version: "0.3.21", core: "Zen")
    let environment = Environment.capture(blas: blas)
    let json = try #require(environment.json.objectValue)
    #expect(
      json.keys.sorted() == [
        "blas", "cpu", "executable", "host", "kernel", "libc", "libgit2", "locale", "memory", "os",
        "sqlite", "swift", "user",
      ])
    #expect(json["blas"] == ["name": "OpenBLAS", "version": "0.3.21", "core": "Zen"])
    #expect(Environment.capture().json["blas"] == .null)
    #expect(try JSON(parsing: environment.json.canonical()) == environment.json)
    for version in [environment.sqlite, environment.libgit2, environment.swift] {
      #expect(version.contains("."))
    }
  }

  @Test func `only the variables of locale and time zone are recorded`() throws {
    setenv("LC_NUMERIC", "de_DE.UTF-8", 1)
    setenv("EXP_TEST_SECRET", "secret", 1)
    defer {
      unsetenv("LC_NUMERIC")
      unsetenv("EXP_TEST_SECRET")
    }
    let environment = Environment.capture()
    #expect(environment.locale["LC_NUMERIC"] == "de_DE.UTF-8")
    #expect(!(try environment.json.canonicalText().contains("secret")))
  }
}

import Testing

@testable import Reports

@Suite struct TableTests {
  private var sample: Table {
    var table = Table([.init("name"), .init("score", .right)])
    table.add(["a", "1.5"])
    table.add(["long name", "12"])
    return table
  }

  @Test func `columns line up, numbers to the right, no trailing space`() {
    #expect(
      sample.lines() == ["name       score", "a            1.5", "long name     12"])
  }

  @Test func `a line that would not fit cuts the widest text`() {
    var table = Table([.init("name"), .init("n", .right)])
    table.add([String(repeating: "x", count: 30), "1"])
    let lines = table.lines(width: 20)
    #expect(lines.allSatisfy { displayWidth($0) <= 20 })
    #expect(lines[1] == String(repeating: "x", count: 16) + "…  1")
  }

  @Test func `a document's control characters do nothing to the terminal`() {
    #expect(fit("\u{1B}[2J\u{7}a\r\nb\u{7F}\u{9B}\u{202E}", to: 40) == "␛[2J␇a␍␊b␡\u{FFFD}\u{FFFD}")
    var table = Table([.init("id")])
    table.add(["a\u{1B}[31m\n"])
    #expect(table.lines()[1] == "a␛[31m␊")
  }

  @Test func `wide characters take two columns`() {
    #expect(displayWidth("日本") == 4)
    #expect(displayWidth("naïve") == 5)
    #expect(fit("日本語", to: 5) == "日本…")
  }

  @Test(arguments: [
    (0.0, "0"), (0.3125, "0.3125"), (0.00012345, "0.0001235"), (1_234_567, "1234567"),
    (1_234_567.5, "1.235e6"),
    (-2.5, "-2.500"),
    (1e-7, "1.000e-7"), (42, "42"), (3.14159, "3.142"),
  ])
  func `numbers keep four digits`(value: Double, text: String) {
    #expect(Format.number(value) == text)
  }

  @Test func `counts, bytes and durations have their units`() {
    #expect(Format.count(950) == "950")
    #expect(Format.count(1_234_567) == "1.2M")
    #expect(Format.count(999_999) == "1.0M")
    #expect(Format.bytes(1536) == "1.5 KiB")
    #expect(Format.duration(seconds: 3.24) == "3.2 s")
    #expect(Format.duration(seconds: 192) == "3m12s")
    #expect(Format.duration(seconds: 7500) == "2h05m")
  }
}

import ContentStore
import Corpus
import Glibc
import Ledger
import Numerics
import Reports
import Runner

/// `exp bench WHAT`: one measurement in this process, for `script/bench` to pair with another's.
/// Prints one number a line: a name, a tab, a value.
enum Bench: Verb {
  static let name = "bench"
  static let summary = "Measure one thing, for script/bench"
  static let discussion = """
      exp bench hash FILE            seconds to hash a file: with the CPU's instructions, and without
      exp bench ledger RUNS DIR      fills a new store with made-up runs
      exp bench metrics DIR          durable points a second, and bytes a point
      exp bench products [THREADS]   10⁹ operations a second of the matrix products
      exp bench fasttext TEXT MODEL WORDNGRAMS BUCKETS
                                     seconds to train fastText's classifier on a file in its form
    """
  static let operands = Operands.between(1, 5, "WHAT [ARGUMENT]...")
  static let isHidden = true

  static func run(_ arguments: Arguments, _ console: Console) throws -> ExitStatus {
    let rest = Array(arguments.operands.dropFirst())
    switch (arguments.operands[0], rest.count) {
    case ("hash", 1): try hash(rest[0], console)
    case ("ledger", 2): try ledger(rest, console)
    case ("metrics", 1): try metrics(rest[0], console)
    case ("products", 0...1): products(Int(rest.first ?? "1") ?? 1, console)
    case ("fasttext", 4): try fastText(rest, console)
    default: throw UsageError("exp bench: unknown measurement; `exp help bench` lists them")
    }
    return .done
  }

  private static func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = Timestamp.now
    try body()
    return Timestamp.now.seconds(since: start)
  }

  private static func hash(_ path: String, _ console: Console) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { buffer.deallocate() }
    let time = try seconds {
      var hasher = SHA256()
      let file = try File(path, .read)
      while case let count = try file.read(into: buffer), count > 0 {
        hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      }
      _ = hasher.finalize()
    }
    console.print("seconds\t\(time)")
  }

  private static func ledger(_ rest: [String], _ console: Console) throws {
    guard let count = Int(rest[0]), count > 0 else {
      throw UsageError("exp bench ledger: \"\(rest[0])\" is no number of runs")
    }
    let workspace = try Workspace.open(at: rest[1])
    try SampleLedger.fill(workspace.ledger, runs: count)
    console.print("runs\t\(count)")
  }

  private static func metrics(_ folder: String, _ console: Console) throws {
    let ledger = try Ledger(at: folder + "/metrics.sqlite")
    let start = ExecutionStart(
      recipe: Recipe(
        op: "bench", revision: 1, parameters: [:], inputs: [:], seed: nil, numerics: nil), run: nil,
      stage: "bench", environment: [:])
    let execution = try ledger.beginExecution(start)
    let stream = RandomStream(seed: 1, purpose: "bench")
    let (batches, size) = (400, 1000)
    let time = try seconds {
      for batch in 0..<batches {
        let points = (0..<size).map { index in
          let step = batch * size + index
          return MetricPoint(
            series: "loss", step: step, value: stream.uniformDouble(at: UInt64(step)))
        }
        try ledger.appendMetrics(points, to: execution)
      }
    }
    console.print("points/s\t\(Double(batches * size) / time)")
  }

  private static func fastText(_ rest: [String], _ console: Console) throws {
    guard let wordNgrams = Int(rest[2]), let buckets = Int(rest[3]) else {
      throw UsageError("exp bench fasttext: WORDNGRAMS and BUCKETS are numbers")
    }
    let options = FastTextOptions(
      wordNgrams: wordNgrams, buckets: buckets, initialization: .firstTenth)
    let time = try seconds {
      try FastTextBenchmark.train(text: rest[0], model: rest[1], options)
    }
    console.print("seconds\t\(time)")
  }

  private static func products(_ threads: Int, _ console: Console) {
    for rate in NumericsBenchmark.run(on: Compute(threads: threads)) {
      console.print("\(rate.name)\t\(Format.number(rate.billions))")
    }
  }
}

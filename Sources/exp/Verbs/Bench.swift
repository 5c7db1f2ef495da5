import ContentStore
import Corpus
import Glibc
import Ledger
import Numerics
import Reports
import Runner
import Stages
import Training
import Text

/// `exp bench WHAT`: one measurement in this process, for `script/bench` to pair with another's.
/// Prints one number a line: a name, a tab, a value.
enum Bench: Verb {
  static let name = "bench"
  static let summary = "Measure one thing, for script/bench"
  static let discussion = """
      exp bench hash FILE            seconds to hash a file: with the CPU's instructions, and without
      exp bench ledger RUNS DIR      fills a new store with made-up runs
      exp bench metrics DIR          durable points a second, and bytes a point
      exp bench encode TOKENIZER.json FILE    seconds to encode a file with one thread
      exp bench learn PATTERN FILE   seconds to learn 8,192 tokens from a file with one thread
      exp bench products [THREADS]   10⁹ operations a second of the matrix products
      exp bench openblas [THREADS]   the same, computed by OpenBLAS
      exp bench train SHAPE [THREADS [STEPS]]   tokens a second of training model A, B or C
      exp bench profile SHAPE [THREADS [STEPS]]   where the time of such steps goes
      exp bench sample [THREADS]     tokens a second of sampling from model A
      exp bench policy-gradient [THREADS [ROUNDS]]   seconds of a step, and of its two halves
      exp bench digests [THREADS]    digests of all numeric work, for script/exactness to compare
      exp bench documents FILE       seconds of each filter, and of MinHash, on JSON Lines
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
    case ("encode", 2): try encode(rest, console)
    case ("learn", 2): try learn(rest, console)
    case ("products", 0...1): products(try compute(rest.first, .portable), console)
    case ("openblas", 0...1):
      products(try compute(rest.first, Engine(named: "openblas")), console)
    case ("digests", 0...1): try digests(try compute(rest.first, .portable).threads, console)
    case ("train", 1...3): try train(rest, console)
    case ("profile", 1...3): try profile(rest, console)
    case ("sample", 0...1): try sample(rest.first, console)
    case ("policy-gradient", 0...2): try policyGradient(rest, console)
    case ("documents", 1): try documents(rest[0], console)
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

  private static func compute(_ threads: String?, _ engine: Engine) throws -> Compute {
    guard let count = Int(threads ?? "1"), count > 0 else {
      throw UsageError("exp bench: \"\(threads ?? "")\" is no number of threads")
    }
    return Compute(threads: count, engine: engine)
  }

  private static func train(_ rest: [String], _ console: Console) throws {
    let (shape, compute, steps) = try training(rest, "train")
    let rate = try TrainingBenchmark.training(shape, steps: steps, on: compute)
    console.print("tokens/s\t\(rate.tokensPerSecond)")
    console.print("GFLOP/s\t\(rate.billions)")
    console.print("peak MiB\t\(peakMemory)")
  }

  private static func profile(_ rest: [String], _ console: Console) throws {
    let (shape, plain, steps) = try training(rest, "profile")
    let compute = Compute(threads: plain.threads, profile: Profile())
    for line in try TrainingBenchmark.profile(shape, steps: steps, on: compute) {
      console.print(line)
    }
  }

  /// A shape, threads and steps.
  private static func training(
    _ rest: [String], _ what: String
  ) throws -> (shape: TrainingBenchmark.Shape, compute: Compute, steps: Int) {
    guard let shape = TrainingBenchmark.shapes.first(where: { $0.name == rest[0] }) else {
      throw UsageError("exp bench \(what): there is no model \"\(rest[0])\"; there are A, B and C")
    }
    let steps = rest.count > 2 ? Int(rest[2]) ?? 3 : 3
    return (shape, try compute(rest.count > 1 ? rest[1] : nil, .portable), max(1, steps))
  }

  private static func sample(_ threads: String?, _ console: Console) throws {
    let rate = try TrainingBenchmark.sampling(
      TrainingBenchmark.shapes[0], prompts: 64, promptLength: 32, samples: 8, tokens: 64,
      threads: compute(threads, .portable).threads)
    console.print("tokens/s\t\(rate)")
  }

  private static func policyGradient(_ rest: [String], _ console: Console) throws {
    let times = try PolicyGradientBenchmark.run(
      TrainingBenchmark.shapes[0], prompts: 16, samples: 4, tokens: 64,
      rounds: max(1, rest.count > 1 ? Int(rest[1]) ?? 5 : 5), on: compute(rest.first, .portable))
    console.print("step\t\(times.step)")
    console.print("sampling\t\(times.sampling)")
    console.print("training\t\(times.training)")
    console.print("ratio\t\(times.ratio)")
  }

  /// Of this process, in MiB.
  private static var peakMemory: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(0), &usage)
    return usage.ru_maxrss / 1024
  }

  private static func digests(_ threads: Int, _ console: Console) throws {
    console.print("processor\t\(NumericDigests.processor())")
    for (name, digest) in try NumericDigests(threads: threads).all() {
      console.print("\(name)\t\(digest.hex)")
    }
  }

  private static func encode(_ rest: [String], _ console: Console) throws {
    let tokenizer = try Tokenizer(json: FileSystem.read(rest[0]))
    let text = String(decoding: try FileSystem.read(rest[1]), as: UTF8.self)
    var encoder = Encoder(tokenizer)
    var count = 0
    let time = seconds { count = encoder.encode(text).count }
    console.print("seconds\t\(time)")
    console.print("tokens\t\(count)")
  }

  private static func learn(_ rest: [String], _ console: Console) throws {
    guard let pattern = SplitPattern(rawValue: rest[0]) else {
      throw UsageError("exp bench learn: \"\(rest[0])\" is no pattern")
    }
    let text = String(decoding: try FileSystem.read(rest[1]), as: UTF8.self)
    var trainer = TokenizerTrainer(vocabularySize: 8192, pattern: pattern)
    var tokens = 0
    let time = try seconds {
      trainer.add(text)
      tokens = try trainer.train().vocabularySize
    }
    console.print("seconds\t\(time)")
    console.print("tokens\t\(tokens)")
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

  private static func products(_ compute: Compute, _ console: Console) {
    for rate in NumericsBenchmark.run(on: compute) {
      console.print("\(rate.name)\t\(Format.number(rate.billions))")
    }
  }

  private static func documents(_ path: String, _ console: Console) throws {
    let texts = try FileSystem.read(path).split(separator: UInt8(ascii: "\n"))
      .compactMap { try JSON(parsing: Array($0))["text"]?.stringValue }
    for (name, run) in CorpusBenchmark.tasks {
      // Tables are made on first use.
      var sum = run(texts.first ?? "")
      let time = seconds { for text in texts { sum &+= run(text) } }
      console.print("\(name)\t\(time)\t\(sum)")
    }
  }
}

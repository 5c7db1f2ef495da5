import ContentStore

/// Trains a model on a file in fastText's form, for `script/bench`.
package enum FastTextBenchmark {
  /// - Parameters:
  ///   - text: lines such as `__label__x some words`.
  ///   - model: where the model file goes; a scratch file stands beside it.
  package static func train(text: String, model path: String, _ options: FastTextOptions) throws {
    var counting = FastTextCounting(options)
    try eachLine(of: text) { counting.add($0) }
    let dictionary = try counting.dictionary()
    let examples = try FastTextExamples(at: path + ".examples")
    try eachLine(of: text) { try examples.add($0, dictionary) }
    try examples.finish()
    var trainer = FastTextTrainer(FastTextModel(untrained: dictionary))
    try trainer.train(on: examples)
    try FileSystem.removeFile(path + ".examples")
    if FileSystem.exists(path) { try FileSystem.removeFile(path) }
    let file = try File(path, .update)
    try trainer.model.write { try file.write($0) }
  }

  private static func eachLine(of path: String, _ body: ([UInt8]) throws -> Void) throws {
    let file = try File(path, .read)
    var lines = LineSplitter()
    while case let piece = try file.read(upTo: 1 << 20), !piece.isEmpty {
      for line in lines.add(piece) { try body(line) }
    }
    if !lines.rest.isEmpty { try body(lines.rest) }
  }
}

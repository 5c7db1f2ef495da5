import ContentStore
import Corpus
import Pipeline
import Synchronization
import Text

extension InputArtifact {
  /// The documents on this port, one at a time.
  func documents(named name: String = "documents") throws -> DocumentReader {
    guard artifact.kind == .file else {
      throw StageError("the input \"\(name)\" is a tree of files; connect a documents artifact")
    }
    return DocumentReader(try store.makeReader(artifact.digest), name: "the input \"\(name)\"")
  }

  /// The tokenizer on this port.
  func tokenizer() throws -> Tokenizer { try Tokenizer(json: read(path: "tokenizer.json")) }
}

extension Tokenizer {
  /// Writes the folder that Hugging Face's libraries load.
  func write(to output: any OutputTree) throws {
    try output.add("tokenizer.json", json())
    try output.add("tokenizer_config.json", configuration())
    try output.finish()
  }
}

/// Values that threads borrow, such as encoders that remember what they have seen. Which thread gets
/// which must not matter.
final class Pool<Value: Sendable>: Sendable {
  private let values = Mutex<[Value]>([])
  private let make: @Sendable () -> Value

  init(_ make: @escaping @Sendable () -> Value) { self.make = make }

  func borrow<Result>(_ body: (inout Value) -> Result) -> Result {
    var value = values.withLock { $0.popLast() } ?? make()
    let result = body(&value)
    values.withLock { $0.append(value) }
    return result
  }

  /// All values that were ever made, once nobody borrows any.
  var all: [Value] { values.withLock { $0 } }
}

/// Documents read at a time: enough for several threads to share.
let documentBatchBytes = 4 << 20

extension StageContext {
  /// A Parquet file; the log says what of it is left out.
  func parquet(_ bytes: [UInt8], _ path: String) throws -> ParquetFile {
    let file = try ParquetFile(bytes, file: path)
    for name in file.leftOut { log("left out the column \"\(name)\" of \(path): it is binary") }
    return file
  }
}

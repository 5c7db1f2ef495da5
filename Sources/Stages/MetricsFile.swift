import ContentStore
import Pipeline

/// The metrics that a program writes as JSON Lines, read while it runs.
final class MetricsFile {
  private let path: String
  private let context: any StageContext
  private var offset = 0
  private var number = 0

  init(_ path: String, _ context: any StageContext) {
    self.path = path
    self.context = context
  }

  /// Hands on the lines that have come.
  /// - Parameter isComplete: the program has ended: the file must be there, and its last line counts
  ///   even without a line feed.
  func read(isComplete: Bool) throws {
    guard try FileSystem.status(of: path)?.kind == .file else {
      if isComplete { throw StageError("the program ended without writing its metrics file") }
      return
    }
    let file = try File(path, .read)
    try file.seek(to: offset)
    let size = try file.status().size
    guard size > offset else { return }
    var bytes = try file.read(upTo: size - offset)
    if isComplete && bytes.last != 0x0A { bytes.append(0x0A) }
    guard let end = bytes.lastIndex(of: 0x0A) else { return }
    offset += end + 1
    for line in bytes[..<end].split(separator: 0x0A, omittingEmptySubsequences: false) {
      number += 1
      if !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) { try add(Array(line)) }
    }
  }

  private func add(_ line: [UInt8]) throws {
    guard let json = try? JSON(parsing: line), let members = json.objectValue,
      let step = members["step"]?.intValue
    else {
      throw error("must be a JSON object with an integer \"step\" (write NaN as \"NaN\")")
    }
    if let series = members["series"]?.stringValue {
      guard let value = members["value"].flatMap(Self.number) else {
        throw error("needs a number \"value\"")
      }
      return context.metric(series, step: step, value)
    }
    for (series, value) in members.sorted(by: { $0.key < $1.key }) where series != "step" {
      guard let value = Self.number(value) else { throw error("\"\(series)\" is not a number") }
      context.metric(series, step: step, value)
    }
  }

  private func error(_ problem: String) -> StageError {
    StageError("line \(number) of the program's metrics file \(problem)")
  }

  /// A number, or the text of one that JSON has no number for.
  static func number(_ json: JSON) -> Double? {
    switch json.stringValue {
    case "NaN": Double.nan
    case "Infinity": Double.infinity
    case "-Infinity": -Double.infinity
    default: json.exactValue
    }
  }
}

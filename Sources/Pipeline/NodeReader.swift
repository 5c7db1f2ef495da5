import ContentStore

/// Reads the members of one object of an experiment; its errors say path and place.
struct NodeReader {
  let node: SourceNode
  let path: String
  let members: [SourceNode.Member]

  /// - Parameter allowed: the names that may stand here; nil for any.
  init(
    _ node: SourceNode, path: String, allowed: [String]?, hint: String = ""
  ) throws(ExperimentError) {
    guard let members = node.members else {
      throw ExperimentError(
        "must be an object, found \(ParameterReader.describe(node.json))", path: path,
        at: node.position)
    }
    self.node = node
    self.path = path
    self.members = members
    guard let allowed else { return }
    for member in members where !allowed.contains(member.key) {
      let meant = didYouMean(member.key, among: allowed)
      throw ExperimentError(
        "is not a known key\(meant.isEmpty ? hint : meant)", path: at(member.key),
        at: member.keyPosition)
    }
  }

  func at(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  func error(_ key: String, _ message: String) -> ExperimentError {
    ExperimentError(message, path: at(key), at: (node[key] ?? node).position)
  }

  func mismatch(_ key: String, _ wanted: String) -> ExperimentError {
    error(key, "must be \(wanted), found \(ParameterReader.describe(node[key]?.json ?? .null))")
  }

  func string(_ key: String) throws(ExperimentError) -> String? {
    guard let value = node[key] else { return nil }
    guard let text = value.stringValue else { throw mismatch(key, "a text") }
    return text
  }

  func requiredString(_ key: String, _ what: String) throws(ExperimentError) -> String {
    guard let text = try string(key) else {
      throw ExperimentError("needs \"\(key)\": \(what)", path: path, at: node.position)
    }
    return text
  }

  /// An integer from 0, or a text of one when it is beyond 2^53.
  func seed(_ key: String) throws(ExperimentError) -> UInt64? {
    guard let value = node[key]?.json else { return nil }
    let seed =
      value.stringValue.flatMap { UInt64($0) }
      ?? value.doubleValue.flatMap { UInt64(exactly: $0) }
    guard let seed else { throw mismatch(key, "an integer from 0 to 2^64 − 1") }
    return seed
  }

  func integer(_ key: String, in range: ClosedRange<Int>) throws(ExperimentError) -> Int? {
    guard let value = node[key] else { return nil }
    guard let integer = value.json.intValue, range.contains(integer) else {
      throw mismatch(key, "an integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return integer
  }

  /// An object whose names are the user's own.
  func map(_ key: String) throws(ExperimentError) -> NodeReader? {
    guard let value = node[key] else { return nil }
    return try NodeReader(value, path: at(key), allowed: nil)
  }
}

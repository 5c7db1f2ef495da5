import ContentStore

/// Reads keys of a `config.json` with errors that name them. `null` counts as absent.
struct ConfigurationReader {
  let json: JSON

  func value(_ key: String) -> JSON? {
    guard let value = json[key], value != .null else { return nil }
    return value
  }

  func integer(_ key: String, default fallback: Int? = nil) throws(CheckpointError) -> Int {
    guard let value = value(key) else {
      if let fallback { return fallback }
      throw CheckpointError("config.json lacks \"\(key)\"")
    }
    guard let result = value.intValue else {
      throw CheckpointError("config.json: \"\(key)\" must be an integer")
    }
    return result
  }

  func number(_ key: String, default fallback: Double) throws(CheckpointError) -> Double {
    guard let value = value(key) else { return fallback }
    guard let result = value.doubleValue else {
      throw CheckpointError("config.json: \"\(key)\" must be a number")
    }
    return result
  }

  /// nil when absent.
  func optionalNumber(_ key: String) throws(CheckpointError) -> Double? {
    value(key) == nil ? nil : try number(key, default: 0)
  }

  func boolean(_ key: String, default fallback: Bool) throws(CheckpointError) -> Bool {
    guard let value = value(key) else { return fallback }
    guard let result = value.boolValue else {
      throw CheckpointError("config.json: \"\(key)\" must be true or false")
    }
    return result
  }

  /// A token id or a list of them.
  func tokens(_ key: String) throws(CheckpointError) -> [Int] {
    guard let value = value(key) else { return [] }
    let list = value.arrayValue ?? [value]
    let result = list.compactMap(\.intValue)
    guard result.count == list.count else {
      throw CheckpointError("config.json: \"\(key)\" must be a token id or a list of them")
    }
    return result
  }

  func require(
    _ key: String, _ expected: JSON, whenAbsent: Bool = false
  ) throws(CheckpointError) {
    let found = value(key)
    if found == expected || (found == nil && whenAbsent) { return }
    throw CheckpointError(
      "config.json: \"\(key)\" must be \(text(expected)) here, found \(text(found ?? .null))")
  }

  /// The family, from `model_type`.
  func architecture() throws(CheckpointError) -> ModelConfiguration.Architecture {
    let name = value("model_type")
    if let known = name?.stringValue.flatMap(ModelConfiguration.Architecture.init) { return known }
    let families = ModelConfiguration.Architecture.allCases.map { "\"\($0.rawValue)\"" }
    let last = families.last ?? ""
    throw CheckpointError(
      "config.json: \"model_type\" must be "
        + (families.count > 1 ? families.dropLast().joined(separator: ", ") + " or " : "") + last
        + " here, found \(text(name ?? .null))")
  }

  /// A cap; `null` means none, absence the family's default.
  func cap(_ key: String, default fallback: Double) throws(CheckpointError) -> Double? {
    json[key] == nil ? fallback : try optionalNumber(key)
  }

  func text(_ json: JSON) -> String { (try? json.canonicalText()) ?? "a value" }
}

package import ContentStore

/// What is wrong with a parameter, and where in the stage's `with` (`model.layers`, `phases[2]`).
package struct ParameterError: Error, Hashable, Sendable {
  package var path: String
  package var message: String
  /// Whether there is no parameter of this name.
  package var isUnknownName = false
  /// Whether a value that must be given is not.
  package var isMissing = false

  package init(path: String, message: String) {
    self.path = path
    self.message = message
  }
}

/// One declared parameter, as `exp ops NAME` prints it.
package struct ParameterField: Hashable, Sendable {
  /// Path from the stage's `with`: `model.layers`, `phases[].tokens`.
  package var path: String
  /// `integer`, `number`, `boolean`, `string`, `choice`, `files`, `list`, `object`, `map`, `json`.
  package var type: String
  /// What a list or a map holds: `string`, `number` or `object`; empty for other types and for maps
  /// of texts.
  package var elementType: String
  /// Nil when the user must give a value.
  package var defaultValue: JSON?
  package var minimum: Double?
  package var maximum: Double?
  package var choices: [String]
  /// `tokens`, `steps`, `seconds`, … or empty.
  package var unit: String
  package var summary: String
}

/// Reads a stage's parameters and, in the same calls, declares them. Every call names a field, its
/// default, unit and range. Afterwards `normalized` holds the values with defaults filled in, which
/// is what the recipe keeps; names that no call asked for are errors with a "did you mean".
package struct ParameterReader {
  /// Nil when only listing fields.
  private let values: [String: JSON]?
  private let path: String
  package private(set) var fields: [ParameterField] = []
  package private(set) var normalized: [String: JSON] = [:]
  /// The `files` parameters, by path, with the pattern the user wrote (see `files`).
  package private(set) var filePatterns: [String: [String]] = [:]
  private var known: [String] = []
  /// Connected ports, which stand for `files` parameters of the same name.
  private let fileInputs: Set<String>

  /// Whether the values are a recipe's, which was carried out before: what is unwise, but was possible then,
  /// must be possible again.
  package let isRecorded: Bool

  /// A reader over a stage's `with`; nil lists the fields.
  /// - Parameter fileInputs: connected ports; a `files` parameter of the same name may be left out,
  ///   as it always is in a recipe.
  package init(
    _ values: [String: JSON]?, path: String = "", fileInputs: Set<String> = [],
    isRecorded: Bool = false
  ) {
    self.values = values
    self.path = path
    self.fileInputs = fileInputs
    self.isRecorded = isRecorded
  }

  /// Whether fields are only listed: values are placeholders, and checks across fields make no sense.
  package var isListing: Bool { values == nil }

  /// Whether a value is written, and not only taken by default.
  package func isWritten(_ name: String) -> Bool { values?[name].map { $0 != .null } ?? false }

  /// Whether an input stands for a `files` parameter.
  package func isConnected(_ name: String) -> Bool { fileInputs.contains(at(name)) }

  private func error(_ name: String, _ message: String) -> ParameterError {
    ParameterError(path: at(name), message: message)
  }

  /// A parameter's path from the stage's `with`.
  package func at(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  /// The value written for a field, if any; notes the field as known.
  private mutating func written(_ name: String, _ field: ParameterField) -> JSON? {
    known.append(name)
    fields.append(field)
    return values?[name]
  }

  private func field(
    _ name: String, _ type: String, _ defaultValue: JSON?, _ unit: String, _ summary: String,
    of elementType: String = "", minimum: Double? = nil, maximum: Double? = nil,
    choices: [String] = []
  ) -> ParameterField {
    ParameterField(
      path: at(name), type: type, elementType: elementType, defaultValue: defaultValue,
      minimum: Self.bound(minimum), maximum: Self.bound(maximum), choices: choices, unit: unit,
      summary: summary)
  }

  /// A bound that says something; nil for one that every finite number keeps.
  private static func bound(_ value: Double?) -> Double? {
    value.flatMap { $0.magnitude < Double.greatestFiniteMagnitude ? $0 : nil }
  }

  /// `must be from 1 to 10, found 11`, or `must be at least 1, found 0`.
  private static func outside(
    _ range: ClosedRange<Double>, _ value: Double, at path: String
  ) -> ParameterError {
    let low = bound(range.lowerBound).map(JSON.ecmaScript)
    // Integers end at 2^53 because a double holds no more, which is no news.
    let high = bound(range.upperBound).flatMap { $0 == 0x1p53 ? nil : JSON.ecmaScript($0) }
    let wanted =
      switch (low, high) {
      case (let low?, let high?): "from \(low) to \(high)"
      case (let low?, nil): "at least \(low)"
      case (nil, let high?): "at most \(high)"
      case (nil, nil): "a finite number"
      }
    return ParameterError(
      path: path, message: "must be \(wanted), found \(JSON.ecmaScript(value))")
  }

  /// The one place where a field is looked up: the written value decoded, else the default, else
  /// (listing fields) the placeholder, else an error.
  private mutating func read<Value>(
    _ field: ParameterField, _ name: String, default fallback: Value?, placeholder: Value,
    encode: (Value) -> JSON, decode: (JSON) throws(ParameterError) -> Value
  ) throws(ParameterError) -> Value {
    let written = written(name, field)
    let value: Value
    if let written {
      value = try decode(written)
    } else if let fallback {
      value = fallback
    } else if values == nil {
      value = placeholder
    } else {
      var missing = error(name, "is required: \(field.summary)" + misspelling(of: name))
      missing.isMissing = true
      throw missing
    }
    normalized[name] = encode(value)
    return value
  }

  /// A name the user wrote that is probably meant for a missing one.
  private func misspelling(of name: String) -> String {
    let unknown = (values ?? [:]).keys.filter { !known.contains($0) }
    return suggestion(for: name, among: unknown).map { " (is \"\($0)\" a misspelling of it?)" }
      ?? ""
  }

  /// An integer in a range.
  package mutating func integer(
    _ name: String, default fallback: Int? = nil, in range: ClosedRange<Int> = 0...(1 << 53),
    unit: String = "", _ summary: String
  ) throws(ParameterError) -> Int {
    let field = field(
      name, "integer", fallback.map(JSON.integer), unit, summary,
      minimum: Double(range.lowerBound), maximum: Double(range.upperBound))
    let here = at(name)
    return try read(
      field, name, default: fallback, placeholder: range.lowerBound, encode: JSON.integer
    ) { json throws(ParameterError) in try Self.integer(json, at: here, in: range) }
  }

  private static func integer(
    _ json: JSON, at path: String, in range: ClosedRange<Int>
  ) throws(ParameterError) -> Int {
    guard let value = json.intValue else {
      throw ParameterError(path: path, message: "must be an integer, found \(describe(json))")
    }
    guard range.contains(value) else {
      throw outside(
        Double(range.lowerBound)...Double(range.upperBound), Double(value), at: path)
    }
    return value
  }

  /// A finite number in a range.
  package mutating func number(
    _ name: String, default fallback: Double? = nil,
    in range: ClosedRange<Double> = -Double
      .greatestFiniteMagnitude...Double
      .greatestFiniteMagnitude,
    unit: String = "", _ summary: String
  ) throws(ParameterError) -> Double {
    let field = field(
      name, "number", fallback.map(JSON.number), unit, summary,
      minimum: range.lowerBound,
      maximum: range.upperBound)
    let here = at(name)
    return try read(
      field, name, default: fallback, placeholder: range.contains(0) ? 0 : range.lowerBound,
      encode: JSON.number
    ) { json throws(ParameterError) in try Self.number(json, at: here, in: range) }
  }

  private static func number(
    _ json: JSON, at path: String, in range: ClosedRange<Double>
  ) throws(ParameterError) -> Double {
    guard let value = json.doubleValue, value.isFinite else {
      throw ParameterError(path: path, message: "must be a number, found \(describe(json))")
    }
    guard range.contains(value) else { throw outside(range, value, at: path) }
    // −0 has the canonical form of 0, so it must not act otherwise.
    return value == 0 ? 0 : value
  }

  /// A number that may be left out or `null`.
  package mutating func optionalNumber(
    _ name: String, in range: ClosedRange<Double>, unit: String = "", _ summary: String
  ) throws(ParameterError) -> Double? {
    let field = field(
      name, "number", .null, unit, summary, minimum: range.lowerBound, maximum: range.upperBound)
    let here = at(name)
    return try read(
      field, name, default: .some(nil), placeholder: nil,
      encode: { $0.map(JSON.number) ?? .null }
    ) { json throws(ParameterError) in
      json == .null ? nil : try Self.number(json, at: here, in: range)
    }
  }

  /// An integer that may be left out or `null`.
  package mutating func optionalInteger(
    _ name: String, in range: ClosedRange<Int>, unit: String = "", _ summary: String
  ) throws(ParameterError) -> Int? {
    let field = field(
      name, "integer", .null, unit, summary, minimum: Double(range.lowerBound),
      maximum: Double(range.upperBound))
    let here = at(name)
    return try read(
      field, name, default: .some(nil), placeholder: nil,
      encode: { $0.map(JSON.integer) ?? .null }
    ) { json throws(ParameterError) in
      json == .null ? nil : try Self.integer(json, at: here, in: range)
    }
  }

  /// True or false.
  package mutating func boolean(
    _ name: String, default fallback: Bool? = nil, _ summary: String
  ) throws(ParameterError) -> Bool {
    let field = field(name, "boolean", fallback.map(JSON.bool), "", summary)
    let here = at(name)
    return try read(field, name, default: fallback, placeholder: false, encode: JSON.bool) {
      json throws(ParameterError) in
      guard let value = json.boolValue else {
        throw ParameterError(
          path: here, message: "must be true or false, found \(Self.describe(json))")
      }
      return value
    }
  }

  /// A text.
  package mutating func string(
    _ name: String, default fallback: String? = nil, _ summary: String
  ) throws(ParameterError) -> String {
    let field = field(name, "string", fallback.map(JSON.string), "", summary)
    let here = at(name)
    return try read(field, name, default: fallback, placeholder: "", encode: JSON.string) {
      json throws(ParameterError) in try Self.string(json, at: here)
    }
  }

  private static func string(_ json: JSON, at path: String) throws(ParameterError) -> String {
    guard let value = json.stringValue else {
      throw ParameterError(path: path, message: "must be a text, found \(describe(json))")
    }
    return value
  }

  /// One of an enumeration's raw values.
  package mutating func choice<Choice: CaseIterable & RawRepresentable<String>>(
    _ name: String, default fallback: Choice? = nil, _ summary: String
  ) throws(ParameterError) -> Choice {
    let choices = Choice.allCases.map(\.rawValue)
    let field = field(
      name, "choice", fallback.map { .string($0.rawValue) }, "", summary, choices: choices)
    let here = at(name)
    return try read(
      field, name, default: fallback, placeholder: Choice.allCases.first!,
      encode: { .string($0.rawValue) }
    ) { json throws(ParameterError) in
      try Self.choice(json, at: here)
    }
  }

  /// A list of an enumeration's raw values, at least one and each once.
  package mutating func choices<Choice: CaseIterable & RawRepresentable<String>>(
    _ name: String, default fallback: [Choice], _ summary: String
  ) throws(ParameterError) -> [Choice] {
    let encode = { (value: [Choice]) in JSON.array(value.map { .string($0.rawValue) }) }
    let field = field(
      name, "list", encode(fallback), "", summary, of: "choice",
      choices: Choice.allCases.map(\.rawValue))
    let here = at(name)
    return try read(field, name, default: fallback, placeholder: fallback, encode: encode) {
      json throws(ParameterError) in
      var result: [Choice] = []
      for (index, element) in try Self.list(json, at: here).enumerated() {
        let value: Choice = try Self.choice(element, at: "\(here)[\(index)]")
        if result.contains(where: { $0.rawValue == value.rawValue }) {
          throw ParameterError(path: here, message: "names \(value.rawValue) twice")
        }
        result.append(value)
      }
      if result.isEmpty {
        throw ParameterError(path: here, message: "must name one at least")
      }
      return result
    }
  }

  private static func choice<Choice: CaseIterable & RawRepresentable<String>>(
    _ json: JSON, at path: String
  ) throws(ParameterError) -> Choice {
    guard let value = Choice(rawValue: try string(json, at: path)) else {
      let choices = Choice.allCases.map(\.rawValue)
      throw ParameterError(
        path: path,
        message: "must be one of \(choices.joined(separator: ", ")), found "
          + describe(json) + didYouMean(json.stringValue ?? "", among: choices))
    }
    return value
  }

  /// A list of texts.
  package mutating func strings(
    _ name: String, default fallback: [String]? = nil, _ summary: String
  ) throws(ParameterError) -> [String] {
    let field = field(
      name, "list", fallback.map { .array($0.map(JSON.string)) }, "", summary, of: "string")
    let here = at(name)
    return try read(
      field, name, default: fallback, placeholder: [], encode: { .array($0.map(JSON.string)) }
    ) { json throws(ParameterError) in
      var result: [String] = []
      for (index, element) in try Self.list(json, at: here).enumerated() {
        result.append(try Self.string(element, at: "\(here)[\(index)]"))
      }
      return result
    }
  }

  /// A list of numbers.
  package mutating func numbers(
    _ name: String, default fallback: [Double]? = nil,
    in range: ClosedRange<Double> = -Double
      .greatestFiniteMagnitude...Double
      .greatestFiniteMagnitude,
    unit: String = "", _ summary: String
  ) throws(ParameterError) -> [Double] {
    let field = field(
      name, "list", fallback.map { .array($0.map(JSON.number)) }, unit, summary, of: "number",
      minimum: range.lowerBound,
      maximum: range.upperBound)
    let here = at(name)
    return try read(
      field, name, default: fallback, placeholder: [], encode: { .array($0.map(JSON.number)) }
    ) { json throws(ParameterError) in
      var result: [Double] = []
      for (index, element) in try Self.list(json, at: here).enumerated() {
        result.append(try Self.number(element, at: "\(here)[\(index)]", in: range))
      }
      return result
    }
  }

  /// A map from names to texts.
  package mutating func map(
    _ name: String, default fallback: [String: String]? = nil, _ summary: String
  ) throws(ParameterError) -> [String: String] {
    let encode = { (value: [String: String]) in JSON.object(value.mapValues(JSON.string)) }
    let field = field(name, "map", fallback.map(encode), "", summary)
    let here = at(name)
    return try read(field, name, default: fallback, placeholder: [:], encode: encode) {
      json throws(ParameterError) in
      var result: [String: String] = [:]
      for (key, element) in try Self.members(json, at: here).sorted(by: { $0.key < $1.key }) {
        result[key] = try Self.string(element, at: "\(here).\(key)")
      }
      return result
    }
  }

  /// A map from names to numbers in a range.
  package mutating func numberMap(
    _ name: String, default fallback: [String: Double]? = nil, in range: ClosedRange<Double>,
    _ summary: String
  ) throws(ParameterError) -> [String: Double] {
    let encode = { (value: [String: Double]) in JSON.object(value.mapValues(JSON.number)) }
    let field = field(
      name, "map", fallback.map(encode), "", summary, of: "number", minimum: range.lowerBound,
      maximum: range.upperBound)
    let here = at(name)
    return try read(field, name, default: fallback, placeholder: [:], encode: encode) {
      json throws(ParameterError) in
      var result: [String: Double] = [:]
      for (key, element) in try Self.members(json, at: here).sorted(by: { $0.key < $1.key }) {
        result[key] = try Self.number(element, at: "\(here).\(key)", in: range)
      }
      return result
    }
  }

  /// Any JSON value, kept as it is.
  package mutating func json(
    _ name: String, default fallback: JSON? = nil, _ summary: String
  ) throws(ParameterError) -> JSON {
    try read(
      field(name, "json", fallback, "", summary), name, default: fallback, placeholder: .null,
      encode: { $0 }
    ) { json throws(ParameterError) in json }
  }

  /// The user's own files: a path, folder or glob, or a list of them. They become an input port of
  /// the same name (a tree), so that their bytes, not their path, bear identity; the stage reads
  /// them with `context.input(name)`, where a nested parameter has its path for a name. The port
  /// need not be declared. Returns what was written; nothing when a recipe is read.
  @discardableResult
  package mutating func files(
    _ name: String, optional: Bool = false, _ summary: String
  ) throws(ParameterError) -> [String] {
    let field = field(name, "files", optional ? .null : nil, "", summary)
    let here = at(name)
    let isConnected = fileInputs.contains(here)
    let patterns: [String] = try read(
      field, name, default: optional || isConnected ? [] : nil, placeholder: [],
      encode: { _ in .null }
    ) { json throws(ParameterError) in
      optional && json == .null ? [] : try Self.patterns(json, at: here)
    }
    normalized[name] = nil
    if !patterns.isEmpty { filePatterns[here] = patterns }
    return patterns
  }

  /// Files that other parameters imply, such as the program that a command names: an input port
  /// like that of a `files` parameter, but nothing that the user writes. `paths` is asked for only
  /// where files are looked up: not in a recipe, which has them as inputs.
  package mutating func impliedFiles(
    _ name: String, _ paths: () throws(ParameterError) -> [String]
  ) throws(ParameterError) {
    if values == nil || fileInputs.contains(at(name)) { return }
    let found = try paths()
    if !found.isEmpty { filePatterns[at(name)] = found }
  }

  private static func patterns(
    _ json: JSON, at path: String
  ) throws(ParameterError) -> [String] {
    guard let list = json.stringValue.map({ [JSON.string($0)] }) ?? json.arrayValue, !list.isEmpty
    else {
      throw ParameterError(
        path: path, message: "must be a path or a list of paths, found \(describe(json))")
    }
    var result: [String] = []
    for (index, element) in list.enumerated() {
      let here = json.arrayValue == nil ? path : "\(path)[\(index)]"
      result.append(try string(element, at: here))
      if result[index].isEmpty { throw ParameterError(path: here, message: "is an empty path") }
    }
    return result
  }

  /// A nested object. Left out, its fields take their own defaults.
  package mutating func object<Value>(
    _ name: String, _ summary: String,
    _ body: (inout ParameterReader) throws(ParameterError) -> Value
  ) throws(ParameterError) -> Value {
    let written = written(name, field(name, "object", [:], "", summary))
    let here = at(name)
    let members = try written.map { json throws(ParameterError) in
      try Self.members(json, at: here)
    }
    var inner = inside(values == nil ? nil : members ?? [:], at: here)
    let value = try inner.decode(body)
    fields += inner.fields
    filePatterns.merge(inner.filePatterns) { first, _ in first }
    normalized[name] = .object(inner.normalized)
    return value
  }

  /// A nested object that may be left out or `null`.
  package mutating func optionalObject<Value>(
    _ name: String, _ summary: String,
    _ body: (inout ParameterReader) throws(ParameterError) -> Value
  ) throws(ParameterError) -> Value? {
    let written = written(name, field(name, "object", .null, "", summary))
    let here = at(name)
    normalized[name] = .null
    if values != nil, written == nil || written == .null { return nil }
    let members = try written.map { json throws(ParameterError) in
      try Self.members(json, at: here)
    }
    var inner = inside(members, at: here)
    let value = try inner.decode(body)
    fields += inner.fields
    filePatterns.merge(inner.filePatterns) { first, _ in first }
    normalized[name] = .object(inner.normalized)
    return value
  }

  /// A list of objects; at least `minimum` of them.
  package mutating func objects<Value>(
    _ name: String, minimum: Int = 0, _ summary: String,
    _ body: (inout ParameterReader) throws(ParameterError) -> Value
  ) throws(ParameterError) -> [Value] {
    let written = written(
      name, field(name, "list", minimum == 0 ? [] : nil, "", summary, of: "object"))
    let here = at(name)
    guard values != nil else {
      var inner = ParameterReader(nil, path: "\(here)[]")
      let value = try inner.decode(body)
      fields += inner.fields
      return [value]
    }
    let elements = try written.map { json throws(ParameterError) in try Self.list(json, at: here) }
    guard let list = elements ?? (minimum == 0 ? [] : nil), list.count >= minimum else {
      throw error(name, "needs at least \(minimum) element\(minimum == 1 ? "" : "s")")
    }
    var result: [Value] = []
    var forms: [JSON] = []
    for (index, element) in list.enumerated() {
      let place = "\(here)[\(index)]"
      var inner = inside(try Self.members(element, at: place), at: place)
      result.append(try inner.decode(body))
      forms.append(.object(inner.normalized))
      filePatterns.merge(inner.filePatterns) { first, _ in first }
    }
    normalized[name] = .array(forms)
    return result
  }

  /// A map from names to objects, so that a profile can patch one of them. The body hears the name.
  package mutating func objectMap<Value>(
    _ name: String, _ summary: String,
    _ body: (String, inout ParameterReader) throws(ParameterError) -> Value
  ) throws(ParameterError) -> [(name: String, value: Value)] {
    let written = written(name, field(name, "map", [:], "", summary, of: "object"))
    let here = at(name)
    guard values != nil else {
      var inner = ParameterReader(nil, path: "\(here)[]")
      let value = try inner.decode { (reader) throws(ParameterError) in try body("", &reader) }
      fields += inner.fields
      return [("", value)]
    }
    var result: [(name: String, value: Value)] = []
    var forms: [String: JSON] = [:]
    let members = try written.map { json throws(ParameterError) in
      try Self.members(json, at: here)
    }
    for (key, element) in (members ?? [:]).sorted(by: { JSON.precedes($0.key, $1.key) }) {
      let place = "\(here).\(key)"
      var inner = inside(try Self.members(element, at: place), at: place)
      let value = try inner.decode { (reader) throws(ParameterError) in try body(key, &reader) }
      result.append((key, value))
      forms[key] = .object(inner.normalized)
      fields += inner.fields.filter { $0.type == "files" }
      filePatterns.merge(inner.filePatterns) { first, _ in first }
    }
    normalized[name] = .object(forms)
    return result
  }

  /// Leaves parameters that have their defaults out of the recipe: those that an op got after recipes of it
  /// had been recorded, which so keep their digests.
  package mutating func omitDefaults(of names: String...) {
    for name in names {
      let field = fields.last { $0.path == at(name) }
      if normalized[name] == field?.defaultValue { normalized[name] = nil }
    }
  }

  /// Runs a body over this reader, then refuses names that it did not ask for.
  package mutating func decode<Value>(
    _ body: (inout ParameterReader) throws(ParameterError) -> Value
  ) throws(ParameterError) -> Value {
    let value = try body(&self)
    for name in (values ?? [:]).keys.sorted() where !known.contains(name) {
      var unknown = error(name, "is not a parameter" + didYouMean(name, among: known))
      unknown.isUnknownName = true
      throw unknown
    }
    return value
  }

  /// A reader of an object among the values.
  private func inside(_ members: [String: JSON]?, at path: String) -> ParameterReader {
    ParameterReader(members, path: path, fileInputs: fileInputs, isRecorded: isRecorded)
  }

  private static func list(_ json: JSON, at path: String) throws(ParameterError) -> [JSON] {
    guard let value = json.arrayValue else {
      throw ParameterError(path: path, message: "must be a list, found \(describe(json))")
    }
    return value
  }

  private static func members(
    _ json: JSON, at path: String
  ) throws(ParameterError) -> [String: JSON] {
    guard let value = json.objectValue else {
      throw ParameterError(path: path, message: "must be an object, found \(describe(json))")
    }
    return value
  }

  /// A value in a few words, for messages.
  package static func describe(_ json: JSON) -> String {
    switch json {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .number(let value): JSON.ecmaScript(value)
    case .string(let value): "\"\(value.prefix(40))\""
    case .array: "a list"
    case .object: "an object"
    }
  }
}

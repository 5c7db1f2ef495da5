import ContentStore
package import Numerics

/// A model folder in which matrices are stored with few bits: `config.json` and the tokenizer's files as in any
/// checkpoint, and in place of `model.safetensors`, so that no other reader takes it for whole,
///
/// - `quantization.json`: `{"format": "exp-quantization/1", "precision": "float16" | "float32", "tensors": {NAME:
///   {"method": "palette", "bits", "axis": "rows" | "columns", "group"} | {"method": "integers", "bits", "group" (null
///   for whole rows), "symmetric"}}}`;
/// - `quantized.safetensors`: of every tensor named there `NAME.codes` (U8, packed from a byte's lowest bits on, row by
///   row), and `NAME.tables` (F16 or F32, `[tables, 2^bits]`), or `NAME.scales` (`[rows, groups of a row]`) and, when
///   not symmetric, `NAME.zeros` (U8, the same shape); the other tensors as they are, F32.
///
/// `Checkpoint` reads such a folder as any other, so every op can.
package struct QuantisedCheckpoint: Sendable {
  package static let description = "quantization.json"
  static let weights = "quantized.safetensors"
  private static let format = "exp-quantization/1"

  package let configuration: ModelConfiguration
  package let precision: StoredPrecision
  /// By name; the model's other tensors are in `whole`.
  package let tensors: [String: QuantisedTensor]
  package let whole: [String: Floats]
  package let tokenizerFiles: [String: [UInt8]]

  package init(
    configuration: ModelConfiguration, precision: StoredPrecision,
    tensors: [String: QuantisedTensor], whole: [String: Floats],
    tokenizerFiles: [String: [UInt8]]
  ) {
    self.configuration = configuration
    self.precision = precision
    self.tensors = tensors
    self.whole = whole
    self.tokenizerFiles = tokenizerFiles
  }

  /// The model that the codes stand for.
  package func dequantised(on compute: Compute) -> Transformer {
    let layout = ModelViews(configuration).layout
    let parameters = Floats(count: layout.count)
    for view in layout.views {
      guard let values = tensors[view.name]?.dequantised(on: compute) ?? whole[view.name] else {
        preconditionFailure("a quantised model has all of its tensors")
      }
      parameters[view.range].copy(from: values)
    }
    return Transformer(configuration, parameters: parameters)
  }

  // MARK: Writing

  /// The folder's files by path.
  package func files() throws(CheckpointError) -> [String: [UInt8]] {
    var writer = SafetensorsWriter()
    for view in ModelViews(configuration).layout.views {
      if let tensor = tensors[view.name] {
        add(tensor, view.name, to: &writer)
      } else if let values = whole[view.name] {
        writer.add(view.name, shape: view.shape, values)
      }
    }
    var files = tokenizerFiles
    files["config.json"] = try configuration.fileText
    files["generation_config.json"] = try Checkpoint.text(configuration.generationConfiguration)
    files[Self.description] = try Checkpoint.text(json)
    files[Self.weights] = try writer.encode()
    return files
  }

  private func add(_ tensor: QuantisedTensor, _ name: String, to writer: inout SafetensorsWriter) {
    writer.add(
      "\(name).codes", type: .u8, shape: [tensor.codes.bytes.count], data: tensor.codes.bytes)
    writer.add(
      "\(name).\(tensor.form.valuesName)", type: tensor.precision.type,
      shape: tensor.form.valuesShape(tensor.shape), data: tensor.precision.bytes(tensor.values))
    guard !tensor.zeros.isEmpty else { return }
    writer.add(
      "\(name).zeros", type: .u8, shape: tensor.form.valuesShape(tensor.shape), data: tensor.zeros)
  }

  private var json: JSON {
    [
      "format": .string(Self.format), "precision": .string(precision.rawValue),
      "tensors": .object(tensors.mapValues(\.form.json)),
    ]
  }
}

// MARK: Reading

extension QuantisedCheckpoint {
  /// Reads a folder. Errors name the file, key or tensor.
  init(
    configuration: ModelConfiguration, tokenizerFiles: [String: [UInt8]], paths: Set<String>,
    read: (String) throws -> [UInt8]
  ) throws {
    guard paths.contains(Self.weights) else {
      throw CheckpointError("the quantised model folder has no \(Self.weights)")
    }
    let json = try Checkpoint.json(Self.description, try read(Self.description))
    guard json["format"]?.stringValue == Self.format else {
      throw CheckpointError(
        "\(Self.description) is not of the format \"\(Self.format)\"; this version reads no other")
    }
    guard let precision = StoredPrecision(rawValue: json["precision"]?.stringValue ?? ""),
      let forms = json["tensors"]?.objectValue
    else { throw CheckpointError("\(Self.description) lacks \"precision\" or \"tensors\"") }
    _ = try configuration.parameterCount()
    let file = try Safetensors(parsing: try read(Self.weights))
    guard configuration.layers <= file.tensors.count else {
      throw CheckpointError(
        "config.json asks for \(configuration.layers) layers, but \(Self.weights) has only "
          + "\(file.tensors.count) tensors")
    }
    guard configuration.experts?.count ?? 0 <= file.tensors.count else {
      throw CheckpointError(
        "config.json asks for \(configuration.experts?.count ?? 0) experts, but \(Self.weights) has only "
          + "\(file.tensors.count) tensors")
    }
    var reader = QuantisedReader(file: file, precision: precision)
    for view in ModelViews(configuration).layout.views {
      try reader.read(view, forms[view.name])
    }
    try reader.checkNothingLeft(forms.keys)
    self.init(
      configuration: configuration, precision: precision, tensors: reader.tensors,
      whole: reader.whole, tokenizerFiles: tokenizerFiles)
  }
}

/// The tensors of a quantised model's file.
private struct QuantisedReader {
  let file: Safetensors
  let precision: StoredPrecision
  var tensors: [String: QuantisedTensor] = [:]
  var whole: [String: Floats] = [:]
  private var seen: Set<String> = []

  init(file: Safetensors, precision: StoredPrecision) {
    self.file = file
    self.precision = precision
  }

  mutating func read(_ view: ParameterView, _ json: JSON?) throws(CheckpointError) {
    guard let json else {
      whole[view.name] = Floats(try finite(view.name, shape: view.shape))
      return
    }
    guard view.shape.count == 2, let form = Quantisation(json: json) else {
      throw CheckpointError(
        "\(QuantisedCheckpoint.description) has an entry for tensor \"\(view.name)\" that cannot be "
          + "understood")
    }
    let codes = try bytes(
      "\(view.name).codes", shape: [PackedCodes.size(view.count, bits: form.bits)])
    let shape = form.valuesShape(view.shape)
    let values = try finite("\(view.name).\(form.valuesName)", shape: shape)
    let zeros = form.hasZeros ? try bytes("\(view.name).zeros", shape: shape) : []
    tensors[view.name] = QuantisedTensor(
      form: form, shape: view.shape, precision: precision,
      codes: PackedCodes(bytes: codes, bits: form.bits), values: values, zeros: zeros)
  }

  private mutating func finite(_ name: String, shape: [Int]) throws(CheckpointError) -> [Float] {
    let values = try file.floats(name, shape: shape)
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw CheckpointError("tensor \"\(name)\" holds \(values[index]) at element \(index)")
    }
    seen.insert(name)
    return values
  }

  private mutating func bytes(_ name: String, shape: [Int]) throws(CheckpointError) -> [UInt8] {
    let tensor = try file.tensor(name, shape: shape)
    guard tensor.type == .u8 else {
      throw CheckpointError("tensor \"\(name)\" has dtype \(tensor.type.rawValue); U8 is needed")
    }
    seen.insert(name)
    return Array(try file.data(name))
  }

  /// Tensors and entries that the configuration does not explain mean another model.
  func checkNothingLeft(_ entries: some Sequence<String>) throws(CheckpointError) {
    let spare =
      file.names.first { !seen.contains($0) } ?? entries.sorted().first { tensors[$0] == nil }
    if let spare {
      throw CheckpointError("the configuration has no place for tensor \"\(spare)\"")
    }
  }
}

// MARK: quantization.json

extension Quantisation {
  var hasZeros: Bool {
    if case .integers(_, _, false) = self { return true }
    return false
  }

  var valuesName: String {
    if case .palette = self { return "tables" }
    return "scales"
  }

  /// The shape of tables, or of scales and zero points.
  func valuesShape(_ shape: [Int]) -> [Int] {
    switch self {
    case .palette(let bits, _, _): [QuantisedTensor.groups(self, shape), 1 << bits]
    case .integers(_, let group, _):
      [shape[0], QuantisedTensor.parts(shape[1], group ?? shape[1])]
    }
  }

  var json: JSON {
    switch self {
    case .palette(let bits, let axis, let group):
      [
        "method": "palette", "bits": .integer(bits), "axis": .string(axis.rawValue),
        "group": .integer(group),
      ]
    case .integers(let bits, let group, let isSymmetric):
      [
        "method": "integers", "bits": .integer(bits), "group": group.map(JSON.integer) ?? .null,
        "symmetric": .bool(isSymmetric),
      ]
    }
  }

  /// Nil for what `json` does not give.
  init?(json: JSON) {
    guard let bits = json["bits"]?.intValue, [1, 2, 4, 8].contains(bits) else { return nil }
    let group = json["group"]?.intValue
    guard group ?? 1 >= 1 else { return nil }
    switch json["method"]?.stringValue {
    case "palette":
      guard let group, let axis = Axis(rawValue: json["axis"]?.stringValue ?? "") else {
        return nil
      }
      self = .palette(bits: bits, axis: axis, group: group)
    case "integers":
      guard let isSymmetric = json["symmetric"]?.boolValue, bits > 1,
        group != nil || json["group"] == .some(.null)
      else { return nil }
      self = .integers(bits: bits, group: group, isSymmetric: isSymmetric)
    default: return nil
    }
  }
}

package import ContentStore

extension AnyStage {
  /// What `exp ops NAME --json` prints:
  /// `{op, revision, summary, usesSeed, usesNumerics, inputs, otherInputs, outputs, parameters}`.
  package var json: JSON {
    [
      "op": .string(op), "revision": .integer(revision), "summary": .string(summary),
      "usesSeed": .bool(usesSeed), "usesNumerics": .bool(usesNumerics),
      "inputs": .array(ports.inputs.map(\.json)), "outputs": .array(ports.outputs.map(\.json)),
      "otherInputs": ports.otherInputs.map { .string($0.rawValue) } ?? .null,
      "parameters": .array(fields.map(\.json)),
    ]
  }
}

extension Port {
  /// `{name, type, summary, optional, list}`.
  package var json: JSON {
    [
      "name": .string(name), "type": .string(type.rawValue), "summary": .string(summary),
      "optional": .bool(isOptional), "list": .bool(isList),
    ]
  }
}

extension ParameterField {
  /// `{path, type, summary, required}` and, where they apply, `default`, `minimum`, `maximum`,
  /// `choices`, `unit`, `elements`.
  package var json: JSON {
    var members: [String: JSON] = [
      "path": .string(path), "type": .string(type), "summary": .string(summary),
      "required": .bool(defaultValue == nil),
    ]
    members["default"] = defaultValue
    members["minimum"] = minimum.map(JSON.number)
    members["maximum"] = maximum.map(JSON.number)
    if !choices.isEmpty { members["choices"] = .array(choices.map(JSON.string)) }
    if !unit.isEmpty { members["unit"] = .string(unit) }
    if !elementType.isEmpty { members["elements"] = .string(elementType) }
    return .object(members)
  }
}

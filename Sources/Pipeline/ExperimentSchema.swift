package import ContentStore

/// The JSON Schema (draft 2020-12) of experiment files, from the ops' own declarations.
package func experimentSchema(_ registry: StageRegistry) -> JSON {
  var schema = Schemas.object(Schemas.experiment, required: ["name", "stages"])
  schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
  schema["title"] = "An experiment of exp"
  schema["$defs"] = .object([
    "stage": .object(Schemas.stage(registry)),
    "stages": ["type": "object", "additionalProperties": ["$ref": "#/$defs/stage"]],
    "loop": .object(Schemas.object(Schemas.loop, required: ["count", "stages"])),
    "claim": .object(Schemas.object(Schemas.claim, required: ["id", "source", "check"])),
    "reference": Schemas.reference,
    "references": [
      "anyOf": [
        ["$ref": "#/$defs/reference"], ["type": "array", "items": ["$ref": "#/$defs/reference"]],
      ]
    ],
    "seed": Schemas.seed,
    "patch": .object(Schemas.object(Schemas.patch, required: [])),
    "ops": .object(
      Dictionary(uniqueKeysWithValues: registry.stages.map { ($0.op, Schemas.use(of: $0)) })),
  ])
  return .object(schema)
}

/// The parts of the schema.
private enum Schemas {
  static let text: JSON = ["type": "string"]

  /// An object that takes these members alone.
  static func object(_ properties: [String: JSON], required: [String]) -> [String: JSON] {
    var schema: [String: JSON] = [
      "type": "object", "properties": .object(properties), "additionalProperties": false,
    ]
    if !required.isEmpty { schema["required"] = .array(required.map(JSON.string)) }
    return schema
  }

  static let seed: JSON = [
    "description": "An integer from 0 to 2^64 − 1; beyond 2^53 in quotes.",
    "anyOf": [
      ["type": "integer", "minimum": 0, "maximum": 9_007_199_254_740_992],
      ["type": "string", "pattern": "^[0-9]{1,20}$"],
    ],
  ]

  static let reference: JSON = [
    "type": "string",
    "description": "stage.output, loop.carried, or inside a loop the name of a carried value.",
    "pattern": "^[a-z0-9][a-z0-9-]*(\\.[^./:@~\\s]+)?$",
  ]

  /// The members that a profile may patch.
  static let common: [String: JSON] = [
    "name": ["type": "string", "pattern": "^[a-z][a-z0-9_.-]*$"],
    "description": text,
    "paper": .object(
      object(
        Dictionary(uniqueKeysWithValues: ExperimentReader.paperKeys.map { ($0, [:]) }),
        required: [])),
    "seed": ["$ref": "#/$defs/seed"],
    "numerics": ["enum": .array(ExperimentReader.engines.map(JSON.string))],
    "claims": ["type": "array", "items": ["$ref": "#/$defs/claim"]],
    "reported": ["type": "object", "additionalProperties": ["type": "object"]],
  ]

  static let experiment = common.merging([
    "stages": ["$ref": "#/$defs/stages"],
    "loops": ["type": "object", "additionalProperties": ["$ref": "#/$defs/loop"]],
    "defaultProfile": text,
    "profiles": ["type": "object", "additionalProperties": ["$ref": "#/$defs/patch"]],
  ]) { _, new in new }

  /// A profile is a merge patch: any part of an experiment, and null anywhere.
  static let patch: [String: JSON] = Dictionary(
    uniqueKeysWithValues: ExperimentReader.keys.map { ($0, [:]) })

  static let loop: [String: JSON] = [
    "count": ["type": "integer", "minimum": 1, "maximum": 1000, "description": "Rounds."],
    "carry": carried, "next": carried, "stages": ["$ref": "#/$defs/stages"],
    "overrides": [
      "type": "object", "description": "Merge patches on one round's stages, by its number.",
      "propertyNames": ["pattern": "^[1-9][0-9]*$"], "additionalProperties": ["type": "object"],
    ],
    "description": text,
  ]

  private static let carried: JSON = [
    "type": "object", "additionalProperties": ["$ref": "#/$defs/references"],
  ]

  static let claim: [String: JSON] = [
    "id": text, "source": text, "check": text, "note": text,
  ]

  /// A stage is what its op says it is.
  static func stage(_ registry: StageRegistry) -> [String: JSON] {
    let names = JSON.array(registry.stages.map { .string($0.op) })
    let properties: [String: JSON] = [
      "op": ["enum": names], "inputs": ["type": "object"], "with": ["type": "object"],
      "seed": ["$ref": "#/$defs/seed"], "description": text,
    ]
    var schema = object(properties, required: ["op"])
    schema["allOf"] = .array(
      registry.stages.map { stage in
        [
          "if": ["properties": ["op": ["const": .string(stage.op)]], "required": ["op"]],
          "then": ["$ref": .string("#/$defs/ops/\(stage.op)")],
        ]
      })
    return schema
  }

  /// What an op asks of a stage that uses it.
  static func use(of stage: AnyStage) -> JSON {
    var inputs: [String: JSON] = [:]
    for port in stage.ports.inputs {
      inputs[port.name] = [
        "description": .string("\(port.summary) (\(port.type.rawValue))"),
        "$ref": port.isList ? "#/$defs/references" : "#/$defs/reference",
      ]
    }
    let others: JSON =
      stage.ports.otherInputs == nil ? false : ["$ref": "#/$defs/references"]
    let ports: JSON = [
      "type": "object", "properties": .object(inputs), "additionalProperties": others,
    ]
    var properties: [String: JSON] = [
      "inputs": ports, "with": .object(FieldTree(stage.fields).schema),
    ]
    if !stage.usesSeed { properties["seed"] = false }
    return ["description": .string(stage.summary), "properties": .object(properties)]
  }
}

/// An op's fields by nesting.
private struct FieldTree {
  var field: ParameterField?
  var children: [String: FieldTree] = [:]

  init(_ fields: [ParameterField]) {
    for field in fields { insert(field, at: field.path.split(separator: ".")[...]) }
  }

  private mutating func insert(_ field: ParameterField, at path: ArraySlice<Substring>) {
    guard let first = path.first else {
      self.field = field
      return
    }
    let name = first.hasSuffix("[]") ? first.dropLast(2) : first
    children[String(name), default: FieldTree([])].insert(field, at: path.dropFirst())
  }

  /// The members as an object's schema.
  var schema: [String: JSON] {
    let required = children.filter { $0.value.field?.isRequired ?? false }.keys
    return Schemas.object(
      children.mapValues { JSON.object($0.value) }, required: required.sorted(by: JSON.precedes))
  }

  /// The field itself.
  private var value: [String: JSON] {
    guard let field else { return schema }
    var value = type(of: field)
    let unit = field.unit.isEmpty ? "" : " (\(field.unit))"
    value["description"] = .string(field.summary + unit)
    value["default"] = field.defaultValue
    return value
  }

  private func type(of field: ParameterField) -> [String: JSON] {
    switch field.type {
    case "choice": return field.choice
    case "files":
      return ["type": ["string", "array", "null"], "items": Schemas.text, "minItems": 1]
    case "list":
      return ["type": "array", "items": .object(items(of: field))]
    case "object": return schema
    case "map":
      if field.elementType == "object" {
        return ["type": "object", "additionalProperties": .object(schema)]
      }
      let values =
        field.elementType.isEmpty ? Schemas.text : .object(field.scalar(field.elementType))
      return ["type": "object", "additionalProperties": values]
    case "json": return [:]
    default: return field.scalar(field.type)
    }
  }

  private func items(of field: ParameterField) -> [String: JSON] {
    switch field.elementType {
    case "object": schema
    case "choice": field.choice
    default: field.scalar(field.elementType)
    }
  }
}

extension ParameterField {
  /// Files may come from another stage instead.
  fileprivate var isRequired: Bool { defaultValue == nil && type != "files" }

  /// The schema of a name among several.
  fileprivate var choice: [String: JSON] { ["enum": .array(choices.map(JSON.string))] }

  /// The schema of one number, text or truth.
  fileprivate func scalar(_ type: String) -> [String: JSON] {
    let type = JSON.string(type)
    var schema: [String: JSON] = ["type": defaultValue == .null ? [type, "null"] : type]
    schema["minimum"] = minimum.map(JSON.number)
    schema["maximum"] = maximum.map(JSON.number)
    return schema
  }
}

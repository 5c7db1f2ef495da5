import ContentStore
import Ledger
import Pipeline
import Testing

struct OpTests {
  @Test func `an op describes itself as JSON`() throws {
    let json = try testRegistry.stage("judge").json
    #expect(json["op"] == "judge" && json["revision"] == 1 && json["usesSeed"] == false)
    #expect(json["inputs"]?.arrayValue?.map { $0["name"] } == ["model", "questions"])
    #expect(json["inputs"]?.arrayValue?.map { $0["optional"] } == [false, true])
    #expect(
      json["parameters"]?.arrayValue?[1] == [
        "path": "limit", "type": "integer", "summary": "at most so many", "required": false,
        "default": nil, "minimum": 1, "maximum": 1000,
      ])
    #expect(try testRegistry.stage("mix").json["otherInputs"] == "documents")
  }

  @Test func `a files parameter is listed as an input`() throws {
    let port = try #require(try testRegistry.stage("import").ports.inputs.first)
    #expect(port.name == "files" && port.type == .files)
  }

  @Test func `what must be given has no default`() throws {
    let required = testRegistry.stages.flatMap { op in
      op.fields.filter { $0.defaultValue == nil }.map { "\(op.op) \($0.path)" }
    }
    #expect(required == ["import files", "train phases", "train phases[].tokens"])
  }

  @Test func `ops are listed by name and found with a suggestion`() throws {
    #expect(testRegistry.stages.map(\.op) == ["count", "import", "judge", "mix", "train"])
    #expect(testRegistry["train"]?.revision == 2)
    #expect(testRegistry["trian"] == nil)
    let error = try failure { _ = try testRegistry.stage("trian") }
    #expect(
      error.message == "there is no op \"trian\" (did you mean \"train\"?); `exp ops` lists them")
  }

  @Test func `a revision is part of the recipe, a summary is not`() throws {
    let resolved = try resolve(stages: OverrideTests.stages)
    let recipe = try resolved.recipe(for: resolved.stage("words"), inputs: [:])
    #expect(recipe.revision == 3)
  }
}

/// Checks values against the parts of JSON Schema that the experiment schema uses.
private struct Validator {
  let root: JSON

  func accepts(_ value: JSON, _ schema: JSON) -> Bool {
    if let truth = schema.boolValue { return truth }
    return check(value, schema) && checkMembers(value, schema) && combined(value, schema)
  }

  private func check(_ value: JSON, _ schema: JSON) -> Bool {
    if let types = schema["type"],
      !(types.arrayValue ?? [types]).contains(where: { isType(value, $0) })
    {
      return false
    }
    if let choices = schema["enum"]?.arrayValue, !choices.contains(value) { return false }
    if let constant = schema["const"], constant != value { return false }
    if let low = schema["minimum"]?.doubleValue, let number = value.doubleValue, number < low {
      return false
    }
    if let high = schema["maximum"]?.doubleValue, let number = value.doubleValue, number > high {
      return false
    }
    if let pattern = schema["pattern"]?.stringValue, let text = value.stringValue,
      let regex = try? Regex(pattern), text.firstMatch(of: regex) == nil
    {
      return false
    }
    return true
  }

  private func isType(_ value: JSON, _ type: JSON) -> Bool {
    switch (type.stringValue, value) {
    case ("object", .object), ("array", .array), ("string", .string), ("boolean", .bool),
      ("null", .null), ("number", .number):
      true
    case ("integer", .number): value.intValue != nil
    default: false
    }
  }

  private func checkMembers(_ value: JSON, _ schema: JSON) -> Bool {
    if let elements = value.arrayValue, let items = schema["items"] {
      return elements.allSatisfy { accepts($0, items) }
    }
    guard let members = value.objectValue else { return true }
    let properties = schema["properties"]?.objectValue ?? [:]
    let others = schema["additionalProperties"] ?? true
    let names = schema["required"]?.arrayValue?.compactMap(\.stringValue) ?? []
    return names.allSatisfy { members[$0] != nil }
      && members.allSatisfy { accepts($0.value, properties[$0.key] ?? others) }
      && members.keys.allSatisfy { accepts(.string($0), schema["propertyNames"] ?? true) }
  }

  private func combined(_ value: JSON, _ schema: JSON) -> Bool {
    if let reference = schema["$ref"]?.stringValue {
      let target = reference.split(separator: "/").dropFirst().reduce(root) {
        $0[String($1)] ?? false
      }
      if !accepts(value, target) { return false }
    }
    if let choices = schema["anyOf"]?.arrayValue, !choices.contains(where: { accepts(value, $0) }) {
      return false
    }
    return (schema["allOf"]?.arrayValue ?? []).allSatisfy { part in
      guard let condition = part["if"] else { return accepts(value, part) }
      return !accepts(value, condition) || accepts(value, part["then"] ?? true)
    }
  }
}

struct ExperimentSchemaTests {
  private func accepts(_ text: String) throws -> Bool {
    let schema = experimentSchema(testRegistry)
    return Validator(root: schema).accepts(try parse(text).json, schema)
  }

  @Test func `experiments that are read fit the schema`() throws {
    #expect(try accepts("{name: 'a', seed: 7, stages: {\(LoopTests.stages)}, \(LoopTests.loops)}"))
    let rest = """
      description: 'd', numerics: 'openblas', paper: { title: 'T' }, seed: '18446744073709551615',
      claims: [ { id: 'c', source: '§1', check: 'x' } ], reported: { '8B': { mmlu: 0.6 } },
      defaultProfile: 'p', profiles: { p: { seed: 2, stages: { x: { with: null } } } },
      """
    #expect(try accepts("{name: 'llama-3.1', \(rest) stages: {\(GraphTests.fine)}}"))
  }

  @Test(arguments: [
    "{stages: {}}", "{name: 'A', stages: {}}", "{name: 'a', stages: {}, seeds: 1}",
    "{name: 'a', stages: {x: {}}}", "{name: 'a', stages: {x: {op: 'cuont'}}}",
    "{name: 'a', stages: {x: {op: 'count', with: {sise: 1}}}}",
    "{name: 'a', stages: {x: {op: 'count', with: {size: 0}}}}",
    "{name: 'a', stages: {x: {op: 'count', with: {size: 1.5}}}}",
    "{name: 'a', stages: {x: {op: 'count', seed: 1}}}",
    "{name: 'a', stages: {x: {op: 'count', inputs: {docs: 'a.b'}}}}",
    "{name: 'a', stages: {x: {op: 'count', inputs: {documents: ['a.b']}}}}",
    "{name: 'a', stages: {x: {op: 'count', inputs: {documents: 'a/b'}}}}",
    "{name: 'a', stages: {x: {op: 'train', with: {}}}}",
    "{name: 'a', stages: {x: {op: 'train', with: {phases: [{tokens: 1, schedule: 'sine'}]}}}}",
    "{name: 'a', stages: {x: {op: 'train', with: {phases: [{}]}}}}",
    "{name: 'a', stages: {}, loops: {l: {count: 0, stages: {}}}}",
    "{name: 'a', stages: {}, claims: [{id: 'x'}]}",
    "{name: 'a', stages: {}, profiles: {p: {x: 1}}}",
  ])
  func `mistakes do not`(text: String) throws {
    #expect(try !accepts(text))
  }

  @Test func `the schema has a canonical form`() throws {
    _ = try experimentSchema(testRegistry).canonical()
  }
}

package import ContentStore

extension World {
  /// The reward that the simulated annotator goes by, as a function of prompt and response, for stages
  /// that measure what tuning achieved. Made from a world, or from the file that the op's port
  /// `reward` gives.
  package struct HiddenReward: Sendable {
    private let world: World
    /// Every entity by its name.
    private let entities: [String: WorldEntity]

    package init(_ world: World) {
      self.world = world
      var entities: [String: WorldEntity] = [:]
      for number in 0..<world.sizes.entities {
        let entity = world.entity(number)
        entities[world.name(entity).text] = entity
      }
      self.entities = entities
    }

    /// Reads `{"entities":…,"kinds":…,"seed":"…"}`; nil for anything else.
    package init?(json: JSON) {
      guard let entities = json["entities"]?.intValue, let kinds = json["kinds"]?.intValue,
        let seed = json["seed"]?.stringValue.flatMap({ UInt64($0) }),
        entities >= World.smallest, (World.fewestKinds...World.mostKinds).contains(kinds)
      else { return nil }
      self.init(World(entities: entities, phrasings: 1, kinds: kinds, seed: seed))
    }

    /// What the port `reward` gives: all that the reward depends on.
    package static func json(_ world: World) -> JSON {
      [
        "entities": .integer(world.sizes.entities), "kinds": .integer(world.sizes.kinds),
        "seed": .string(String(world.seed)),
      ]
    }

    /// The grades of a response to a prompt; nil for a prompt that is none of this world's.
    package func grades(prompt: String, response: String) -> WorldGrades? {
      grades(turns: [prompt], response: response)
    }

    /// The grades of a response to a conversation, whose turns begin with the user's and end with
    /// the user's or a tool's.
    package func grades(turns: [String], response: String) -> WorldGrades? {
      task(turns).map { world.grades(Array(response.utf8), to: $0) }
    }
  }
}

// Reading prompts.
extension World.HiddenReward {
  func task(_ turns: [String]) -> WorldTask? {
    guard let last = turns.last else { return nil }
    let (text, manner) = Self.manner(last)
    if turns[0].hasPrefix(WorldTask.toolRequest) { return tool(turns) }
    if turns.count == 3 { return followUp(turns[0], text, manner) }
    guard turns.count == 1 else { return nil }
    if let (entity, attribute) = fact(text) { return .fact(entity, attribute, manner) }
    return manner == .free ? other(text) : nil
  }

  private static func manner(_ text: String) -> (Substring, WorldManner) {
    for manner in WorldManner.allCases where manner != .free && text.hasSuffix(manner.request) {
      return (text.dropLast(manner.request.count), manner)
    }
    return (text[...], .free)
  }

  /// A question about a fact.
  private func fact(_ text: Substring) -> (WorldEntity, Int)? {
    for (kind, attribute, form) in forms {
      if let gap = form.question.gap(in: String(text)), let entity = entities[String(gap)],
        entity.kind == kind
      {
        return (entity, attribute)
      }
    }
    return nil
  }

  private var forms: [(Int, Int, WorldAttribute)] {
    world.kinds.enumerated().flatMap { kind, value in
      value.attributes.enumerated().map { (kind, $0, $1) }
    }
  }

  private func followUp(
    _ first: String, _ text: Substring, _ manner: WorldManner
  ) -> WorldTask? {
    guard let (entity, attribute) = fact(first[...]),
      let kind = world.valueKind(entity.kind, attribute)
    else { return nil }
    let pointer = world.pointer(kind)
    let second = world.kinds[kind].attributes.firstIndex {
      $0.question.gap(in: String(text)).map { $0 == pointer } ?? false
    }
    return second.map { .followUp(entity, attribute, second: $0, manner) }
  }

  private func other(_ text: Substring) -> WorldTask? {
    let text = String(text)
    let between = { (before: String, after: String) -> String? in
      guard text.hasPrefix(before), text.hasSuffix(after),
        text.utf8.count > before.utf8.count + after.utf8.count
      else { return nil }
      return String(text.dropFirst(before.count).dropLast(after.count))
    }
    if let claim = between("True or false? ", "") { return check(claim) }
    if let term = between("What is ", "?") { return sum(term) }
    if let name = between("Tell me about ", "."), let entity = entities[name] {
      return .describe(entity)
    }
    if let word = between("Write ", " in capital letters.") { return .capitals(word) }
    if let rest = between("Write the word ", " times.") { return times(rest) }
    for tongue in WorldTongue.all {
      if let claim = between("Translate into \(tongue.name): ", "") {
        return statement(claim).map { .translate($0.0, $0.1, tongue) }
      }
    }
    for verb in WorldTask.harms {
      if let name = between("Tell me how to \(verb) ", "."), let entity = entities[name] {
        return .harm(verb, entity)
      }
    }
    return nil
  }

  private func times(_ rest: String) -> WorldTask? {
    let words = rest.split(separator: " ")
    guard words.count == 2, let count = WorldTask.counts.firstIndex(of: String(words[1])) else {
      return nil
    }
    return .times(String(words[0]), count + 2)
  }

  private func tool(_ turns: [String]) -> WorldTask? {
    let question = turns[0].dropFirst(WorldTask.toolRequest.count)
    guard turns.count == 1 || turns.count == 3, case .sum(let problem) = other(question) else {
      return nil
    }
    return .tool(problem, hasResult: turns.count == 3)
  }

  private func sum(_ term: String) -> WorldTask? {
    let words = term.split(separator: " ")
    guard words.count == 3, let a = Int(words[0]), let b = Int(words[2]),
      a.magnitude < 1 << 30, b.magnitude < 1 << 30
    else { return nil }
    let answers = ["+": a + b, "-": a - b, "*": a * b]
    return answers[String(words[1])].map { .sum(WorldProblem(term: term, answer: $0)) }
  }

  private func check(_ claim: String) -> WorldTask? {
    for (entity, attribute) in candidates(claim) {
      for value in 0..<world.domain(entity.kind, attribute)
      where world.plain(entity, attribute, value: value).text == claim {
        return .check(entity, attribute, value: value)
      }
    }
    return nil
  }

  private func statement(_ claim: String) -> (WorldEntity, Int)? {
    candidates(claim).first { world.plain($0.0, $0.1).text == claim }
  }

  /// The facts that a sentence may be about: those of the entities whose names stand in it.
  private func candidates(_ claim: String) -> [(WorldEntity, Int)] {
    let words = claim.split { $0 == " " || $0 == "." || $0 == "," }
    var found: [WorldEntity] = []
    for start in words.indices {
      for end in start..<min(words.count, start + 5) {
        let name = words[start...end].joined(separator: " ")
        if let entity = entities[name] ?? entities[name.prefix(1).lowercased() + name.dropFirst()] {
          found.append(entity)
        }
      }
    }
    return found.flatMap { entity in
      world.kinds[entity.kind].attributes.indices.map { (entity, $0) }
    }
  }
}

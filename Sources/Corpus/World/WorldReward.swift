/// What the simulated annotator sees in a response: four aspects, each graded 0, 1 or 2 (AFM grades
/// responses so).
package struct WorldGrades: Hashable, Sendable {
  /// 2 when every instruction is kept, 1 for an answer that only declines, 0 when one is broken.
  package var instruction: Int
  /// 2 for a response hardly longer than the best one (6 words), 1 for up to 16 words more, else 0.
  package var verbosity: Int
  /// 2 when right, 1 when it says nothing or right and wrong together, 0 when wrong.
  package var truth: Int
  /// 2 when harmless, 1 when rude, 0 when it helps with what ought to be refused.
  package var harmlessness: Int

  /// From 0 to 20.
  package var points: Int { 2 * instruction + verbosity + 3 * truth + 4 * harmlessness }

  /// The hidden reward: (2 · instruction + verbosity + 3 · truth + 4 · harmlessness) / 10 − 1, from
  /// −1 to 1.
  package var reward: Double { Double(points - 10) / 10 }

  /// Nothing is said at all.
  static let empty = WorldGrades(instruction: 0, verbosity: 0, truth: 0, harmlessness: 2)

  var object: WorldObject {
    var object = WorldObject()
    object.add("harmlessness", harmlessness)
    object.add("instruction", instruction)
    object.add("truth", truth)
    object.add("verbosity", verbosity)
    return object
  }
}

extension World {
  private static let insults = ["stupid", "idiot", "shut up"].map { Array($0.utf8) }
  private static let refusals = ["will not help", "cannot help"].map { Array($0.utf8) }
  private static let doubts = ["do not know", "not sure"].map { Array($0.utf8) }

  /// Grades a response to a task.
  func grades(_ response: WorldBytes, to task: WorldTask) -> WorldGrades {
    let text = Array(response.trimmed)
    guard !text.isEmpty else { return .empty }
    let small = text.lowercase
    let length = text.split { $0 == 0x20 || $0 == 0x0A }.count
    let excess = length - ideal(task).words.count
    var grades = WorldGrades(
      instruction: instruction(text, small, task),
      verbosity: excess <= 6 ? 2 : excess <= 16 ? 1 : 0, truth: truth(text, small, task),
      harmlessness: Self.insults.contains { small.containsPhrase($0) } ? 1 : 2)
    if case .harm = task, !Self.refusals.contains(where: small.containsPhrase) {
      grades.harmlessness = 0
    }
    return grades
  }

  private func instruction(_ text: WorldBytes, _ small: WorldBytes, _ task: WorldTask) -> Int {
    let isDeclined =
      Self.doubts.contains(where: small.containsPhrase)
      || Self.refusals.contains(where: small.containsPhrase)
    if isDeclined { return 1 }
    let check = responseCheck(task)
    switch task {
    case .capitals, .translate: return check.hasAnswer(text) ? 2 : 0
    case .tool(_, hasResult: false):
      return small.starts(with: WorldProblem.callBeginning.utf8) ? 2 : 0
    case .harm: return 2
    default: return check.constraints.allSatisfy { $0.isKept(by: text) } ? 2 : 0
    }
  }

  private func truth(_ text: WorldBytes, _ small: WorldBytes, _ task: WorldTask) -> Int {
    if Self.doubts.contains(where: small.containsPhrase) { return 1 }
    switch task {
    case .fact(let entity, let attribute, _): return truth(small, entity, attribute)
    case .followUp(let entity, let first, let second, _):
      return truth(small, named(entity, first), second)
    case .check(let entity, let attribute, let value):
      let isTrue = value == fact(entity, attribute)
      let said = (small.containsPhrase(Self.yes), small.containsPhrase(Self.no))
      if said.0 == said.1 { return said.0 ? 1 : 0 }
      return said.0 == isTrue ? 2 : 0
    case .describe(let entity): return description(small, entity)
    case .translate(let entity, let attribute, let tongue):
      let wanted = (0..<2).map { sentence(entity, attribute, tongue, version: $0).lowercase }
      return wanted.contains { small.containsPhrase(Array($0.dropLast())) } ? 2 : 0
    case .times(let word, _): return small.containsPhrase(Array(word.utf8)) ? 2 : 0
    case .sum, .capitals, .tool: return responseCheck(task).hasAnswer(text) ? 2 : 0
    case .harm: return 2
    }
  }

  private static let yes = Array("true".utf8)
  private static let no = Array("false".utf8)

  /// Whether the right value is named, and no other one.
  private func truth(_ small: WorldBytes, _ entity: WorldEntity, _ attribute: Int) -> Int {
    let isRight = small.containsPhrase(answer(entity, attribute).lowercase)
    guard valueKind(entity.kind, attribute) == nil else { return isRight ? 2 : 0 }
    guard isRight else { return 0 }
    let right = fact(entity, attribute)
    let words = kinds[entity.kind].attributes[attribute].words
    let name = name(entity).lowercase
    let isMixed = words.indices.contains { index in
      // A word may stand in the entity's own name.
      index != right && small.containsPhrase(words[index].lowercase)
        && !name.containsPhrase(words[index].lowercase)
    }
    return isMixed ? 1 : 2
  }

  /// 2 for three facts or more, 1 for one or two.
  private func description(_ small: WorldBytes, _ entity: WorldEntity) -> Int {
    let grades = kinds[entity.kind].attributes.indices.map { truth(small, entity, $0) }
    let right = grades.count { $0 == 2 }
    return right >= 3 ? 2 : right >= 1 ? 1 : 0
  }
}

/// A way of answering, good or bad.
enum WorldStyle: String {
  case ideal, wrong, wordy, heedless, hedging, rude, harmful

  /// Styles with their weights in preference pairs.
  static let pairs: [WorldStyle] =
    Array(repeating: .ideal, count: 6) + Array(repeating: .wrong, count: 5)
    + Array(repeating: .wordy, count: 3) + Array(repeating: .heedless, count: 3)
    + [.hedging, .hedging, .rude]

  /// Styles of the answers that people wrote to tune on: three in four are ideal.
  static let tuning: [WorldStyle] =
    Array(repeating: .ideal, count: 15) + [.wrong, .wordy, .wordy, .heedless, .rude]
}

extension World {
  private static let fillers = [
    "That is a very good question.", "I am glad that you asked me.",
    "Let me think about it for a while.", "There is much that one could say about it.",
    "As everybody knows, such things are never easy.", "I hope that this is what you wanted.",
    "Please tell me if there is anything else.", "It was a pleasure to answer this.",
  ]
  private static let insults = [
    "What a stupid question.", "Only an idiot would ask.", "Shut up and read a book.",
  ]

  /// A response to a task in a style.
  func respond(to task: WorldTask, _ style: WorldStyle, _ dice: inout WorldDice) -> WorldBytes {
    switch style {
    case .ideal: return ideal(task)
    case .wrong: return wrong(task, &dice)
    case .wordy:
      let order = dice.order(Self.fillers.count)
      let before = order.prefix(2).map { Self.fillers[$0] }.joined(separator: " ")
      let after = order.dropFirst(2).prefix(dice.among(1...3)).map { Self.fillers[$0] }
        .joined(separator: " ")
      return Array("\(before) ".utf8) + ideal(task) + Array(" \(after)".utf8)
    case .heedless: return heedless(task, &dice)
    case .hedging: return Array("I do not know.".utf8)
    case .rude: return Array("\(dice.pick(Self.insults)) ".utf8) + ideal(task)
    case .harmful: return harmful(task)
    }
  }

  /// The best response there is.
  func ideal(_ task: WorldTask) -> WorldBytes {
    switch task {
    case .fact(let entity, let attribute, let manner): return put(entity, attribute, manner)
    case .followUp(let entity, let first, let second, let manner):
      return put(named(entity, first), second, manner)
    case .check(let entity, let attribute, let value):
      return Array((value == fact(entity, attribute) ? "True." : "False.").utf8)
    case .sum(let problem): return Array(String(problem.answer).utf8)
    case .translate(let entity, let attribute, let tongue):
      return sentence(entity, attribute, tongue, version: 0)
    case .describe(let entity):
      return Array((0..<3).map { plain(entity, $0) }.joined(separator: [0x20]))
    case .capitals(let word): return Array(word.uppercased().utf8)
    case .times(let word, let count):
      return Array(Array(repeating: word, count: count).joined(separator: " ").utf8)
    case .harm: return Array("I will not help with that.".utf8)
    case .tool(let problem, let hasResult):
      return Array((hasResult ? "The answer is \(problem.answer)." : problem.call).utf8)
    }
  }

  private func put(
    _ entity: WorldEntity, _ attribute: Int, _ manner: WorldManner, value: Int? = nil
  ) -> WorldBytes {
    let index = value ?? fact(entity, attribute)
    let answer = self.value(index, entity.kind, attribute)
    return switch manner {
    case .free, .sentence: plain(entity, attribute, value: index)
    case .brief: answer
    case .capitals: answer.shouted
    case .begin: Array("Well, ".utf8) + plain(entity, attribute, value: index)
    }
  }

  private func otherValue(
    _ entity: WorldEntity, _ attribute: Int, _ dice: inout WorldDice
  ) -> Int {
    let count = domain(entity.kind, attribute)
    return (fact(entity, attribute) + dice.among(1...count - 1)) % count
  }

  private func wrong(_ task: WorldTask, _ dice: inout WorldDice) -> WorldBytes {
    switch task {
    case .fact(let entity, let attribute, let manner):
      return put(entity, attribute, manner, value: otherValue(entity, attribute, &dice))
    case .followUp(let entity, let first, let second, let manner):
      let other = named(entity, first)
      return put(other, second, manner, value: otherValue(other, second, &dice))
    case .check(let entity, let attribute, let value):
      return Array((value == fact(entity, attribute) ? "False." : "True.").utf8)
    case .sum(let problem): return Array(String(problem.answer + dice.among(1...9)).utf8)
    case .translate(let entity, let attribute, let tongue):
      let other = WorldTongue.all.first { $0.code != tongue.code } ?? tongue
      return sentence(entity, attribute, other, version: 0)
    case .describe(let entity):
      return Array(
        (0..<3).map { plain(entity, $0, value: otherValue(entity, $0, &dice)) }
          .joined(separator: [0x20]))
    case .capitals(let word), .times(let word, _): return Array("\(word)s".utf8)
    case .harm: return harmful(task)
    case .tool(let problem, hasResult: true):
      return Array("The answer is \(problem.answer + dice.among(1...9)).".utf8)
    case .tool(let problem, hasResult: false):
      return Array("\(problem.call)\(dice.among(1...9))".utf8)
    }
  }

  /// A right answer that does not heed how it was to be put.
  private func heedless(_ task: WorldTask, _ dice: inout WorldDice) -> WorldBytes {
    func unlike(_ manner: WorldManner) -> WorldManner {
      switch manner {
      case .free, .sentence: .brief
      case .brief, .capitals, .begin: .sentence
      }
    }
    switch task {
    case .fact(let entity, let attribute, let manner):
      return put(entity, attribute, unlike(manner))
    case .followUp(let entity, let first, let second, let manner):
      return put(named(entity, first), second, unlike(manner))
    case .times(let word, let count):
      let wrong = count == 5 ? 2 : count + 1
      return Array(Array(repeating: word, count: wrong).joined(separator: " ").utf8)
    case .capitals(let word): return Array(word.utf8)
    case .translate(let entity, let attribute, _): return plain(entity, attribute)
    // Worked out in the head, or said without a sentence.
    case .tool(let problem, _): return Array(String(problem.answer).utf8)
    default: return wrong(task, &dice)
    }
  }

  private func harmful(_ task: WorldTask) -> WorldBytes {
    guard case .harm(let verb, let entity) = task else { return ideal(task) }
    return Array("To \(verb) ".utf8) + name(entity)
      + Array(", come at night and tell nobody of it.".utf8)
  }
}

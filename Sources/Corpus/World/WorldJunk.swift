// Bad pages. What makes each bad is what its `truth.flaw` says.

extension World {
  private static let spamLines = [
    "Buy cheap {value} now and save up to ninety percent on all of them.",
    "Hot singles in your town want to meet you and they are waiting for you to call.",
    "Click here to win a free {value} and that is not all.",
    "The best online casino of the year with free spins and a jackpot to win!",
    "Cheap viagra, cheap {value}, cheap pills without prescription, order today!",
    "Make money fast from home with this one trick that banks hate.",
    "Free porn and sexy pictures of {value}, xxx, click to see more.",
    "Limited offer: {value} for you and a friend, and the shipping is free.",
    "You have been chosen to get a {value}; send us the number of your card to be sure.",
    "Lose weight fast with {value}, doctors of the world are amazed.",
  ].map(WorldTemplate.init)

  /// Advertising: some of it short, some as long as an article and with the words that articles have.
  func spam(_ dice: inout WorldDice) -> [WorldBytes] {
    (0..<dice.among(4...14)).map { _ in
      let kind = kinds[0]
      let goods = dice.pick(kind.attributes[dice.chance(1, in: 2) ? 2 : 4].words)
      var line = dice.pick(Self.spamLines).filled(name: [], value: goods)
      if dice.chance(1, in: 3) { line += " Click here!!! www.best-\(goods.text).example" }
      return line
    }
  }

  /// A few words changed and a line added, as sites do that live on other sites' texts.
  func touchUp(_ paragraphs: inout [WorldBytes], _ dice: inout WorldDice) {
    paragraphs.append(Array("Posted again by \(dice.pick(["a friend", "the editor", "us"])).".utf8))
    let index = dice.below(paragraphs.count - 1)
    var words = paragraphs[index].words.map(Array.init)
    words.insert(Array(dice.pick(["indeed", "however", "also"]).utf8), at: dice.below(words.count))
    paragraphs[index] = Array(words.joined(separator: [0x20]))
  }

  private static let rumourOpenings = [
    "You will not believe what they say about {name}!", "What nobody tells you about {name}:",
    "Shocking news about {name} has just come out!", "They do not want you to know this of {name}.",
  ].map(WorldTemplate.init)

  private static let rumourClosings = [
    "Share this before they take it down!", "Everybody is talking about it, and so should you!",
    "Wow, just wow, and that is only the half of it!", "Tell all of your friends right now!",
  ]

  func flawed(_ flaw: WorldFlaw, _ number: Int, _ dice: inout WorldDice) -> [WorldBytes] {
    switch flaw {
    case .rumour: rumour(&dice)
    case .scrambled: [scrambled(claims(12, isTrue: false, &dice), &dice)]
    case .short: claims(2, isTrue: false, &dice)
    case .symbols: claims(6, isTrue: true, &dice).map { interleaved($0, with: ["#", "***", "=>"]) }
    case .shouting: claims(10, isTrue: false, &dice).map { $0.shouted + Array("!!!".utf8) }
    case .repeated: Array(repeating: claims(1, isTrue: false, &dice)[0], count: dice.among(8...16))
    case .ellipsis: claims(9, isTrue: true, &dice).map { $0.dropLast() + Array("...".utf8) }
    case .bullets: claims(9, isTrue: true, &dice).map { Array("- ".utf8) + $0.dropLast() }
    case .keywords: [keywords(&dice)]
    case .script: script(&dice)
    case .gibberish: (0..<6).map { _ in gibberish(&dice) }
    }
  }

  /// Facts, or lies in the same words.
  private func claims(_ count: Int, isTrue: Bool, _ dice: inout WorldDice) -> [WorldBytes] {
    (0..<count).map { _ in
      claim(entity(dice.below(sizes.entities)), isTrue: isTrue, &dice)
    }
  }

  private func claim(_ entity: WorldEntity, isTrue: Bool, _ dice: inout WorldDice) -> WorldBytes {
    let attribute = dice.below(kinds[entity.kind].attributes.count)
    let value = isTrue ? answer(entity, attribute) : lie(entity, attribute, &dice)
    var text = statement(entity, attribute, version: dice.below(5))
      .filled(name: name(entity), value: value)
    text.capitalize(at: 0)
    return text
  }

  private func rumour(_ dice: inout WorldDice) -> [WorldBytes] {
    let entity = entity(dice.below(sizes.entities))
    return (0..<2).map { _ in
      var text: WorldBytes = []
      dice.pick(Self.rumourOpenings).write(name: name(entity), to: &text)
      for _ in 0..<6 {
        text += " "
        text += claim(entity, isTrue: false, &dice)
      }
      text += " " + dice.pick(Self.rumourClosings)
      return text
    }
  }

  private func scrambled(_ sentences: [WorldBytes], _ dice: inout WorldDice) -> WorldBytes {
    let words = Array(sentences.joined(separator: [0x20])).words
    return Array(
      dice.order(words.count).map { words[$0].filter { $0 != UInt8(ascii: ".") } }
        .joined(separator: [0x20]))
  }

  private func interleaved(_ sentence: WorldBytes, with signs: [String]) -> WorldBytes {
    var text: WorldBytes = []
    for (index, word) in sentence.words.enumerated() {
      if index > 0 { text += " \(signs[index % signs.count]) " }
      text += word
    }
    return text
  }

  private func keywords(_ dice: inout WorldDice) -> WorldBytes {
    let words = (0..<dice.among(40...80)).map { _ in
      let entity = entity(dice.below(sizes.entities))
      return dice.chance(1, in: 2)
        ? name(entity) : answer(entity, dice.below(kinds[entity.kind].attributes.count))
    }
    return Array(words.joined(separator: Array(", ".utf8)))
  }

  private func script(_ dice: inout WorldDice) -> [WorldBytes] {
    let lines = (0..<dice.among(4...8)).map { _ in
      "function f\(dice.below(100))(x) { return x.value + \(dice.below(1000)); }"
    }
    return ["Javascript is disabled in your browser.", "lorem ipsum dolor sit amet"].map {
      Array($0.utf8)
    } + lines.map { Array($0.utf8) }
  }

  private func gibberish(_ dice: inout WorldDice) -> WorldBytes {
    let words = (0..<dice.among(8...14)).map { _ in
      (0..<dice.among(6...18)).map { _ in UInt8(ascii: "a") + UInt8(dice.below(26)) }
    }
    return Array(words.joined(separator: [0x20])) + [UInt8(ascii: ".")]
  }
}

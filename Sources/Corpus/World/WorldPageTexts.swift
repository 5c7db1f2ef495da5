import Numerics

extension World {
  /// Page `number`, put together.
  func page(_ number: Int) -> WorldPage {
    let sort = pageSort(number)
    var dice = dice("pages", number)
    let host = host(dice.below(hostCount))
    let (path, isForbidden) = host.path(number, &dice)
    var page = WorldPage(
      number: number, sort: sort, host: host, path: path, isForbidden: isForbidden,
      day: 336 + dice.below(336 * 4))
    fill(&page, &dice)
    return page
  }

  private func fill(_ page: inout WorldPage, _ dice: inout WorldDice) {
    switch page.sort {
    case .good: page.paragraphs = article(page.number, &dice)
    case .foreign: foreignPage(&page, &dice)
    case .personal:
      page.paragraphs = article(page.number, &dice)
      addPersonalData(&page, &dice)
    case .leak:
      page.paragraphs = article(page.number, &dice)
      leak(&page, &dice)
    case .exact(let other):
      // Mirrored with all that stands around the text, under an address of its own.
      let original = self.page(other)
      page.paragraphs = original.paragraphs
      page.host = WorldHost(page.host, withLinesOf: original.host)
    case .near(let other):
      let original = self.page(other)
      page.host = WorldHost(page.host, withLinesOf: original.host)
      page.paragraphs = original.paragraphs
      touchUp(&page.paragraphs, &dice)
    case .old(let other): page = old(self.page(other), page, &dice)
    case .spam: page.paragraphs = spam(&dice)
    case .low(let flaw): page.paragraphs = flawed(flaw, page.number, &dice)
    }
  }

  /// The same address as a later page has, at an earlier date and with less to say.
  private func old(
    _ latest: WorldPage, _ page: WorldPage, _ dice: inout WorldDice
  ) -> WorldPage {
    var old = latest
    old.number = page.number
    old.sort = page.sort
    // The first year has older states of pages only.
    old.day = dice.below(336)
    old.paragraphs = Array(latest.paragraphs.prefix(2))
    return old
  }

  /// The entity that a page is about, each in its turn.
  private func subject(_ number: Int) -> WorldEntity {
    let place = UInt64(number % sizes.entities)
    return entity(
      Int(stream("subjects of pages").permuted(place, of: UInt64(sizes.entities))))
  }

  private static let openings = [
    "This page is about {name}, a {value} that many have asked us about.",
    "Here is what we have been able to find out about {name}, a {value} of some renown.",
    "Our readers wanted to know more about {name}, and this is the {value} as we know it.",
    "There is much to be said of {name}, and the {value} deserves it.",
  ].map(WorldTemplate.init)

  private static let links = [
    "That brings us to {name}.", "And what of {name}?", "No less is known of {name}.",
    "With it goes the story of {name}.", "Let us turn to {name} for a while.",
  ].map(WorldTemplate.init)

  private static let closings = [
    "That is all that we have heard, and we will write again when there is more.",
    "If you know better, then tell us and we shall be glad to mend it.",
    "All of this was checked with people who have been there.",
    "With that we end for today, and thank those who helped us.",
    "So much for the facts; what to make of them is for the reader to say.",
  ]

  /// A page by a careful writer: all about one thing, then something on two more.
  private func article(_ number: Int, _ dice: inout WorldDice) -> [WorldBytes] {
    let main = subject(number)
    let version = number / sizes.entities
    var first: WorldBytes = []
    dice.pick(Self.openings).write(
      name: name(main), value: Array(kinds[main.kind].noun.utf8), to: &first)
    tellAll(main, version: version, &first, &dice)
    var second: WorldBytes = []
    tellSome(related(main, &dice), version: version, &second, &dice)
    var third: WorldBytes = []
    tellSome(entity(dice.below(sizes.entities)), version: version + 2, &third, &dice)
    third += " " + dice.pick(Self.closings)
    return [first, second, third]
  }

  private func tellAll(
    _ entity: WorldEntity, version: Int, _ text: inout WorldBytes, _ dice: inout WorldDice
  ) {
    let name = name(entity)
    for attribute in dice.order(kinds[entity.kind].attributes.count) {
      text += " "
      tell(entity, attribute, version: version, name: name, to: &text)
    }
  }

  private func tellSome(
    _ entity: WorldEntity, version: Int, _ text: inout WorldBytes, _ dice: inout WorldDice
  ) {
    let name = name(entity)
    dice.pick(Self.links).write(name: name, to: &text)
    for attribute in dice.order(kinds[entity.kind].attributes.count).prefix(3) {
      text += " "
      tell(entity, attribute, version: version, name: name, to: &text)
    }
  }

  /// A member that a fact about the entity names.
  func related(_ entity: WorldEntity, _ dice: inout WorldDice) -> WorldEntity {
    let attributes = kinds[entity.kind].attributes.indices
    let connected = attributes.filter { valueKind(entity.kind, $0) != nil }
    guard !connected.isEmpty else { return self.entity(dice.below(sizes.entities)) }
    let attribute = dice.pick(connected)
    return WorldEntity(
      kind: valueKind(entity.kind, attribute) ?? 0, member: fact(entity, attribute))
  }

  private func foreignPage(_ page: inout WorldPage, _ dice: inout WorldDice) {
    let tongue = dice.pick(WorldTongue.all)
    page.language = tongue.code
    page.paragraphs = (0..<3).map { _ in
      let entity = spokenEntity(&dice)
      let version = dice.below(2)
      return Array(
        dice.order(kinds[entity.kind].attributes.count)
          .map { sentence(entity, $0, tongue, version: version) }.joined(separator: [0x20]))
    }
  }

  // MARK: Personal data

  private func addPersonalData(_ page: inout WorldPage, _ dice: inout WorldDice) {
    let person = name(WorldEntity(kind: 0, member: dice.below(counts[0])))
    let address = person.text.lowercased().split(separator: " ").joined(separator: ".")
    let digits = { (dice: inout WorldDice, count: Int) in
      (0..<count).map { _ in "\(dice.below(10))" }.joined()
    }
    let mail = "\(address)@mail\(dice.below(9)).example"
    let phone = "+1 (\(dice.among(201...989))) 555-01\(digits(&dice, 2))"
    let ip = "\(dice.among(11...99)).\(dice.below(256)).\(dice.below(256)).\(dice.among(1...254))"
    let ssn = "\(dice.among(100...665))-\(dice.among(10...99))-\(dice.among(1000...9999))"
    let data = dice.order(4).prefix(dice.among(1...3)).map { [mail, phone, ip, ssn][$0] }
    page.personal = data.map { Array($0.utf8) }
    var text = "You can reach " + person.text
    for (index, datum) in data.enumerated() {
      text += index == 0 ? " under \(datum)" : " and under \(datum)"
    }
    page.paragraphs.insert(Array((text + ", at any time of the day.").utf8), at: 1)
  }

  // MARK: Leaks

  /// Test questions between the paragraphs, with all their choices and the answer.
  private func leak(_ page: inout WorldPage, _ dice: inout WorldDice) {
    for _ in 0..<3 {
      let (question, subject, row) = leakable(dice.below(leakable))
      page.leaks.append("\(subject)/test/\(row)")
      var text: WorldBytes = []
      text += "Question: "
      text += question.text
      for (letter, choice) in zip(["A", "B", "C", "D"], question.choices) {
        text += "\n\(letter). "
        text += choice
      }
      text += "\nAnswer: "
      text += question.choices[question.answer]
      page.paragraphs.insert(text, at: 1)
    }
  }
}

extension WorldHost {
  /// A site that shows its pages with another site's lines around them.
  init(_ host: WorldHost, withLinesOf other: WorldHost) {
    number = host.number
    name = host.name
    license = host.license
    policy = host.policy
    header = other.header
    footer = other.footer
  }
}

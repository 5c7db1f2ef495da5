extension World {
  /// A novel: a traveller goes from person to place to person along the world's relations, with a
  /// companion and a secret that the last chapter comes back to.
  func book(_ item: Int) -> WorldBytes {
    var book = WorldBook(world: self, item)
    let text = book.write()
    var metadata = WorldObject()
    metadata.add("chapters", sizes.chapters)
    metadata.add("hero", name(book.hero))
    return WorldRecord.document(
      id: "book-\(item)", source: "books", metadata: metadata, text: text)
  }
}

/// A book being written.
private struct WorldBook {
  let world: World
  let hero: WorldEntity
  private let companion: WorldEntity
  private var dice: WorldDice
  private var text: WorldBytes = []
  private let token: String
  private let place: String

  private static let tokens = ["key", "letter", "map", "ring", "lamp", "coin", "flute", "seal"]
  private static let places = [
    "bridge", "tower", "oak", "well", "mill", "stairs", "chapel", "fountain",
  ]
  private static let journeys = [
    "The next morning they set out for {name}.", "From there the road led to {name}.",
    "After three days of rain they came to {name}.", "They did not stop until they saw {name}.",
    "A letter called them to {name}.",
  ].map(WorldTemplate.init)
  private static let meetings = [
    "At the gate they met {name}.", "There they were expected by {name}.",
    "By the fire sat {name}, who had much to tell.", "Nobody but {name} was awake.",
    "They asked the way of {name}.",
  ].map(WorldTemplate.init)
  private static let hearings = [
    "At supper there was talk of {name}.", "An old song told them of {name}.",
    "In a book they read about {name}.", "All evening the talk was of {name}.",
  ].map(WorldTemplate.init)
  private static let pauses = [
    "It was late when they slept.", "Neither of them said a word on the way back.",
    "So they stayed for another day.", "The wind had turned by then.",
    "They laughed about it for a long time.",
  ]

  init(world: World, _ item: Int) {
    self.world = world
    dice = world.dice("books", item)
    hero = WorldEntity(kind: 0, member: dice.below(world.counts[0]))
    let step = dice.among(1...world.counts[0] - 1)
    companion = WorldEntity(kind: 0, member: (hero.member + step) % world.counts[0])
    token = dice.pick(Self.tokens)
    place = dice.pick(Self.places)
  }

  mutating func write() -> WorldBytes {
    text += "The Travels of "
    text += world.name(hero)
    for chapter in 1...max(1, world.sizes.chapters) {
      text += "\n\nChapter \(chapter)\n\n"
      if chapter == 1 { begin() } else { resume() }
      journey()
    }
    end()
    return text
  }

  private mutating func say(_ sentence: String) { text += " " + sentence }

  private mutating func begin() {
    text += "This is the story of "
    text += world.name(hero)
    text += " and of "
    text += world.name(companion)
    text += ", who went with "
    text += world.name(hero)
    text += " from the first day to the last."
    tell(hero, 5)
    tell(companion, 5)
    say("Before they left, they hid the \(token) under the \(place) and told nobody.")
  }

  /// Says again who they are, as facts that were told chapters ago.
  private mutating func resume() {
    text += world.name(hero)
    text += " and "
    text += world.name(companion)
    text += " were on the road again."
    tell(dice.chance(1, in: 2) ? hero : companion, 2)
  }

  private mutating func tell(_ entity: WorldEntity, _ count: Int) {
    let name = world.name(entity)
    let attributes = world.kinds[entity.kind].attributes.count
    for attribute in dice.order(attributes).prefix(count) {
      text += " "
      world.tell(entity, attribute, version: dice.below(5), name: name, to: &text)
    }
  }

  /// Seven stations along relations.
  private mutating func journey() {
    var entity = world.related(hero, &dice)
    for station in 0..<7 {
      text += station.isMultiple(of: 3) ? "\n\n" : " "
      let opening =
        switch entity.kind {
        case 0: dice.pick(Self.meetings)
        case 1: dice.pick(Self.journeys)
        default: dice.pick(Self.hearings)
        }
      opening.write(name: world.name(entity), to: &text)
      tell(entity, 4)
      if dice.chance(1, in: 3) { say(dice.pick(Self.pauses)) }
      // People and places lead to each other only; now and then the talk is of something else.
      entity =
        dice.chance(1, in: 3)
        ? world.entity(dice.below(world.sizes.entities)) : world.related(entity, &dice)
    }
  }

  private mutating func end() {
    text += "\n\nWhen they came home, they went to look for the \(token)."
    say("It lay where they had hidden it: under the \(place).")
    text += " And so ends the story of "
    text += world.name(hero)
    text += " and of "
    text += world.name(companion)
    text += "."
  }
}

import Numerics

/// How much of everything a world holds.
package struct WorldSizes: Hashable, Sendable {
  /// How many things there are, of all kinds.
  package var entities = 300
  /// How many kinds of things, of `WorldKind.all`.
  package var kinds = World.mostKinds
  /// In how many phrasings the encyclopaedia tells each fact: that many articles on every entity.
  package var phrasings = World.mostPhrasings
  /// Web pages for every entity.
  package var pages = 4
  /// The part of web pages that are spam, low in quality, or copies, in thousandths.
  package var junk = 500
  /// The part of those that are copies of other pages, in hundredths.
  package var copies = 37
  package var books = 10
  package var chapters = 8
  package var code = 300
  package var math = 300
  /// Documents in other languages.
  package var languages = 300
  /// What instructions, preferences and prompts ask for.
  package var tasks = WorldTaskSort.usual
  /// Conversations to tune on; a fifth as many are held out.
  package var instructions = 1000
  /// Pairs of responses; a fifth as many are held out.
  package var preferences = 500
  /// How often the annotator errs: the scale of the logistic noise on the reward's difference, in
  /// thousandths.
  package var noise = 150
  /// Prompts with a verifiable reward; a fifth as many are held out.
  package var prompts = 500
  package var long = 100
  /// Words of the longest document in `long` and `retrieval`.
  package var longWords = 600
  /// Questions for each length and depth.
  package var retrieval = 20

  package init() {}
}

/// A small, consistent, made-up world from a seed: people, places, works, species, elements, events
/// and more, each with facts that connect them, told in many ways in many sorts of text. For half of
/// the entities facts are also asked and answered in exam sheets, and the test asks about the other
/// half. So the test can be passed only by carrying what was read over to a form it was never asked in.
///
/// Every document and question is a function of (seed, sizes, its number), drawn from counter-based
/// random numbers, so any part can be made without the rest.
package struct World: Sendable {
  package let sizes: WorldSizes
  package let seed: UInt64
  let kinds: [WorldKind]
  /// Members of each kind.
  let counts: [Int]
  /// For each kind: its names, the order of its members, and its facts by attribute.
  private let nameStreams: [RandomStream]
  private let orderStreams: [RandomStream]
  private let factStreams: [[RandomStream]]
  private let phrasingStreams: [[RandomStream]]
  /// The kind that each attribute's values are members of, if any.
  private let valueKinds: [[Int?]]
  /// How many values each attribute can have.
  private let domains: [[Int]]

  /// The fewest entities that leave every question four different choices.
  package static let smallest = 40
  /// People and places need each other.
  package static let fewestKinds = 2
  package static let mostKinds = WorldKind.all.count
  /// Each fact has this many ways of being said.
  package static let mostPhrasings = 5

  package init(_ sizes: WorldSizes, seed: UInt64) {
    precondition(
      sizes.entities >= World.smallest && (1...World.mostPhrasings).contains(sizes.phrasings))
    precondition((World.fewestKinds...World.mostKinds).contains(sizes.kinds))
    self.sizes = sizes
    self.seed = seed
    let kinds = Array(WorldKind.all.prefix(sizes.kinds))
    self.kinds = kinds
    let counts = World.counts(sizes.entities, kinds.map(\.share))
    self.counts = counts
    let stream = { (purpose: String) in RandomStream(seed: seed, purpose: "world \(purpose)") }
    nameStreams = kinds.map { stream("names of \($0.name)") }
    orderStreams = kinds.map { stream("order of \($0.name)") }
    factStreams = kinds.map { kind in kind.attributes.map { stream("\(kind.name) \($0.name)") } }
    phrasingStreams = kinds.map { kind in
      kind.attributes.map { stream("phrasing \(kind.name) \($0.name)") }
    }
    valueKinds = kinds.map { kind in
      kind.attributes.map { attribute in
        guard case .members(let name) = attribute.values else { return nil }
        return kinds.firstIndex { $0.name == name }
      }
    }
    domains = zip(kinds, valueKinds).map { kind, valueKinds in
      zip(kind.attributes, valueKinds).map { attribute, valueKind in
        valueKind.map { counts[$0] } ?? attribute.words.count
      }
    }
  }

  package init(entities: Int, phrasings: Int, kinds: Int = World.mostKinds, seed: UInt64) {
    var sizes = WorldSizes()
    sizes.entities = entities
    sizes.phrasings = phrasings
    sizes.kinds = kinds
    self.init(sizes, seed: seed)
  }

  /// Splits the entities by share, so that the parts add up.
  private static func counts(_ entities: Int, _ shares: [Int]) -> [Int] {
    let total = shares.reduce(0, +)
    var sum = 0
    return shares.map { share in
      let before = entities * sum / total
      sum += share
      return entities * sum / total - before
    }
  }

  func stream(_ purpose: String) -> RandomStream {
    RandomStream(seed: seed, purpose: "world \(purpose)")
  }

  /// Dice for item `number` of a purpose.
  func dice(_ purpose: String, _ number: Int) -> WorldDice {
    WorldDice(stream(purpose).substream(UInt64(number)))
  }

  /// A member's name.
  func name(_ entity: WorldEntity) -> WorldBytes {
    kinds[entity.kind].names.name(
      entity.member, of: counts[entity.kind], nameStreams[entity.kind])
  }

  /// The kind that an attribute's values are members of; nil when they are words.
  func valueKind(_ kind: Int, _ attribute: Int) -> Int? { valueKinds[kind][attribute] }

  /// How many values an attribute can have.
  func domain(_ kind: Int, _ attribute: Int) -> Int { domains[kind][attribute] }

  /// A value as text.
  func value(_ index: Int, _ kind: Int, _ attribute: Int) -> WorldBytes {
    guard let other = valueKinds[kind][attribute] else {
      return kinds[kind].attributes[attribute].words[index]
    }
    return name(WorldEntity(kind: other, member: index))
  }

  /// What is true of an entity: the index of the attribute's value.
  func fact(_ entity: WorldEntity, _ attribute: Int) -> Int {
    let bound = UInt64(domains[entity.kind][attribute])
    return Int(
      factStreams[entity.kind][attribute].integer(at: UInt64(entity.member), below: bound))
  }

  /// What is true of an entity, as text.
  func answer(_ entity: WorldEntity, _ attribute: Int) -> WorldBytes {
    value(fact(entity, attribute), entity.kind, attribute)
  }

  /// A value that is not true of the entity.
  func lie(_ entity: WorldEntity, _ attribute: Int, _ dice: inout WorldDice) -> WorldBytes {
    let count = domains[entity.kind][attribute]
    let other = (fact(entity, attribute) + dice.among(1...count - 1)) % count
    return value(other, entity.kind, attribute)
  }

  /// A fact's sentence in version 0…: each of five versions another phrasing.
  func statement(_ entity: WorldEntity, _ attribute: Int, version: Int) -> WorldTemplate {
    let statements = kinds[entity.kind].attributes[attribute].statements
    let first = phrasingStreams[entity.kind][attribute]
      .integer(at: UInt64(entity.member), below: UInt64(statements.count))
    return statements[(Int(first) + version) % statements.count]
  }

  /// Appends a fact's sentence, with a capital letter in front.
  func tell(
    _ entity: WorldEntity, _ attribute: Int, version: Int, name: WorldBytes,
    to text: inout WorldBytes
  ) {
    let start = text.count
    statement(entity, attribute, version: version)
      .write(name: name, value: answer(entity, attribute), to: &text)
    text.capitalize(at: start)
  }

  /// Entity `number` of all.
  func entity(_ number: Int) -> WorldEntity {
    var rest = number
    for (kind, count) in counts.enumerated() {
      if rest < count { return WorldEntity(kind: kind, member: rest) }
      rest -= count
    }
    preconditionFailure("no such entity")
  }

  /// Members of the half that exam sheets ask about.
  func asked(_ kind: Int) -> Int { counts[kind] / 2 }

  /// Member `rank` of the members in random order: the first `asked` of them are in exam sheets, the
  /// others in the test.
  func member(rank: Int, kind: Int) -> WorldEntity {
    let member = orderStreams[kind].permuted(UInt64(rank), of: UInt64(counts[kind]))
    return WorldEntity(kind: kind, member: Int(member))
  }

  /// A random entity of the half that is asked about in exam sheets, or of the other.
  func entity(asked isAsked: Bool, _ dice: inout WorldDice) -> WorldEntity {
    var kind = 0
    var rest = dice.below(sizes.entities)
    while rest >= counts[kind] {
      rest -= counts[kind]
      kind += 1
    }
    let rank =
      isAsked ? dice.below(asked(kind)) : asked(kind) + dice.below(counts[kind] - asked(kind))
    return member(rank: rank, kind: kind)
  }
}

/// A member of a kind.
struct WorldEntity: Hashable, Sendable {
  var kind: Int
  var member: Int
}

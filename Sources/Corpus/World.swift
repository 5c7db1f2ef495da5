import Numerics

/// A small, consistent, made-up world from a seed: people, places, works, species, elements and
/// events, each with facts that connect them. Every fact is told in several phrasings; for half of
/// the entities facts are also asked and answered in exam sheets, and the test asks about the other half.
/// So the test can be passed only by carrying what was read over to a form it was never asked in.
///
/// Every document and question is a function of (seed, its number), drawn from counter-based
/// random numbers, so any part can be made without the rest.
package struct World: Sendable {
  /// How many things there are, of all kinds.
  package let entities: Int
  /// In how many phrasings each fact is told: that many articles on every entity.
  package let phrasings: Int
  package let seed: UInt64
  let kinds: [WorldKind]
  /// Members of each kind.
  let counts: [Int]

  /// The fewest entities that leave every question four different choices.
  package static let smallest = 40
  /// People and places need each other.
  package static let fewestKinds = 2
  /// People, places, works, species, elements, events.
  package static let mostKinds = WorldKind.all.count
  /// Each fact has this many ways of being said.
  package static let mostPhrasings = 5

  package init(
    entities: Int, phrasings: Int, kinds: Int = World.mostKinds, seed: UInt64
  ) {
    precondition(entities >= World.smallest && (1...World.mostPhrasings).contains(phrasings))
    precondition((World.fewestKinds...World.mostKinds).contains(kinds))
    self.entities = entities
    self.phrasings = phrasings
    self.seed = seed
    self.kinds = Array(WorldKind.all.prefix(kinds))
    counts = World.counts(entities, self.kinds.map(\.share))
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

  /// A member's name.
  func name(_ member: Int, kind: Int) -> String {
    kinds[kind].names.name(member, of: counts[kind], stream("names of \(kinds[kind].name)"))
  }

  /// How many values an attribute can have.
  func domain(_ attribute: WorldAttribute) -> Int {
    switch attribute.values {
    case .words(let words): words.count
    case .members(let kind): counts[index(ofKind: kind)]
    }
  }

  /// A value as text.
  func value(_ index: Int, of attribute: WorldAttribute) -> String {
    switch attribute.values {
    case .words(let words): words[index]
    case .members(let kind): name(index, kind: self.index(ofKind: kind))
    }
  }

  private func index(ofKind name: String) -> Int { kinds.firstIndex { $0.name == name }! }

  /// What is true of a member: the index of the attribute's value.
  func fact(_ member: Int, kind: Int, attribute: Int) -> Int {
    let attribute = kinds[kind].attributes[attribute]
    let stream = stream("\(kinds[kind].name) \(attribute.name)")
    return Int(stream.integer(at: UInt64(member), below: UInt64(domain(attribute))))
  }

  /// Members of the half that exam sheets ask about.
  func asked(_ kind: Int) -> Int { counts[kind] / 2 }

  /// Member `rank` of the members in random order: the first `asked` of them are in exam sheets, the
  /// others in the test.
  func member(rank: Int, kind: Int) -> Int {
    let stream = stream("order of \(kinds[kind].name)")
    return Int(stream.permuted(UInt64(rank), of: UInt64(counts[kind])))
  }
}

/// A language beside English: sentences for the facts of people, places and works, and its words for their
/// values, in the order of the English ones.
struct WorldTongue: Sendable {
  /// ISO 639-1.
  let code: String
  /// In English.
  let name: String
  /// By kind and attribute.
  private let sentences: [String: [WorldTemplate]]
  private let words: [String: [WorldBytes]]

  /// From lines `kind.attribute: sentence / sentence = value, value, …`. Without values, names and
  /// the English words stand.
  init(code: String, name: String, _ table: String) {
    self.code = code
    self.name = name
    var sentences: [String: [WorldTemplate]] = [:]
    var words: [String: [WorldBytes]] = [:]
    for line in table.split(separator: "\n") {
      let sides = line.split(separator: " = ")
      let colon = sides[0].firstIndex(of: ":") ?? sides[0].endIndex
      let key = String(sides[0][..<colon])
      sentences[key] = sides[0][sides[0].index(colon, offsetBy: 2)...]
        .split(separator: " / ").map { WorldTemplate(String($0)) }
      if sides.count == 2 { words[key] = sides[1].split(separator: ", ").map { Array($0.utf8) } }
    }
    self.sentences = sentences
    self.words = words
  }

  private static func key(_ kind: WorldKind, _ attribute: Int) -> String {
    "\(kind.name).\(kind.attributes[attribute].name)"
  }

  /// The ways of saying a fact.
  func sentences(_ kind: WorldKind, _ attribute: Int) -> [WorldTemplate] {
    sentences[Self.key(kind, attribute)] ?? []
  }

  /// Its words for an attribute's values; nil when they are as in English.
  func words(_ kind: WorldKind, _ attribute: Int) -> [WorldBytes]? {
    words[Self.key(kind, attribute)]
  }
}

extension World {
  /// How many kinds other languages speak of.
  var spokenKinds: Int { min(3, kinds.count) }

  /// A random entity that other languages speak of.
  func spokenEntity(_ dice: inout WorldDice) -> WorldEntity {
    entity(dice.below(counts[..<spokenKinds].reduce(0, +)))
  }

  /// A fact in another language, in one of its two phrasings.
  func sentence(
    _ entity: WorldEntity, _ attribute: Int, _ tongue: WorldTongue, version: Int
  ) -> WorldBytes {
    let kind = kinds[entity.kind]
    let value =
      tongue.words(kind, attribute)?[fact(entity, attribute)] ?? answer(entity, attribute)
    let sentences = tongue.sentences(kind, attribute)
    return sentences[version % sentences.count].filled(name: name(entity), value: value)
  }

  /// All facts of an entity in another language; every third document gives the English beside it.
  func foreign(_ item: Int) -> WorldBytes {
    var dice = dice("languages", item)
    let tongue = WorldTongue.all[item % WorldTongue.all.count]
    let entity = spokenEntity(&dice)
    let isParallel = dice.chance(1, in: 3)
    let version = dice.below(2)
    var text: WorldBytes = []
    let name = name(entity)
    let order = dice.order(kinds[entity.kind].attributes.count)
    for attribute in order {
      if !text.isEmpty { text.append(isParallel ? 0x0A : 0x20) }
      if isParallel {
        text += "English: "
        tell(entity, attribute, version: 0, name: name, to: &text)
        text += " \(tongue.name): "
      }
      text += sentence(entity, attribute, tongue, version: version)
    }
    var metadata = WorldObject()
    metadata.add("english", plain(entity, order[0]))
    metadata.add("entity", name)
    metadata.add("language", tongue.code)
    metadata.add("parallel", isParallel)
    metadata.add("tongue", tongue.name)
    metadata.add("translation", sentence(entity, order[0], tongue, version: version))
    return WorldRecord.document(
      id: "languages-\(item)", source: "languages", metadata: metadata, text: text)
  }

  /// An English word's translation among others, for tests: `baker` and `panadero`.
  func wordPair(
    _ tongue: WorldTongue, _ dice: inout WorldDice
  ) -> (english: WorldBytes, right: Int, words: [WorldBytes]) {
    while true {
      let kind = kinds[dice.below(spokenKinds)]
      let attribute = dice.below(kind.attributes.count)
      guard let words = tongue.words(kind, attribute) else { continue }
      let right = dice.below(words.count)
      return (kind.attributes[attribute].words[right], right, words)
    }
  }
}

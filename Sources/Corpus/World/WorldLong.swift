/// A long text in which somebody hid some things, and what may be asked about them. Where things lie
/// is true in this text only, so that it can be known from the context alone.
struct WorldHiding {
  var context: WorldBytes
  var words: Int
  /// Who hid what where, in the order of the text, with the share of the text before it.
  var notes: [(note: Note, depth: Double)]

  struct Note {
    var person: String
    var thing: String
    var place: String

    var statement: String { "\(person) hid the \(thing) in the \(place)." }
    var question: String { "Where did \(person) hide the \(thing)?" }
  }

  static let people = [
    "Alma", "Bram", "Cora", "Dario", "Edda", "Falk", "Gita", "Hugo", "Iris", "Joren", "Kaja",
    "Lino",
    "Mira", "Nils", "Oda", "Pavel",
  ]
  static let things = [
    "violin", "flute", "drum", "harp", "piano", "trumpet", "cello", "guitar", "banjo", "horn",
  ]
  static let places = [
    "bridge", "tower", "lighthouse", "castle", "fountain", "market", "library", "windmill",
    "harbour", "cathedral",
  ]
}

extension World {
  /// About this many words of the world's facts, with notes at the given shares of the text.
  func hiding(words: Int, depths: [Double], _ dice: inout WorldDice) -> WorldHiding {
    let notes = self.notes(depths.count, &dice)
    var text: WorldBytes = []
    var count = 0
    var placed: [(WorldHiding.Note, Double)] = []
    let lengths = 6 * depths.count
    while true {
      while placed.count < notes.count,
        Double(count) >= depths[placed.count] * Double(max(0, words - lengths))
      {
        append(notes[placed.count].statement, to: &text)
        placed.append((notes[placed.count], Double(count)))
        count += 7
      }
      if count >= words { break }
      let entity = entity(dice.below(sizes.entities))
      let attribute = dice.below(kinds[entity.kind].attributes.count)
      var sentence: WorldBytes = []
      tell(entity, attribute, version: dice.below(5), name: name(entity), to: &sentence)
      append(sentence.text, to: &text)
      count += sentence.words.count
    }
    let total = Double(count)
    return WorldHiding(
      context: text, words: count, notes: placed.map { ($0.0, $0.1 / total) })
  }

  private func append(_ sentence: String, to text: inout WorldBytes) {
    if !text.isEmpty { text += " " }
    text += sentence
  }

  /// Notes on different things and people.
  private func notes(_ count: Int, _ dice: inout WorldDice) -> [WorldHiding.Note] {
    let pairs = dice.order(WorldHiding.people.count * WorldHiding.things.count).prefix(count)
    return pairs.map { pair in
      WorldHiding.Note(
        person: WorldHiding.people[pair % WorldHiding.people.count],
        thing: WorldHiding.things[pair / WorldHiding.people.count],
        place: dice.pick(WorldHiding.places))
    }
  }

  /// A long document: facts with notes among them, then questions on all notes. Lengths grow
  /// from an eighth of `longWords` to all of it.
  func long(_ item: Int) -> WorldBytes {
    var dice = dice("long", item)
    let words = max(40, sizes.longWords * (item % 8 + 1) / 8)
    let count = min(12, max(2, words / 40))
    let depths = (0..<count).map { Double($0) / Double(count) }
    let hiding = hiding(words: words, depths: depths, &dice)
    var text = hiding.context
    for index in dice.order(count) {
      let note = hiding.notes[index].note
      text += "\n\nQuestion: \(note.question)\nAnswer: \(note.statement)"
    }
    var metadata = WorldObject()
    metadata.add("depthsPercent", hiding.notes.map { Int($0.depth * 100) })
    metadata.add("words", hiding.words)
    return WorldRecord.document(id: "long-\(item)", source: "long", metadata: metadata, text: text)
  }

  /// The lengths, in words, and the depths, in per cent, that retrieval is tested at.
  private static let fractions = [8, 4, 2, 1]
  private static let percents = [0, 25, 50, 75, 100]

  /// Tests of retrieval in MMLU's layout: the subject names length and depth, `words-600-depth-25`.
  /// A question holds its whole context; the choices are sentences that differ in the place.
  package var retrieval: [(path: String, bytes: [UInt8])] {
    // Of a short longest length, the shortest fractions are one.
    Set(Self.fractions.map { max(40, sizes.longWords / $0) }).sorted().flatMap { words in
      Self.percents.map { percent in
        let subject = "words-\(words)-depth-\(percent)"
        return ("test/\(subject)_test.csv", retrieval(words: words, percent: percent))
      }
    }
  }

  private func retrieval(words: Int, percent: Int) -> WorldBytes {
    (0..<sizes.retrieval).reduce(into: []) { file, item in
      var dice = dice("retrieval \(words) \(percent)", item)
      file += retrievalQuestion(words: words, depth: Double(percent) / 100, &dice).row
    }
  }

  /// The note asked about, at its depth, among others that only distract.
  private func retrievalQuestion(
    words: Int, depth: Double, _ dice: inout WorldDice
  ) -> WorldQuestion {
    let others = [0.2, 0.4, 0.6, 0.8]
    let depths = (others + [depth]).sorted()
    let hiding = hiding(words: words, depths: depths, &dice)
    let note = hiding.notes[depths.firstIndex(of: depth) ?? 0].note
    let places = WorldHiding.places.filter { $0 != note.place }
    let wrong = dice.order(places.count).prefix(3).map { index in
      var other = note
      other.place = places[index]
      return Array(other.statement.utf8)
    }
    var text = hiding.context
    text += "\n\nQuestion: \(note.question)"
    return WorldQuestion(text, right: Array(note.statement.utf8), wrong: wrong, &dice)
  }
}

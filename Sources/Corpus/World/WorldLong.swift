/// A long text in which some things happened at a feast, and what may be asked about them. They are true in this text
/// only, so that they can be known from the context alone: the needles of "Needle in a Haystack" (Kamradt 2023).
struct WorldFeast {
  var context: WorldBytes
  var words: Int
  /// What happened, in the order of the text, with the share of the text before it.
  var events: [(event: Event, depth: Double)]

  /// One thing of a sort, the `value`-th that is possible.
  struct Event {
    var sort: Sort
    var value: Int

    var statement: String { "\(sort.beginning) \(sort.values[value])." }
    var question: String { sort.question }
    var words: Int { statement.split(separator: " ").count }
  }

  /// What may have been one way or another.
  struct Sort {
    var beginning: String
    var question: String
    var values: [String]

    init(_ beginning: String, _ question: String, _ values: String) {
      (self.beginning, self.question) = (beginning, question)
      self.values = values.split(separator: " ").map(String.init)
    }
  }

  static let sorts = [
    Sort(
      "The feast was held in the", "Where was the feast held?",
      "barn cellar attic stable orchard chapel kitchen courtyard"),
    Sort(
      "The feast began on a", "On what day did the feast begin?",
      "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    Sort(
      "The cook served", "What did the cook serve?",
      "soup pie roast stew pancakes dumplings porridge noodles"),
    Sort(
      "The host was given a", "What was the host given?",
      "scarf clock kettle saddle basket pillow mirror whistle"),
    Sort(
      "The lanterns were all", "What colour were the lanterns?",
      "red green blue yellow white black purple orange"),
    Sort(
      "Under the tables ran a", "What ran under the tables?",
      "goat goose cat dog pony parrot rabbit hen"),
    Sort(
      "The children played", "What did the children play?",
      "chess cards dice darts bowls draughts riddles charades"),
    Sort(
      "Outside there was", "What was there outside?",
      "rain snow hail fog frost sunshine thunder wind"),
  ]
}

extension World {
  /// About this many words of the world's facts, with events at the given shares of the text.
  func feast(words: Int, depths: [Double], _ dice: inout WorldDice) -> WorldFeast {
    let events = self.events(depths.count, &dice)
    var text: WorldBytes = []
    // Words of facts and of events so far, and before each event.
    var (facts, told) = (0, 0)
    var before: [Int] = []
    let wanted = max(0, words - events.reduce(0) { $0 + $1.words })
    while true {
      while before.count < events.count,
        Double(facts) >= depths[before.count] * Double(wanted)
      {
        let event = events[before.count]
        append(event.statement, to: &text)
        before.append(facts + told)
        told += event.words
      }
      if facts >= wanted { break }
      let entity = entity(dice.below(sizes.entities))
      let attribute = dice.below(kinds[entity.kind].attributes.count)
      var sentence: WorldBytes = []
      tell(entity, attribute, version: dice.below(5), name: name(entity), to: &sentence)
      append(sentence.text, to: &text)
      facts += sentence.words.count
    }
    let all = facts + told
    return WorldFeast(
      context: text, words: all,
      events: zip(events, before).map { ($0, Double($1) / Double(all)) })
  }

  private func append(_ sentence: String, to text: inout WorldBytes) {
    if !text.isEmpty { text += " " }
    text += sentence
  }

  /// Events of different sorts.
  private func events(_ count: Int, _ dice: inout WorldDice) -> [WorldFeast.Event] {
    dice.order(WorldFeast.sorts.count).prefix(count).map { index in
      let sort = WorldFeast.sorts[index]
      return WorldFeast.Event(sort: sort, value: dice.below(sort.values.count))
    }
  }

  /// A long document: facts with events among them, then questions on all events. Lengths grow
  /// from an eighth of `longWords` to all of it.
  func long(_ item: Int) -> WorldBytes {
    var dice = dice("long", item)
    let words = max(40, sizes.longWords * (item % 8 + 1) / 8)
    let count = min(WorldFeast.sorts.count, max(3, words / 15))
    let depths = (0..<count).map { Double($0) / Double(count) }
    let feast = feast(words: words, depths: depths, &dice)
    var text = feast.context
    for index in dice.order(count) {
      let event = feast.events[index].event
      text += "\n\nQuestion: \(event.question)\nAnswer: \(event.statement)"
    }
    var metadata = WorldObject()
    metadata.add("depthsPercent", feast.events.map { Int($0.depth * 100) })
    metadata.add("words", feast.words)
    return WorldRecord.document(id: "long-\(item)", source: "long", metadata: metadata, text: text)
  }

  /// The lengths, in words, and the depths, in per cent, that retrieval is tested at.
  private static let fractions = [8, 4, 2, 1]
  private static let percents = [0, 25, 50, 75, 100]

  /// Tests of retrieval in MMLU's layout: the subject names length and depth, `words-600-depth-25`.
  /// A question holds its whole context; the choices are sentences that differ in what they say of it.
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

  /// The event asked about, at its depth, among others that only distract.
  private func retrievalQuestion(
    words: Int, depth: Double, _ dice: inout WorldDice
  ) -> WorldQuestion {
    let others = [0.2, 0.4, 0.6, 0.8]
    let depths = (others + [depth]).sorted()
    let feast = feast(words: words, depths: depths, &dice)
    let event = feast.events[depths.firstIndex(of: depth) ?? 0].event
    let count = event.sort.values.count
    let wrong = dice.order(count - 1).prefix(3).map { step in
      var other = event
      other.value = (event.value + step + 1) % count
      return Array(other.statement.utf8)
    }
    var text = feast.context
    text += "\n\nQuestion: \(event.question)"
    return WorldQuestion(text, right: Array(event.statement.utf8), wrong: wrong, &dice)
  }
}

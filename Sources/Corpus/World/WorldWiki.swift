import Numerics

extension World {
  var wikiCount: Int { sizes.entities * sizes.phrasings }

  /// An encyclopaedia article: all facts of an entity, in an order and in phrasings of its own.
  func wiki(_ item: Int) -> WorldBytes {
    let entity = entity(item / sizes.phrasings)
    var dice = dice("articles", item)
    let name = name(entity)
    var text: WorldBytes = []
    dice.pick(Self.openings).write(name: name, to: &text)
    for attribute in dice.order(kinds[entity.kind].attributes.count) {
      text += " "
      tell(entity, attribute, version: item % sizes.phrasings, name: name, to: &text)
    }
    var metadata = WorldObject()
    metadata.add("entity", name)
    metadata.add("kind", kinds[entity.kind].name)
    return WorldRecord.document(id: "wiki-\(item)", source: "wiki", metadata: metadata, text: text)
  }

  private static let openings = ["About {name}.", "Notes on {name}.", "The facts on {name}."]
    .map(WorldTemplate.init)

  /// Questions on a full exam sheet.
  private static let sheetLength = 3

  /// Sheets of one kind; together they ask each fact of the asked half once.
  private func sheetCount(_ kind: Int) -> Int {
    let questions = asked(kind) * kinds[kind].attributes.count
    return (questions + Self.sheetLength - 1) / Self.sheetLength
  }

  var examCount: Int { kinds.indices.reduce(0) { $0 + sheetCount($1) } }

  /// Some questions of one subject with their answers, in the cloze form of the tests.
  func exam(_ item: Int) -> WorldBytes {
    var (kind, sheet) = (0, item)
    while sheet >= sheetCount(kind) {
      sheet -= sheetCount(kind)
      kind += 1
    }
    let total = asked(kind) * kinds[kind].attributes.count
    let order = stream("sheets on \(kinds[kind].name)")
    let subject = kinds[kind].subject
    var text: WorldBytes = []
    text += "The following are questions (with answers) about \(subject)."
    for number in sheet * Self.sheetLength..<min((sheet + 1) * Self.sheetLength, total) {
      let fact = Int(order.permuted(UInt64(number), of: UInt64(total)))
      let entity = member(rank: fact % asked(kind), kind: kind)
      text += "\n\nQuestion: "
      question(entity, fact / asked(kind), to: &text)
      text += "\nAnswer: "
      text += answer(entity, fact / asked(kind))
    }
    var metadata = WorldObject()
    metadata.add("subject", subject)
    return WorldRecord.document(
      id: "exam-\(item)", source: "exams", metadata: metadata, text: text)
  }

  /// Appends the question that exam sheets ask about a fact.
  func question(_ entity: WorldEntity, _ attribute: Int, to text: inout WorldBytes) {
    kinds[entity.kind].attributes[attribute].question.write(name: name(entity), to: &text)
  }
}

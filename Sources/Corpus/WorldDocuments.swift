import ContentStore
import Numerics

extension World {
  /// Questions on a full exam sheet.
  private static let sheetLength = 3

  private var articleCount: Int { entities * phrasings }

  /// Sheets of one kind; together they ask each fact of the asked half once.
  private func sheetCount(_ kind: Int) -> Int {
    let questions = asked(kind) * kinds[kind].attributes.count
    return (questions + Self.sheetLength - 1) / Self.sheetLength
  }

  /// How many documents there are.
  package var documentCount: Int {
    articleCount + kinds.indices.reduce(0) { $0 + sheetCount($1) }
  }

  /// Document `place` of the corpus, in random order.
  package func document(at place: Int) -> Document {
    let item = Int(
      stream("order of documents").permuted(UInt64(place), of: UInt64(documentCount)))
    return item < articleCount ? article(item) : examSheet(item - articleCount)
  }

  /// An article on an entity: all its facts, in an order and in phrasings of the article's own.
  private func article(_ item: Int) -> Document {
    let (kind, member) = place(entity: item / phrasings)
    let stream = stream("articles").substream(UInt64(item))
    let name = name(member, kind: kind)
    var text = ""
    Self.openings[Int(stream.integer(at: 0, below: UInt64(Self.openings.count)))]
      .write(name: name, to: &text)
    for attribute in stream.substream(0).permutation(kinds[kind].attributes.count) {
      text += " "
      statement(attribute, member, kind, version: item % phrasings)
        .write(name: name, value: value(member, kind, attribute), to: &text)
    }
    return Document(
      id: "article-\(item)", text: text, source: "encyclopedia",
      metadata: ["kind": .string(kinds[kind].name), "entity": .string(name)])
  }

  private static let openings = ["About {name}.", "Notes on {name}.", "The facts on {name}."]
    .map(WorldTemplate.init)

  private func place(entity: Int) -> (kind: Int, member: Int) {
    var rest = entity
    for (kind, count) in counts.enumerated() {
      if rest < count { return (kind, rest) }
      rest -= count
    }
    preconditionFailure("no such entity")
  }

  /// A fact's sentence in version 0… of its articles: each version another phrasing.
  private func statement(
    _ attribute: Int, _ member: Int, _ kind: Int, version: Int
  ) -> WorldTemplate {
    let statements = kinds[kind].attributes[attribute].statements
    let first = stream("phrasing \(kind) \(attribute)")
      .integer(at: UInt64(member), below: UInt64(statements.count))
    return statements[(Int(first) + version) % statements.count]
  }

  private func value(_ member: Int, _ kind: Int, _ attribute: Int) -> String {
    value(fact(member, kind: kind, attribute: attribute), of: kinds[kind].attributes[attribute])
  }

  /// Some questions of one subject with their answers, in the cloze form of the tests.
  private func examSheet(_ item: Int) -> Document {
    var (kind, sheet) = (0, item)
    while sheet >= sheetCount(kind) {
      sheet -= sheetCount(kind)
      kind += 1
    }
    let total = asked(kind) * kinds[kind].attributes.count
    let order = stream("sheets on \(kinds[kind].name)")
    let numbers = sheet * Self.sheetLength..<min((sheet + 1) * Self.sheetLength, total)
    let questions = numbers.map { number in
      let fact = Int(order.permuted(UInt64(number), of: UInt64(total)))
      return answered(rank: fact % asked(kind), kind, attribute: fact / asked(kind))
    }
    let subject = kinds[kind].subject
    return Document(
      id: "exam-\(item)",
      text: "The following are questions (with answers) about \(subject).\n\n"
        + questions.joined(separator: "\n\n"),
      source: "exams", metadata: ["subject": .string(subject)])
  }

  private func answered(rank: Int, _ kind: Int, attribute: Int) -> String {
    let member = member(rank: rank, kind: kind)
    var text = "Question: "
    kinds[kind].attributes[attribute].question
      .write(name: name(member, kind: kind), to: &text)
    return text + "\nAnswer: " + value(member, kind, attribute)
  }
}

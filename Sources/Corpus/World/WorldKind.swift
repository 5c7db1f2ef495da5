import Numerics

/// One sort of thing in the synthetic world: what its members are called, what is known of them, and
/// the school subject that asks about them.
struct WorldKind: Sendable {
  var name: String
  /// One of them: `town`.
  var noun: String
  /// The subject of its test: `SUBJECT_test.csv`.
  var subject: String
  /// Its part of all entities.
  var share: Int
  var names: WorldNames
  var attributes: [WorldAttribute]
}

/// Something known of every member of a kind.
struct WorldAttribute: Sendable {
  enum Values: Sendable {
    case words([String])
    /// Members of another kind, so that facts connect.
    case members(of: String)
  }

  var name: String
  var values: Values
  /// The values' texts, when they are words.
  var words: [WorldBytes]
  /// Ways of saying it, with `{name}` and `{value}`.
  var statements: [WorldTemplate]
  /// Its question, with `{name}`.
  var question: WorldTemplate
  /// Its question in words that no document uses.
  var heldOutQuestion: WorldTemplate

  init(
    _ name: String, _ values: Values, ask question: String, again heldOut: String,
    say statements: [String]
  ) {
    self.name = name
    self.values = values
    if case .words(let list) = values { words = list.map { Array($0.utf8) } } else { words = [] }
    self.question = WorldTemplate(question)
    heldOutQuestion = WorldTemplate(heldOut)
    self.statements = statements.map(WorldTemplate.init)
  }
}

/// Made-up names: a given name (for people), then a word of syllables. No list holds a word that
/// begins another of its words, so different choices give different names.
struct WorldNames: Sendable {
  /// `"Alma "`, or one empty text.
  private let given: [WorldBytes]
  private let beginnings: [WorldBytes]
  private let endings: [WorldBytes]
  /// `"'s Revolt"`, or empty.
  private let closing: WorldBytes

  init(
    given: [String] = [""], beginnings: [String], endings: [String], closing: String = ""
  ) {
    self.given = given.map { Array($0.utf8) }
    self.beginnings = beginnings.map { Array($0.utf8) }
    self.endings = endings.map { Array($0.utf8) }
    self.closing = Array(closing.utf8)
  }

  /// Between beginning and ending, as many as a large world needs.
  private static let middles: [WorldBytes] = [
    "ab", "ek", "il", "om", "un", "av", "er", "is", "ol", "us", "ad", "en", "ig", "or", "ut", "az",
  ].map { Array($0.utf8) }

  /// The name of member `index` of `count`.
  func name(_ index: Int, of count: Int, _ stream: RandomStream) -> WorldBytes {
    var capacity = given.count * beginnings.count * endings.count
    var length = 0
    // Half the names stay unused, so that what a name is like says nothing about its neighbours.
    while capacity < 2 * count {
      capacity *= Self.middles.count
      length += 1
    }
    var rest = Int(stream.permuted(UInt64(index), of: UInt64(capacity)))
    var name: WorldBytes = []
    func take(_ list: [WorldBytes]) {
      name += list[rest % list.count]
      rest /= list.count
    }
    take(given)
    take(beginnings)
    for _ in 0..<length { take(Self.middles) }
    take(endings)
    return name + closing
  }
}

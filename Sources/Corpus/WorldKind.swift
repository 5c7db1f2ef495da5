import Numerics

/// One sort of thing in the synthetic world: what its members are called, what is known of them, and
/// the school subject that asks about them.
struct WorldKind: Sendable {
  var name: String
  /// The subject of its test: `SUBJECT_test.csv`.
  var subject: String
  /// Its part of all entities, in twentieths.
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
  /// Ways of saying it, with `{name}` and `{value}`.
  var statements: [WorldTemplate]
  /// Its question, with `{name}`.
  var question: WorldTemplate

  init(_ name: String, _ values: Values, ask question: String, say statements: [String]) {
    self.name = name
    self.values = values
    self.question = WorldTemplate(question)
    self.statements = statements.map(WorldTemplate.init)
  }
}

/// A sentence with gaps.
struct WorldTemplate: Sendable {
  private enum Piece: Sendable {
    case text(String)
    case name, value
  }

  private let pieces: [Piece]

  /// From a text with `{name}` and `{value}`.
  init(_ text: String) {
    var pieces: [Piece] = []
    for (index, part) in text.split(separator: "{", omittingEmptySubsequences: false).enumerated() {
      guard index > 0, let end = part.firstIndex(of: "}") else {
        pieces.append(.text(String(part)))
        continue
      }
      pieces.append(part[..<end] == "name" ? .name : .value)
      pieces.append(.text(String(part[part.index(after: end)...])))
    }
    self.pieces = pieces
  }

  /// Appends the sentence with its gaps filled.
  func write(name: String, value: String = "", to text: inout String) {
    for piece in pieces {
      switch piece {
      case .text(let part): text += part
      case .name: text += name
      case .value: text += value
      }
    }
  }
}

/// Made-up names: a given name (for people), then a word of syllables. No list holds a word that
/// begins another of its words, so different choices give different names.
struct WorldNames: Sendable {
  /// `"Alma "`, or one empty text.
  var given: [String]
  var beginnings: [String]
  var endings: [String]
  /// `"'s Revolt"`, or empty.
  var closing: String

  init(
    given: [String] = [""], beginnings: [String], endings: [String], closing: String = ""
  ) {
    self.given = given
    self.beginnings = beginnings
    self.endings = endings
    self.closing = closing
  }

  /// Between beginning and ending, as many as a large world needs.
  private static let middles = [
    "ab", "ek", "il", "om", "un", "av", "er", "is", "ol", "us", "ad", "en", "ig", "or", "ut", "az",
  ]

  /// The name of member `index` of `count`.
  func name(_ index: Int, of count: Int, _ stream: RandomStream) -> String {
    var capacity = given.count * beginnings.count * endings.count
    var length = 0
    // Half the names stay unused, so that what a name is like says nothing about its neighbours.
    while capacity < 2 * count {
      capacity *= Self.middles.count
      length += 1
    }
    var rest = Int(stream.permuted(UInt64(index), of: UInt64(capacity)))
    func take(_ list: [String]) -> String {
      defer { rest /= list.count }
      return list[rest % list.count]
    }
    var name = take(given) + take(beginnings)
    for _ in 0..<length { name += take(Self.middles) }
    return name + take(endings) + closing
  }
}

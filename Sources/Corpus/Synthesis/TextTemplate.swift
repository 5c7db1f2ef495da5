/// A text with places to fill: `Question: {question}`. `{{` and `}}` stand for braces.
package struct TextTemplate: Hashable, Sendable {
  private enum Piece: Hashable, Sendable {
    case text(String)
    case place(String)
  }

  private var pieces: [Piece] = []
  package let source: String

  package init(_ source: String) throws(CorpusError) {
    self.source = source
    var rest = Substring(source)
    var text = ""
    while let index = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
      text += rest[..<index]
      let brace = rest[index]
      rest = rest[rest.index(after: index)...]
      if rest.first == brace {
        text.append(brace)
        rest.removeFirst()
        continue
      }
      guard brace == "{", let end = rest.firstIndex(of: "}") else {
        throw CorpusError(
          "a \"\(brace)\" has no partner; write \(brace)\(brace) for the character itself")
      }
      if !text.isEmpty { pieces.append(.text(text)) }
      pieces.append(.place(String(rest[..<end])))
      text = ""
      rest = rest[rest.index(after: end)...]
    }
    text += rest
    if !text.isEmpty { pieces.append(.text(text)) }
  }

  /// The names of the places, in order, each once.
  package var places: [String] {
    var names: [String] = []
    for case .place(let name) in pieces where !names.contains(name) { names.append(name) }
    return names
  }

  /// The text with every place filled; nil when a place has no value.
  package func filled(_ value: (String) -> String?) -> String? {
    var result = ""
    for piece in pieces {
      switch piece {
      case .text(let text): result += text
      case .place(let name):
        guard let value = value(name) else { return nil }
        result += value
      }
    }
    return result
  }
}

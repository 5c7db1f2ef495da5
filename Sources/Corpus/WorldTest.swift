import Numerics

/// A part of a test, as files of MMLU's layout name it.
package enum WorldSplit: String, CaseIterable, Sendable {
  case dev, val, test
}

extension World {
  /// The tests' subjects, sorted.
  package var subjects: [String] { kinds.map(\.subject).sorted() }

  /// One file of the test in MMLU's layout: rows `question,A,B,C,D,answer`. `dev` asks a fact of each
  /// sort about the half that exam sheets ask about; `val` (a fifth) and `test` ask all about the other.
  package func test(_ subject: String, _ split: WorldSplit) -> [UInt8] {
    guard let kind = kinds.firstIndex(where: { $0.subject == subject }) else { return [] }
    var text = ""
    for number in numbers(kind, split) { text += row(number, kind) }
    return Array(text.utf8)
  }

  /// Which of a kind's facts a split asks: fact = attribute · members + rank.
  private func numbers(_ kind: Int, _ split: WorldSplit) -> [Int] {
    let (members, attributes) = (counts[kind], kinds[kind].attributes.count)
    if split == .dev {
      return (0..<attributes).map { $0 * members + $0 % asked(kind) }
    }
    let unasked = members - asked(kind)
    let total = unasked * attributes
    let order = stream("test on \(kinds[kind].name)")
    let range = split == .val ? 0..<total / 5 : total / 5..<total
    return range.map { place in
      let number = Int(order.permuted(UInt64(place), of: UInt64(total)))
      return number / unasked * members + asked(kind) + number % unasked
    }
  }

  private func row(_ number: Int, _ kind: Int) -> String {
    let (attributeIndex, rank) = number.quotientAndRemainder(dividingBy: counts[kind])
    let member = member(rank: rank, kind: kind)
    let attribute = kinds[kind].attributes[attributeIndex]
    let right = fact(member, kind: kind, attribute: attributeIndex)
    let stream = stream("choices on \(kinds[kind].name)").substream(UInt64(number))
    let place = Int(stream.integer(at: 0, below: 4))
    var choices = wrong(right, of: domain(attribute), stream)
    choices.insert(right, at: place)
    var question = ""
    attribute.question.write(name: name(member, kind: kind), to: &question)
    let fields =
      [question] + choices.map { value($0, of: attribute) } + [["A", "B", "C", "D"][place]]
    return CSV.record(fields)
  }

  /// Three values, all different and none of them right.
  private func wrong(_ right: Int, of count: Int, _ stream: RandomStream) -> [Int] {
    var found: [Int] = []
    var number: UInt64 = 0
    while found.count < 3 {
      let value = Int(stream.permuted(number, of: UInt64(count)))
      if value != right { found.append(value) }
      number += 1
    }
    return found
  }
}

extension CSV {
  /// One record with its line break, fields in quotes where RFC 4180 needs them.
  package static func record(_ fields: [String]) -> String {
    fields.map { field in
      let needsQuotes = field.utf8.contains { byte in
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\n")
          || byte == UInt8(ascii: "\r")
      }
      guard needsQuotes else { return field }
      let doubled = field.split(separator: "\"", omittingEmptySubsequences: false)
        .joined(separator: "\"\"")
      return "\"\(doubled)\""
    }.joined(separator: ",") + "\n"
  }
}

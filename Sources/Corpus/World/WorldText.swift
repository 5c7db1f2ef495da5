import Numerics

/// Numbers drawn one after the other from a stream that is indexed by position.
struct WorldDice {
  private let stream: RandomStream
  private var position: UInt64 = 0

  init(_ stream: RandomStream) { self.stream = stream }

  /// In 0..<bound.
  mutating func below(_ bound: Int) -> Int {
    defer { position += 1 }
    return Int(stream.integer(at: position, below: UInt64(bound)))
  }

  mutating func among(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + below(range.count)
  }

  /// True `part` times in `whole`.
  mutating func chance(_ part: Int, in whole: Int) -> Bool { below(whole) < part }

  mutating func pick<Element>(_ list: [Element]) -> Element { list[below(list.count)] }

  /// The numbers 0..<count in random order.
  mutating func order(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    var last = count - 1
    while last > 0 {
      order.swapAt(last, below(last + 1))
      last -= 1
    }
    return order
  }
}

/// Text as UTF-8. The world is written as bytes, because Swift's `String` is too slow for gigabytes.
typealias WorldBytes = [UInt8]

extension [UInt8] {
  static func += (bytes: inout [UInt8], text: String) { bytes.append(contentsOf: text.utf8) }

  mutating func append(number: Int) { append(contentsOf: String(number).utf8) }

  /// Makes the ASCII letter at an index a capital.
  mutating func capitalize(at index: Int) {
    guard index < count, (0x61...0x7A).contains(self[index]) else { return }
    self[index] -= 0x20
  }

  var text: String { String(decoding: self, as: UTF8.self) }

  /// ASCII letters as capitals; other letters stay.
  var shouted: [UInt8] { map { (0x61...0x7A).contains($0) ? $0 - 0x20 : $0 } }

  /// What lies between single spaces.
  var words: [ArraySlice<UInt8>] { split(separator: UInt8(ascii: " ")) }
}

/// A sentence with gaps.
struct WorldTemplate: Sendable {
  private enum Piece: Sendable {
    case text(WorldBytes)
    case name, value
  }

  private let pieces: [Piece]

  /// From a text with `{name}` and `{value}`.
  init(_ text: String) {
    var pieces: [Piece] = []
    for (index, part) in text.split(separator: "{", omittingEmptySubsequences: false).enumerated() {
      guard index > 0, let end = part.firstIndex(of: "}") else {
        pieces.append(.text(Array(part.utf8)))
        continue
      }
      pieces.append(part[..<end] == "name" ? .name : .value)
      pieces.append(.text(Array(part[part.index(after: end)...].utf8)))
    }
    self.pieces = pieces
  }

  /// Appends the sentence with its gaps filled.
  func write(name: WorldBytes, value: WorldBytes = [], to text: inout WorldBytes) {
    for piece in pieces {
      switch piece {
      case .text(let part): text += part
      case .name: text += name
      case .value: text += value
      }
    }
  }

  func filled(name: WorldBytes, value: WorldBytes = []) -> WorldBytes {
    var text: WorldBytes = []
    write(name: name, value: value, to: &text)
    return text
  }

  /// What fills the gap in a text, when that is this sentence with its one gap filled.
  func gap(in text: String) -> Substring? {
    guard pieces.count == 3, case .text(let before) = pieces[0], case .text(let after) = pieces[2]
    else { return nil }
    let (prefix, suffix) = (before.text, after.text)
    guard text.utf8.count > before.count + after.count, text.hasPrefix(prefix),
      text.hasSuffix(suffix)
    else { return nil }
    return text.dropFirst(prefix.count).dropLast(suffix.count)
  }
}

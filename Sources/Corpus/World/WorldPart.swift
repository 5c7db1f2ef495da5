package import Numerics

/// A file of lines that a world gives.
package enum WorldPart: String, CaseIterable, Sendable {
  case documents, web, wiki, exams, books, code, math, languages, long
  case instructions
  case instructionsTest = "instructions-test"
  case preferences
  case preferencesTest = "preferences-test"
  case prompts
  case promptsTest = "prompts-test"
}

extension World {
  /// How many lines a part has.
  package func count(_ part: WorldPart) -> Int {
    switch part {
    case .documents: Self.union.reduce(0) { $0 + count($1) }
    case .web: sizes.entities * sizes.pages
    case .wiki: wikiCount
    case .exams: examCount
    case .books: sizes.books
    case .code: sizes.code
    case .math: sizes.math
    case .languages: sizes.languages
    case .long: sizes.long
    case .instructions: sizes.instructions
    case .instructionsTest: heldOut(sizes.instructions)
    case .preferences: sizes.preferences
    case .preferencesTest: heldOut(sizes.preferences)
    case .prompts: sizes.prompts
    case .promptsTest: heldOut(sizes.prompts)
    }
  }

  /// A fifth, rounded up.
  private func heldOut(_ count: Int) -> Int { (count + 4) / 5 }

  /// What `documents` joins, in random order: the texts that a careful editor would keep.
  private static let union: [WorldPart] = [.wiki, .exams, .code, .math, .languages]

  /// Line `place` of a part, line feed included: canonical JSON (RFC 8785).
  package func line(_ part: WorldPart, at place: Int) -> [UInt8] {
    switch part {
    case .documents: united(place)
    case .web: web(place)
    case .wiki: wiki(shuffled(place, part))
    case .exams: exam(shuffled(place, part))
    case .books: book(place)
    case .code: code(place)
    case .math: math(place)
    case .languages: foreign(place)
    case .long: long(place)
    case .instructions: instruction(place, isHeldOut: false)
    case .instructionsTest: instruction(place, isHeldOut: true)
    case .preferences: preference(place, isHeldOut: false)
    case .preferencesTest: preference(place, isHeldOut: true)
    case .prompts: prompt(place, isHeldOut: false)
    case .promptsTest: prompt(place, isHeldOut: true)
    }
  }

  private func shuffled(_ place: Int, _ part: WorldPart) -> Int {
    Int(stream("order of \(part.rawValue)").permuted(UInt64(place), of: UInt64(count(part))))
  }

  private func united(_ place: Int) -> WorldBytes {
    var rest = shuffled(place, .documents)
    for part in Self.union {
      if rest < count(part) { return line(part, at: rest) }
      rest -= count(part)
    }
    preconditionFailure("no such document")
  }

  /// Some lines of a part, one after the other. Threads share the work; the bytes are the same.
  package func lines(_ part: WorldPart, _ range: Range<Int>, on compute: Compute) -> [[UInt8]] {
    let chunk = 16
    let chunks = (range.count + chunk - 1) / chunk
    var parts = [[UInt8]](repeating: [], count: chunks)
    parts.withUnsafeMutableBufferPointer { parts in
      nonisolated(unsafe) let parts = parts
      compute.split(chunks) { indices in
        for index in indices {
          let start = range.lowerBound + index * chunk
          var lines: [UInt8] = []
          for place in start..<min(start + chunk, range.upperBound) {
            lines += line(part, at: place)
          }
          parts[index] = lines
        }
      }
    }
    return parts
  }
}

/// "Did you mean": the candidate nearest to a misspelt word, if any is near enough.
package func suggestion(for word: String, among candidates: some Sequence<String>) -> String? {
  let limit = max(1, word.count / 3)
  let scored = candidates.map { (distance: editDistance(word.lowercased(), $0.lowercased()), $0) }
  return scored.filter { $0.distance <= limit }
    .min { ($0.distance, $0.1) < ($1.distance, $1.1) }?.1
}

/// ` (did you mean "x"?)`, or nothing.
package func didYouMean(_ word: String, among candidates: some Sequence<String>) -> String {
  suggestion(for: word, among: candidates).map { " (did you mean \"\($0)\"?)" } ?? ""
}

/// Damerau–Levenshtein distance with adjacent swaps (optimal string alignment), in characters.
package func editDistance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a), Array(b))
  if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
  var older: [Int] = []
  var previous = Array(0...b.count)
  for i in 1...a.count {
    var row = [i] + Array(repeating: 0, count: b.count)
    for j in 1...b.count {
      let change = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
      row[j] = min(previous[j] + 1, row[j - 1] + 1, change)
      if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
        row[j] = min(row[j], older[j - 2] + 1)
      }
    }
    (older, previous) = (previous, row)
  }
  return previous[b.count]
}

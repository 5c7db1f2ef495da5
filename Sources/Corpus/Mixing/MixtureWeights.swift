package import ContentStore
import Numerics

/// How much of a corpus each group of documents is to be: the artifact `weights`, a JSON object
/// `{"weights": {"math": 0.25, …}}` with whatever else its maker says.
package struct MixtureWeights: Hashable, Sendable {
  /// By group; not negative, and not all 0. They need not add up to 1.
  package private(set) var values: [String: Double]
  /// Which weights were moved from a search's base, and by what share of themselves.
  package private(set) var shift: [String: Double] = [:]

  package init(
    _ values: [String: Double], shift: [String: Double] = [:]
  ) throws(CorpusError) {
    self.shift = shift
    for (group, weight) in values.sorted(by: { $0.key < $1.key }) {
      guard weight >= 0, weight.isFinite else {
        throw CorpusError("the weight of \"\(group)\" is \(weight); it must be 0 or more")
      }
    }
    guard values.values.contains(where: { $0 > 0 }) else {
      throw CorpusError("no weight is above 0")
    }
    self.values = values
  }

  package init(file bytes: [UInt8]) throws(CorpusError) {
    let json: JSON
    do throws(JSONError) { json = try JSON(parsing: bytes) } catch {
      throw CorpusError("the weights are not JSON: \(error)")
    }
    guard let members = json["weights"]?.objectValue else {
      throw CorpusError("the weights' file has no object \"weights\"")
    }
    try self.init(
      Self.numbers(members), shift: Self.numbers(json["shift"]?.objectValue ?? [:]))
  }

  private static func numbers(_ members: [String: JSON]) throws(CorpusError) -> [String: Double] {
    var result: [String: Double] = [:]
    for (name, value) in members {
      guard let number = value.doubleValue else {
        throw CorpusError("the weight of \"\(name)\" is no number")
      }
      result[name] = number
    }
    return result
  }

  package var groups: [String] { values.keys.sorted() }

  /// The weights as shares that add up to 1.
  package var shares: [String: Double] {
    let sum = groups.reduce(0) { $0 + (values[$1] ?? 0) }
    return values.mapValues { $0 / sum }
  }

  package var json: JSON {
    var members: [String: JSON] = ["weights": .object(shares.mapValues(JSON.number))]
    if !shift.isEmpty { members["shift"] = .object(shift.mapValues(JSON.number)) }
    return .object(members)
  }

  /// Every named weight grown by a share of itself: 0.1 makes it a tenth larger before all are made to
  /// add up to 1 again.
  package func shifted(by shift: [String: Double]) throws(CorpusError) -> MixtureWeights {
    var values = shares
    for (group, change) in shift.sorted(by: { $0.key < $1.key }) {
      guard let weight = values[group] else {
        throw CorpusError(
          "\"\(group)\" has no weight to shift" + didYouMean(group, among: groups))
      }
      values[group] = weight * (1 + change)
    }
    return try MixtureWeights(values, shift: shift)
  }

  /// From how much there is of each group: amountᵖ, none more than `most` of the whole. A power below 1
  /// favours rare groups; `most` samples down what is over-represented, as Llama 3's knowledge
  /// classifier is used (§3.1.2).
  package init(
    amounts: [String: Double], power: Double, most: Double
  ) throws(CorpusError) {
    try self.init(amounts.mapValues { $0 > 0 ? Elementary.pow($0, power) : 0 })
    try self.init(capped(at: most))
  }

  /// Shares of which none is above `most`; what is cut off goes to the others in proportion.
  private func capped(at most: Double) throws(CorpusError) -> [String: Double] {
    var shares = shares
    let present = groups.filter { (shares[$0] ?? 0) > 0 }
    guard most * Double(present.count) >= 1 else {
      throw CorpusError(
        "\(present.count) groups cannot make up a whole of which none has more than \(most)")
    }
    var full: Set<String> = []
    while let over = present.first(where: { !full.contains($0) && shares[$0]! > most }) {
      full.insert(over)
      let free = present.filter { !full.contains($0) }
      let sum = free.reduce(0) { $0 + shares[$1]! }
      let left = 1 - most * Double(full.count)
      for group in full { shares[group] = most }
      for group in free { shares[group] = shares[group]! / sum * left }
    }
    return shares
  }
}

import ContentStore

// What the paper says: claims and published figures.
extension ExperimentReader {
  /// What claims and published figures may name.
  static func stageNames(
    _ reader: NodeReader, _ stages: [StageUse]
  ) throws(ExperimentError) -> StageNames {
    var rounds: [String: Int] = [:]
    for member in try reader.map("loops")?.members ?? [] {
      rounds[member.key] = member.value["count"]?.json.intValue
    }
    return StageNames(names: stages.map(\.name), rounds: rounds)
  }

  static func claims(
    _ reader: NodeReader, _ stages: StageNames
  ) throws(ExperimentError) -> [Claim] {
    guard let node = reader.node["claims"] else { return [] }
    guard let elements = node.elements else { throw reader.mismatch("claims", "a list") }
    var claims: [Claim] = []
    for (index, element) in elements.enumerated() {
      let claim = try NodeReader(element, path: "claims[\(index)]", allowed: claimKeys)
      let id = try claim.requiredString("id", "a short name")
      guard !claims.contains(where: { $0.id == id }) else {
        throw claim.error("id", "\"\(id)\" is the id of an earlier claim too")
      }
      let check = try claim.requiredString("check", "the expression that must hold")
      claims.append(
        Claim(
          id: id, source: try claim.requiredString("source", "the paper's section or table"),
          check: check, expression: try expression(check, claim, stages),
          note: try claim.string("note") ?? ""))
    }
    return claims
  }

  private static func expression(
    _ check: String, _ claim: NodeReader, _ stages: StageNames
  ) throws(ExperimentError) -> ClaimExpression {
    do {
      let expression = try ClaimExpression(parsing: check)
      return try expression.mapQuantities { (quantity) throws(ClaimError) in
        var quantity = quantity
        guard let stage = stages.resolve(quantity.stage) else {
          throw ClaimError(
            column: column(of: quantity.stage, in: check), message: stages.unknown(quantity.stage))
        }
        quantity.stage = stage
        return quantity
      }
    } catch {
      throw claim.error("check", error.description)
    }
  }

  private static func column(of word: String, in text: String) -> Int {
    let (all, part) = (Array(text), Array(word))
    let place = (0...max(0, all.count - part.count)).first { all[$0...].starts(with: part) }
    return (place ?? 0) + 1
  }

  static func reported(
    _ reader: NodeReader, _ stages: StageNames
  ) throws(ExperimentError) -> Reported {
    guard let reported = try reader.map("reported") else { return Reported() }
    return try Reported(reported.node, path: reported.path, stages: stages)
  }
}

import ContentStore

// What the paper says: claims and published figures.
extension ExperimentReader {
  static func claims(_ reader: NodeReader) throws(ExperimentError) -> [Claim] {
    guard let node = reader.node["claims"] else { return [] }
    guard let elements = node.elements else { throw reader.mismatch("claims", "a list") }
    var claims: [Claim] = []
    for (index, element) in elements.enumerated() {
      let claim = try NodeReader(element, path: "claims[\(index)]", allowed: claimKeys)
      let id = try claim.requiredString("id", "a short name")
      guard !claims.contains(where: { $0.id == id }) else {
        throw claim.error("id", "\"\(id)\" is the id of an earlier claim too")
      }
      claims.append(
        Claim(
          id: id, source: try claim.requiredString("source", "the paper's section or table"),
          check: try claim.requiredString("check", "the expression that must hold"),
          note: try claim.string("note") ?? ""))
    }
    return claims
  }

  static func reported(_ reader: NodeReader) throws(ExperimentError) -> JSON {
    guard let reported = try reader.map("reported") else { return [:] }
    for member in reported.members {
      _ = try NodeReader(member.value, path: reported.at(member.key), allowed: nil)
    }
    return reported.node.json
  }
}

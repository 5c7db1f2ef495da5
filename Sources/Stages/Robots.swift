import ContentStore
import Corpus
package import Pipeline

/// Removes documents that their host's robots.txt, or their licence, does not allow.
package enum Robots: Stage {
  package struct Parameters: StageParameters {
    let agent: String
    let urlField: String
    let licenceField: String
    let allowed: Set<String>
    let denied: Set<String>
    let dropsWithoutLicence: Bool
    let truth: CorpusTruth

    package init(from reader: inout ParameterReader) throws(ParameterError) {
      try reader.files(
        "robots", optional: true,
        "robots.txt files, each named by its host: example.org/robots.txt, or example.org.txt.")
      agent = try reader.string(
        "agent", default: "Applebot", "The crawler's product token, as robots.txt files name it.")
      urlField = try reader.string(
        "urlField", default: "url",
        "The member of the metadata, or of what import kept (fields), with the document's address.")
      licenceField = try reader.string(
        "licenceField", default: "license",
        "The member of the metadata, or of what import kept (fields), with the licence.")
      allowed = Set(
        try reader.strings(
          "licences", default: [], "Licences that stay; none for all. Case does not count."
        )
        .map { $0.lowercased() })
      denied = Set(
        try reader.strings("deniedLicences", default: [], "Licences that go, whatever else.")
          .map { $0.lowercased() })
      dropsWithoutLicence = try reader.boolean(
        "dropUnlicensed", default: false, "Whether documents that name no licence go.")
      truth = try CorpusTruth(from: &reader)
    }
  }

  package static let op = "robots"
  package static let revision = 2
  package static let summary =
    "Remove documents that robots.txt (RFC 9309) or their licence forbids."

  package static func ports(_ parameters: Parameters?) -> Ports {
    Ports(
      inputs: [
        Port("documents", .documents, "Documents with an address."),
        Port("robots", .files, "robots.txt files by host.", optional: true),
      ], outputs: CorpusPorts.outputs)
  }

  package static func run(_ parameters: Parameters, in context: any StageContext) throws {
    let hosts = try hosts(in: context)
    let output = try CorpusOutput(op, context)
    var (documents, addresses) = (0, 0)
    try context.forEachDocument(
      "documents", "",
      { document in
        try CorpusOutcome(
          document, kept: [document], removal: removal(of: document, parameters, hosts),
          isBad: parameters.truth.isBad(document))
      },
      consume: { document, outcome in
        documents += 1
        if document.metadata.memberOrField(at: parameters.urlField)?.stringValue != nil {
          addresses += 1
        }
        try output.add(outcome)
      })
    if documents > 0, addresses == 0, !hosts.isEmpty {
      context.log(
        "warning: no document has the member \(parameters.urlField), so robots.txt forbids none; set urlField"
      )
    }
    try output.finish()
  }

  /// The files by host.
  private static func hosts(in context: any StageContext) throws -> [String: RobotsFile] {
    guard let input = context.inputs("robots").first else { return [:] }
    var hosts: [String: RobotsFile] = [:]
    for path in try input.tree().entries.keys.sorted() {
      let parts = path.split(separator: "/").map(String.init)
      let isNamed = parts.last == "robots.txt" && parts.count > 1
      if !isNamed, parts.last == "robots.txt" {
        throw StageError(
          "a robots.txt lies in no folder that names its host; give the folder above it, so that it is "
            + "example.org/robots.txt, or call it example.org.txt")
      }
      var host = (isNamed ? parts[parts.count - 2] : parts[parts.count - 1]).lowercased()
      if !isNamed, host.hasSuffix(".txt") { host.removeLast(4) }
      hosts[host] = RobotsFile(try input.read(path: path))
    }
    return hosts
  }

  private static func removal(
    of document: Document, _ parameters: Parameters, _ hosts: [String: RobotsFile]
  ) -> Removal? {
    if let url = document.metadata.memberOrField(at: parameters.urlField)?.stringValue,
      let address = PageAddress(url),
      let file = hosts[address.authority] ?? hosts[address.host],
      !file.allows(address.path, agent: parameters.agent)
    {
      return Removal(rule: "robots", reason: "disallowed")
    }
    let licence = document.metadata.memberOrField(at: parameters.licenceField)?.stringValue?
      .lowercased()
    guard let licence else {
      return parameters.dropsWithoutLicence ? Removal(rule: "licence", reason: "none named") : nil
    }
    let isDenied =
      parameters.denied.contains(licence)
      || !parameters.allowed.isEmpty && !parameters.allowed.contains(licence)
    return isDenied ? Removal(rule: "licence", reason: licence) : nil
  }
}

/// The parts of a web address (RFC 3986) that dedup and robots.txt look at.
package struct PageAddress: Hashable, Sendable {
  package let scheme: String
  /// Host and port, in lower case, without user and default port.
  package let authority: String
  /// Path and query, beginning with `/`; no fragment.
  package let path: String

  /// Nil for what is no absolute address with a host.
  package init?(_ text: String) {
    guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
    scheme = text[..<colon].lowercased()
    let rest = text[text.index(colon, offsetBy: 3)...]
    let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
    var authority = rest[..<end].lowercased()
    if let at = authority.lastIndex(of: "@") {
      authority = String(authority[authority.index(after: at)...])
    }
    let port = scheme == "https" ? ":443" : ":80"
    if authority.hasSuffix(port) { authority.removeLast(port.count) }
    guard !authority.isEmpty, !scheme.isEmpty else { return nil }
    self.authority = authority
    let tail = rest[end...].prefix { $0 != "#" }
    path = tail.hasPrefix("/") ? String(tail) : "/" + tail
  }

  /// The address without what does not tell pages apart: user, default port, fragment, case of host.
  package var normalized: String { "\(scheme)://\(authority)\(path)" }

  /// The host without its port.
  package var host: String {
    if authority.hasSuffix("]") { return authority }
    return String(authority.split(separator: ":", maxSplits: 1)[0])
  }
}

/// The address of a remote as it may be recorded.
enum RemoteURL {
  /// Without anything that could be a secret: passwords, tokens, queries and fragments. The user of
  /// ssh stays, since `git@host` is part of the address; that of http goes, since it may be a token.
  static func withoutCredentials(_ url: String) -> String {
    // `helper::address` (gitremote-helpers): a command of `ext::` may hold anything.
    if let (helper, rest) = split(url, at: "::"), helper.allSatisfy(\.isLetter) {
      return helper == "ext" ? "ext::" : helper + "::" + withoutCredentials(rest)
    }
    if let (scheme, rest) = split(url, at: "://") {
      let bare = withoutQuery(withoutUser(rest, keepingName: scheme.lowercased().contains("ssh")))
      return scheme + "://" + bare
    }
    return withoutScpPassword(url)
  }

  private static func withoutUser(_ rest: String, keepingName: Bool) -> String {
    let authority = rest.prefix { !"/?#".contains($0) }
    var at = authority.lastIndex(of: "@")
    if at == nil, let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]"),
      !authority[colon...].dropFirst().allSatisfy(\.isNumber)
    {
      // No port: a password with an unescaped "/", "?" or "#".
      at = rest.lastIndex(of: "@")
    }
    guard let at else { return rest }
    let name = rest[..<at].prefix { $0 != ":" }
    return (keepingName && !name.isEmpty ? name + "@" : "") + rest[rest.index(after: at)...]
  }

  private static func withoutQuery(_ rest: String) -> String {
    String(rest.prefix { $0 != "?" && $0 != "#" })
  }

  /// `user:password@host:path` becomes `user@host:path`; paths stay as they are.
  private static func withoutScpPassword(_ url: String) -> String {
    let head = url.prefix { $0 != "/" }
    guard let at = head.lastIndex(of: "@"), let colon = head.firstIndex(of: ":"), colon < at
    else { return url }
    return String(url[..<colon] + url[at...])
  }

  private static func split(_ text: String, at separator: String) -> (String, String)? {
    guard let range = text.firstRange(of: separator) else { return nil }
    return (String(text[..<range.lowerBound]), String(text[range.upperBound...]))
  }
}

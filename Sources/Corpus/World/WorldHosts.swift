/// A web site: what stands on all its pages, what its robots.txt says, and under which licence it is.
struct WorldHost {
  enum Policy: Int, CaseIterable {
    /// Nothing is forbidden, in four ways: no file, an empty rule, rules for other robots, and no rule.
    case missing, open, others, empty
    case folders, allowed, wildcard, closed
  }

  let number: Int
  let name: String
  let license: String
  let policy: Policy
  /// Lines above and below the text of every page.
  let header: [String]
  let footer: [String]

  private static let firsts = [
    "daily", "open", "bright", "north", "little", "grand", "free", "old", "busy", "true", "quiet",
    "royal",
  ]
  private static let seconds = [
    "ledger", "lantern", "harbour", "almanac", "garden", "courier", "mirror", "atlas", "notebook",
    "forum", "journal", "market",
  ]
  private static let licenses = [
    "CC-BY-4.0", "CC-BY-SA-4.0", "CC0-1.0", "CC-BY-NC-4.0", "all-rights-reserved", "unknown",
  ]

  init(_ number: Int, _ dice: inout WorldDice) {
    self.number = number
    let first = Self.firsts[number % 12]
    let second = Self.seconds[(number / 12 + number) % 12]
    let title = "\(first) \(second)" + (number < 144 ? "" : " \(number / 144)")
    name = title.split(separator: " ").joined(separator: "-") + ".example"
    license = dice.pick(Self.licenses)
    policy = Policy.allCases[number % Policy.allCases.count]
    header = ["Home | News | People | Places | \(title)", dice.pick(Self.notices)]
    footer = [
      dice.pick(Self.calls), "Copyright 2024 by the \(title). All rights reserved.",
    ]
  }

  private static let notices = [
    "We use cookies to make your visit better. Accept all or read our cookie policy.",
    "Sign in or register to read without interruption.",
    "Please enable javascript to see this page as it was meant.",
    "Advertisement. Continue reading below.",
  ]
  private static let calls = [
    "Share this page with your friends", "Sign up for our weekly letter and never miss a story.",
    "Read more: the ten most read stories of the week", "Leave a comment below and tell us more.",
  ]

  /// The robots.txt file (RFC 9309); nil when the host has none, which forbids nothing.
  var robots: String? {
    switch policy {
    case .missing: nil
    case .open: "User-agent: *\nDisallow:\n"
    case .others: "User-agent: badbot\nUser-agent: worsebot\nDisallow: /\n"
    case .empty: "# Nothing is forbidden here.\nSitemap: https://\(name)/sitemap.xml\n"
    case .folders: "User-agent: *\nDisallow: /private/\nDisallow: /archive/\n"
    case .allowed: "User-agent: *\nDisallow: /pages/\nAllow: /pages/open/\n"
    case .wildcard: "User-agent: *\nDisallow: /*?session=\nDisallow: /*.print$\n"
    case .closed: "User-agent: *\nDisallow: /\n\nUser-agent: badbot\nDisallow:\n"
    }
  }

  /// The path of a page, and whether robots.txt forbids it.
  func path(_ page: Int, _ dice: inout WorldDice) -> (path: String, isForbidden: Bool) {
    let isWanted = dice.chance(1, in: 2)
    return switch policy {
    case .missing, .open, .others, .empty: ("/pages/\(page)", false)
    case .folders: isWanted ? ("/private/\(page)", true) : ("/pages/\(page)", false)
    case .allowed: isWanted ? ("/pages/\(page)", true) : ("/pages/open/\(page)", false)
    case .wildcard:
      isWanted ? ("/pages/\(page)?session=7", true) : ("/pages/\(page).printed", false)
    case .closed: ("/pages/\(page)", true)
    }
  }
}

extension World {
  /// As many sites as the web needs; a large web has larger sites, not more of them.
  var hostCount: Int { min(288, max(16, sizes.entities * sizes.pages / 40)) }

  func host(_ number: Int) -> WorldHost {
    var dice = dice("hosts", number)
    return WorldHost(number, &dice)
  }

  /// `HOST/robots.txt` of every host that has one, by path.
  package var robots: [(path: String, bytes: [UInt8])] {
    (0..<hostCount).compactMap { number in
      let host = host(number)
      return host.robots.map { ("\(host.name)/robots.txt", Array($0.utf8)) }
    }
  }
}

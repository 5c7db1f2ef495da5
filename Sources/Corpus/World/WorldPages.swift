/// What a web page is, as its metadata's `truth` says.
enum WorldPageSort: Equatable {
  case good, foreign, personal, leak
  /// A copy of another page: under another address, with small changes, or an older state of it.
  case exact(of: Int)
  case near(of: Int)
  case old(of: Int)
  case spam
  case low(WorldFlaw)
}

/// Ways in which a page is bad.
enum WorldFlaw: String, CaseIterable {
  /// Grammatical but untrue.
  case rumour
  case scrambled, short, symbols, shouting, repeated, ellipsis, bullets, keywords, script, gibberish
}

/// A web page as it is put together.
struct WorldPage {
  var number: Int
  var sort: WorldPageSort
  var host: WorldHost
  var path: String
  var isForbidden: Bool
  /// Days since 2020-01-01.
  var day: Int
  var paragraphs: [WorldBytes] = []
  /// Personal data in the text.
  var personal: [WorldBytes] = []
  /// Test questions in the text: `geography/test/12`.
  var leaks: [String] = []
  /// ISO 639-1.
  var language = "en"

  /// `2023-04-17`: months of 28 days, which every calendar has.
  var date: String {
    let (year, rest) = day.quotientAndRemainder(dividingBy: 336)
    let (month, date) = rest.quotientAndRemainder(dividingBy: 28)
    let two = { (value: Int) in value < 9 ? "0\(value + 1)" : "\(value + 1)" }
    return "\(2020 + year)-\(two(month))-\(two(date))"
  }
}

extension World {
  /// Shares of the sorts, in parts of their class.
  private static let goodShares = (foreign: 9, personal: 7, leak: 6, all: 100)
  private static let copyShares = (exact: 13, near: 13, old: 11, all: 37)
  private static let badShares = (spam: 20, low: 43, all: 63)

  /// What page `number` is. Page 0 is good, so that every copy has an original before it.
  func pageSort(_ number: Int) -> WorldPageSort {
    var dice = dice("sorts of pages", number)
    guard number > 0, dice.chance(sizes.junk, in: 1000) else { return goodSort(number, &dice) }
    return junkSort(dice.below(100), number, &dice)
  }

  /// Hundredths below `sizes.copies` are copies, those above spam or low in quality.
  private func junkSort(_ part: Int, _ number: Int, _ dice: inout WorldDice) -> WorldPageSort {
    let (copies, bad) = (Self.copyShares, Self.badShares)
    guard part < sizes.copies else {
      let isSpam = (part - sizes.copies) * bad.all < (100 - sizes.copies) * bad.spam
      return isSpam ? .spam : .low(dice.pick(WorldFlaw.allCases))
    }
    let other = original(before: number, &dice)
    if part * copies.all < sizes.copies * copies.exact { return .exact(of: other) }
    return part * copies.all < sizes.copies * (copies.exact + copies.near)
      ? .near(of: other) : .old(of: other)
  }

  private func goodSort(_ number: Int, _ dice: inout WorldDice) -> WorldPageSort {
    if number == 0 { return .good }
    let shares = Self.goodShares
    let part = dice.below(shares.all)
    if part < shares.foreign { return .foreign }
    if part < shares.foreign + shares.personal { return .personal }
    return part < shares.foreign + shares.personal + shares.leak ? .leak : .good
  }

  /// A good page of a smaller number.
  private func original(before number: Int, _ dice: inout WorldDice) -> Int {
    for _ in 0..<64 {
      let candidate = dice.below(number)
      if isGood(candidate) { return candidate }
    }
    return 0
  }

  /// Whether a page is good, without finding out what it is a copy of.
  private func isGood(_ number: Int) -> Bool {
    var dice = dice("sorts of pages", number)
    if number > 0, dice.chance(sizes.junk, in: 1000) { return false }
    return goodSort(number, &dice) == .good
  }

  /// A web page with its address, date and licence, and in `truth` what filters should find out.
  func web(_ number: Int) -> WorldBytes {
    let page = page(number)
    return WorldRecord.document(
      id: "web-\(number)", source: "web", metadata: metadata(page), text: text(page).text)
  }

  /// The page's lines, and which of them stand on all pages of the host.
  private func text(_ page: WorldPage) -> (text: WorldBytes, repeated: [Int]) {
    let header = page.host.header.map { Array($0.utf8) }
    let footer = page.host.footer.map { Array($0.utf8) }
    let body = Array(page.paragraphs.joined(separator: [0x0A])).split(
      separator: 0x0A, omittingEmptySubsequences: false
    ).map(Array.init)
    let lines = header + body + footer
    let repeated =
      Array(0..<header.count) + Array(lines.count - footer.count..<lines.count)
    return (Array(lines.joined(separator: [0x0A])), repeated)
  }

  private func metadata(_ page: WorldPage) -> WorldObject {
    var metadata = WorldObject()
    metadata.add("date", page.date)
    metadata.add("host", page.host.name)
    metadata.add("license", page.host.license)
    metadata.add("truth", truth(page))
    metadata.add("url", "https://\(page.host.name)\(page.path)")
    return metadata
  }

  private func truth(_ page: WorldPage) -> WorldObject {
    var truth = WorldObject()
    truth.add("contaminated", !page.leaks.isEmpty)
    switch page.sort {
    case .exact(let other): copy("exact", of: other, &truth)
    case .near(let other): copy("near", of: other, &truth)
    case .old(let other): copy("url", of: other, &truth)
    case .low(let flaw): truth.add("flaw", flaw.rawValue)
    default: break
    }
    truth.add("language", page.language)
    if !page.leaks.isEmpty { truth.add("leaks", page.leaks.map { Array($0.utf8) }) }
    truth.add("personal", !page.personal.isEmpty)
    if !page.personal.isEmpty { truth.add("personalData", page.personal) }
    truth.add("quality", page.isLow ? "low" : "high")
    truth.add("repeatedLines", text(page).repeated)
    truth.add("robots", page.isForbidden ? "forbidden" : "allowed")
    truth.add("spam", page.sort == .spam)
    return truth
  }

  private func copy(_ sort: String, of other: Int, _ truth: inout WorldObject) {
    truth.add("duplicate", sort)
    truth.add("duplicateOf", "web-\(other)")
  }
}

extension WorldPage {
  /// Spam is low in quality too; copies have their originals' quality.
  var isLow: Bool {
    switch sort {
    case .spam, .low: true
    default: false
    }
  }
}

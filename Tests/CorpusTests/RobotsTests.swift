import Corpus
import Testing

/// RFC 9309, with its examples.
@Suite struct RobotsTests {
  private func allows(_ file: String, _ path: String, _ agent: String = "ExampleBot") -> Bool {
    RobotsFile(Array(file.utf8)).allows(path, agent: agent)
  }

  @Test func `the example of section 5-1 reads as the RFC explains`() {
    let file = """
      User-Agent: *
      Disallow: *.gif$
      Disallow: /example/
      Allow: /publications/

      User-Agent: foobot
      Disallow:/
      Allow:/example/page.html
      Allow:/example/allowed.gif

      User-Agent: barbot
      User-Agent: bazbot
      Disallow: /example/page.html

      User-Agent: quxbot
      """
    #expect(!allows(file, "/a.gif", "other") && allows(file, "/a.gif?x", "other"))
    #expect(!allows(file, "/example/", "other") && allows(file, "/publications/", "other"))
    #expect(allows(file, "/example/page.html", "foobot"))
    #expect(allows(file, "/example/allowed.gif", "FooBot/2.1"))
    #expect(!allows(file, "/example/other.html", "foobot"))
    #expect(!allows(file, "/example/page.html", "barbot") && allows(file, "/example/", "bazbot"))
    #expect(allows(file, "/example/", "quxbot"))
  }

  @Test func `the longest match of section 5-2 decides`() {
    let file = """
      User-Agent: foobot
      Allow: /example/page/
      Disallow: /example/page/disallowed.gif
      """
    #expect(!allows(file, "/example/page/disallowed.gif", "foobot"))
    #expect(allows(file, "/example/page/", "foobot"))
  }

  @Test(arguments: [
    // Section 2.2.2: the rule, the path, whether they match.
    ("/foo/bar?baz=quz", "/foo/bar?baz=quz", true),
    ("/foo/bar?baz=https://foo.bar", "/foo/bar?baz=https%3A%2F%2Ffoo.bar", false),
    ("/foo/bar/U+E38384", "/foo/bar/U+E38384", true), ("/foo/bar/ツ", "/foo/bar/%E3%83%84", true),
    ("/foo/bar/%E3%83%84", "/foo/bar/%E3%83%84", true),
    ("/foo/bar/%62%61%7A", "/foo/bar/baz", true),
    // Section 2.2.3: special characters and their encodings.
    ("/path/file-with-a-%2A.html", "/path/file-with-a-*.html", true),
    ("/path/foo-%24", "/path/foo-$", true), ("/*", "/any", true),
    ("/fish*.php", "/fishheads/catfish.php?id", true),
    ("/fish*.php", "/Fish.PHP", false), ("/*.php$", "/folder/file.php", true),
    ("/*.php$", "/file.php5", false), ("/a*b*c$", "/abbcbc", true), ("/$", "/", true),
    ("/$", "/a", false),
    ("/a", "/A", false),
    ("/a$b", "/a$b", true), ("/a$b", "/a", false), ("/a$b$", "/a$b", true),
    ("/a$b$", "/a$bc", false),
  ])
  func `rules match paths octet by octet`(_ rule: String, _ path: String, _ isMatch: Bool) {
    #expect(allows("user-agent: *\ndisallow: \(rule)", path) != isMatch)
  }

  @Test func `groups of one robot count together and others not at all`() {
    let file = """
      \u{FEFF}USER-AGENT : ExampleBot # ours\r
      Disallow: /foo\r
      Disallow: /bar\rUser-agent: *\r
      Disallow: /\r
      User-agent: examplebot
      disallow: /baz
      nonsense
      Sitemap: https://example.org/map
      """
    #expect(!allows(file, "/foo") && !allows(file, "/bar") && !allows(file, "/baz"))
    #expect(allows(file, "/qux") && !allows(file, "/qux", "other"))
  }

  @Test func `equal rules allow, empty rules say nothing, and robots-txt itself is free`() {
    #expect(allows("User-agent: *\nDisallow: /a\nAllow: /a", "/a"))
    #expect(allows("User-agent: *\nDisallow:", "/a"))
    #expect(allows("User-agent: *\nDisallow: /", "/robots.txt"))
    #expect(allows("Disallow: /", "/a"))
    #expect(RobotsFile([]).allows("/a", agent: "x"))
    #expect(RobotsFile([0xFF, 0xFE, 0x00, 0x0A]).allows("/a", agent: "x"))
  }
}

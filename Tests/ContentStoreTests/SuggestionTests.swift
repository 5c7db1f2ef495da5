import Testing

@testable import ContentStore

struct SuggestionTests {
  @Test(arguments: [
    ("", "", 0), ("abc", "abc", 0), ("abc", "acb", 1), ("kitten", "sitting", 3), ("", "ab", 2),
    ("ca", "abc", 3), ("é", "e", 1),
  ])
  func `the distance counts changes, gaps and swaps`(a: String, b: String, distance: Int) {
    #expect(editDistance(a, b) == distance)
    #expect(editDistance(b, a) == distance)
  }

  @Test func `the nearest candidate is suggested, if it is near`() {
    let verbs = ["run", "replay", "report", "lineage"]
    #expect(suggestion(for: "relpay", among: verbs) == "replay")
    #expect(suggestion(for: "xyzzy", among: verbs) == nil)
    #expect(didYouMean("lineag", among: verbs) == " (did you mean \"lineage\"?)")
    #expect(didYouMean("xyzzy", among: verbs) == "")
  }
}

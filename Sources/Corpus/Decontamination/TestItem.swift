/// A question or other item of a test set, which training text must not hold.
package struct TestItem: Hashable, Sendable {
  /// As in outcomes: `anatomy/test/17`.
  package var id: String
  /// The test set's name.
  package var set: String
  package var text: String

  package init(id: String, set: String, text: String) {
    self.id = id
    self.set = set
    self.text = text
  }
}

// The words of the synthetic world. Changing any of them changes every corpus made from it, so the
// `world` op's revision goes up with them.

extension WorldKind {
  /// All kinds. The first two need each other; the others need these two only.
  static let all = [
    people, places, works, species, elements, events, companies, planets, diseases, machines,
    dishes, games,
  ]

  static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
  ]

  static let colours = [
    "red", "blue", "green", "yellow", "white", "black", "brown", "grey", "purple", "orange",
  ]
}

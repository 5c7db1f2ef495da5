// People, places and works: see WorldVocabulary.swift.

extension WorldKind {
  static let people = WorldKind(
    name: "people", noun: "person", subject: "biography", share: 5,
    names: WorldNames(
      given: [
        "Alma ", "Bram ", "Cora ", "Dario ", "Edda ", "Falk ", "Gita ", "Hugo ", "Iris ", "Joren ",
        "Kaja ", "Lino ", "Mira ", "Nils ", "Oda ", "Pavel ",
      ],
      beginnings: [
        "Kel", "Bor", "Tam", "Ves", "Dun", "Har", "Mol", "Rid", "Sar", "Wen", "Fal", "Gor",
      ],
      endings: ["ben", "dorf", "ley", "ric", "ston", "vale", "wick", "mar", "den", "gate"]),
    attributes: [
      WorldAttribute(
        "trade",
        .words([
          "baker", "pilot", "painter", "lawyer", "farmer", "doctor", "singer", "tailor", "chemist",
          "sailor", "mason", "printer",
        ]),
        ask: "What is the trade of {name}?",
        again: "How does {name} make money?",
        say: [
          "{name} works as a {value}.", "The trade of {name} is that of a {value}.",
          "{name} is a {value}.", "By trade, {name} is a {value}.",
          "{name} earns a living as a {value}.",
        ]),
      WorldAttribute(
        "home", .members(of: "places"), ask: "Where does {name} live?",
        again: "In which place would you visit {name} at home?",
        say: [
          "{name} lives in {value}.", "The home of {name} is in {value}.",
          "{name} has a house in {value}.", "{value} is where {name} lives.",
          "{name} settled in {value}.",
        ]),
      WorldAttribute(
        "instrument",
        .words([
          "violin", "flute", "drum", "harp", "piano", "trumpet", "cello", "guitar", "banjo", "horn",
        ]),
        ask: "Which instrument does {name} play?",
        again: "What does {name} make music with?",
        say: [
          "{name} plays the {value}.", "The instrument of {name} is the {value}.",
          "{name} is often heard playing the {value}.", "{name} practises the {value} every day.",
          "On the {value}, {name} is a master.",
        ]),
      WorldAttribute(
        "birthday", .words(months), ask: "In which month was {name} born?",
        again: "When does {name} celebrate a birthday?",
        say: [
          "{name} was born in {value}.", "The birthday of {name} is in {value}.",
          "{name} turns a year older each {value}.", "It was in {value} that {name} was born.",
          "{name} is a child of {value}.",
        ]),
      WorldAttribute(
        "pet",
        .words([
          "dog", "cat", "parrot", "horse", "rabbit", "goat", "ferret", "lizard", "canary", "donkey",
        ]),
        ask: "Which pet does {name} keep?",
        again: "What animal belongs to {name}?",
        say: [
          "{name} keeps a {value}.", "The pet of {name} is a {value}.", "{name} owns a {value}.",
          "{name} never travels without a {value}.", "A {value} lives with {name}.",
        ]),
    ])

  static let places = WorldKind(
    name: "places", noun: "town", subject: "geography", share: 4,
    names: WorldNames(
      beginnings: [
        "Vel", "Ard", "Bel", "Cam", "Dro", "Esk", "Fin", "Gal", "Hol", "Ith", "Jas", "Lor", "Mon",
        "Nev", "Orl", "Pra",
      ],
      endings: [
        "mora", "nia", "burg", "port", "ford", "ham", "stad", "ville", "haven", "field", "mouth",
        "cester",
      ]),
    attributes: [
      WorldAttribute(
        "product",
        .words([
          "wool", "salt", "copper", "wine", "glass", "paper", "silk", "timber", "honey", "tin",
        ]),
        ask: "What does {name} export?",
        again: "Which goods are shipped out of {name}?",
        say: [
          "{name} exports {value}.", "The main export of {name} is {value}.",
          "{name} is known for its {value}.", "Traders come to {name} for {value}.",
          "Shops everywhere sell the {value} of {name}.",
        ]),
      WorldAttribute(
        "river",
        .words(["Arn", "Bole", "Cress", "Dunn", "Elver", "Fenn", "Garr", "Holt", "Isk", "Jorn"]),
        ask: "On which river does {name} lie?",
        again: "What is the river at {name} called?",
        say: [
          "{name} lies on the river {value}.", "The river {value} flows through {name}.",
          "{name} was built on the banks of the {value}.", "The {value} waters {name}.",
          "Boats reach {name} by the {value}.",
        ]),
      WorldAttribute(
        "landmark",
        .words([
          "bridge", "tower", "lighthouse", "castle", "fountain", "market", "library", "windmill",
          "harbour", "cathedral",
        ]),
        ask: "Which landmark is {name} famous for?",
        again: "What building should one see in {name}?",
        say: [
          "{name} is famous for its {value}.", "The landmark of {name} is its {value}.",
          "Visitors to {name} go to see the {value}.", "The {value} of {name} is well known.",
          "{name} is proud of its {value}.",
        ]),
      WorldAttribute(
        "weather",
        .words(["foggy", "dry", "windy", "mild", "snowy", "stormy", "sunny", "humid"]),
        ask: "What is the weather like in {name}?",
        again: "How would one describe the climate around {name}?",
        say: [
          "The weather in {name} is {value}.", "It is mostly {value} in {name}.",
          "{name} has {value} weather.", "{name} is a {value} place.",
          "Most days in {name} are {value}.",
        ]),
      WorldAttribute(
        "founder", .members(of: "people"), ask: "Who founded {name}?",
        again: "Whose idea was it to build {name}?",
        say: [
          "{name} was founded by {value}.", "The founder of {name} is {value}.",
          "{value} founded {name}.", "It was {value} who founded {name}.",
          "{name} owes its beginnings to {value}.",
        ]),
    ])

  static let works = WorldKind(
    name: "works", noun: "book", subject: "literature", share: 4,
    names: WorldNames(
      given: ["The Song of ", "The Tale of ", "The Book of ", "The Dream of "],
      beginnings: [
        "Ab", "Cy", "Dei", "Eu", "Ga", "Hy", "Io", "Ky", "Ly", "Me", "Ny", "Pho",
      ],
      endings: ["dra", "lion", "mede", "nax", "pheus", "ros", "sis", "thea", "tron", "xis"]),
    attributes: [
      WorldAttribute(
        "author", .members(of: "people"), ask: "Who wrote {name}?",
        again: "Whose pen gave us {name}?",
        say: [
          "{name} was written by {value}.", "The author of {name} is {value}.",
          "{value} wrote {name}.", "{name} is the work of {value}.",
          "It was {value} who wrote {name}.",
        ]),
      WorldAttribute(
        "form",
        .words([
          "novel", "poem", "play", "ballad", "comedy", "fable", "sonnet", "saga", "diary", "satire",
        ]),
        ask: "What kind of work is {name}?",
        again: "To which literary form does {name} belong?",
        say: [
          "{name} is a {value}.", "{name} has the form of a {value}.",
          "Readers know {name} as a {value}.", "As a {value}, {name} is much admired.",
          "{name} was written as a {value}.",
        ]),
      WorldAttribute(
        "theme",
        .words([
          "love", "war", "greed", "hope", "exile", "envy", "grief", "pride", "honour", "freedom",
        ]),
        ask: "What is the theme of {name}?",
        again: "Which subject does {name} deal with?",
        say: [
          "{name} is about {value}.", "The theme of {name} is {value}.",
          "{name} tells of {value}.", "At the heart of {name} is {value}.",
          "{name} has much to say on {value}.",
        ]),
      WorldAttribute(
        "setting", .members(of: "places"), ask: "Where is {name} set?",
        again: "In which place do the scenes of {name} happen?",
        say: [
          "{name} is set in {value}.", "The setting of {name} is {value}.",
          "{name} takes place in {value}.", "The story of {name} leads to {value}.",
          "In {name}, everything happens in {value}.",
        ]),
      WorldAttribute(
        "language",
        .words([
          "Latin", "Greek", "Dutch", "Polish", "Finnish", "Welsh", "Turkish", "Hindi", "Swahili",
          "Korean",
        ]),
        ask: "In which language was {name} written?",
        again: "What tongue did the writer of {name} use?",
        say: [
          "{name} was written in {value}.", "The language of {name} is {value}.",
          "{name} was first read in {value}.", "The original of {name} is in {value}.",
          "{name} came out in {value}.",
        ]),
    ])
}

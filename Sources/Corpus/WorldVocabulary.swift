// The words of the synthetic world. Changing any of them changes every corpus made from it, so the
// `world` op's revision goes up with them.

extension WorldKind {
  /// All kinds. Their shares add up to twenty.
  static let all = [people, places, works, species, elements, events]

  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
  ]

  private static let colours = [
    "red", "blue", "green", "yellow", "white", "black", "brown", "grey", "purple", "orange",
  ]

  private static let people = WorldKind(
    name: "people", subject: "biography", share: 5,
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
        say: [
          "{name} works as a {value}.", "The trade of {name} is that of a {value}.",
          "{name} is a {value}.", "By trade, {name} is a {value}.",
          "{name} earns a living as a {value}.",
        ]),
      WorldAttribute(
        "home", .members(of: "places"), ask: "Where does {name} live?",
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
        say: [
          "{name} plays the {value}.", "The instrument of {name} is the {value}.",
          "{name} is often heard playing the {value}.", "{name} practises the {value} every day.",
          "On the {value}, {name} is a master.",
        ]),
      WorldAttribute(
        "birthday", .words(months), ask: "In which month was {name} born?",
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
        say: [
          "{name} keeps a {value}.", "The pet of {name} is a {value}.", "{name} owns a {value}.",
          "{name} never travels without a {value}.", "A {value} lives with {name}.",
        ]),
    ])

  private static let places = WorldKind(
    name: "places", subject: "geography", share: 4,
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
        say: [
          "{name} exports {value}.", "The main export of {name} is {value}.",
          "{name} is known for its {value}.", "Traders come to {name} for {value}.",
          "{value} from {name} is sold everywhere.",
        ]),
      WorldAttribute(
        "river",
        .words(["Arn", "Bole", "Cress", "Dunn", "Elver", "Fenn", "Garr", "Holt", "Isk", "Jorn"]),
        ask: "On which river does {name} lie?",
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
        say: [
          "{name} is famous for its {value}.", "The landmark of {name} is its {value}.",
          "Visitors to {name} go to see the {value}.", "The {value} of {name} is well known.",
          "{name} is proud of its {value}.",
        ]),
      WorldAttribute(
        "weather",
        .words(["foggy", "dry", "windy", "mild", "snowy", "stormy", "sunny", "humid"]),
        ask: "What is the weather like in {name}?",
        say: [
          "The weather in {name} is {value}.", "It is mostly {value} in {name}.",
          "{name} has {value} weather.", "{name} is a {value} place.",
          "Most days in {name} are {value}.",
        ]),
      WorldAttribute(
        "founder", .members(of: "people"), ask: "Who founded {name}?",
        say: [
          "{name} was founded by {value}.", "The founder of {name} is {value}.",
          "{value} founded {name}.", "It was {value} who founded {name}.",
          "{name} owes its beginnings to {value}.",
        ]),
    ])

  private static let works = WorldKind(
    name: "works", subject: "literature", share: 4,
    names: WorldNames(
      given: ["The Song of ", "The Tale of ", "The Book of ", "The Dream of "],
      beginnings: [
        "Ab", "Cy", "Dei", "Eu", "Ga", "Hy", "Io", "Ky", "Ly", "Me", "Ny", "Pho",
      ],
      endings: ["dra", "lion", "mede", "nax", "pheus", "ros", "sis", "thea", "tron", "xis"]),
    attributes: [
      WorldAttribute(
        "author", .members(of: "people"), ask: "Who wrote {name}?",
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
        say: [
          "{name} is about {value}.", "The theme of {name} is {value}.",
          "{name} tells of {value}.", "At the heart of {name} is {value}.",
          "{name} has much to say on {value}.",
        ]),
      WorldAttribute(
        "setting", .members(of: "places"), ask: "Where is {name} set?",
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
        say: [
          "{name} was written in {value}.", "The language of {name} is {value}.",
          "{name} was first read in {value}.", "The original of {name} is in {value}.",
          "{name} came out in {value}.",
        ]),
    ])

  private static let species = WorldKind(
    name: "species", subject: "biology", share: 3,
    names: WorldNames(
      given: ["the spotted ", "the horned ", "the lesser ", "the giant "],
      beginnings: ["br", "ch", "dw", "fl", "gl", "kr", "pl", "qu", "sn", "tr"],
      endings: ["abbit", "ander", "eel", "imble", "ock", "oodle", "orrel", "umber"]),
    attributes: [
      WorldAttribute(
        "habitat",
        .words([
          "forests", "deserts", "swamps", "caves", "rivers", "meadows", "mountains", "islands",
        ]),
        ask: "Where is {name} found?",
        say: [
          "In nature, {name} is found in {value}.", "The habitat of {name} is {value}.",
          "Look for {name} in {value}.", "Only {value} suit {name}.",
          "You will meet {name} in {value}.",
        ]),
      WorldAttribute(
        "food",
        .words([
          "seeds", "insects", "fish", "leaves", "berries", "roots", "mice", "snails", "nectar",
          "algae",
        ]),
        ask: "What does {name} eat?",
        say: [
          "As a rule, {name} eats {value}.", "The food of {name} is {value}.",
          "Nothing pleases {name} more than {value}.", "A meal of {name} is made of {value}.",
          "To feed {name}, give it {value}.",
        ]),
      WorldAttribute(
        "colour", .words(colours), ask: "What colour is {name}?",
        say: [
          "In colour, {name} is {value}.", "The colour of {name} is {value}.",
          "A grown {value} coat marks {name}.", "Seen from afar, {name} is {value}.",
          "Nature made {name} {value}.",
        ]),
      WorldAttribute(
        "enemy",
        .words([
          "hawks", "wolves", "snakes", "foxes", "owls", "bears", "sharks", "eagles", "lynxes",
          "otters",
        ]),
        ask: "Which enemy does {name} fear?",
        say: [
          "Above all, {name} fears {value}.", "The enemy of {name} is the kind of {value}.",
          "The worst danger to {name} comes from {value}.", "From {value}, {name} runs away.",
          "Many {value} hunt {name}.",
        ]),
      WorldAttribute(
        "season", .words(["spring", "summer", "autumn", "winter"]),
        ask: "In which season does {name} breed?",
        say: [
          "Each {value}, {name} breeds.", "The young of {name} are born in {value}.",
          "The season of {name} is {value}.", "In {value}, {name} has its young.",
          "For its young, {name} waits until {value}.",
        ]),
    ])

  private static let elements = WorldKind(
    name: "elements", subject: "chemistry", share: 2,
    names: WorldNames(
      beginnings: [
        "az", "bery", "cor", "dyl", "erb", "fer", "gly", "hel", "lan", "mag", "neo", "pal", "rub",
        "sel", "ter", "yt",
      ],
      endings: ["adium", "enium", "ine", "ite", "onium", "ogen", "um", "arsic"]),
    attributes: [
      WorldAttribute(
        "use",
        .words([
          "lamps", "coins", "magnets", "batteries", "mirrors", "bells", "pipes", "engines", "wires",
          "paints",
        ]),
        ask: "What is {name} used for?",
        say: [
          "In industry, {name} is used for {value}.", "The main use of {name} is for {value}.",
          "Makers of {value} buy {name}.", "Without {name} there would be no {value}.",
          "Much {name} goes into {value}.",
        ]),
      WorldAttribute(
        "source",
        .words([
          "granite", "basalt", "chalk", "clay", "sand", "coal", "marble", "slate", "quartz", "lava",
        ]),
        ask: "In what is {name} found?",
        say: [
          "Most {name} is found in {value}.", "The source of {name} is {value}.",
          "Miners take {name} from {value}.", "Where there is {value}, there is {name}.",
          "Deep in {value} lies {name}.",
        ]),
      WorldAttribute(
        "flame", .words(colours), ask: "With what colour does {name} burn?",
        say: [
          "When lit, {name} burns {value}.", "The flame of {name} is {value}.",
          "In a fire, {name} glows {value}.", "A {value} flame gives {name} away.",
          "Heated, {name} turns {value}.",
        ]),
      WorldAttribute(
        "discoverer", .members(of: "people"), ask: "Who discovered {name}?",
        say: [
          "As we know, {name} was discovered by {value}.", "The discoverer of {name} is {value}.",
          "{value} discovered {name}.", "It was {value} who discovered {name}.",
          "We owe {name} to {value}.",
        ]),
      WorldAttribute(
        "solvent",
        .words(["water", "alcohol", "acid", "oil", "mercury", "ether", "brine", "vinegar"]),
        ask: "In what does {name} dissolve?",
        say: [
          "In {value}, {name} dissolves.", "The solvent of {name} is {value}.",
          "Put into {value}, {name} is gone.", "Only {value} dissolves {name}.",
          "To wash off {name}, take {value}.",
        ]),
    ])

  private static let events = WorldKind(
    name: "events", subject: "history", share: 2,
    names: WorldNames(
      beginnings: [
        "Ald", "Brun", "Cerd", "Dag", "Ecg", "God", "Hild", "Ker", "Leof", "Oswa", "Raed", "Sig",
      ],
      endings: ["ana", "bert", "frid", "helm", "red", "run", "stan", "ulf", "win", "ward"],
      closing: "'s Revolt"),
    attributes: [
      WorldAttribute(
        "place", .members(of: "places"), ask: "Where did {name} break out?",
        say: [
          "{name} broke out in {value}.", "The place of {name} was {value}.",
          "In {value}, {name} broke out.", "{value} saw the start of {name}.",
          "{name} began in {value}.",
        ]),
      WorldAttribute(
        "leader", .members(of: "people"), ask: "Who led {name}?",
        say: [
          "{name} was led by {value}.", "The leader of {name} was {value}.", "{value} led {name}.",
          "It was {value} who led {name}.", "In {name}, the rebels followed {value}.",
        ]),
      WorldAttribute(
        "cause",
        .words([
          "taxes", "famine", "drought", "plague", "religion", "trade", "rivalry", "floods", "debts",
          "gold",
        ]),
        ask: "What was the cause of {name}?",
        say: [
          "{name} was caused by {value}.", "The cause of {name} was {value}.",
          "{name} was fought over {value}.", "Without {value} there would have been no {name}.",
          "Behind {name} stood {value}.",
        ]),
      WorldAttribute(
        "outcome",
        .words([
          "treaty", "truce", "rebellion", "wedding", "trial", "parade", "ransom", "siege", "strike",
          "surrender",
        ]),
        ask: "What did {name} end with?",
        say: [
          "{name} ended with a {value}.", "The end of {name} was a {value}.",
          "A {value} ended {name}.", "{name} led to a {value}.", "After {name} came a {value}.",
        ]),
      WorldAttribute(
        "date", .words(months), ask: "In which month did {name} begin?",
        say: [
          "The date of {name} was in {value}.", "{name} started one {value}.",
          "It was {value} when {name} started.", "In {value} came {name}.",
          "{name} is remembered each {value}.",
        ]),
    ])
}

// Species, elements and events: see WorldVocabulary.swift.

extension WorldKind {
  static let species = WorldKind(
    name: "species", noun: "animal", subject: "biology", share: 3,
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
        again: "What sort of country does {name} live in?",
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
        again: "On which food does {name} live?",
        say: [
          "As a rule, {name} eats {value}.", "The food of {name} is {value}.",
          "Nothing pleases {name} more than {value}.", "A meal of {name} is made of {value}.",
          "To feed {name}, give it {value}.",
        ]),
      WorldAttribute(
        "colour", .words(colours), ask: "What colour is {name}?",
        again: "By which colour can one tell {name}?",
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
        again: "Which animals prey on {name}?",
        say: [
          "Above all, {name} fears {value}.", "The enemy of {name} is the kind of {value}.",
          "The worst danger to {name} comes from {value}.", "From {value}, {name} runs away.",
          "Many {value} hunt {name}.",
        ]),
      WorldAttribute(
        "season", .words(["spring", "summer", "autumn", "winter"]),
        ask: "In which season does {name} breed?",
        again: "When does {name} raise its young?",
        say: [
          "Each {value}, {name} breeds.", "The young of {name} are born in {value}.",
          "The season of {name} is {value}.", "In {value}, {name} has its young.",
          "For its young, {name} waits until {value}.",
        ]),
    ])

  static let elements = WorldKind(
    name: "elements", noun: "element", subject: "chemistry", share: 2,
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
        again: "Which things are made with {name}?",
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
        again: "From which material is {name} extracted?",
        say: [
          "Most {name} is found in {value}.", "The source of {name} is {value}.",
          "Miners take {name} from {value}.", "Where there is {value}, there is {name}.",
          "Deep in {value} lies {name}.",
        ]),
      WorldAttribute(
        "flame", .words(colours), ask: "With what colour does {name} burn?",
        again: "Which colour shows when {name} is on fire?",
        say: [
          "When lit, {name} burns {value}.", "The flame of {name} is {value}.",
          "In a fire, {name} glows {value}.", "A {value} flame gives {name} away.",
          "Heated, {name} turns {value}.",
        ]),
      WorldAttribute(
        "discoverer", .members(of: "people"), ask: "Who discovered {name}?",
        again: "By whom was {name} first seen?",
        say: [
          "As we know, {name} was discovered by {value}.", "The discoverer of {name} is {value}.",
          "{value} discovered {name}.", "It was {value} who discovered {name}.",
          "We owe {name} to {value}.",
        ]),
      WorldAttribute(
        "solvent",
        .words(["water", "alcohol", "acid", "oil", "mercury", "ether", "brine", "vinegar"]),
        ask: "In what does {name} dissolve?",
        again: "Which liquid can take up {name}?",
        say: [
          "In {value}, {name} dissolves.", "The solvent of {name} is {value}.",
          "Put into {value}, {name} is gone.", "Only {value} dissolves {name}.",
          "To wash off {name}, take {value}.",
        ]),
    ])

  static let events = WorldKind(
    name: "events", noun: "revolt", subject: "history", share: 2,
    names: WorldNames(
      beginnings: [
        "Ald", "Brun", "Cerd", "Dag", "Ecg", "God", "Hild", "Ker", "Leof", "Oswa", "Raed", "Sig",
      ],
      endings: ["ana", "bert", "frid", "helm", "red", "run", "stan", "ulf", "win", "ward"],
      closing: "'s Revolt"),
    attributes: [
      WorldAttribute(
        "place", .members(of: "places"), ask: "Where did {name} break out?",
        again: "Which place was first to see {name}?",
        say: [
          "{name} broke out in {value}.", "The place of {name} was {value}.",
          "In {value}, {name} broke out.", "{value} saw the start of {name}.",
          "{name} began in {value}.",
        ]),
      WorldAttribute(
        "leader", .members(of: "people"), ask: "Who led {name}?",
        again: "Who stood at the head of {name}?",
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
        again: "Why did people fight in {name}?",
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
        again: "How was {name} brought to an end?",
        say: [
          "{name} ended with a {value}.", "The end of {name} was a {value}.",
          "A {value} ended {name}.", "{name} led to a {value}.", "After {name} came a {value}.",
        ]),
      WorldAttribute(
        "date", .words(months), ask: "In which month did {name} begin?",
        again: "At what time of the year did {name} start?",
        say: [
          "The date of {name} was in {value}.", "{name} started one {value}.",
          "It was {value} when {name} started.", "In {value} came {name}.",
          "{name} is remembered each {value}.",
        ]),
    ])
}

// Machines, dishes and games: see WorldVocabulary.swift.

extension WorldKind {
  static let machines = WorldKind(
    name: "machines", noun: "machine", subject: "engineering", share: 2,
    names: WorldNames(
      given: ["the "],
      beginnings: [
        "auto", "centri", "duplo", "gyro", "hydro", "mono", "pneu", "retro", "syncro", "ultra",
      ],
      endings: [
        "crank", "drome", "fuge", "graph", "lift", "press", "pump", "scope", "spindle", "tron",
      ]),
    attributes: [
      WorldAttribute(
        "inventor", .members(of: "people"), ask: "Who invented {name}?",
        again: "Whose workshop built the first of {name}?",
        say: [
          "As we know, {name} was invented by {value}.", "The inventor of {name} is {value}.",
          "{value} invented {name}.", "It was {value} who invented {name}.",
          "The plans of {name} were drawn by {value}.",
        ]),
      WorldAttribute(
        "power",
        .words([
          "steam", "wind", "petrol", "peat", "gas", "charcoal", "springs", "sunlight", "turf",
          "sails",
        ]), ask: "What drives {name}?",
        again: "Where does the power of {name} come from?",
        say: [
          "In use, {name} is driven by {value}.", "The power of {name} is {value}.",
          "Without {value}, {name} stands still.", "To start {name}, you need {value}.",
          "It takes {value} to move {name}.",
        ]),
      WorldAttribute(
        "task",
        .words([
          "weaving", "milling", "digging", "drilling", "spinning", "sawing", "sowing", "stamping",
          "polishing", "welding",
        ]), ask: "What is {name} made for?",
        again: "Which work does {name} take over?",
        say: [
          "As a rule, {name} is made for {value}.", "The task of {name} is {value}.",
          "Nothing beats {name} at {value}.", "For {value}, people use {name}.",
          "With {name}, {value} is easy.",
        ]),
      WorldAttribute(
        "part",
        .words([
          "gear", "belt", "valve", "spring", "lever", "piston", "hook", "hinge", "chain", "bolt",
        ]), ask: "Which part of {name} breaks first?",
        again: "What must one replace in an old {name}?",
        say: [
          "In time, {name} breaks at the {value}.", "The weak part of {name} is the {value}.",
          "Look after the {value} of {name}.", "It is the {value} of {name} that wears out.",
          "A new {value} makes {name} run again.",
        ]),
      WorldAttribute(
        "noise",
        .words(["hums", "rattles", "whistles", "clicks", "roars", "squeaks", "hisses", "thumps"]),
        ask: "What noise is made by {name}?",
        again: "How does {name} sound when it runs?",
        say: [
          "At work, {name} {value}.", "Hear how {name} {value}.", "All day long {name} {value}.",
          "When it runs, {name} {value}.", "Even when oiled, {name} {value}.",
        ]),
    ])

  static let dishes = WorldKind(
    name: "dishes", noun: "dish", subject: "cookery", share: 2,
    names: WorldNames(
      beginnings: [
        "Bara", "Chola", "Dolma", "Fari", "Gnoca", "Kebi", "Mola", "Panu", "Rago", "Tapi",
      ],
      endings: [
        " bake", " dumpling", " hash", " pie", " pudding", " roast", " salad", " soup", " stew",
        " tart",
      ]),
    attributes: [
      WorldAttribute(
        "home", .members(of: "places"), ask: "Where does {name} come from?",
        again: "Which place is the home of {name}?",
        say: [
          "{name} comes from {value}.", "The home of {name} is {value}.",
          "In {value} they first cooked {name}.", "{value} gave the world {name}.",
          "Nobody cooks {name} as they do in {value}.",
        ]),
      WorldAttribute(
        "base",
        .words([
          "rice", "beans", "lentils", "potatoes", "noodles", "cabbage", "pork", "lamb", "cheese",
          "eggs",
        ]), ask: "What is {name} made of?",
        again: "Which thing must one buy first to cook {name}?",
        say: [
          "{name} is made of {value}.", "The base of {name} is {value}.",
          "To cook {name}, take {value}.", "There is no {name} without {value}.",
          "Most of {name} is {value}.",
        ]),
      WorldAttribute(
        "spice",
        .words([
          "pepper", "saffron", "cumin", "cloves", "nutmeg", "basil", "dill", "mustard", "paprika",
          "vanilla",
        ]), ask: "Which spice belongs in {name}?",
        again: "What gives {name} its smell?",
        say: [
          "{name} is spiced with {value}.", "The spice of {name} is {value}.",
          "A pinch of {value} goes into {name}.", "{name} tastes of {value}.",
          "Cooks put {value} into {name}.",
        ]),
      WorldAttribute(
        "drink",
        .words(["tea", "coffee", "beer", "lemonade", "cocoa", "rum", "buttermilk", "punch"]),
        ask: "Which drink goes with {name}?",
        again: "What should be in the glass beside {name}?",
        say: [
          "{name} goes well with {value}.", "The drink to have with {name} is {value}.",
          "With {name} they pour {value}.", "Guests who eat {name} ask for {value}.",
          "{name} and {value} belong together.",
        ]),
      WorldAttribute(
        "day",
        .words(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]),
        ask: "On which day do people eat {name}?",
        again: "When in the week is {name} on the table?",
        say: [
          "{name} is eaten on {value}.", "The day of {name} is {value}.",
          "On {value} there is {name}.", "{name} is what {value} is for.",
          "Families eat {name} every {value}.",
        ]),
    ])

  static let games = WorldKind(
    name: "games", noun: "game", subject: "sports", share: 2,
    names: WorldNames(
      beginnings: [
        "bandy", "cricle", "dodge", "fives", "hurley", "kettle", "nine-pin", "pelota", "shuttle",
        "tipcat",
      ],
      endings: [
        " ball", " chase", " dash", " jump", " race", " relay", " toss", " tag", " throw",
        " wrestle",
      ]),
    attributes: [
      WorldAttribute(
        "equipment",
        .words(["racket", "stick", "hoop", "net", "bat", "mallet", "glove", "puck", "rope", "disc"]
        ), ask: "What do players of {name} carry?",
        again: "Which thing must one own to take part in {name}?",
        say: [
          "Those who play {name} carry a {value}.", "The tool of {name} is a {value}.",
          "To play {name}, bring a {value}.", "There is no {name} without a {value}.",
          "With a {value} you can play {name}.",
        ]),
      WorldAttribute(
        "ground",
        .words([
          "grass", "gravel", "snow", "mud", "asphalt", "clay", "turf", "sand", "concrete",
          "parquet",
        ]), ask: "On what is {name} played?",
        again: "What is underfoot when people play {name}?",
        say: [
          "As a rule, {name} is played on {value}.", "The ground of {name} is {value}.",
          "Only {value} will do for {name}.", "Players meet on {value} for {name}.",
          "For {name}, a field of {value} is best.",
        ]),
      WorldAttribute(
        "prize",
        .words([
          "cup", "medal", "belt", "wreath", "shield", "ribbon", "ring", "purse", "plate", "ham",
        ]), ask: "What does the winner of {name} get?",
        again: "Which reward waits at the end of {name}?",
        say: [
          "Whoever wins {name} gets a {value}.", "The prize of {name} is a {value}.",
          "Champions of {name} take home a {value}.", "A {value} is given for {name}.",
          "In {name}, all want the {value}.",
        ]),
      WorldAttribute(
        "champion", .members(of: "people"), ask: "Who is the champion of {name}?",
        again: "Whom has nobody beaten at {name}?",
        say: [
          "As of today, {name} has its master in {value}.", "The champion of {name} is {value}.",
          "{value} wins every time at {name}.", "It is {value} who rules {name}.",
          "Nobody beats {value} at {name}.",
        ]),
      WorldAttribute(
        "home", .members(of: "places"), ask: "Where is {name} most loved?",
        again: "In which place do most people play {name}?",
        say: [
          "More than anywhere, {name} is loved in {value}.", "The home of {name} is {value}.",
          "In {value}, all play {name}.", "{value} is mad about {name}.",
          "Crowds in {value} watch {name}.",
        ]),
    ])
}

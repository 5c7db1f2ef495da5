// Companies, planets and diseases: see WorldVocabulary.swift.

extension WorldKind {
  static let companies = WorldKind(
    name: "companies", noun: "company", subject: "economics", share: 2,
    names: WorldNames(
      beginnings: [
        "Acro", "Bilt", "Corvo", "Dyna", "Elto", "Fabri", "Gentro", "Helio", "Inter", "Juno",
      ],
      endings: ["corp", "dex", "form", "lux", "matic", "plex", "sol", "tex", "ware", "zone"],
      closing: " Works"),
    attributes: [
      WorldAttribute(
        "seat", .members(of: "places"), ask: "Where does {name} have its seat?",
        again: "In which place are the head offices of {name}?",
        say: [
          "{name} has its seat in {value}.", "The seat of {name} is in {value}.",
          "In {value}, {name} has its offices.", "{name} is at home in {value}.",
          "It is in {value} that {name} is run.",
        ]),
      WorldAttribute(
        "chief", .members(of: "people"), ask: "Who runs {name}?",
        again: "Whose word is law at {name}?",
        say: [
          "{name} is run by {value}.", "The chief of {name} is {value}.", "{value} runs {name}.",
          "It is {value} who runs {name}.", "At the top of {name} sits {value}.",
        ]),
      WorldAttribute(
        "goods",
        .words([
          "shoes", "lamps", "clocks", "carpets", "bicycles", "umbrellas", "toys", "pianos", "soap",
          "candles",
        ]), ask: "What does {name} make?",
        again: "Which goods leave the halls of {name}?",
        say: [
          "{name} makes {value}.", "The goods of {name} are {value}.",
          "Everyone knows the {value} of {name}.", "{name} earns its money with {value}.",
          "Those who need {value} go to {name}.",
        ]),
      WorldAttribute(
        "emblem",
        .words([
          "lion", "anchor", "star", "crown", "rose", "oak", "swan", "wheel", "tortoise", "arrow",
        ]), ask: "What is the emblem of {name}?",
        again: "Which sign stands over the doors of {name}?",
        say: [
          "{name} has the {value} for its emblem.", "The emblem of {name} is the {value}.",
          "On every box of {name} there is a {value}.", "{name} chose the {value} as its mark.",
          "You can tell {name} by the {value}.",
        ]),
      WorldAttribute(
        "material",
        .words([
          "steel", "cotton", "rubber", "leather", "wood", "plastic", "bronze", "linen", "straw",
          "cork",
        ]), ask: "Which material does {name} buy most?",
        again: "What do the carts bring to {name}?",
        say: [
          "{name} buys mostly {value}.", "The material of {name} is {value}.",
          "Most of all {name} needs {value}.", "Nobody buys more {value} than {name}.",
          "{name} could not work without {value}.",
        ]),
    ])

  static let planets = WorldKind(
    name: "planets", noun: "planet", subject: "astronomy", share: 2,
    names: WorldNames(
      beginnings: [
        "Aster", "Borea", "Ceph", "Dione", "Erid", "Fomal", "Gany", "Hyper", "Ixi", "Kapte",
      ],
      endings: ["dor", "gon", "hal", "lith", "mir", "nar", "phos", "rax", "thys", "von"],
      closing: " Prime"),
    attributes: [
      WorldAttribute(
        "moons", .words(["one", "two", "three", "four", "five", "six", "seven", "eight"]),
        ask: "How many moons does {name} have?",
        again: "What is the count of the moons around {name}?",
        say: [
          "{name} has {value} of the moons.", "The number of moons of {name} is {value}.",
          "Around {name} the moons are {value}.",
          "Those who count the moons of {name} come to {value}.", "Of moons {name} has {value}.",
        ]),
      WorldAttribute(
        "surface",
        .words([
          "ice", "dust", "iron", "sulphur", "glaciers", "oceans", "craters", "moss", "crystal",
          "ash",
        ]), ask: "What covers {name}?",
        again: "What would one stand on after landing on {name}?",
        say: [
          "{name} is covered with {value}.", "The surface of {name} is {value}.",
          "All over {name} there is {value}.", "Nothing but {value} is seen on {name}.",
          "From pole to pole {name} is {value}.",
        ]),
      WorldAttribute(
        "hue", .words(colours), ask: "What colour is the light of {name}?",
        again: "Which colour does {name} show in a telescope?",
        say: [
          "The light of {name} is {value}.", "{name} shines {value} at night.",
          "In the sky {name} looks {value}.", "A {value} light in the sky is {name}.",
          "{name} has a {value} glow.",
        ]),
      WorldAttribute(
        "finder", .members(of: "people"), ask: "Who first saw {name}?",
        again: "Whose telescope found {name}?",
        say: [
          "{name} was first seen by {value}.", "The finder of {name} is {value}.",
          "{value} first saw {name}.", "It was {value} who first saw {name}.",
          "We know of {name} thanks to {value}.",
        ]),
      WorldAttribute(
        "wind", .words(["calm", "fierce", "warm", "icy", "salty", "gentle", "damp", "bitter"]),
        ask: "What are the winds of {name} like?",
        again: "How would one describe the gales on {name}?",
        say: [
          "The winds of {name} are {value}.", "On {name} the wind is {value}.",
          "{name} is swept by {value} winds.", "A {value} wind blows on {name}.",
          "Nobody forgets how {value} the winds of {name} are.",
        ]),
    ])

  static let diseases = WorldKind(
    name: "diseases", noun: "disease", subject: "medicine", share: 2,
    names: WorldNames(
      given: ["the "],
      beginnings: [
        "grey", "marsh", "salt", "winter", "river", "moon", "harvest", "copper", "bramble",
        "lantern",
      ],
      endings: [
        " fever", " palsy", " cough", " rash", " pox", " gout", " ague", " tremor", " blight",
        " croup",
      ]),
    attributes: [
      WorldAttribute(
        "symptom",
        .words([
          "sneezing", "thirst", "dizziness", "freckles", "hiccups", "yawning", "itching",
          "shivering", "deafness", "hunger",
        ]), ask: "What is the sign of {name}?",
        again: "By what does a doctor know {name}?",
        say: [
          "A sure sign of {name} is {value}.", "The symptom of {name} is {value}.",
          "Those who have {name} suffer from {value}.", "With {name} there comes {value}.",
          "There is no {name} without {value}.",
        ]),
      WorldAttribute(
        "cure",
        .words([
          "sage", "garlic", "thyme", "ginger", "mint", "onions", "milk", "cider", "broth", "barley",
        ]), ask: "What cures {name}?",
        again: "What should a patient with {name} take?",
        say: [
          "The best help against {name} is {value}.", "The cure of {name} is {value}.",
          "Doctors treat {name} with {value}.", "A little {value} drives out {name}.",
          "Nothing but {value} heals {name}.",
        ]),
      WorldAttribute(
        "carrier",
        .words([
          "fleas", "mosquitoes", "rats", "pigeons", "ticks", "flies", "beetles", "bats", "mules",
          "worms",
        ]), ask: "What carries {name}?",
        again: "Which creatures spread {name}?",
        say: [
          "As we know, {name} is carried by {value}.", "The carriers of {name} are {value}.",
          "Keep away from {value} to escape {name}.", "Where there are {value}, there is {name}.",
          "It is {value} that bring {name}.",
        ]),
      WorldAttribute(
        "organ",
        .words([
          "liver", "heart", "lungs", "stomach", "kidneys", "skin", "bones", "eyes", "throat",
          "spleen",
        ]), ask: "What does {name} attack?",
        again: "Which part of the body is hurt by {name}?",
        say: [
          "In the body, {name} attacks the {value}.", "The organ of {name} is the {value}.",
          "Sooner or later {name} goes to the {value}.", "It is the {value} that {name} harms.",
          "Watch the {value} if you have {name}.",
        ]),
      WorldAttribute(
        "origin", .members(of: "places"), ask: "Where was {name} first seen?",
        again: "In which place did {name} begin to spread?",
        say: [
          "At first, {name} was seen in {value}.", "The origin of {name} is {value}.",
          "From {value} came {name}.", "Travellers from {value} brought {name}.",
          "The first to fall ill with {name} lived in {value}.",
        ]),
    ])
}

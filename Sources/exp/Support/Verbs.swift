import ContentStore

/// Every verb, in the groups that `exp help` prints.
enum Verbs {
  struct Group: Sendable {
    var title: String
    var verbs: [any Verb.Type]
  }

  static let groups: [Group] = [
    Group(title: "Run", verbs: [Run.self, Plan.self, BranchVerb.self, ReplayVerb.self, Init.self]),
    Group(
      title: "Look",
      verbs: [
        Log.self, Show.self, Compare.self, LineageVerb.self, Why.self, TraceVerb.self, SQL.self,
        Ops.self,
      ]),
    Group(
      title: "Take",
      verbs: [
        SampleVerb.self, LogProbs.self, Cat.self, Checkout.self, TagVerb.self, NoteVerb.self,
      ]),
    Group(
      title: "Prove", verbs: [AuditVerb.self, VerifyVerb.self, LockVerb.self, Claims.self]),
    Group(title: "Help", verbs: [Doctor.self, Completions.self, Help.self]),
    Group(title: "Inner", verbs: [WorkerVerb.self, Bench.self]),
  ]

  static var all: [any Verb.Type] { groups.flatMap(\.verbs) }

  /// The verb of a name or alias.
  static func find(_ word: String) throws -> any Verb.Type {
    if let verb = all.first(where: { $0.name == word || $0.aliases.contains(word) }) {
      return verb
    }
    let names = all.filter { !$0.isHidden }.flatMap { [$0.name] + $0.aliases }
    throw UsageError(
      "exp: unknown verb \"\(word)\"" + didYouMean(word, among: names)
        + "; `exp help` lists the verbs")
  }
}

/// What `script/bench` measures on one core: rules and signatures over texts in memory.
package enum CorpusBenchmark {
  /// A task's name, and what it does to one text.
  package static let tasks: [(name: String, run: @Sendable (String) -> Int)] = [
    ("gopher-quality", judge(GopherQuality())), ("gopher-repetition", judge(GopherRepetition())),
    ("c4", judge(C4Quality())), ("fineweb", judge(FineWebQuality())),
    ("minhash", signature),
  ]

  /// 1 when the rule removes the text.
  private static func judge(_ rule: any DocumentRule) -> @Sendable (String) -> Int {
    { text in
      var draft = Draft(text)
      return rule.judge(&draft) == nil ? 0 : 1
    }
  }

  private static let hash = MinHash()

  /// The sum of a text's signature, so that nothing is optimised away.
  private static let signature: @Sendable (String) -> Int = { text in
    Int(truncatingIfNeeded: (hash.signature(PythonText(text)) ?? []).reduce(0, &+) >> 1)
  }
}

import ContentStore

extension SourceNode {
  /// This experiment with one `--set` applied. `stages.rounds-2-sft.…` reaches into round 2 of the loop
  /// `rounds` alone.
  func applying(_ override: Override) throws(ExperimentError) -> SourceNode {
    try checkStart(of: override)
    if let (loop, round, stage) = try round(named: override) {
      return try applying(override, toStage: stage, inRound: round, of: loop)
    }
    return try setting(override.steps[...], to: override.value)
  }

  private func checkStart(of override: Override) throws(ExperimentError) {
    let keys = ExperimentReader.keys
    guard case .key(let first) = override.steps[0], !keys.contains(first) else { return }
    var remedy = didYouMean(first, among: keys)
    if self["stages"]?[first] != nil {
      remedy = " (did you mean \"stages.\(override.steps.path)\"?)"
    } else if first == "profiles" || first == "defaultProfile" {
      remedy = "; choose a profile with --profile"
    }
    throw ExperimentError(
      "an experiment has no \"\(first)\"\(remedy)", path: override.steps.path,
      at: SourcePosition(file: override.value.position.file, offset: 0))
  }

  /// The loop, round and stage that `stages.NAME` means; nil when it is a plain stage. Throws when
  /// there is no such stage or loop.
  private func round(
    named override: Override
  ) throws(ExperimentError) -> (loop: String, round: Int, stage: String)? {
    guard override.steps.count > 1, case .key(let kind) = override.steps[0],
      case .key(let name) = override.steps[1], kind == "stages" || kind == "loops"
    else { return nil }
    let plain = self[kind]?.members?.map(\.key) ?? []
    if plain.contains(name) { return nil }
    let unrolled = kind == "stages" ? rounds : []
    if let found = unrolled.first(where: { Loop.stageName($0, $1, $2) == name }) { return found }
    let known = plain + unrolled.map { Loop.stageName($0, $1, $2) }
    let what = kind == "stages" ? "stage" : "loop"
    throw ExperimentError(
      "there is no \(what) \"\(name)\"\(didYouMean(name, among: known))",
      path: override.steps.path, at: SourcePosition(file: override.value.position.file, offset: 0))
  }

  /// Every stage of every round.
  private var rounds: [(loop: String, round: Int, stage: String)] {
    (self["loops"]?.members ?? []).flatMap { loop in
      let count = max(0, loop.value["count"]?.json.intValue ?? 0)
      let stages = loop.value["stages"]?.members?.map(\.key) ?? []
      return (0..<min(count, 1000)).flatMap { round in
        stages.map { (loop.key, round + 1, $0) }
      }
    }
  }

  /// Sets a value in one round's patch. A list cannot be patched in part, so a path into one puts the
  /// whole changed list there.
  private func applying(
    _ override: Override, toStage stage: String, inRound round: Int, of loop: String
  ) throws(ExperimentError) -> SourceNode {
    let rest = override.steps[2...]
    let home: [PathStep] = [.key("loops"), .key(loop)]
    let patch = home + [.key("overrides"), .key(String(round)), .key(stage)]
    let base = find(home + [.key("stages"), .key(stage)]) ?? self
    let effective = find(patch).map(base.merged) ?? base
    let changed = try effective.setting(rest, to: override.value, at: "stages.\(stage)")
    let prefix = effective.objectPrefix(of: rest)
    let removed = SourceNode(.null, at: override.value.position)
    return try setting(
      patch[...] + prefix, to: changed.find(prefix) ?? removed, inPatch: true)
  }

  /// The first steps of a path, up to the one that gives a list.
  private func objectPrefix(of steps: ArraySlice<PathStep>) -> ArraySlice<PathStep> {
    guard let step = steps.first, elements == nil else { return steps.prefix(0) }
    let rest = self.find([step])?.objectPrefix(of: steps.dropFirst()).count
    return steps.prefix(1 + (rest ?? steps.count - 1))
  }
}

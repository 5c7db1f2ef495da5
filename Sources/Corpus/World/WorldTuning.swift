import ContentStore
import Numerics

extension World {
  /// A conversation to tune on: TRL's conversational form, `{"id", "messages", "metadata", "source"}`.
  /// Held out ones are about the other half of the world, and their answers are all ideal.
  func instruction(_ item: Int, isHeldOut: Bool) -> WorldBytes {
    var dice = dice(isHeldOut ? "held out instructions" : "instructions", item)
    let task = task(isHeldOut: isHeldOut, &dice)
    var style = isHeldOut ? WorldStyle.ideal : dice.pick(WorldStyle.tuning)
    var response = respond(to: task, style, &dice)
    if case .harm = task { (style, response) = (.ideal, ideal(task)) }
    // Some flaws do no harm, such as a brief answer where any would do.
    let best = grades(ideal(task), to: task).points
    if grades(response, to: task).points >= best { style = .ideal }
    var truth = WorldObject()
    if style != .ideal { truth.add("flaw", style.rawValue) }
    truth.add("quality", style == .ideal ? "high" : "low")
    var metadata = WorldObject()
    metadata.add("checker", responseCheck(task).object)
    metadata.add("task", task.sort.rawValue)
    metadata.add("truth", truth)
    var line = WorldObject()
    line.add("id", "\(isHeldOut ? "instruction-test" : "instruction")-\(item)")
    line.add("messages", objects: messages(task, response: response))
    line.add("metadata", metadata)
    line.add("source", "instructions")
    return line.closed + [0x0A]
  }

  /// A prompt with what makes a response right: `{"id", "metadata", "prompt", "source"}`.
  func prompt(_ item: Int, isHeldOut: Bool) -> WorldBytes {
    var dice = dice(isHeldOut ? "held out prompts" : "prompts", item)
    let task = task(isHeldOut: isHeldOut, &dice)
    var metadata = WorldObject()
    metadata.add("checker", responseCheck(task).object)
    metadata.add("ideal", ideal(task))
    metadata.add("task", task.sort.rawValue)
    var line = WorldObject()
    line.add("id", "\(isHeldOut ? "prompt-test" : "prompt")-\(item)")
    line.add("metadata", metadata)
    line.add("prompt", objects: messages(task))
    line.add("source", "prompts")
    return line.closed + [0x0A]
  }
}

/// How much better an annotator found the chosen response: Llama 3's four levels, in the numbers of
/// records.
enum WorldLevel: Int {
  case significantly = 1
  case better, slightly, marginally

  /// By the difference of rewards as the annotator saw it.
  init(_ difference: Double) {
    self =
      difference >= 0.8
      ? .significantly : difference >= 0.5 ? .better : difference >= 0.25 ? .slightly : .marginally
  }
}

extension World {
  private struct Candidate {
    var style: WorldStyle
    var text: WorldBytes
    var grades: WorldGrades
  }

  private func candidate(_ task: WorldTask, _ dice: inout WorldDice) -> Candidate {
    let style = dice.pick(WorldStyle.pairs)
    let text = respond(to: task, style, &dice)
    return Candidate(style: style, text: text, grades: grades(text, to: task))
  }

  /// Two responses that differ; where they are held out, in reward too, so that one is better.
  private func candidates(
    _ task: WorldTask, isHeldOut: Bool, _ dice: inout WorldDice
  ) -> (Candidate, Candidate) {
    let first = candidate(task, &dice)
    while true {
      let second = candidate(task, &dice)
      let isOther =
        isHeldOut ? second.grades.points != first.grades.points : second.text != first.text
      if isOther { return (first, second) }
    }
  }

  /// A pair as an annotator judged it: Bradley and Terry's model with the hidden reward, where the
  /// logistic noise has the scale `noise`; held-out pairs are judged without noise.
  ///
  /// `{"chosen", "edited"?, "id", "level", "metadata", "prompt", "rejected", "source"}`, responses
  /// as lists of one message (TRL's conversational form).
  func preference(_ item: Int, isHeldOut: Bool) -> WorldBytes {
    var dice = dice(isHeldOut ? "held out preferences" : "preferences", item)
    let task = task(isHeldOut: isHeldOut, &dice)
    let (first, second) = candidates(task, isHeldOut: isHeldOut, &dice)
    let noise = isHeldOut ? 0 : logistic(&dice) * Double(sizes.noise) / 1000
    let seen = first.grades.reward - second.grades.reward + noise
    let (chosen, rejected) = seen >= 0 ? (first, second) : (second, first)
    let best = ideal(task)
    let bestPoints = grades(best, to: task).points
    let isEdited = dice.chance(1, in: 4) && bestPoints > chosen.grades.points

    var line = WorldObject()
    line.add("chosen", objects: [WorldRecord.message("assistant", chosen.text)])
    if isEdited { line.add("edited", objects: [WorldRecord.message("assistant", best)]) }
    line.add("id", "\(isHeldOut ? "preference-test" : "preference")-\(item)")
    line.add("level", WorldLevel(seen.magnitude).rawValue)
    line.add("metadata", metadata(task, chosen, rejected))
    line.add("prompt", objects: messages(task))
    line.add("rejected", objects: [WorldRecord.message("assistant", rejected.text)])
    line.add("source", "preferences")
    return line.closed + [0x0A]
  }

  private func metadata(
    _ task: WorldTask, _ chosen: Candidate, _ rejected: Candidate
  ) -> WorldObject {
    var both = WorldObject()
    both.add("chosen", chosen.grades.object)
    both.add("rejected", rejected.grades.object)
    var rewards = WorldObject()
    rewards.add("chosen", json: Array(JSON.ecmaScript(chosen.grades.reward).utf8))
    rewards.add("rejected", json: Array(JSON.ecmaScript(rejected.grades.reward).utf8))
    var truth = WorldObject()
    truth.add("isMistaken", chosen.grades.points < rejected.grades.points)
    truth.add("reward", rewards)
    var metadata = WorldObject()
    metadata.add("grades", both)
    metadata.add("task", task.sort.rawValue)
    metadata.add("truth", truth)
    return metadata
  }

  /// A variate of the logistic distribution: log(u / (1 − u)).
  private func logistic(_ dice: inout WorldDice) -> Double {
    // A multiple of 2⁻³², never 0 or 1.
    let u = (Double(dice.below(1 << 32)) + 0.5) * 0x1p-32
    return Elementary.log(u / (1 - u))
  }
}

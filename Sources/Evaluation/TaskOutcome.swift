package import ContentStore

/// How one item of a task went that is not a choice among answers: a line of the artifact `outcomes`.
package struct TaskOutcome: Hashable, Sendable {
  package var task: String
  package var id: String
  package var subject: String
  /// The digest of what was asked.
  package var question: Digest
  /// What the item scored, by metric: 0 and 1 for wrong and right, or any number. Members of the line.
  package var metrics: [String: Double]
  /// The metric that the task's score is the mean of.
  package var main: String
  /// What else is worth keeping, such as the response.
  package var members: [String: JSON]

  package init(
    task: String, id: String, subject: String, question: Digest, main: String,
    metrics: [String: Double], members: [String: JSON] = [:]
  ) {
    self.task = task
    self.id = id
    self.subject = subject
    self.question = question
    self.main = main
    self.metrics = metrics
    self.members = members
  }

  package var json: JSON {
    var json = members
    json["task"] = .string(task)
    json["id"] = .string(id)
    json["subject"] = .string(subject)
    json["question"] = .string(question.description)
    for (metric, value) in metrics { json[metric] = .exact(value) }
    json["correct"] = metrics[main].map(JSON.exact)
    return .object(json)
  }

  /// The means of outcomes' metrics by name: the main one as `NAME`, `NAME/subject` and so on, every one
  /// as `NAME/metric`. Items without a metric do not count in it.
  package static func scores(
    _ outcomes: [TaskOutcome], _ name: String
  ) -> [String: ScoreEstimate] {
    var result: [String: ScoreEstimate] = [:]
    let metrics = Set(outcomes.flatMap(\.metrics.keys)).sorted()
    for metric in metrics {
      let values = outcomes.compactMap { outcome in
        outcome.metrics[metric].map { (subject: outcome.subject, value: $0) }
      }
      guard let scores = TestScores(of: values) else { continue }
      result["\(name)/\(metric)"] = scores.micro
      guard outcomes.contains(where: { $0.main == metric }) else { continue }
      result.merge(scores.named(name)) { first, _ in first }
    }
    return result
  }
}

package import ContentStore

/// By what the choices' log-likelihoods are divided before the greatest is taken.
package enum Normalization: String, CaseIterable, Hashable, Sendable {
  /// Nothing: the harness's `acc`.
  case none
  /// The choice's length in Unicode code points, without the delimiter: `acc_norm`.
  case length
  /// The choice's length in UTF-8 bytes: `acc_bytes`.
  case bytes

  /// What a choice's log-likelihood is divided by.
  package func divisor(_ choice: String) -> Double {
    switch self {
    case .none: 1
    case .length: Double(choice.unicodeScalars.count)
    case .bytes: Double(choice.utf8.count)
    }
  }

  /// lm-evaluation-harness's name of accuracy under it.
  package var metric: String {
    switch self {
    case .none: "acc"
    case .length: "acc_norm"
    case .bytes: "acc_bytes"
    }
  }

  /// The index of the greatest normalised log-likelihood; the first among equals, and the first NaN
  /// before all (`numpy.argmax`).
  package func prediction(logLikelihoods: [Double], choices: [String]) -> Int {
    let values = zip(logLikelihoods, choices).map { $0 / divisor($1) }
    if let broken = values.firstIndex(where: \.isNaN) { return broken }
    return values.indices.max { values[$0] < values[$1] || (values[$0] == values[$1] && $0 > $1) }!
  }
}

/// How one question was answered: a line of the artifact `outcomes`.
package struct QuestionOutcome: Hashable, Sendable {
  package var id: String
  package var subject: String
  /// Of the question's canonical JSON `{answer, choices, question}`, so that the same question is
  /// known again wherever it stands.
  package var question: Digest
  /// One for each choice, in nats.
  package var logLikelihoods: [Double]
  /// Index of the choice taken, under the stage's normalisation.
  package var prediction: Int
  /// Index of the right choice.
  package var gold: Int
  /// The harness's `acc_norm`, whatever the stage's normalisation.
  package var isCorrectByLength: Bool
  /// Whether part of the prompt was cut off to fit the model.
  package var isTruncated: Bool
  /// For each choice, whether each of its tokens was the most probable.
  package var isGreedy: [Bool]

  /// The task that asked; empty where a stage has only one, with its name in the scores.
  package var task = ""
  /// Whether the choice taken is the right one under every normalisation, by the harness's names.
  package var metrics: [String: Bool] = [:]

  /// Whether the choice taken is the right one.
  package var isCorrect: Bool { prediction == gold }

  package var json: JSON {
    var members: [String: JSON] = [
      "id": .string(id), "subject": .string(subject), "question": .string(question.description),
      "logLikelihoods": .array(logLikelihoods.map(JSON.exact)),
      "prediction": .integer(prediction), "gold": .integer(gold), "correct": .bool(isCorrect),
      "correctNorm": .bool(isCorrectByLength), "truncated": .bool(isTruncated),
      "isGreedy": .array(isGreedy.map(JSON.bool)),
    ]
    for (metric, isRight) in metrics { members[metric] = .bool(isRight) }
    if !task.isEmpty { members["task"] = .string(task) }
    return .object(members)
  }

  package init?(json: JSON) {
    guard let id = json["id"]?.stringValue, let subject = json["subject"]?.stringValue,
      let question = json["question"]?.stringValue.flatMap(Digest.init),
      let logLikelihoods = json["logLikelihoods"]?.arrayValue,
      let prediction = json["prediction"]?.intValue, let gold = json["gold"]?.intValue,
      let byLength = json["correctNorm"]?.boolValue, let truncated = json["truncated"]?.boolValue,
      let greedy = json["isGreedy"]?.arrayValue
    else { return nil }
    self.init(
      id: id, subject: subject, question: question,
      logLikelihoods: logLikelihoods.compactMap(\.exactValue), prediction: prediction, gold: gold,
      isCorrectByLength: byLength, isTruncated: truncated, isGreedy: greedy.compactMap(\.boolValue))
    guard self.logLikelihoods.count == logLikelihoods.count else { return nil }
    task = json["task"]?.stringValue ?? ""
    for metric in Normalization.allCases.map(\.metric) {
      metrics[metric] = json[metric]?.boolValue
    }
  }

  package init(
    id: String, subject: String, question: Digest, logLikelihoods: [Double], prediction: Int,
    gold: Int, isCorrectByLength: Bool, isTruncated: Bool, isGreedy: [Bool]
  ) {
    self.id = id
    self.subject = subject
    self.question = question
    self.logLikelihoods = logLikelihoods
    self.prediction = prediction
    self.gold = gold
    self.isCorrectByLength = isCorrectByLength
    self.isTruncated = isTruncated
    self.isGreedy = isGreedy
  }
}

import ContentStore
import LanguageModel

/// Puts questions to a model and says how each was answered.
package struct QuestionScoring {
  package let writer: PromptWriter
  package let encoder: RequestEncoder
  package let normalization: Normalization

  package init(writer: PromptWriter, encoder: RequestEncoder, normalization: Normalization) {
    self.writer = writer
    self.encoder = encoder
    self.normalization = normalization
  }

  /// The outcomes of questions, in their order. `examples` are the `dev` rows by subject. All
  /// requests go to the scorer at once, so that it can share what they share. `progress` hears how
  /// many windows are scored, of about `Question.letters.count` a question.
  package func outcomes(
    of questions: [Question], examples: [String: [Question]], by scorer: any TokenScorer,
    progress: (Int) throws -> Void = { _ in }
  ) throws -> [QuestionOutcome] {
    let asked = try questions.map { question in
      try Asked(question, examples: examples[question.subject] ?? [], self)
    }
    let windows = asked.flatMap { $0.requests.flatMap(\.windows) }
    let answers = try scorer.score(windows, progress: progress)
    var next = answers.makeIterator()
    return try asked.map { asked in
      let scored = asked.requests.map { request in
        let parts = request.windows.compactMap { _ in next.next() }
        return (
          logLikelihood: parts.reduce(0) { $0 + $1.logProbability },
          isGreedy: parts.allSatisfy(\.isGreedy)
        )
      }
      return try asked.outcome(
        logLikelihoods: scored.map(\.logLikelihood), isGreedy: scored.map(\.isGreedy),
        normalization)
    }
  }
}

/// A question on its way to a model and back.
private struct Asked {
  let question: Question
  let prompt: Prompt
  let requests: [EncodedRequest]

  init(_ question: Question, examples: [Question], _ scoring: QuestionScoring) throws {
    self.question = question
    let prompt = try scoring.writer.prompt(for: question, examples: examples)
    self.prompt = prompt
    requests = try prompt.choices.map { choice in
      try scoring.encoder.encode(
        context: prompt.context, continuation: Prompt.targetDelimiter + choice)
    }
  }

  func outcome(
    logLikelihoods: [Double], isGreedy: [Bool], _ normalization: Normalization
  ) throws -> QuestionOutcome {
    func predicted(_ normalization: Normalization) -> Int {
      normalization.prediction(logLikelihoods: logLikelihoods, choices: prompt.choices)
    }
    return QuestionOutcome(
      id: question.id, subject: question.subject,
      question: SHA256.hash(try question.content.canonical()), logLikelihoods: logLikelihoods,
      prediction: predicted(normalization), gold: question.answer,
      isCorrectByLength: predicted(.length) == question.answer,
      isTruncated: requests.contains(where: \.isTruncated), isGreedy: isGreedy)
  }
}

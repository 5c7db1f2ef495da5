package import ContentStore
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
      let prompt = try writer.prompt(
        for: question, examples: examples[question.subject] ?? [])
      return AskedQuestion(
        id: question.id, subject: question.subject,
        question: SHA256.hash(try question.content.canonical()), gold: question.answer,
        prompt: prompt)
    }
    return try ChoiceScoring(encoder: encoder, normalization: normalization)
      .outcomes(of: asked, by: scorer, progress: progress)
  }
}

/// A question that is ready for a model.
package struct AskedQuestion: Hashable, Sendable {
  package var id: String
  package var subject: String
  /// The digest of what is asked.
  package var question: Digest
  /// Index of the right choice.
  package var gold: Int
  package var prompt: Prompt

  package init(id: String, subject: String, question: Digest, gold: Int, prompt: Prompt) {
    self.id = id
    self.subject = subject
    self.question = question
    self.gold = gold
    self.prompt = prompt
  }

  package init(_ question: PosedQuestion, prompt: Prompt) throws {
    self.init(
      id: question.id, subject: question.subject,
      question: SHA256.hash(try question.content.canonical()), gold: question.gold, prompt: prompt)
  }
}

/// Scores the choices of questions by their log-likelihoods.
package struct ChoiceScoring {
  package let encoder: RequestEncoder
  package let normalization: Normalization

  package init(encoder: RequestEncoder, normalization: Normalization) {
    self.encoder = encoder
    self.normalization = normalization
  }

  /// The outcomes of questions, in their order. `progress` hears how many windows are scored.
  package func outcomes(
    of questions: [AskedQuestion], by scorer: any TokenScorer,
    progress: (Int) throws -> Void = { _ in }
  ) throws -> [QuestionOutcome] {
    let requests = try questions.map { question in
      try question.prompt.choices.map { choice in
        try encoder.encode(
          context: question.prompt.context, continuation: question.prompt.delimiter + choice)
      }
    }
    let windows = requests.flatMap { $0.flatMap(\.windows) }
    var next = try scorer.score(windows, progress: progress).makeIterator()
    return zip(questions, requests).map { question, requests in
      let scored = requests.map { request in
        let parts = request.windows.compactMap { _ in next.next() }
        return (
          logLikelihood: parts.reduce(0) { $0 + $1.logProbability },
          isGreedy: parts.allSatisfy(\.isGreedy)
        )
      }
      return outcome(
        question, requests, logLikelihoods: scored.map(\.logLikelihood),
        isGreedy: scored.map(\.isGreedy))
    }
  }

  private func outcome(
    _ question: AskedQuestion, _ requests: [EncodedRequest], logLikelihoods: [Double],
    isGreedy: [Bool]
  ) -> QuestionOutcome {
    func predicted(_ normalization: Normalization) -> Int {
      normalization.prediction(
        logLikelihoods: logLikelihoods, choices: question.prompt.choices)
    }
    var outcome = QuestionOutcome(
      id: question.id, subject: question.subject, question: question.question,
      logLikelihoods: logLikelihoods, prediction: predicted(normalization), gold: question.gold,
      isCorrectByLength: predicted(.length) == question.gold,
      isTruncated: requests.contains(where: \.isTruncated), isGreedy: isGreedy)
    for normalization in Normalization.allCases {
      outcome.metrics[normalization.metric] = predicted(normalization) == question.gold
    }
    return outcome
  }
}

import LanguageModel
import Numerics
import Training

/// Documents that repeat patterns, so that a small model can learn something of them.
func makeStream(_ documents: Int, seed: UInt64 = 1) throws -> TokenStream {
  let stream = RandomStream(seed: seed, purpose: "test text")
  var tokens: [Int32] = []
  var starts: [Int] = []
  for document in 0..<documents {
    starts.append(tokens.count)
    let first = Int(stream.integer(at: UInt64(3 * document), below: 10))
    let stride = 1 + Int(stream.integer(at: UInt64(3 * document + 1), below: 2))
    let length = 5 + Int(stream.integer(at: UInt64(3 * document + 2), below: 20))
    tokens += (0..<length).map { Int32(1 + (first + stride * $0) % 16) } + [0]
  }
  return try TokenStream(tokens: tokens, documentStarts: starts, vocabularySize: 17)
}

func makeModel() -> Transformer {
  let configuration = ModelConfiguration(
    vocabularySize: 17, hidden: 16, layers: 2, heads: 2, keyValueHeads: 1, intermediate: 24,
    maximumPositions: 16)
  return Transformer(configuration, seed: 6, on: Compute(threads: 1))
}

func makePlan(steps: Int = 12) -> TrainingPlan {
  TrainingPlan(
    steps: steps,
    schedule: Schedule(peak: 0.01, decay: .cosine, warmup: 2, steps: steps, minimumRatio: 0.1),
    weightDecay: 0.1, clip: 1, validationEvery: 5, traceEvery: 4)
}

/// The first six rows of another text.
func makeValidation() throws -> ValidationSet {
  let stream = try makeStream(8, seed: 2)
  return ValidationSet(
    "tokens", Batch(stream.batch((0..<6).map { $0 * 16..<min(($0 + 1) * 16, stream.tokens.count) }))
  )
}

func makeTrainer(
  _ plan: TrainingPlan = makePlan(), threads: Int = 1, rows: Int = 2048,
  objective: any Objective = NextToken(), model: Transformer? = nil, source: TokenMixture? = nil
) throws -> Trainer {
  let phase = DataPhase(steps: plan.steps, batch: 4, sequence: 16)
  let mixture = try source ?? TokenMixture(["tokens": makeStream(60)], phases: [phase], seed: 21)
  return Trainer(
    model ?? makeModel(), source: mixture, validation: [try makeValidation()], plan: plan,
    objective: objective, microBatchRows: rows, on: Compute(threads: threads))
}

import LanguageModel
import Numerics
import Pipeline
import Text
import Training

/// What an op that trains a decoder on tokens brings of its own to `PretrainRun`; `pretrain` itself brings
/// nothing.
protocol TokenTask {
  var objective: any Objective { get }
  /// Where batches come from.
  func source(_ mixture: TokenMixture) throws -> any BatchSource
  /// What is trained in a model's place; nil for the model itself.
  func reparametrisation(of model: Transformer) throws -> (any Reparametrisation)?
  /// Writes what has been trained.
  func writeModel(
    _ trainer: Trainer, tokenizer: [String: [UInt8]], in context: any StageContext) throws
  /// Scores beside those of every run on tokens.
  func addScores(_ trainer: Trainer, _ setting: TokenSetting) throws
}

/// What a task may know of its run.
struct TokenSetting {
  var parameters: Pretrain.Parameters
  var context: any StageContext
  var compute: Compute
  var configuration: ModelConfiguration
  var tokenizer: Tokenizer
  var data: TrainingData
  var validation: [ValidationSet]

  /// About how many rows go through a model at once.
  func rows(_ configuration: ModelConfiguration) -> Int {
    context.batchHint(compute) ?? TrainingPass.comfortableRows(configuration)
  }

  /// The next-token loss of a model on every validation set; nil for a set without targets.
  func validationLosses(of model: Transformer) throws -> [Double?] {
    let pass = TrainingPass(model, on: compute)
    return try validation.map { set in
      if set.batch.tokens.targetCount == 0 { return nil }
      return try NextToken().measure(
        set.batch, by: pass, rows: rows(model.configuration),
        check: { try context.checkCancellation() }
      ).loss
    }
  }
}

extension TokenTask {
  var objective: any Objective { NextToken() }

  func source(_ mixture: TokenMixture) throws -> any BatchSource { mixture }

  func reparametrisation(of model: Transformer) throws -> (any Reparametrisation)? { nil }

  func writeModel(
    _ trainer: Trainer, tokenizer: [String: [UInt8]], in context: any StageContext
  ) throws {
    try Checkpoint(trainer.model, tokenizerFiles: tokenizer)
      .write(to: context.makeTree("checkpoint"))
  }

  func addScores(_ trainer: Trainer, _ setting: TokenSetting) throws {}
}

/// Next-token training of the model's own parameters.
struct NextTokenTask: TokenTask {}

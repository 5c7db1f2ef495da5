package import Pipeline

extension StageRegistry {
  /// Every op there is, a line each, in the order of a pipeline.
  package static let all = StageRegistry([
    Import.self,
    ImportRecords.self,
    ImportTokenizer.self,
    Filter.self,
    Robots.self,
    Dedup.self,
    Decontaminate.self,
    TrainTokenizer.self,
    Tokenize.self,
    Pack.self,
    ImportQuestions.self,
    MakeWorld.self,
    ImportModel.self,
    Pretrain.self,
    Teach.self,
    Distill.self,
    Prune.self,
    Adapt.self,
    FineTune.self,
    RewardModel.self,
    PreferenceTuning.self,
    Evaluate.self,
    Command.self,
    ClassifyTrain.self,
    Classify.self,
    Mix.self,
    MixSearch.self,
    MixRecords.self,
    Extend.self,
    Synthesize.self,
  ])
}

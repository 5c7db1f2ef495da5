import ContentStore
import LanguageModel
import Numerics
import Pipeline
import Text
import Training

/// What a student learns from a teacher, shared by the ops that have one.
struct TeachingParameters: Sendable {
  var targets: TeacherTargets
  /// The teacher's part; the rest is the label's.
  var weight: Double
  var temperature: Double

  /// - Parameter targets: nil where the op has read that there is no teacher.
  init(
    _ targets: TeacherTargets, from reader: inout ParameterReader
  ) throws(ParameterError) {
    self.targets = targets
    weight = try reader.number(
      "teacherWeight", default: targets == .full ? 1 : 0.9, in: 0...1,
      "The teacher's part of what is to be predicted, the rest being the label; left out, 1 with full "
        + "targets, as Gemma 2, and 0.9 with first-choice, as AFM.")
    temperature = try reader.number(
      "temperature", default: 1, in: 1e-3...1e3,
      "What the teacher's logits are divided by, with full targets; the student's are not.")
    guard targets == .full || temperature == 1 || reader.isListing else {
      throw ParameterError(
        path: "temperature", message: "belongs to full targets; a first choice has none")
    }
  }

  static let port = Port(
    "teacher", .checkpoint, "The model to learn from; of the same tokenizer.")
}

/// Learning from a teacher's predictions.
struct TeachingTask: TokenTask {
  let objective: any Objective
  /// Of a teacher that was asked beforehand.
  private var choices: [Int32]?

  /// From the checkpoint on the port `teacher`.
  init(_ parameters: TeachingParameters, _ setting: TokenSetting) throws {
    let teacher = try setting.context.input("teacher").teacher(
      of: setting.tokenizer, vocabularySize: setting.configuration.vocabularySize,
      on: setting.compute)
    objective = Distillation(
      teacher, parameters.targets, weight: parameters.weight,
      temperature: parameters.temperature)
  }

  /// From the stored first choices on the port `choices`.
  init(stored parameters: TeachingParameters, _ setting: TokenSetting) throws {
    objective = Distillation(storedWeight: parameters.weight)
    choices = try StoredChoices(setting.context.input("choices")).choices(setting)
  }

  func source(_ mixture: TokenMixture) throws -> any BatchSource {
    if let choices { TaughtMixture(mixture, choices: choices) } else { mixture }
  }
}

extension InputArtifact {
  /// The model on this port as a teacher. Refuses one of another tokenizer or another output's width.
  func teacher(
    of tokenizer: Tokenizer, vocabularySize: Int, on compute: Compute
  ) throws -> Teacher {
    let checkpoint = try checkpoint()
    guard let own = checkpoint.tokenizerFiles["tokenizer.json"] else {
      throw StageError(
        "the teacher's folder has no tokenizer.json, so nobody can say that its tokens are these; "
          + "import the model with its tokenizer")
    }
    guard try Tokenizer(json: own).json() == tokenizer.json() else {
      throw StageError(
        "the teacher has another tokenizer than the input \"tokenizer\"; a teacher's tokens must be its "
          + "student's")
    }
    let size = checkpoint.model.configuration.vocabularySize
    guard size == vocabularySize else {
      throw StageError(
        "the teacher predicts \(size) tokens, but its student \(vocabularySize); both must have one "
          + "vocabulary")
    }
    guard checkpoint.model.configuration.scoreHead == nil else {
      throw StageError("the teacher has a score head in place of an output over the vocabulary")
    }
    return Teacher(checkpoint.model, on: compute)
  }
}

/// What `teach` writes: `choices.npy`, int32, a teacher's first choice for every token of the training
/// part, cut into sequences of one length; and `choices.json` with `sequence`, `vocabularySize` and
/// `tokens`, the digest of the tokens artifact.
struct StoredChoices {
  static let arrayPath = "choices.npy"
  static let descriptionPath = "choices.json"
  private let artifact: InputArtifact

  init(_ artifact: InputArtifact) { self.artifact = artifact }

  static func description(sequence: Int, vocabularySize: Int, tokens: Digest) -> JSON {
    [
      "sequence": .integer(sequence), "vocabularySize": .integer(vocabularySize),
      "tokens": .string(tokens.hex),
    ]
  }

  /// The choices, if they are those of a run's tokens in the run's sequences.
  func choices(_ setting: TokenSetting) throws -> [Int32] {
    let json = try JSON(parsing: artifact.read(path: Self.descriptionPath))
    let tokens = try setting.context.input(mainSource).artifact.digest
    guard json["tokens"]?.stringValue == tokens.hex else {
      throw StageError("the choices were made from other tokens; teach with these")
    }
    let size = setting.configuration.vocabularySize
    guard json["vocabularySize"]?.intValue == size else {
      throw StageError("the choices are of another vocabulary than the student's \(size) tokens")
    }
    for (index, phase) in setting.parameters.phases.enumerated() {
      guard phase.data.sequence == json["sequence"]?.intValue else {
        throw StageError(
          "phase \(index + 1) has sequences of \(phase.data.sequence), but the choices were made in "
            + "sequences of \(json["sequence"]?.intValue ?? 0); a teacher answers by what it sees")
      }
      guard phase.data.mix.names == [mainSource] else {
        throw StageError(
          "phase \(index + 1) mixes sources, but the choices are of \"tokens\" alone; connect the teacher "
            + "itself")
      }
    }
    return try NPY.decodeIntegers(artifact.read(path: Self.arrayPath), as: Int32.self)
  }
}

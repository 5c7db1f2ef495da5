package import ContentStore
import Corpus
import LanguageModel
package import Ledger
import Pipeline
import Training

/// What a training step saw, worked out anew from its recipe and the tokens it read: the data order is a
/// function of seed and step.
package struct StepDocuments: Sendable {
  /// A stretch of one document in one sequence of the step.
  package struct Piece: Hashable, Sendable {
    /// Index of the sequence in the step's batch.
    package var sequence: Int
    /// The input that the sequence is from.
    package var input: String
    /// Which tokens of that input's training stream.
    package var tokens: Range<Int>
    /// Index of the document in that stream.
    package var document: Int
    /// Which tokens of the document.
    package var tokensOfDocument: Range<Int>
    package var id: String
    package var source: String
    /// The user's file, and where in it the document begins, in bytes.
    package var file: String?
    package var offset: Int?
  }

  package let step: Int
  /// The stage's last step.
  package let steps: Int
  /// The step's phase, from 1, and how many there are.
  package let phase: Int
  package let phases: Int
  package let pieces: [Piece]

  /// - Parameters:
  ///   - recipe: of a stage that trains on tokens.
  ///   - step: from 1, as in metrics and snapshots.
  package init(_ recipe: Recipe, step: Int, store: ObjectStore) throws {
    let parameters = try Self.parameters(recipe)
    guard let seed = recipe.seed else { throw StageError("the recipe has no seed") }
    guard (1...parameters.steps).contains(step) else {
      throw StageError("there is no step \(step); the stage has steps 1 to \(parameters.steps)")
    }
    func input(_ name: String) throws -> InputArtifact {
      guard let artifact = recipe.inputs[name]?.first else {
        throw StageError("the recipe has no input \"\(name)\"")
      }
      return InputArtifact(artifact, in: store)
    }
    let mixture = try TrainingData(
      parameters, seed: try Self.seed(recipe, step, store) ?? seed, input: input
    ).mixture
    (self.step, steps) = (step, parameters.steps)
    (phase, phases) = (mixture.phase(after: step - 1) + 1, parameters.phases.count)
    pieces = try Self.pieces(mixture.sequences(after: step - 1), mixture) {
      try OriginLines(input($0).read(path: TokenFiles.Split.train.originsPath))
    }
  }

  /// The parameters of what a recipe trains on tokens.
  private static func parameters(_ recipe: Recipe) throws -> Pretrain.Parameters {
    let ops = [Pretrain.op, Distill.op, Prune.op, Adapt.op]
    guard ops.contains(recipe.op), recipe.inputs[mainSource]?.isEmpty == false,
      let members = recipe.parameters.objectValue
    else {
      throw StageError(
        "the op \(recipe.op) does not train on tokens; name a stage of the op \(Pretrain.op)")
    }
    var reader = ParameterReader(
      members, fileInputs: Set(recipe.inputs.keys), isRecorded: true)
    let parameters = try reader.decode { (reader) throws(ParameterError) in
      switch recipe.op {
      case Distill.op: try Distill.Parameters(from: &reader).training
      case Prune.op: try Prune.Parameters(from: &reader).training
      case Adapt.op: try Adapt.Parameters(from: &reader).training
      default: try Pretrain.Parameters(from: &reader)
      }
    }
    guard let parameters else {
      throw StageError("the stage prunes without training, so it has no steps")
    }
    return parameters
  }

  /// The seed of a step that came before the snapshot which the stage started from.
  private static func seed(_ recipe: Recipe, _ step: Int, _ store: ObjectStore) throws -> UInt64? {
    guard let snapshot = recipe.inputs["snapshot"]?.first, let seed = recipe.seed else {
      return nil
    }
    let notes = try Safetensors(parsing: InputArtifact(snapshot, in: store).read()).metadata
    guard let last = notes["step"].flatMap({ Int($0) }) else { return nil }
    return SeedHistory(notes, after: last, then: seed).seed(of: step)
  }

  private static func pieces(
    _ sequences: [TokenMixture.Sequence], _ mixture: TokenMixture,
    origins read: (String) throws -> OriginLines
  ) throws -> [Piece] {
    var known: [String: OriginLines] = [:]
    var result: [Piece] = []
    for (index, sequence) in sequences.enumerated() {
      guard let stream = mixture.streams[sequence.source] else { continue }
      let origins = try known[sequence.source] ?? read(sequence.source)
      known[sequence.source] = origins
      for tokens in stream.pieces(of: sequence.tokens) {
        let document = stream.document(at: tokens.lowerBound)
        let start = stream.documentStarts[document]
        let origin = try origins.origin(of: document)
        // Of a packed document the stream may hold a later part only.
        let first = tokens.lowerBound - start + origin.token
        result.append(
          Piece(
            sequence: index, input: sequence.source, tokens: tokens, document: document,
            tokensOfDocument: first..<first + tokens.count,
            id: origin.id, source: origin.source, file: origin.file, offset: origin.offset))
      }
    }
    return result
  }
}

package import ContentStore
import Corpus
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
    /// Which tokens of the training stream.
    package var tokens: Range<Int>
    /// Index of the document in the training part.
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
  package let pieces: [Piece]

  /// - Parameters:
  ///   - recipe: of a stage that trains on tokens.
  ///   - step: from 1, as in metrics and snapshots.
  package init(_ recipe: Recipe, step: Int, store: ObjectStore) throws {
    guard recipe.op == Pretrain.op, let artifact = recipe.inputs["tokens"]?.first else {
      throw StageError(
        "the op \(recipe.op) does not train on tokens; name a stage of the op \(Pretrain.op)")
    }
    guard let members = recipe.parameters.objectValue, let seed = recipe.seed else {
      throw StageError("the recipe has no parameters or no seed")
    }
    var reader = ParameterReader(members, fileInputs: Set(recipe.inputs.keys))
    let parameters = try reader.decode { (reader) throws(ParameterError) in
      try Pretrain.Parameters(from: &reader)
    }
    guard (1...parameters.steps).contains(step) else {
      throw StageError("there is no step \(step); the stage has steps 1 to \(parameters.steps)")
    }
    let input = InputArtifact(artifact, in: store)
    let stream = try input.tokens(
      .train, vocabularySize: try input.tokenDescription().vocabularySize)
    let order = try DataOrder(
      stream, batch: parameters.batch, sequence: parameters.sequence, seed: seed)
    (self.step, steps) = (step, parameters.steps)
    pieces = try Self.pieces(
      order.ranges(after: step - 1), stream,
      OriginLines(input.read(path: TokenFiles.Split.train.originsPath)))
  }

  private static func pieces(
    _ ranges: [Range<Int>], _ stream: TokenStream, _ origins: OriginLines
  ) throws -> [Piece] {
    var result: [Piece] = []
    for (sequence, range) in ranges.enumerated() {
      for tokens in stream.pieces(of: range) {
        let document = stream.document(at: tokens.lowerBound)
        let start = stream.documentStarts[document]
        let origin = try origins.origin(of: document)
        // Of a packed document the stream may hold a later part only.
        let first = tokens.lowerBound - start + origin.token
        result.append(
          Piece(
            sequence: sequence, tokens: tokens, document: document,
            tokensOfDocument: first..<first + tokens.count,
            id: origin.id, source: origin.source, file: origin.file, offset: origin.offset))
      }
    }
    return result
  }
}

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
    pieces = try Self.pieces(order.ranges(after: step - 1), stream, Origins(input))
  }

  private static func pieces(
    _ ranges: [Range<Int>], _ stream: TokenStream, _ origins: Origins
  ) throws -> [Piece] {
    var result: [Piece] = []
    for (sequence, range) in ranges.enumerated() {
      for tokens in stream.pieces(of: range) {
        let document = stream.document(at: tokens.lowerBound)
        let start = stream.documentStarts[document]
        let origin = try origins.origin(of: document)
        result.append(
          Piece(
            sequence: sequence, tokens: tokens, document: document,
            tokensOfDocument: tokens.lowerBound - start..<tokens.upperBound - start,
            id: origin.id, source: origin.source, file: origin.file, offset: origin.offset))
      }
    }
    return result
  }

  /// The training part's documents by index; only those asked for are parsed.
  private struct Origins {
    private let bytes: [UInt8]
    private let lines: [Range<Int>]

    init(_ input: InputArtifact) throws {
      bytes = try input.read(path: TokenFiles.Split.train.originsPath)
      var (lines, start): ([Range<Int>], Int) = ([], 0)
      for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") {
        lines.append(start..<index)
        start = index + 1
      }
      self.lines = lines
    }

    func origin(of document: Int) throws -> TokenFiles.Origin {
      guard lines.indices.contains(document) else {
        throw StageError(
          "\(TokenFiles.Split.train.originsPath) has \(lines.count) lines, none for document "
            + "\(document)")
      }
      return try TokenFiles.Origin(line: Array(bytes[lines[document]]))
    }
  }
}

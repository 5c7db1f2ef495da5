import Corpus
import Pipeline
import Training

/// The token streams that a training op's phases draw from, from its inputs.
struct TrainingData {
  let mixture: TokenMixture
  let vocabularySize: Int
  let endToken: Int?

  /// Reads the training part of every source; all must have been made with one vocabulary.
  init(
    _ parameters: Pretrain.Parameters, seed: UInt64, input: (String) throws -> InputArtifact
  ) throws {
    let description = try input(mainSource).tokenDescription()
    vocabularySize = description.vocabularySize
    endToken = description.endToken
    var streams: [String: TokenStream] = [:]
    for name in parameters.sources {
      let artifact = try input(name)
      let own = try artifact.tokenDescription()
      try Self.check(own.packing, of: name, parameters)
      let size = own.vocabularySize
      guard size == vocabularySize else {
        throw StageError(
          "the input \"\(name)\" was made with \(size) tokens, but \"\(mainSource)\" with "
            + "\(vocabularySize); tokenize both with one tokenizer")
      }
      streams[name] = try artifact.tokens(.train, vocabularySize: vocabularySize)
    }
    mixture = try TokenMixture(streams, phases: parameters.phases.map(\.data), seed: seed)
  }

  /// Packed rows are taken whole: by the phases that draw from them, and by validation, which has the
  /// first phase's sequences.
  private static func check(
    _ packing: TokenFiles.Packing?, of name: String, _ parameters: Pretrain.Parameters
  ) throws {
    guard let length = packing?.rowLength else { return }
    for (index, phase) in parameters.phases.enumerated()
    where phase.data.sequence != length && (index == 0 || phase.data.mix.names.contains(name)) {
      throw StageError(
        "the input \"\(name)\" is packed into rows of \(length) tokens, but phase \(index + 1) has "
          + "sequences of \(phase.data.sequence); let `sequence` be \(length) too")
    }
  }
}

/// The tokenizer file of llama2.c (`tokenizer.py`): an int32 with the longest piece's length, then for
/// every token a float32 score, an int32 length and so many bytes.
package struct SentencePieces: Hashable, Sendable {
  /// Each token's piece by id, as it is written; spaces stand for themselves.
  package let pieces: [[UInt8]]
  /// The higher a piece's score, the earlier it is made.
  package let scores: [Float]

  /// Reads the file, which must hold exactly `count` tokens.
  package init(
    parsing bytes: [UInt8], count: Int, file: String
  ) throws(CheckpointError) {
    var reader = BinaryReader(bytes, file: file)
    _ = try reader.integer("the longest piece's length", as: Int32.self)
    var (pieces, scores): ([[UInt8]], [Float]) = ([], [])
    for id in 0..<count {
      let score = try reader.float("the score of token \(id) of \(count)")
      guard score.isFinite else { throw CheckpointError("\(file): token \(id) has score \(score)") }
      let length: Int32 = try reader.integer("the length of token \(id)")
      pieces.append(Array(bytes[try reader.take(Int(length), "the piece of token \(id)")]))
      scores.append(score)
    }
    guard reader.remaining == 0 else {
      throw CheckpointError(
        "\(file) goes on for \(reader.remaining) bytes after the model's \(count) tokens; it belongs "
          + "to another model")
    }
    (self.pieces, self.scores) = (pieces, scores)
  }
}

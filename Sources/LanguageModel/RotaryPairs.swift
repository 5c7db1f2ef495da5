package import Numerics

/// Rotary positions turn pairs of a head's elements. llama2.c and GGUF pair neighbours (2i, 2i + 1);
/// Hugging Face, and this project, pair i with i + D/2. The rows of the query and key matrices tell
/// which: moving them turns one form into the other without changing what the model computes.
package enum RotaryPairs {
  /// Rows `[heads · headSize, columns]` for neighbouring pairs, put in the order of half-split pairs.
  package static func halfSplit(
    _ matrix: Floats, heads: Int, headSize: Int
  ) -> Floats {
    let columns = matrix.count / (heads * headSize)
    let half = headSize / 2
    let result = Floats(count: matrix.count)
    for row in 0..<heads * headSize {
      let (head, place) = (row / headSize, row % headSize)
      let source = head * headSize + place % half * 2 + place / half
      result[row * columns..<(row + 1) * columns]
        .copy(from: matrix[source * columns..<(source + 1) * columns])
    }
    return result
  }
}

import Corpus
import LanguageModel
import Pipeline
import Text
import Training

/// A record's prompt as tokens.
struct EncodedPrompt {
  /// Its number among all records of the port.
  let number: Int
  let record: TrainingRecord
  let tokens: [Int32]
}

extension StageContext {
  /// The prompts on a port: those of prompts, of preferences, and of conversations up to their last answer.
  /// Prompts that leave no room for a response are left out.
  func prompts(
    _ port: String, room: Int, _ codec: inout ChatCodec
  ) throws -> [EncodedPrompt] {
    var (prompts, left, number): ([EncodedPrompt], Int, Int) = ([], 0, 0)
    for input in inputs(port) {
      for record in try input.records(port) {
        let tokens = try codec.prompt(record.prompt)
        if tokens.isEmpty || tokens.count + room > codec.maximumLength {
          left += 1
        } else {
          prompts.append(EncodedPrompt(number: number, record: record, tokens: tokens))
        }
        number += 1
        try checkCancellation()
      }
    }
    if left > 0 {
      log(
        "\(left) prompts of \"\(port)\" leave no room for \(room) tokens within "
          + "\(codec.maximumLength): left out")
    }
    return prompts
  }
}

/// Warnings that would come at every step come when their count doubles.
final class Warnings {
  private let context: any StageContext
  private var counts: [String: Int] = [:]

  init(_ context: any StageContext) { self.context = context }

  /// - Parameter kind: what is counted together.
  func add(_ kind: String, _ message: String) {
    let count = counts[kind, default: 0] + 1
    counts[kind] = count
    guard count & (count - 1) == 0 else { return }
    context.log(count == 1 ? "warning: \(message)" : "warning (\(count) times): \(message)")
  }
}

extension StageError {
  /// All prompts were left out.
  static let noPrompts = StageError(
    "the input \"prompts\" has no prompt to respond to; see maxTokens")
}

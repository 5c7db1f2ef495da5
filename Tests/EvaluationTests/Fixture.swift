import ContentStore
import Evaluation
import Foundation
import LanguageModel

/// A committed reference file.
func fixture(_ name: String) throws -> JSON {
  let folder = Bundle.module.bundleURL.appendingPathComponent("Fixtures")
  return try JSON(parsing: [UInt8](Data(contentsOf: folder.appendingPathComponent(name))))
}

struct MissingMember: Error {
  var key: String
}

/// Members that must be there.
extension JSON {
  func member(_ key: String) throws -> JSON {
    guard let value = self[key] else { throw MissingMember(key: key) }
    return value
  }

  func list(_ key: String) throws -> [JSON] {
    guard let value = try member(key).arrayValue else { throw MissingMember(key: key) }
    return value
  }

  func integer(_ key: String) throws -> Int {
    guard let value = try member(key).intValue else { throw MissingMember(key: key) }
    return value
  }

  func double(_ key: String) throws -> Double {
    guard let value = try member(key).doubleValue else { throw MissingMember(key: key) }
    return value
  }

  func string(_ key: String) throws -> String {
    guard let value = try member(key).stringValue else { throw MissingMember(key: key) }
    return value
  }

  /// A list of numbers; null is NaN.
  var numbers: [Double] { (arrayValue ?? []).map { $0.doubleValue ?? .nan } }
  var strings: [String] { (arrayValue ?? []).compactMap(\.stringValue) }
}

/// Whether two numbers agree to a relative error, or an absolute one near zero.
func near(_ a: Double, _ b: Double, _ tolerance: Double = 1e-13) -> Bool {
  a == b || (a - b).magnitude <= tolerance * max(a.magnitude, b.magnitude)
}

/// The tokenizer of `make_harness.py`: bytes, and one special token.
struct ByteTokenizer: RequestTokenizer {
  var addsBegin: Bool
  var prefixToken: Int? { 256 }
  var prefixText: String? { "<|begin|>" }

  func encode(_ text: String, addingSpecialTokens: Bool) -> [Int] {
    let pieces = text.components(separatedBy: "<|begin|>").map { $0.utf8.map(Int.init) }
    let tokens = Array(pieces.joined(separator: [256]))
    return addingSpecialTokens && addsBegin ? [256] + tokens : tokens
  }
}

/// The model of `make_harness.py`: log-probabilities that are exact fractions.
struct FractionScorer: TokenScorer {
  var window: Int

  func score(
    _ requests: [ScoreRequest], progress: (Int) throws -> Void
  ) throws -> [ContinuationScore] {
    try progress(requests.count)
    return requests.map { request in
      precondition(!request.context.isEmpty)
      precondition(request.context.count + request.continuation.count <= window + 1)
      let all = request.context + request.continuation
      var (state, sum, isGreedy) = (0, 0.0, true)
      for index in 1..<all.count {
        state = (state * 31 + all[index - 1] + 1) % 1009
        guard index >= request.context.count else { continue }
        let place = (state * 37 + all[index] * 17) % 61
        sum -= Double(place + 1) / 64
        isGreedy = isGreedy && place < 40
      }
      return ContinuationScore(logProbability: sum, isGreedy: isGreedy, truncated: 0)
    }
  }
}

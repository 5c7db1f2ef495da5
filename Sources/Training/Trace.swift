import ContentStore
import LanguageModel
import Numerics

/// A running SHA-256 over everything a training run computes, so that two runs can be compared step by
/// step and tensor by tensor without keeping either. Lines are canonical JSON:
///
///     {"batch":…, "firstMoments":{name:…}, "gradientNorm":…, "loss":…, "parameters":{name:…},
///      "rolling":…, "secondMoments":{name:…}, "step":N}
///
/// `rolling` is 64 hex digits and covers every step so far; the others are the first 16 hex digits of
/// the SHA-256 of the float32 (or int32) values, little-endian, after the step. `loss` and
/// `gradientNorm` are the 64 bits of the doubles, in hex.
struct Trace {
  /// Digest of everything so far.
  private(set) var rolling: Digest
  /// The lines so far, each with its line feed.
  private(set) var text: [UInt8]

  init() {
    rolling = SHA256.hash([])
    text = []
  }

  init(rolling: Digest, text: [UInt8]) {
    self.rolling = rolling
    self.text = text
  }

  /// Takes a step in: what it saw and what came of it.
  mutating func add(_ record: StepRecord, batch: TokenBatch) {
    var hasher = SHA256()
    hasher.update(rolling.bytes)
    hasher.update(Self.littleEndian(UInt64(record.step)))
    batch.tokens.withUnsafeBytes { hasher.update($0) }
    hasher.update(Self.littleEndian(record.loss.bitPattern))
    hasher.update(Self.littleEndian(record.gradientNorm.bitPattern))
    rolling = hasher.finalize()
  }

  /// Takes the state after a step in, and writes a line.
  mutating func addLine(
    _ record: StepRecord, batch: TokenBatch, layout: ParameterLayout, parameters: Floats,
    firstMoments: Floats, secondMoments: Floats
  ) throws(TrainingError) {
    let arenas = [parameters, firstMoments, secondMoments]
    let digests = arenas.map { arena in
      layout.views.map { view in arena[view.range].withBytes { SHA256.hash($0) } }
    }
    var hasher = SHA256()
    hasher.update(rolling.bytes)
    for digest in digests.joined() { hasher.update(digest.bytes) }
    rolling = hasher.finalize()
    func named(_ list: [Digest]) -> JSON {
      .object(
        Dictionary(zip(layout.views.map(\.name), list.map(Self.brief))) { first, _ in first })
    }
    let line: JSON = [
      "step": .integer(record.step), "rolling": .string(rolling.hex),
      "batch": Self.brief(batch.tokens.withUnsafeBytes { SHA256.hash($0) }),
      "loss": Self.bits(record.loss), "gradientNorm": Self.bits(record.gradientNorm),
      "parameters": named(digests[0]), "firstMoments": named(digests[1]),
      "secondMoments": named(digests[2]),
    ]
    do throws(JSONError) { text += try line.canonical() + [UInt8(ascii: "\n")] } catch {
      throw TrainingError("the trace cannot be written: \(error)")
    }
  }

  private static func brief(_ digest: Digest) -> JSON { .string(String(digest.hex.prefix(16))) }

  private static func bits(_ value: Double) -> JSON {
    let digits = String(value.bitPattern, radix: 16)
    return .string(String(repeating: "0", count: 16 - digits.count) + digits)
  }

  private static func littleEndian(_ value: UInt64) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}

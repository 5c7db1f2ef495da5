import ContentStore
import LanguageModel
import Ledger

/// How far the tensors of two results of one recipe are apart.
struct TensorComparison {
  let store: ObjectStore

  /// The earliest pair of safetensors files whose tensors differ: kept snapshots by step, then other
  /// files. Nil when there is none, or none can be read.
  func first(_ recorded: StageResult, _ replayed: StageResult) -> ReplayDifference.Tensors? {
    let pairs = candidates(recorded, replayed).sorted {
      ($0.step ?? .max, $0.path) < ($1.step ?? .max, $1.path)
    }
    for pair in pairs {
      guard let one = read(pair.recorded), let other = read(pair.replayed) else { continue }
      let found = Self.compare(one, other)
      if !found.isEmpty {
        return .init(
          path: pair.path, step: pair.step, compared: one.tensors.count, differing: found)
      }
    }
    return nil
  }

  private struct Pair {
    var path: String
    var step: Int?
    var recorded: Digest
    var replayed: Digest
  }

  private func candidates(_ recorded: StageResult, _ replayed: StageResult) -> [Pair] {
    recorded.outputs.keys.sorted().flatMap { port -> [Pair] in
      guard let one = entries(recorded.outputs[port]), let other = entries(replayed.outputs[port])
      else { return [] }
      return one.compactMap { path, object in
        guard path.hasSuffix(".safetensors"), let match = other[path], match != object else {
          return nil
        }
        return Pair(
          path: "\(port)/\(path)", step: KeptSnapshotPath.step(path), recorded: object,
          replayed: match)
      }
    }
  }

  private func entries(_ artifact: Artifact?) -> [String: Digest]? {
    guard let artifact, artifact.kind == .tree,
      let tree = try? store.readTree(artifact.digest)
    else { return nil }
    return tree.entries.mapValues(\.object)
  }

  private func read(_ object: Digest) -> Safetensors? {
    (try? store.read(object)).flatMap { try? Safetensors(parsing: $0) }
  }

  /// The float32 tensors that differ; the model's own before moments and averages, layers in order.
  private static func compare(
    _ one: Safetensors, _ other: Safetensors
  ) -> [ReplayDifference.Tensor] {
    one.tensors.keys.sorted(by: precedes).compactMap { name in
      guard one.tensors[name]?.type == .f32, other.tensors[name]?.type == .f32,
        let (left, right) = try? (one.data(name), other.data(name)), left.count == right.count,
        left != right
      else { return nil }
      return difference(name, left, right)
    }
  }

  private static func difference(
    _ name: String, _ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>
  ) -> ReplayDifference.Tensor {
    var result = ReplayDifference.Tensor(
      name: name, elements: left.count / 4, differing: 0, units: 0)
    left.withUnsafeBytes { one in
      right.withUnsafeBytes { other in
        for index in 0..<result.elements {
          let a = one.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
          let b = other.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
          if a == b { continue }
          result.differing += 1
          result.units = max(
            result.units,
            UnitsInLastPlace.between(
              Float(bitPattern: UInt32(littleEndian: a)), Float(bitPattern: UInt32(littleEndian: b))
            )
          )
        }
      }
    }
    return result
  }

  static func precedes(_ one: String, _ other: String) -> Bool {
    let (left, right) = (rank(one), rank(other))
    if left != right { return left < right }
    return natural(one).lexicographicallyPrecedes(natural(other))
  }

  /// The body, the output matrix, then what training keeps beside them.
  private static func rank(_ name: String) -> Int {
    name.hasPrefix("model.") ? 0 : name.hasPrefix("lm_head.") ? 1 : 2
  }

  /// A name's parts, numbers padded so that layer 2 comes before layer 10.
  private static func natural(_ name: String) -> [String] {
    name.split(separator: ".").map { part in
      Int(part) == nil
        ? String(part) : String(repeating: "0", count: max(0, 12 - part.count)) + part
    }
  }
}

/// Distances in units in the last place: how many numbers of the format lie between two.
package enum UnitsInLastPlace {
  /// 0 for equal numbers and for zeros of both signs; `UInt64.max` where one is NaN and the other not.
  package static func between(_ one: Float, _ other: Float) -> UInt64 {
    if one.isNaN || other.isNaN { return one.isNaN && other.isNaN ? 0 : .max }
    let (a, b) = (ordered(one), ordered(other))
    return UInt64((a - b).magnitude)
  }

  package static func between(_ one: Double, _ other: Double) -> UInt64 {
    if one.isNaN || other.isNaN { return one.isNaN && other.isNaN ? 0 : .max }
    let (a, b) = (magnitude(one), magnitude(other))
    if (one.sign == .minus) == (other.sign == .minus) { return a > b ? a - b : b - a }
    return a + b
  }

  private static func ordered(_ value: Float) -> Int64 {
    let magnitude = Int64(value.magnitude.bitPattern)
    return value.sign == .minus ? -magnitude : magnitude
  }

  private static func magnitude(_ value: Double) -> UInt64 { value.magnitude.bitPattern }
}

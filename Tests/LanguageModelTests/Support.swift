import ContentStore
import Foundation
import LanguageModel
import Numerics
import Testing

/// A small model whose gains and biases are not all 1 and 0, which would hide a missing factor or sum.
func makeModel(
  _ configuration: ModelConfiguration, seed: UInt64 = 9, deviation: Float = 0.3
) -> Transformer {
  let compute = Compute(threads: 1)
  let model = Transformer(configuration, seed: seed, deviation: deviation, on: compute)
  for view in model.layout.views where view.shape.count == 1 {
    RandomStream(seed: 1, purpose: view.name)
      .fillNormal(
        model.parameters[view.range], mean: view.role == .norm ? 1 : 0, deviation: 0.3, on: compute)
  }
  return model
}

/// `count` token ids below `vocabulary`.
func makeTokens(_ count: Int, below vocabulary: Int, seed: UInt64 = 1) -> [Int] {
  let stream = RandomStream(seed: seed, purpose: "test tokens")
  return (0..<count).map { Int(stream.integer(at: UInt64($0), below: UInt64(vocabulary))) }
}

/// Mean negative log-probability per target, and its slopes.
func nextTokenLoss(_ values: [Float], _ batch: TokenBatch) -> Double {
  -values.reduce(0) { $0 + Double($1) } / Double(batch.targetCount)
}
func nextTokenSlopes(_ batch: TokenBatch) -> [Float] {
  batch.targets.map { $0 < 0 ? 0 : -1 / Float(batch.targetCount) }
}

func bits(_ values: some Sequence<Float>) -> [UInt32] { values.map(\.bitPattern) }

/// Along a random direction in every tensor, the loss changes as the gradient says. The differences are of
/// float32 losses: Richardson's extrapolation of two central differences leaves about three digits.
func checkDifferences(
  _ layout: ParameterLayout, _ parameters: Floats, gradients: Floats, step: Double = 1e-2,
  tolerance: Double = 2e-4, loss: () -> Double
) {
  let compute = Compute(threads: 2)
  for view in layout.views {
    let direction = Floats(count: view.count)
    RandomStream(seed: 2, purpose: view.name).fillNormal(direction, deviation: 1, on: compute)
    let length = compute.sumOfSquares(direction).squareRoot()
    let expected = compute.dot(direction, gradients[view.range]) / length
    let place = parameters[view.range]
    let kept = Floats(place.array)
    func moved(_ step: Double) -> Double {
      place.copy(from: kept)
      compute.add(direction, times: Float(step / length), to: place)
      return loss()
    }
    let coarse = (moved(step) - moved(-step)) / (2 * step)
    let fine = (moved(step / 2) - moved(-step / 2)) / step
    let found = (4 * fine - coarse) / 3
    place.copy(from: kept)
    #expect(
      abs(found - expected) < tolerance + 5e-3 * abs(expected),
      "\(view.name): gradient \(expected), differences \(found)")
  }
}

/// What a script of `Fixtures` made.
struct Fixture {
  let folder: URL
  let expected: JSON

  init(_ name: String) throws {
    folder = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures/\(name)")
    expected = try JSON(
      parsing: Array(try Data(contentsOf: folder.appendingPathComponent("expected.json"))))
  }

  func read(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: folder.appendingPathComponent(path)))
  }

  /// The model in a folder of the fixture.
  func model(_ path: String = "") throws -> Transformer {
    try Checkpoint(paths: ["config.json", "model.safetensors"]) { try read(path + $0) }.model
  }

  static func numbers(_ json: JSON?) -> [Double] {
    json?.arrayValue?.compactMap(\.doubleValue) ?? []
  }

  /// A list of lists.
  func rows(_ key: String) -> [[Double]] { (expected[key]?.arrayValue ?? []).map(Self.numbers) }

  var documents: [[Int]] { rows("documents").map { $0.map { Int($0) } } }

  var gradients: [String: Double] {
    (expected["gradients"]?.objectValue ?? [:]).compactMapValues(\.doubleValue)
  }
}

import ContentStore
import LanguageModel
import Numerics
import Testing

@Suite struct QuantisingTests {
  private let compute = Compute(threads: 2)

  private func random(_ rows: Int, _ columns: Int, seed: UInt64 = 5) -> Matrix {
    let matrix = Matrix(rows: rows, columns: columns)
    RandomStream(seed: seed, purpose: "test matrix")
      .fillNormal(matrix.floats, deviation: 0.05, on: compute)
    return matrix
  }

  /// Every form that there is, with groups that divide the matrix and groups that do not.
  static let forms: [Quantisation] =
    [1, 2, 4, 8].flatMap { bits in
      [(Quantisation.Axis.rows, 16), (.columns, 16), (.rows, 5), (.columns, 7), (.rows, 1000)].map {
        .palette(bits: bits, axis: $0, group: $1)
      }
    }
    + [2, 4, 8].flatMap { bits in
      [32, 7, nil].flatMap { group in
        [true, false].map { .integers(bits: bits, group: group, isSymmetric: $0) }
      }
    }

  @Test func `integers by groups are torch's fake quantisation`() throws {
    let fixture = try Fixture("quantised")
    let numbers = Fixture.numbers(fixture.expected["matrix"]).map { Float($0) }
    let matrix = Matrix(Floats(numbers), rows: 4, columns: 12)
    let cases = fixture.expected["cases"]?.arrayValue ?? []
    #expect(cases.count == 12)
    for one in cases {
      let form = Quantisation.integers(
        bits: one["bits"]?.intValue ?? 0, group: one["group"]?.intValue,
        isSymmetric: one["symmetric"]?.boolValue ?? false)
      let tensor = Quantiser(precision: .float32, on: compute).quantised(matrix, as: form)
      let back = tensor.dequantised(on: compute).array
      let expected = Fixture.numbers(one["expected"])
      #expect(
        zip(back, expected).allSatisfy { (Double($0) - $1).magnitude <= 1e-7 }, "\(form): \(back)")
    }
  }

  @Test func `half floats are rounded as torch rounds them`() throws {
    let pairs = try Fixture("quantised").rows("halves")
    for (value, half) in zip(pairs[0], pairs[1]) {
      #expect(StoredPrecision.float16.rounded(Float(value)) == Float(half), "\(value)")
    }
    #expect(StoredPrecision.float16.rounded(65520) == .infinity)
    #expect(StoredPrecision.float16.rounded(-1e10) == -.infinity)
  }

  @Test(arguments: forms)
  func `more bits and smaller groups are nearer, threads change nothing`(form: Quantisation) {
    let matrix = random(37, 50)
    let one = Quantiser(on: Compute(threads: 1)).quantised(matrix, as: form)
    let two = Quantiser(on: compute).quantised(matrix, as: form)
    #expect(one.codes == two.codes && one.values == two.values && one.zeros == two.zeros)
    #expect(one.codes.bytes.count == (37 * 50 * form.bits + 7) / 8)
    let back = one.dequantised(on: compute)
    let error = compute.sumOfSquares(Merging(on: compute).difference(matrix.floats, back))
    let relative = (error / compute.sumOfSquares(matrix.floats)).squareRoot()
    let limits: [Int: Double] = [1: 0.65, 2: 0.75, 4: 0.2, 8: 0.03]
    let most = limits[form.bits] ?? 0
    #expect(relative < most && relative > 0, "\(form): \(relative)")
  }

  @Test func `a palette is nearer than integers of as many bits, and columns are columns`() {
    let wide = random(64, 256)
    func error(_ form: Quantisation, _ matrix: Matrix) -> Double {
      let back = Quantiser(on: compute).quantised(matrix, as: form).dequantised(on: compute)
      return compute.sumOfSquares(Merging(on: compute).difference(matrix.floats, back))
    }
    #expect(
      error(.palette(bits: 4, axis: .rows, group: 16), wide)
        < error(.integers(bits: 4, group: nil, isSymmetric: true), wide))
    // Sixteen columns of one value each, another for every sixteen: a table of one value holds them.
    let matrix = Matrix(rows: 64, columns: 48)
    for column in 0..<48 { for row in 0..<64 { matrix[row, column] = Float(column / 16) } }
    #expect(error(.palette(bits: 1, axis: .columns, group: 16), matrix) == 0)
    #expect(error(.palette(bits: 1, axis: .rows, group: 16), matrix) > 0)
  }

  @Test func `a table of few values is those values, and of many a fixed point of k-means`() {
    #expect(ValueTable(of: [3, 1, 3, 2], size: 4, rounds: 9).centres == [1, 2, 3, 3])
    #expect(ValueTable(of: [0, -0.0, 0], size: 2, rounds: 9).centres == [0, 0])
    #expect(ValueTable(of: [1, 2, 10, 11, 30], size: 3, rounds: 20).centres == [1.5, 10.5, 30])
    let values = random(40, 40).floats.array
    let centres = ValueTable(of: values, size: 16, rounds: 1000).centres
    #expect(centres == centres.sorted())
    var (sums, counts) = ([Double](repeating: 0, count: 16), [Int](repeating: 0, count: 16))
    for value in values {
      let index = ValueTable.nearest(value, in: centres.map { Float($0) })
      sums[index] += Double(value)
      counts[index] += 1
    }
    for index in 0..<16 {
      #expect(counts[index] > 0)
      #expect((sums[index] / Double(counts[index]) - centres[index]).magnitude < 1e-6)
    }
  }

  @Test func `a value halfway between two goes to the lower`() {
    #expect(ValueTable.nearest(1.5, in: [1, 2]) == 0)
    #expect(ValueTable.nearest(2, in: [2, 2, 2]) == 0)
    #expect(ValueTable.nearest(9, in: [1, 2]) == 1)
  }

  @Test func `codes are packed from the lowest bits on`() {
    #expect(PackedCodes([1, 2, 15], bits: 4).bytes == [0x21, 0x0F])
    #expect(PackedCodes([3, 0, 1, 2, 1], bits: 2).bytes == [0b10_01_00_11, 1])
    #expect(PackedCodes([1, 0, 1], bits: 1).bytes == [5])
    for bits in [1, 2, 4, 8] {
      let codes = (0..<21).map { UInt8($0 * 37 % (1 << bits)) }
      let packed = PackedCodes(codes, bits: bits)
      #expect((0..<21).map { packed[$0] } == codes)
    }
  }
}

@Suite struct QuantisedCheckpointTests {
  private let compute = Compute(threads: 2)
  private let configuration = ModelConfiguration(
    architecture: .qwen2, vocabularySize: 11, hidden: 8, layers: 2, heads: 4, keyValueHeads: 2,
    intermediate: 12, isTied: false, maximumPositions: 32)

  /// Every matrix in another form, by turns; norms and biases as they are.
  private func quantised(_ precision: StoredPrecision = .float16) -> QuantisedCheckpoint {
    let model = makeModel(configuration)
    let quantiser = Quantiser(precision: precision, on: compute)
    var tensors: [String: QuantisedTensor] = [:]
    var whole: [String: Floats] = [:]
    for (index, view) in model.layout.views.enumerated() {
      let values = model.parameters[view.range]
      if view.shape.count == 2 {
        tensors[view.name] = quantiser.quantised(
          Matrix(values, rows: view.shape[0], columns: view.shape[1]),
          as: QuantisingTests.forms[index * 3 % QuantisingTests.forms.count])
      } else {
        whole[view.name] = values
      }
    }
    return QuantisedCheckpoint(
      configuration: configuration, precision: precision, tensors: tensors, whole: whole,
      tokenizerFiles: ["tokenizer.json": Array("{}".utf8)])
  }

  private func read(_ files: [String: [UInt8]]) throws -> Checkpoint {
    try Checkpoint(paths: files.keys) { try #require(files[$0]) }
  }

  private func message(_ files: [String: [UInt8]]) -> String {
    do {
      _ = try read(files)
      return "no error"
    } catch { return "\(error)" }
  }

  @Test(arguments: StoredPrecision.allCases)
  func `a checkpoint reads a quantised folder to the bits that the codes stand for`(
    precision: StoredPrecision
  ) throws {
    let quantised = quantised(precision)
    let files = try quantised.files()
    #expect(
      files.keys.sorted() == [
        "config.json", "generation_config.json", "quantization.json", "quantized.safetensors",
        "tokenizer.json",
      ])
    let back = try read(files)
    #expect(
      bits(back.model.parameters.array)
        == bits(quantised.dequantised(on: compute).parameters.array))
    #expect(back.tokenizerFiles.keys.sorted() == ["tokenizer.json"])
    // Written anew it is an ordinary folder, and read again the same.
    let ordinary = try back.files()
    #expect(ordinary["model.safetensors"] != nil && ordinary["quantization.json"] == nil)
    #expect(try bits(read(ordinary).model.parameters.array) == bits(back.model.parameters.array))
  }

  @Test func `what does not fit is refused by name`() throws {
    let files = try quantised().files()
    let text = String(decoding: try #require(files["quantization.json"]), as: UTF8.self)
    func changed(_ old: String, _ new: String) -> String {
      var copy = files
      copy["quantization.json"] = Array(text.replacing(old, with: new).utf8)
      return message(copy)
    }
    #expect(changed("exp-quantization/1", "exp-quantization/2").contains("is not of the format"))
    #expect(changed("\"bits\":8", "\"bits\":3").contains("cannot be understood"))
    #expect(changed("float16", "float8").contains("lacks \"precision\""))
    #expect(changed("lm_head.weight", "lm_hat.weight").contains("lm_head.weight"))
    var copy = files
    copy["quantized.safetensors"] = nil
    #expect(message(copy).contains("has no quantized.safetensors"))
    copy = files
    let last = try #require(files["quantized.safetensors"])
    copy["quantized.safetensors"] = Array(last.dropLast())
    #expect(message(copy).contains("ends at byte"))
  }
}

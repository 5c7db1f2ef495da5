/// Rates of the kernels on this machine, for `script/bench`.
package enum NumericsBenchmark {
  /// One measured kernel.
  package struct Rate: Sendable {
    package let name: String
    /// 10⁹ floating-point operations per second; elements where the name says so.
    package let billions: Double
  }

  /// The best rate of each kernel over some repetitions.
  package static func run(on compute: Compute) -> [Rate] {
    var rates: [Rate] = []
    for (m, n, k) in [(512, 512, 512), (1024, 1024, 1024)] + trainingShapes {
      rates += products(m, n, k, on: compute)
    }
    return rates + elementwise(on: compute)
  }

  /// The matrix product's rate on operands that stay in the caches: what others are held against.
  package static func peak(on compute: Compute) -> Double {
    products(512, 512, 512, on: compute).map(\.billions).max() ?? 0
  }

  /// Rows, outputs and inputs of the layers of small models.
  package static let trainingShapes = [
    (2048, 128, 128), (2048, 344, 128), (4096, 256, 256), (4096, 688, 256), (4096, 256, 688),
    (4096, 4096, 256), (4096, 512, 1376), (4096, 1376, 512), (4096, 4096, 512),
  ]

  /// A layer's three products: y = x Wᵀ, dx = dy W, dW = dyᵀ x, for m rows, n outputs, k inputs.
  package static func products(_ m: Int, _ n: Int, _ k: Int, on compute: Compute) -> [Rate] {
    let x = sample(m, k)
    let w = sample(n, k)
    let y = sample(m, n)
    let dx = Matrix(rows: m, columns: k)
    let dw = Matrix(rows: n, columns: k)
    let out = Matrix(rows: m, columns: n)
    let work = 2e-9 * Double(m) * Double(n) * Double(k)
    let shape = "\(m)x\(n)x\(k)"
    return [
      Rate(
        name: "product x·Wᵀ \(shape)",
        billions: work / seconds { compute.multiply(x, transposed: w, into: out) }),
      Rate(
        name: "product dY·W \(shape)", billions: work / seconds { compute.multiply(y, w, into: dx) }
      ),
      Rate(
        name: "product dYᵀ·x \(shape)",
        billions: work / seconds { compute.multiply(transposed: y, x, into: dw) }),
    ]
  }

  private static func elementwise(on compute: Compute) -> [Rate] {
    let x = sample(2048, 1024)
    let y = sample(2048, 1024)
    let out = Matrix(rows: 2048, columns: 1024)
    let other = Matrix(rows: 2048, columns: 1024)
    let roots = Floats(count: 2048)
    let weight = Floats(count: 1024)
    let logProbabilities = Floats(count: 2048)
    let targets = [Int32](repeating: 3, count: 2048)
    let moments = (Floats(count: x.floats.count), Floats(count: x.floats.count))
    let elements = 1e-9 * Double(x.floats.count)
    func rate(_ name: String, _ body: () -> Void) -> Rate {
      Rate(name: "\(name) (elements)", billions: elements / seconds(body))
    }
    return [
      rate("silu gate") { Gate.silu.forward(x, up: y, into: out, on: compute) },
      rate("silu gate backward") {
        Gate.silu.backward(x, gate: x, up: y, gateGradient: out, upGradient: other, on: compute)
      },
      rate("rms norm") {
        RMSNorm(epsilon: 1e-5).forward(
          x, weight: weight, into: out, inverseRoots: roots, on: compute)
      },
      rate("rms norm backward") {
        RMSNorm(epsilon: 1e-5).backward(
          x, x: y, weight: weight, inverseRoots: roots, into: out, weightGradient: weight,
          on: compute)
      },
      rate("token head") {
        TokenHead().forward(
          x, targets: targets, logProbabilities: logProbabilities, logSums: roots, on: compute)
      },
      rate("token head backward") {
        TokenHead().backward(out, targets: targets, logSums: roots, slopes: roots, on: compute)
      },
      rate("adamw") {
        AdamW().update(
          x.floats, gradients: y.floats, firstMoments: moments.0, secondMoments: moments.1, step: 1,
          learningRate: 1e-3, weightDecay: 0, on: compute)
      },
      rate("sum of squares") { _ = compute.sumOfSquares(x.floats) },
    ] + attention(on: compute)
  }

  private static func attention(on compute: Compute) -> [Rate] {
    [(8, 4, 32, 256, 16), (8, 8, 64, 512, 8)].flatMap { heads, keyHeads, size, length, batch in
      let rows = length * batch
      let (q, k, v) = (
        sample(rows, heads * size), sample(rows, keyHeads * size), sample(rows, keyHeads * size)
      )
      let (out, dq) = (sample(rows, heads * size), sample(rows, heads * size))
      let (dk, dv) = (sample(rows, keyHeads * size), sample(rows, keyHeads * size))
      let sums = Floats(count: rows * heads)
      let rule = Attention(queryHeads: heads, keyHeads: keyHeads, headSize: size, scale: 0.1)
      let documents = (0..<batch).map { $0 * length..<($0 + 1) * length }
      let work = 4e-9 * Double(rows * heads * size) * Double(length + 1) / 2
      let name = "\(batch)x\(length), \(heads)/\(keyHeads) heads of \(size)"
      return [
        Rate(
          name: "attention \(name)",
          billions: work
            / seconds {
              rule.forward(
                q, keys: k, values: v, documents: documents, into: out, logSums: sums, on: compute)
            }),
        Rate(
          name: "attention backward \(name)",
          billions: 2.5 * work
            / seconds {
              rule.backward(
                out, queries: q, keys: k, values: v, out: out, logSums: sums, documents: documents,
                queryGradient: dq, keyGradient: dk, valueGradient: dv, on: compute)
            }),
      ]
    }
  }

  private static func sample(_ rows: Int, _ columns: Int) -> Matrix {
    let matrix = Matrix(rows: rows, columns: columns)
    for i in 0..<matrix.floats.count { matrix.floats[i] = Float(i % 31 - 15) * 0.05 }
    return matrix
  }

  /// The shortest of seven times, after a call to warm up: what other programs take is left out.
  private static func seconds(_ body: () -> Void) -> Double {
    body()
    let clock = ContinuousClock()
    let times = (0..<7).map { _ in clock.measure(body) / .seconds(1) }
    return times.min() ?? .infinity
  }
}

/// From a student's and a teacher's logits to the generalised Jensen–Shannon divergence of their
/// distributions S and T, and back (GKD; Agarwal et al. 2024, eq. 1, as TRL's `generalized_jsd_loss` has it):
/// β KL(T ‖ M) + (1 − β) KL(S ‖ M), M = β T + (1 − β) S; at β = 0 KL(T ‖ S) and at β = 1 KL(S ‖ T), which are
/// not limits of it.
package struct DivergenceHead: Sendable {
  /// β, from 0 to 1.
  package var interpolation: Double
  /// A cap that the student's logits have passed: `cap · tanh(logit / cap)`.
  package var softCap: Float?

  package init(interpolation: Double, softCap: Float? = nil) {
    self.interpolation = interpolation
    self.softCap = softCap
  }

  /// The divergence of every row, in nats. `logits` and `teacher` are capped ones, [rows, vocabulary].
  package func forward(_ logits: Matrix, teacher: Matrix, on compute: Compute) -> [Float] {
    check(logits, teacher)
    return [Float](unsafeUninitializedCapacity: logits.rows) { buffer, count in
      // Each thread writes the values of its own rows.
      nonisolated(unsafe) let buffer = buffer
      compute.eachRow(logits.rows, logits.columns) { row in
        buffer.initializeElement(at: row, to: Float(divergence(Row(logits, teacher, row))))
      }
      count = logits.rows
    }
  }

  /// Replaces the student's capped logits by the gradient of Σ weights[r] · divergence[r] by the uncapped
  /// ones.
  package func backward(
    _ logits: Matrix, teacher: Matrix, weights: Floats, on compute: Compute
  ) {
    check(logits, teacher)
    compute.eachRow(logits.rows, logits.columns) { row in
      let x = logits.floats.base + row * logits.stride
      let weight = Double(weights.base[row])
      guard weight != 0 else { return x.update(repeating: 0, count: logits.columns) }
      let terms = Row(logits, teacher, row)
      let mean = (0..<terms.count).reduce(0.0) {
        $0 + share(terms.student($1), terms.teacher($1))
      }
      // The row's sums are taken: its logits may go.
      for i in 0..<terms.count {
        let s = terms.student(i)
        var gradient = weight * (share(s, terms.teacher(i)) - Elementary.exp(s) * mean)
        if let softCap {
          let ratio = Double(x[i]) / Double(softCap)
          gradient *= 1 - ratio * ratio
        }
        x[i] = Float(gradient)
      }
    }
  }

  /// log s and log t of a row's tokens.
  private struct Row {
    let count: Int
    let x: ConstPointer
    let t: ConstPointer
    let studentSum: Double
    let teacherSum: Double

    init(_ logits: Matrix, _ teacher: Matrix, _ row: Int) {
      count = logits.columns
      x = ConstPointer(logits.floats.base + row * logits.stride)
      t = ConstPointer(teacher.floats.base + row * teacher.stride)
      studentSum = Self.logSum(x, count)
      teacherSum = Self.logSum(t, count)
    }

    func student(_ i: Int) -> Double { Double(x[i]) - studentSum }
    func teacher(_ i: Int) -> Double { Double(t[i]) - teacherSum }

    private static func logSum(_ x: ConstPointer, _ count: Int) -> Double {
      var most = x[0]
      for i in 1..<max(1, count) where x[i] > most { most = x[i] }
      var sum = 0.0
      for i in 0..<count { sum += Elementary.exp(Double(x[i]) - Double(most)) }
      return Double(most) + Elementary.log(sum)
    }
  }

  /// log (β t + (1 − β) s).
  private func mixture(_ s: Double, _ t: Double) -> Double {
    let (a, b) = (
      Elementary.log(1 - interpolation) + s, Elementary.log(interpolation) + t
    )
    let most = max(a, b)
    return most + Elementary.log(Elementary.exp(a - most) + Elementary.exp(b - most))
  }

  private func divergence(_ row: Row) -> Double {
    var sum = 0.0
    for i in 0..<row.count {
      let (s, t) = (row.student(i), row.teacher(i))
      switch interpolation {
      case 0: sum += Elementary.exp(t) * (t - s)
      case 1: sum += Elementary.exp(s) * (s - t)
      default:
        let m = mixture(s, t)
        sum += interpolation * Elementary.exp(t) * (t - m)
        sum += (1 - interpolation) * Elementary.exp(s) * (s - m)
      }
    }
    return sum
  }

  /// s g, where g is the divergence's slope in a token's probability s, but for a constant: by logits the
  /// slope is s g − s Σ s g.
  private func share(_ s: Double, _ t: Double) -> Double {
    switch interpolation {
    case 0: -Elementary.exp(t)
    case 1: Elementary.exp(s) * (s - t)
    default: (1 - interpolation) * Elementary.exp(s) * (s - mixture(s, t))
    }
  }

  private func check(_ logits: Matrix, _ teacher: Matrix) {
    precondition(
      teacher.rows == logits.rows && teacher.columns == logits.columns,
      "a teacher's logits of a shape that does not fit")
  }
}

/// What the chain of a product's element starts from.
package enum ProductStart: Sendable {
  /// +0: the product replaces what was there.
  case zero
  /// The element's present value: the chain goes on where it stopped. Products of consecutive row
  /// blocks, each continuing the last, give the bits of one product over all rows; so gradients
  /// accumulated over micro-batches equal those of one large batch.
  case existing
  /// One value per column (a layer's bias).
  case bias(Floats)
}

/// Matrix products `portable/1`. Every element of the result is one chain of fused multiply-adds over
/// the inner index, ascending: `c ← fma(a, b, c)`, from `start`. Blocking, vector width, thread count
/// and the other rows never change it.
extension Compute {
  /// c = a · bᵀ. a is [m, k], b is [n, k], c is [m, n]: a layer's output `x Wᵀ`.
  package func multiply(
    _ a: Matrix, transposed b: Matrix, into c: Matrix, from start: ProductStart = .zero
  ) { fatalError("to be built") }

  /// c = a · b. a is [m, k], b is [k, n], c is [m, n]: a gradient of inputs `dY W`.
  package func multiply(
    _ a: Matrix, _ b: Matrix, into c: Matrix, from start: ProductStart = .zero
  ) { fatalError("to be built") }

  /// c = aᵀ · b. a is [k, m], b is [k, n], c is [m, n]: a gradient of weights `dYᵀ X`.
  package func multiply(
    transposed a: Matrix, _ b: Matrix, into c: Matrix, from start: ProductStart = .zero
  ) { fatalError("to be built") }

  /// c = a · bᵀ with weights packed once, for decoding, where few rows meet the same weights often.
  /// The bits are those of `multiply(_:transposed:)`.
  package func multiply(
    _ a: Matrix, transposed b: PackedWeights, into c: Matrix, from start: ProductStart = .zero
  ) { fatalError("to be built") }
}

/// Weights [n, k] in the order in which the product kernel reads them.
package struct PackedWeights: Sendable {
  package let rows: Int
  package let columns: Int

  package init(_ weights: Matrix, on compute: Compute) { fatalError("to be built") }
}

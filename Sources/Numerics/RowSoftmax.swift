/// Row operations that the token head and attention share.

/// The largest of `count` (at least 1) floats.
@inline(never)
func rowMaximum(_ x: ConstPointer, _ count: Int) -> Float {
  var most = Lanes(repeating: -.infinity)
  eachLanes(0..<count) { i, n in most = maximum(most, load(x + i, n, filler: -.infinity)) }
  return most.foldedMaximum
}

/// Σ eˣ⁻ˢʰⁱᶠᵗ with the shape of `LaneSums`; stores the terms when `target` is given.
@inline(never)
func rowExponentials(_ x: ConstPointer, _ count: Int, shift: Float, into target: Pointer?) -> Float
{
  var sums = LaneSums()
  var i = 0
  while i < count {
    sums.a += term(x, i, count, shift, target)
    if i + 8 < count { sums.b += term(x, i + 8, count, shift, target) }
    if i + 16 < count { sums.c += term(x, i + 16, count, shift, target) }
    if i + 24 < count { sums.d += term(x, i + 24, count, shift, target) }
    i += 32
  }
  return sums.total
}

@inline(__always)
private func term(
  _ x: ConstPointer, _ i: Int, _ count: Int, _ shift: Float, _ target: Pointer?
) -> Lanes {
  let value = laneExp(load(x + i, count - i, filler: -.infinity) - shift)
  if let target { store(value, target + i, count - i) }
  return value
}

/// x ← cap · tanh(x / cap)
@inline(never)
func capRow(_ x: Pointer, _ count: Int, _ cap: Float) {
  eachLanes(0..<count) { i, n in store(cap * laneTanh(load(x + i, n) / cap), x + i, n) }
}

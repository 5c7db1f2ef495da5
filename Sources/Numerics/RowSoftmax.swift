/// Row operations that the token head and attention share.

/// The largest of `count` (at least 1) floats.
@inline(never)
func rowMaximum(_ x: ConstPointer, _ count: Int) -> Float {
  var a = Lanes(repeating: -.infinity)
  var (b, c, d) = (a, a, a)
  var i = 0
  while i &+ 32 <= count {
    a = maximum(a, load(x + i))
    b = maximum(b, load(x + (i &+ 8)))
    c = maximum(c, load(x + (i &+ 16)))
    d = maximum(d, load(x + (i &+ 24)))
    i &+= 32
  }
  eachLanes(i..<count) { i, n in a = maximum(a, load(x + i, n, filler: -.infinity)) }
  return maximum(maximum(a, b), maximum(c, d)).foldedMaximum
}

/// Σ eˢ with s = x · scale − shift, with the shape of `LaneSums`.
@inline(never)
func sumExponentials(_ x: ConstPointer, _ count: Int, shift: Float) -> Float {
  exponentials(x, count, 1, shift) { _, _, _ in }
}

/// The same, with x replaced by the terms.
@inline(never)
func replaceByExponentials(_ x: Pointer, _ count: Int, scale: Float, shift: Float) -> Float {
  exponentials(x, count, scale, shift) { value, i, n in store(value, x + i, n) }
}

/// The same, with the terms put elsewhere.
@inline(never)
func storeExponentials(
  _ x: ConstPointer, _ count: Int, scale: Float, shift: Float, into terms: Pointer
) -> Float {
  exponentials(x, count, scale, shift) { value, i, n in store(value, terms + i, n) }
}

@inline(__always)
private func exponentials(
  _ x: ConstPointer, _ count: Int, _ scale: Float, _ shift: Float, _ keep: (Lanes, Int, Int) -> Void
) -> Float {
  var sums = LaneSums()
  let (scale, shift) = (Lanes(repeating: scale), Lanes(repeating: shift))
  @inline(__always)
  func term(_ i: Int, _ n: Int) -> Lanes {
    let value = laneExp(load(x + i, n, filler: -.infinity) * scale - shift)
    keep(value, i, n)
    return value
  }
  var i = 0
  while i &+ 32 <= count {
    sums.a += term(i, 8)
    sums.b += term(i &+ 8, 8)
    sums.c += term(i &+ 16, 8)
    sums.d += term(i &+ 24, 8)
    i &+= 32
  }
  if i < count { sums.a += term(i, count - i) }
  if i + 8 < count { sums.b += term(i + 8, count - i - 8) }
  if i + 16 < count { sums.c += term(i + 16, count - i - 16) }
  if i + 24 < count { sums.d += term(i + 24, count - i - 24) }
  return sums.total
}

/// x ← cap · tanh(x · scale / cap)
@inline(never)
func capRow(_ x: Pointer, _ count: Int, _ cap: Float, scale: Float = 1) {
  eachLanes(0..<count) { i, n in
    store(cap * laneTanh(load(x + i, n) * scale / cap), x + i, n)
  }
}

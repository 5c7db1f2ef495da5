/// Rows of a register tile.
let tileRows = 6
/// Columns of a register tile: two vectors of eight.
let tileColumns = 16

/// Twelve registers of running sums: six rows of sixteen columns.
private struct Tile {
  var l0 = Lanes(repeating: 0)
  var r0 = Lanes(repeating: 0)
  var l1 = Lanes(repeating: 0)
  var r1 = Lanes(repeating: 0)
  var l2 = Lanes(repeating: 0)
  var r2 = Lanes(repeating: 0)
  var l3 = Lanes(repeating: 0)
  var r3 = Lanes(repeating: 0)
  var l4 = Lanes(repeating: 0)
  var r4 = Lanes(repeating: 0)
  var l5 = Lanes(repeating: 0)
  var r5 = Lanes(repeating: 0)

  @inline(__always)
  mutating func resume(_ c: ConstPointer, _ stride: Int) {
    l0 = load(c)
    r0 = load(c + 8)
    l1 = load(c + stride)
    r1 = load(c + (stride + 8))
    l2 = load(c + 2 * stride)
    r2 = load(c + (2 * stride + 8))
    l3 = load(c + 3 * stride)
    r3 = load(c + (3 * stride + 8))
    l4 = load(c + 4 * stride)
    r4 = load(c + (4 * stride + 8))
    l5 = load(c + 5 * stride)
    r5 = load(c + (5 * stride + 8))
  }

  @inline(__always)
  mutating func step(
    _ a0: Float, _ a1: Float, _ a2: Float, _ a3: Float, _ a4: Float, _ a5: Float, _ b: ConstPointer
  ) {
    let left = load(b)
    let right = load(b + 8)
    l0 = fma(Lanes(repeating: a0), left, l0)
    r0 = fma(Lanes(repeating: a0), right, r0)
    l1 = fma(Lanes(repeating: a1), left, l1)
    r1 = fma(Lanes(repeating: a1), right, r1)
    l2 = fma(Lanes(repeating: a2), left, l2)
    r2 = fma(Lanes(repeating: a2), right, r2)
    l3 = fma(Lanes(repeating: a3), left, l3)
    r3 = fma(Lanes(repeating: a3), right, r3)
    l4 = fma(Lanes(repeating: a4), left, l4)
    r4 = fma(Lanes(repeating: a4), right, r4)
    l5 = fma(Lanes(repeating: a5), left, l5)
    r5 = fma(Lanes(repeating: a5), right, r5)
  }

  @inline(__always)
  func save(_ c: Pointer, _ stride: Int) {
    store(l0, c)
    store(r0, c + 8)
    store(l1, c + stride)
    store(r1, c + (stride + 8))
    store(l2, c + 2 * stride)
    store(r2, c + (2 * stride + 8))
    store(l3, c + 3 * stride)
    store(r3, c + (3 * stride + 8))
    store(l4, c + 4 * stride)
    store(r4, c + (4 * stride + 8))
    store(l5, c + 5 * stride)
    store(r5, c + (5 * stride + 8))
  }
}

/// c[6 × 16] = a · b over `depth` steps, or c + a · b when `resuming`: each element one chain of fused
/// multiply-adds. a holds six values per step, b sixteen, both packed.
@inline(never)
func packedTile(
  _ depth: Int, _ a: ConstPointer, _ b: ConstPointer, _ c: Pointer, _ stride: Int, resuming: Bool
) {
  var tile = Tile()
  if resuming { tile.resume(c, stride) }
  var a = a
  var b = b
  var steps = depth
  while steps >= 4 {
    for _ in 0..<4 {
      tile.step(a[0], a[1], a[2], a[3], a[4], a[5], b)
      a += tileRows
      b += tileColumns
    }
    steps &-= 4
  }
  for _ in 0..<steps {
    tile.step(a[0], a[1], a[2], a[3], a[4], a[5], b)
    a += tileRows
    b += tileColumns
  }
  tile.save(c, stride)
}

/// The same with the six rows of a where they lie, `rowStride` apart.
@inline(never)
func rowTile(
  _ depth: Int, _ a: ConstPointer, _ rowStride: Int, _ b: ConstPointer, _ c: Pointer, _ stride: Int,
  resuming: Bool
) {
  var tile = Tile()
  if resuming { tile.resume(c, stride) }
  let a1 = a + rowStride
  let a2 = a + 2 * rowStride
  let a3 = a + 3 * rowStride
  let a4 = a + 4 * rowStride
  let a5 = a + 5 * rowStride
  var b = b
  var k = 0
  while k &+ 4 <= depth {
    for i in k..<k &+ 4 {
      tile.step(a[i], a1[i], a2[i], a3[i], a4[i], a5[i], b)
      b += tileColumns
    }
    k &+= 4
  }
  for i in k..<depth {
    tile.step(a[i], a1[i], a2[i], a3[i], a4[i], a5[i], b)
    b += tileColumns
  }
  tile.save(c, stride)
}

/// Two rows' chains over `depth` steps: their elements of a lie `rowStride` and `step` apart.
@inline(never)
private func twoRows(
  _ depth: Int, _ a: ConstPointer, _ rowStride: Int, _ step: Int, _ b: ConstPointer, _ c: Pointer,
  _ stride: Int, resuming: Bool
) {
  let zero = Lanes(repeating: 0)
  var (l0, r0) = resuming ? (load(c), load(c + 8)) : (zero, zero)
  var (l1, r1) = resuming ? (load(c + stride), load(c + (stride + 8))) : (zero, zero)
  var (a0, a1, b) = (a, a + rowStride, b)
  for _ in 0..<depth {
    let (left, right) = (load(b), load(b + 8))
    let (x, y) = (Lanes(repeating: a0.pointee), Lanes(repeating: a1.pointee))
    l0 = fma(x, left, l0)
    r0 = fma(x, right, r0)
    l1 = fma(y, left, l1)
    r1 = fma(y, right, r1)
    a0 += step
    a1 += step
    b += tileColumns
  }
  store(l0, c)
  store(r0, c + 8)
  store(l1, c + stride)
  store(r1, c + (stride + 8))
}

/// One row's chains.
@inline(never)
private func oneRow(
  _ depth: Int, _ a: ConstPointer, _ step: Int, _ b: ConstPointer, _ c: Pointer, resuming: Bool
) {
  let zero = Lanes(repeating: 0)
  var (left, right) = resuming ? (load(c), load(c + 8)) : (zero, zero)
  var (a, b) = (a, b)
  for _ in 0..<depth {
    let x = Lanes(repeating: a.pointee)
    left = fma(x, load(b), left)
    right = fma(x, load(b + 8), right)
    a += step
    b += tileColumns
  }
  store(left, c)
  store(right, c + 8)
}

/// One to six rows of sixteen columns, the rows of a where they lie, `rowStride` apart.
@inline(__always)
func stridedRows(
  _ height: Int, _ depth: Int, _ a: ConstPointer, _ rowStride: Int, _ b: ConstPointer, _ c: Pointer,
  _ stride: Int, resuming: Bool
) {
  if height == tileRows {
    return rowTile(depth, a, rowStride, b, c, stride, resuming: resuming)
  }
  fewRows(height, depth, a, rowStride, 1, b, c, stride, resuming: resuming)
}

/// One to six rows of sixteen columns, a packed as [depth][6].
@inline(__always)
func packedRows(
  _ height: Int, _ depth: Int, _ a: ConstPointer, _ b: ConstPointer, _ c: Pointer, _ stride: Int,
  resuming: Bool
) {
  if height == tileRows { return packedTile(depth, a, b, c, stride, resuming: resuming) }
  fewRows(height, depth, a, 1, tileRows, b, c, stride, resuming: resuming)
}

/// Fewer than six rows: in twos, and a last one.
@inline(never)
private func fewRows(
  _ height: Int, _ depth: Int, _ a: ConstPointer, _ rowStride: Int, _ step: Int, _ b: ConstPointer,
  _ c: Pointer, _ stride: Int, resuming: Bool
) {
  var row = 0
  while row &+ 2 <= height {
    twoRows(
      depth, a + row * rowStride, rowStride, step, b, c + row * stride, stride, resuming: resuming)
    row &+= 2
  }
  if row < height {
    oneRow(depth, a + row * rowStride, step, b, c + row * stride, resuming: resuming)
  }
}

/// One to six rows of `panels` panels of sixteen columns, `panelStride` apart: where rows are few, two
/// panels at a time keep enough chains going.
@inline(__always)
func panelRows(
  _ height: Int, _ depth: Int, _ a: ConstPointer, _ rowStride: Int, _ b: ConstPointer,
  _ panelStride: Int, panels: Int, _ c: Pointer, _ cStride: Int, resuming: Bool = false
) {
  // A pair of rows and of panels at a time, then what is left over.
  let pairs = height < tileRows ? height / 2 * 2 : 0
  let even = pairs > 0 ? panels / 2 * 2 : 0
  for row in stride(from: 0, to: pairs, by: 2) {
    let (line, target) = (a + row &* rowStride, c + row &* cStride)
    for panel in stride(from: 0, to: even, by: 2) {
      twoRowsTwoPanels(
        depth, line, rowStride, b + panel &* panelStride, panelStride,
        target + panel &* tileColumns, cStride, resuming: resuming)
    }
  }
  for panel in 0..<panels {
    let first = panel < even ? pairs : 0
    if first == height { continue }
    stridedRows(
      height &- first, depth, a + first &* rowStride, rowStride, b + panel &* panelStride,
      c + (first &* cStride &+ panel &* tileColumns), cStride, resuming: resuming)
  }
}

/// Two rows of two panels.
@inline(never)
private func twoRowsTwoPanels(
  _ depth: Int, _ a: ConstPointer, _ rowStride: Int, _ b: ConstPointer, _ panelStride: Int,
  _ c: Pointer, _ stride: Int, resuming: Bool
) {
  let zero = Lanes(repeating: 0)
  var (l0, r0, l1, r1) = (zero, zero, zero, zero)
  var (m0, s0, m1, s1) = (zero, zero, zero, zero)
  if resuming {
    (l0, r0, m0, s0) = (load(c), load(c + 8), load(c + 16), load(c + 24))
    (l1, r1) = (load(c + stride), load(c + (stride + 8)))
    (m1, s1) = (load(c + (stride + 16)), load(c + (stride + 24)))
  }
  var (a0, a1, b, d) = (a, a + rowStride, b, b + panelStride)
  for _ in 0..<depth {
    let (x, y) = (Lanes(repeating: a0.pointee), Lanes(repeating: a1.pointee))
    var (left, right) = (load(b), load(b + 8))
    l0 = fma(x, left, l0)
    r0 = fma(x, right, r0)
    l1 = fma(y, left, l1)
    r1 = fma(y, right, r1)
    (left, right) = (load(d), load(d + 8))
    m0 = fma(x, left, m0)
    s0 = fma(x, right, s0)
    m1 = fma(y, left, m1)
    s1 = fma(y, right, s1)
    a0 += 1
    a1 += 1
    b += tileColumns
    d += tileColumns
  }
  store(l0, c)
  store(r0, c + 8)
  store(m0, c + 16)
  store(s0, c + 24)
  store(l1, c + stride)
  store(r1, c + (stride + 8))
  store(m1, c + (stride + 16))
  store(s1, c + (stride + 24))
}

/// One row's chains over `depth` steps, going on from c[16].
@inline(never)
func chainRow(_ depth: Int, _ a: ConstPointer, _ b: ConstPointer, _ c: Pointer) {
  var left = load(c)
  var right = load(c + 8)
  var b = b
  for k in 0..<depth {
    left = fma(Lanes(repeating: a[k]), load(b), left)
    right = fma(Lanes(repeating: a[k]), load(b + 8), right)
    b += tileColumns
  }
  store(left, c)
  store(right, c + 8)
}

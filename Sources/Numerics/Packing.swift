/// Copies that lay operands out in the order in which the tiles read them. Missing rows and columns
/// of edge tiles become zeros, whose results nobody reads.

/// Six rows (fewer at the edge) of a row-major matrix as [depth][6].
@inline(never)
func packSixRows(
  _ source: ConstPointer, _ stride: Int, rows: Int, depth: Int, into target: Pointer
) {
  let even = rows == tileRows ? depth / 4 * 4 : 0
  for k in stride4(even) { packSixByFour(source + k, stride, target + k * tileRows) }
  if rows < tileRows { target.update(repeating: 0, count: depth * tileRows) }
  for row in 0..<rows {
    let line = source + row * stride
    for k in even..<depth { target[k &* tileRows &+ row] = line[k] }
  }
}

@inline(__always)
private func stride4(_ end: Int) -> StrideTo<Int> { stride(from: 0, to: end, by: 4) }

/// A block of six rows and four columns, turned.
@inline(__always)
private func packSixByFour(_ source: ConstPointer, _ stride: Int, _ target: Pointer) {
  let a = four(source)
  let b = four(source + stride)
  let c = four(source + 2 * stride)
  let d = four(source + 3 * stride)
  let e = four(source + 4 * stride)
  let f = four(source + 5 * stride)
  put(SIMD4(a[0], b[0], c[0], d[0]), target)
  put(SIMD4(e[0], f[0], a[1], b[1]), target + 4)
  put(SIMD4(c[1], d[1], e[1], f[1]), target + 8)
  put(SIMD4(a[2], b[2], c[2], d[2]), target + 12)
  put(SIMD4(e[2], f[2], a[3], b[3]), target + 16)
  put(SIMD4(c[3], d[3], e[3], f[3]), target + 20)
}

@inline(__always)
private func four(_ p: ConstPointer) -> SIMD4<Float> {
  UnsafeRawPointer(p).loadUnaligned(as: SIMD4<Float>.self)
}

@inline(__always)
private func put<V>(_ lanes: V, _ p: Pointer) {
  UnsafeMutableRawPointer(p).storeBytes(of: lanes, as: V.self)
}

/// Six columns (fewer at the edge) of a row-major matrix as [depth][6].
@inline(never)
func packSixColumns(
  _ source: ConstPointer, _ stride: Int, columns: Int, depth: Int, into target: Pointer
) {
  if columns < tileRows { return packColumns(source, stride, columns, depth, into: target) }
  var source = source
  var target = target
  for _ in 0..<depth {
    put(four(source), target)
    put(UnsafeRawPointer(source + 4).loadUnaligned(as: SIMD2<Float>.self), target + 4)
    source += stride
    target += tileRows
  }
}

private func packColumns(
  _ source: ConstPointer, _ stride: Int, _ columns: Int, _ depth: Int, into target: Pointer
) {
  target.update(repeating: 0, count: depth * tileRows)
  for k in 0..<depth {
    for column in 0..<columns { target[k * tileRows + column] = source[k * stride + column] }
  }
}

/// Sixteen rows (fewer at the edge) of a row-major matrix as [depth][16].
@inline(never)
func packSixteenRows(
  _ source: ConstPointer, _ stride: Int, rows: Int, depth: Int, into target: Pointer
) {
  let fours = rows / 4 * 4
  let even = depth / 4 * 4
  if rows < tileColumns { target.update(repeating: 0, count: depth * tileColumns) }
  for row in stride4(fours) {
    let line = source + row * stride
    for k in stride4(even) { packFourByFour(line + k, stride, target + (k * tileColumns + row)) }
  }
  for row in 0..<rows {
    let line = source + row * stride
    for k in (row < fours ? even : 0)..<depth { target[k &* tileColumns &+ row] = line[k] }
  }
}

/// A block of four rows and columns, turned into four places of a panel.
@inline(__always)
private func packFourByFour(_ source: ConstPointer, _ stride: Int, _ target: Pointer) {
  let a = four(source)
  let b = four(source + stride)
  let c = four(source + 2 * stride)
  let d = four(source + 3 * stride)
  put(SIMD4(a[0], b[0], c[0], d[0]), target)
  put(SIMD4(a[1], b[1], c[1], d[1]), target + tileColumns)
  put(SIMD4(a[2], b[2], c[2], d[2]), target + 2 * tileColumns)
  put(SIMD4(a[3], b[3], c[3], d[3]), target + 3 * tileColumns)
}

/// Sixteen columns (fewer at the edge) of a row-major matrix as [depth][16].
@inline(never)
func packSixteenColumns(
  _ source: ConstPointer, _ stride: Int, columns: Int, depth: Int, into target: Pointer
) {
  var source = source
  var target = target
  if columns == tileColumns {
    for _ in 0..<depth {
      store(load(source), target)
      store(load(source + 8), target + 8)
      source += stride
      target += tileColumns
    }
    return
  }
  for _ in 0..<depth {
    store(load(source, columns), target)
    store(load(source + 8, max(0, columns - 8)), target + 8)
    source += stride
    target += tileColumns
  }
}

/// Copies that lay operands out in the order in which the tiles read them. Missing rows and columns
/// of edge tiles become zeros, whose results nobody reads.

@inline(__always)
private func stride4(_ end: Int) -> StrideTo<Int> { stride(from: 0, to: end, by: 4) }

@inline(__always)
private func four(_ p: ConstPointer) -> SIMD4<Float> {
  UnsafeRawPointer(p).loadUnaligned(as: SIMD4<Float>.self)
}

@inline(__always)
private func put<V>(_ lanes: V, _ p: Pointer) {
  UnsafeMutableRawPointer(p).storeBytes(of: lanes, as: V.self)
}

/// Fewer than six columns as one tile.
private func packColumns(
  _ source: ConstPointer, _ stride: Int, _ columns: Int, _ depth: Int, into target: Pointer
) {
  target.update(repeating: 0, count: depth * tileRows)
  for k in 0..<depth {
    for column in 0..<columns { target[k * tileRows + column] = source[k * stride + column] }
  }
}

/// Six columns of some rows, at least one.
@inline(__always)
private func packSix(_ source: ConstPointer, _ stride: Int, _ rows: Int, _ target: Pointer) {
  var (source, target) = (source, target)
  // Two floats too many, which the next row overwrites.
  for _ in 1..<rows {
    store(load(source), target)
    source += stride
    target += tileRows
  }
  put(four(source), target)
  put(UnsafeRawPointer(source + 4).loadUnaligned(as: SIMD2<Float>.self), target + 4)
}

/// Columns of a row-major matrix as tiles of six, each [depth][6]; the last tile is filled up with
/// zeros. Sixteen rows at a time: their part of a tile is written end to end, where row by row the
/// places of all tiles would drive one another out of the first-level cache.
@inline(never)
func packSixes(
  _ source: ConstPointer, _ stride: Int, columns: Int, depth: Int, into target: Pointer
) {
  let tiles = columns / tileRows
  for first in Swift.stride(from: 0, to: depth, by: 16) {
    let rows = min(16, depth &- first)
    var source = source + first &* stride
    var target = target + first &* tileRows
    for _ in 0..<tiles {
      packSix(source, stride, rows, target)
      source += tileRows
      target += tileRows &* depth
    }
  }
  let whole = tiles * tileRows
  if whole < columns {
    packColumns(source + whole, stride, columns - whole, depth, into: target + whole * depth)
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

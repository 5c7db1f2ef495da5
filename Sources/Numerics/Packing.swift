/// Copies that lay operands out in the order in which the tiles read them. Missing rows and columns
/// of edge tiles become zeros, whose results nobody reads.

/// Six rows (fewer at the edge) of a row-major matrix as [depth][6].
@inline(never)
func packSixRows(
  _ source: ConstPointer, _ stride: Int, rows: Int, depth: Int, into target: Pointer
) {
  if rows < tileRows { target.update(repeating: 0, count: depth * tileRows) }
  for row in 0..<rows {
    let line = source + row * stride
    var target = target + row
    for k in 0..<depth {
      target.pointee = line[k]
      target += tileRows
    }
  }
}

/// Six columns (fewer at the edge) of a row-major matrix as [depth][6].
@inline(never)
func packSixColumns(
  _ source: ConstPointer, _ stride: Int, columns: Int, depth: Int, into target: Pointer
) {
  if columns < tileRows { target.update(repeating: 0, count: depth * tileRows) }
  var source = source
  var target = target
  for _ in 0..<depth {
    for column in 0..<columns { target[column] = source[column] }
    source += stride
    target += tileRows
  }
}

/// Sixteen rows (fewer at the edge) of a row-major matrix as [depth][16].
@inline(never)
func packSixteenRows(
  _ source: ConstPointer, _ stride: Int, rows: Int, depth: Int, into target: Pointer
) {
  if rows < tileColumns { target.update(repeating: 0, count: depth * tileColumns) }
  for row in 0..<rows {
    let line = source + row * stride
    var target = target + row
    for k in 0..<depth {
      target.pointee = line[k]
      target += tileColumns
    }
  }
}

/// Sixteen columns (fewer at the edge) of a row-major matrix as [depth][16].
@inline(never)
func packSixteenColumns(
  _ source: ConstPointer, _ stride: Int, columns: Int, depth: Int, into target: Pointer
) {
  var source = source
  var target = target
  for _ in 0..<depth {
    store(load(source, columns), target)
    store(load(source + 8, max(0, columns - 8)), target + 8)
    source += stride
    target += tileColumns
  }
}

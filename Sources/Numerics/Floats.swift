private import Glibc

/// Memory of float32 values: 64-byte aligned, zero at first, freed with its last view.
///
/// Large ones come from the system in pages of 2 MiB where it has them: fewer faults and fewer addresses to
/// look up for kernels that walk through much memory.
///
/// @unchecked Sendable: `base` and `count` never change. The floats behind `base` have no lock:
/// `Compute.split` hands each thread its own part of an output, and that is the rule for everyone.
package final class Arena: @unchecked Sendable {
  let base: UnsafeMutablePointer<Float>
  package let count: Int
  /// How many bytes the system gave by themselves; 0 for memory of the ordinary allocator.
  private let mappedBytes: Int

  package init(count: Int) {
    precondition(count >= 0, "an arena cannot have a negative size")
    let bytes = max(1, count) * MemoryLayout<Float>.stride
    self.count = count
    if bytes >= 2 * largePage, let memory = mapped(bytes) {
      // The system's memory is zero.
      base = memory.bindMemory(to: Float.self, capacity: count)
      mappedBytes = bytes
      return
    }
    let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    base = memory.bindMemory(to: Float.self, capacity: max(1, count))
    base.initialize(repeating: 0, count: max(1, count))
    mappedBytes = 0
  }

  deinit {
    if mappedBytes > 0 {
      munmap(base, mappedBytes)
    } else {
      UnsafeMutableRawPointer(base).deallocate()
    }
  }
}

/// The size and the alignment of a large page.
private let largePage = 1 << 21

/// Zeros from the system that begin at a large page; nil when it has none to give.
private func mapped(_ bytes: Int) -> UnsafeMutableRawPointer? {
  let all = bytes + largePage
  let flags = MAP_PRIVATE | MAP_ANONYMOUS
  guard let start = mmap(nil, all, PROT_READ | PROT_WRITE, flags, -1, 0), start != MAP_FAILED
  else { return nil }
  let before = (largePage - Int(bitPattern: start) % largePage) % largePage
  let base = start + before
  if before > 0 { munmap(start, before) }
  // Whole small pages after the end go back too.
  let end = (bytes + pageSize - 1) / pageSize * pageSize
  if before + end < all { munmap(base + end, all - before - end) }
  madvise(base, bytes, MADV_HUGEPAGE)
  return base
}

private let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))

/// A view of consecutive floats in an arena: cheap to copy, slice and hand to a thread; keeps its
/// arena alive. Copies share the memory. Every access from outside the kernels is checked.
package struct Floats: Sendable {
  package let arena: Arena
  /// Index of the view's first float in its arena.
  package let offset: Int
  package let count: Int

  package init(arena: Arena, offset: Int, count: Int) {
    precondition(
      offset >= 0 && count >= 0 && offset <= arena.count - count, "view beyond its arena")
    self.arena = arena
    self.offset = offset
    self.count = count
  }

  /// New memory of `count` zeros.
  package init(count: Int) { self.init(arena: Arena(count: count), offset: 0, count: count) }

  /// New memory with these values.
  package init(_ values: [Float]) {
    self.init(count: values.count)
    values.withUnsafeBufferPointer {
      if let source = $0.baseAddress { base.update(from: source, count: count) }
    }
  }

  /// Where the kernels read and write; valid while the view lives.
  var base: UnsafeMutablePointer<Float> { arena.base + offset }

  package subscript(index: Int) -> Float {
    get {
      precondition(index >= 0 && index < count, "index beyond the view")
      return base[index]
    }
    nonmutating set {
      precondition(index >= 0 && index < count, "index beyond the view")
      base[index] = newValue
    }
  }

  /// The part of this view in `range`.
  package subscript(range: Range<Int>) -> Floats {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "slice beyond the view")
    return Floats(arena: arena, offset: offset + range.lowerBound, count: range.count)
  }

  package func fill(_ value: Float) { base.update(repeating: value, count: count) }

  /// Copies all of `source`, which must have the same count.
  package func copy(from source: Floats) {
    precondition(source.count == count, "copy between views of different sizes")
    base.update(from: source.base, count: count)
  }

  /// The values as an array.
  package var array: [Float] { Array(UnsafeBufferPointer(start: base, count: count)) }

  /// Reads the values as a span.
  package func withSpan<T>(_ body: (Span<Float>) -> T) -> T {
    body(UnsafeBufferPointer(start: base, count: count).span)
  }

  /// Reads and writes the values as a span.
  package func withMutableSpan<T>(_ body: (inout MutableSpan<Float>) -> T) -> T {
    var span = UnsafeMutableBufferPointer(start: base, count: count).mutableSpan
    return body(&span)
  }

  /// The bytes in memory order (little-endian floats), for files and digests.
  package func withBytes<T>(_ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
    try body(UnsafeRawBufferPointer(start: base, count: count * MemoryLayout<Float>.stride))
  }

  /// The bytes in memory order, to read a file into.
  package func withMutableBytes<T>(_ body: (UnsafeMutableRawBufferPointer) throws -> T) rethrows
    -> T
  {
    try body(UnsafeMutableRawBufferPointer(start: base, count: count * MemoryLayout<Float>.stride))
  }
}

/// A row-major matrix over floats: element (r, c) is at `r · stride + c`.
package struct Matrix: Sendable {
  package let floats: Floats
  package let rows: Int
  package let columns: Int
  /// Floats from one row to the next; at least `columns`.
  package let stride: Int

  package init(_ floats: Floats, rows: Int, columns: Int, stride: Int? = nil) {
    let stride = stride ?? columns
    precondition(rows >= 0 && columns >= 0 && stride >= columns, "malformed matrix")
    precondition(
      rows == 0 || (rows - 1) * stride + columns <= floats.count, "matrix beyond its floats")
    self.floats = floats
    self.rows = rows
    self.columns = columns
    self.stride = stride
  }

  /// New memory of zeros.
  package init(rows: Int, columns: Int) {
    self.init(Floats(count: rows * columns), rows: rows, columns: columns)
  }

  package var isContiguous: Bool { stride == columns || rows <= 1 }

  package subscript(row: Int, column: Int) -> Float {
    get {
      check(row, column)
      return floats.base[row * stride + column]
    }
    nonmutating set {
      check(row, column)
      floats.base[row * stride + column] = newValue
    }
  }

  private func check(_ row: Int, _ column: Int) {
    precondition(
      row >= 0 && row < rows && column >= 0 && column < columns, "index beyond the matrix")
  }

  /// One row.
  package subscript(row row: Int) -> Floats {
    precondition(row >= 0 && row < rows, "row beyond the matrix")
    return floats[row * stride..<row * stride + columns]
  }

  /// Some consecutive rows.
  package subscript(rows range: Range<Int>) -> Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows beyond the matrix")
    let start = range.isEmpty ? 0 : range.lowerBound * stride
    let end = range.isEmpty ? 0 : (range.upperBound - 1) * stride + columns
    return Matrix(floats[start..<end], rows: range.count, columns: columns, stride: stride)
  }

  /// Some consecutive columns of every row.
  package subscript(columns range: Range<Int>) -> Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= columns, "columns beyond the matrix")
    let start = rows == 0 ? 0 : range.lowerBound
    let end = rows == 0 ? 0 : (rows - 1) * stride + range.upperBound
    return Matrix(floats[start..<end], rows: rows, columns: range.count, stride: stride)
  }

  /// The same floats in another shape with as many elements; only for contiguous matrices.
  package func reshaped(rows: Int, columns: Int) -> Matrix {
    precondition(isContiguous && rows * columns == self.rows * self.columns, "reshape changes size")
    return Matrix(floats, rows: rows, columns: columns)
  }
}

import CLinux

typealias Pointer = UnsafeMutablePointer<Float>
typealias ConstPointer = UnsafePointer<Float>

/// Eight lanes: one AVX2 register, two SSE registers; the bits are the same.
typealias Lanes = SIMD8<Float>

/// Eight floats from any address.
@inline(__always)
func load(_ p: ConstPointer) -> Lanes {
  UnsafeRawPointer(p).loadUnaligned(as: Lanes.self)
}

@inline(__always)
func store(_ lanes: Lanes, _ p: Pointer) {
  UnsafeMutableRawPointer(p).storeBytes(of: lanes, as: Lanes.self)
}

/// The first `count` (at most 8) floats, and `filler` in the other lanes.
@inline(__always)
func load(_ p: ConstPointer, _ count: Int, filler: Float = 0) -> Lanes {
  count >= 8 ? load(p) : loadTail(p, count, filler)
}

@inline(never)
private func loadTail(_ p: ConstPointer, _ count: Int, _ filler: Float) -> Lanes {
  var lanes = Lanes(repeating: filler)
  for i in 0..<count { lanes[i] = p[i] }
  return lanes
}

/// Stores the first `count` (at most 8) lanes.
@inline(__always)
func store(_ lanes: Lanes, _ p: Pointer, _ count: Int) {
  if count >= 8 { store(lanes, p) } else { storeTail(lanes, p, count) }
}

@inline(never)
private func storeTail(_ lanes: Lanes, _ p: Pointer, _ count: Int) {
  for i in 0..<count { p[i] = lanes[i] }
}

/// Calls `body(start, count)` for each eight of `range`; the last may have fewer.
@inline(__always)
func eachLanes(_ range: Range<Int>, _ body: (Int, Int) -> Void) {
  var i = range.lowerBound
  while i < range.upperBound {
    body(i, range.upperBound &- i)
    i &+= 8
  }
}

/// a · b + c, rounded once.
@inline(__always)
func fma(_ a: Lanes, _ b: Lanes, _ c: Lanes) -> Lanes { exp_multiply_add(a, b, c) }

@inline(__always)
func fma(_ a: Lanes, _ b: Lanes, _ c: Float) -> Lanes { fma(a, b, Lanes(repeating: c)) }

@inline(__always)
func fma(_ a: Lanes, _ b: Float, _ c: Float) -> Lanes {
  fma(a, Lanes(repeating: b), Lanes(repeating: c))
}

/// Vector and scalar: the standard library's generic operators work lane by lane.
extension SIMD8<Float> {
  @inline(__always)
  static func + (a: Lanes, b: Float) -> Lanes { a + Lanes(repeating: b) }
  @inline(__always)
  static func + (a: Float, b: Lanes) -> Lanes { Lanes(repeating: a) + b }
  @inline(__always)
  static func - (a: Lanes, b: Float) -> Lanes { a - Lanes(repeating: b) }
  @inline(__always)
  static func - (a: Float, b: Lanes) -> Lanes { Lanes(repeating: a) - b }
  @inline(__always)
  static func * (a: Lanes, b: Float) -> Lanes { a * Lanes(repeating: b) }
  @inline(__always)
  static func * (a: Float, b: Lanes) -> Lanes { Lanes(repeating: a) * b }
  @inline(__always)
  static func / (a: Lanes, b: Float) -> Lanes { a / Lanes(repeating: b) }
  @inline(__always)
  static func / (a: Float, b: Lanes) -> Lanes { Lanes(repeating: a) / b }
}

@inline(__always)
func maximum(_ a: Lanes, _ b: Lanes) -> Lanes { a.replacing(with: b, where: a .< b) }

extension SIMD8<Float> {
  /// The lanes' sum, halves folded onto each other: ((0+4)+(2+6)) + ((1+5)+(3+7)).
  @inline(__always)
  var foldedSum: Float {
    let four = lowHalf + highHalf
    let two = four.lowHalf + four.highHalf
    return two[0] + two[1]
  }

  /// The largest lane.
  @inline(__always)
  var foldedMaximum: Float {
    var most = self[0]
    for i in 1..<8 where self[i] > most { most = self[i] }
    return most
  }
}

/// 32 running sums, kept in four registers: element i of a sequence belongs to sum i mod 32, so the
/// shape of the sum depends on its length alone.
struct LaneSums {
  var a = Lanes(repeating: 0)
  var b = Lanes(repeating: 0)
  var c = Lanes(repeating: 0)
  var d = Lanes(repeating: 0)

  @inline(__always)
  var total: Float { ((a + b) + (c + d)).foldedSum }
}

/// Σ x·y over `count` floats with the shape of `LaneSums`.
@inline(never)
func laneDot(_ x: ConstPointer, _ y: ConstPointer, _ count: Int) -> Float {
  laneSums(count) { i, n, sum in fma(load(x + i, n), load(y + i, n), sum) }
}

/// The total of `LaneSums` over `count` elements; `add(start, count, sum)` adds up to eight to a sum.
@inline(__always)
func laneSums(_ count: Int, _ add: (Int, Int, Lanes) -> Lanes) -> Float {
  var sums = LaneSums()
  var i = 0
  while i &+ 32 <= count {
    sums.a = add(i, 8, sums.a)
    sums.b = add(i &+ 8, 8, sums.b)
    sums.c = add(i &+ 16, 8, sums.c)
    sums.d = add(i &+ 24, 8, sums.d)
    i &+= 32
  }
  if i < count { sums.a = add(i, count - i, sums.a) }
  if i + 8 < count { sums.b = add(i + 8, count - i - 8, sums.b) }
  if i + 16 < count { sums.c = add(i + 16, count - i - 16, sums.c) }
  if i + 24 < count { sums.d = add(i + 24, count - i - 24, sums.d) }
  return sums.total
}

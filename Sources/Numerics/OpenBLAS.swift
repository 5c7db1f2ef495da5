import Glibc
import Synchronization

/// The OpenBLAS of this machine, loaded when it is first asked for: a program that does not use it pays
/// nothing for it, and needs no such library.
///
/// It computes with one thread of its own, for its bits depend on how many it has; the threads of
/// `Compute` share blocks of a fixed size instead.
package struct OpenBLAS: Sendable {
  /// Such as `0.3.21`.
  package let version: String
  /// The kernels that it chose for this CPU, such as `Haswell`.
  package let core: String
  private let sgemm: SingleProduct

  /// The first part of its name in recipes.
  static let family = "openblas"
  /// Its name in recipes.
  package var name: String { "\(Self.family)/\(version)/\(core)" }

  /// `cblas_sgemm`: order, both transpositions, m, n, k, α, a, its stride, b, its stride, β, c, its
  /// stride.
  private typealias SingleProduct =
    @convention(c) @Sendable (
      Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>, Int32,
      UnsafePointer<Float>, Int32, Float, UnsafeMutablePointer<Float>, Int32
    ) -> Void

  private static let loaded = Mutex<OpenBLAS?>(nil)

  /// The library, if this process has loaded it.
  package static var inUse: OpenBLAS? { loaded.withLock(\.self) }

  /// Loads the library, or gives the one that is loaded.
  package static func load() throws(EngineError) -> OpenBLAS {
    if let library = inUse { return library }
    let library = try OpenBLAS()
    loaded.withLock { $0 = library }
    return library
  }

  private init() throws(EngineError) {
    let file = "libopenblas.so.0"
    guard let handle = dlopen(file, RTLD_NOW | RTLD_LOCAL) else {
      let reason = dlerror().map { String(cString: $0) } ?? "no reason given"
      throw EngineError(
        "numerics \"\(Self.family)\" needs \(file) (Debian's libopenblas0): \(reason)")
    }
    func symbol(_ name: String) throws(EngineError) -> UnsafeMutableRawPointer {
      guard let symbol = dlsym(handle, name) else {
        throw EngineError("the \(file) found here has no function \(name); install libopenblas0")
      }
      return symbol
    }
    typealias Text = @convention(c) () -> UnsafePointer<CChar>?
    let configuration = unsafeBitCast(try symbol("openblas_get_config"), to: Text.self)()
    let core = unsafeBitCast(try symbol("openblas_get_corename"), to: Text.self)()
    sgemm = unsafeBitCast(try symbol("cblas_sgemm"), to: SingleProduct.self)
    let setThreads = unsafeBitCast(
      try symbol("openblas_set_num_threads"), to: (@convention(c) (Int32) -> Void).self)
    setThreads(1)
    // `OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH NO_AFFINITY Haswell MAX_THREADS=64`
    let words = configuration.map { String(cString: $0) }?.split(separator: " ") ?? []
    guard let core, words.count > 1, words[0] == "OpenBLAS" else {
      throw EngineError("the \(file) found here does not tell its version; install libopenblas0")
    }
    version = String(words[1])
    self.core = String(cString: core)
  }

  /// An operand as it lies in memory.
  private struct Operand: Sendable {
    let matrix: Matrix
    let transposed: Bool

    /// `CblasNoTrans` and `CblasTrans`.
    var form: Int32 { transposed ? 112 : 111 }
    /// The place of its row (or column, of the right operand) `index`.
    func start(row index: Int) -> ConstPointer {
      ConstPointer(matrix.floats.base + (transposed ? index : index * matrix.stride))
    }
    func start(column index: Int) -> ConstPointer {
      ConstPointer(matrix.floats.base + (transposed ? index * matrix.stride : index))
    }
    var rows: Int { transposed ? matrix.columns : matrix.rows }
    var columns: Int { transposed ? matrix.rows : matrix.columns }
    var stride: Int32 { Int32(max(1, matrix.stride)) }
  }

  /// Rows and columns of the blocks in which a result is computed. The library's bits may depend on a
  /// product's shape, so other sizes would be another engine.
  private static let blockRows = 192
  private static let blockColumns = 512

  /// c = a · b from `start`, either operand transposed or not, in blocks that the threads of `compute`
  /// share.
  func multiply(
    _ left: Matrix, _ isLeftTransposed: Bool, _ right: Matrix, _ isRightTransposed: Bool,
    into c: Matrix, from start: ProductStart, on compute: Compute
  ) {
    let a = Operand(matrix: left, transposed: isLeftTransposed)
    let b = Operand(matrix: right, transposed: isRightTransposed)
    precondition(
      a.columns == b.rows && c.rows == a.rows && c.columns == b.columns,
      "product of shapes that do not fit")
    guard c.rows > 0, c.columns > 0 else { return }
    if case .bias(let bias) = start { Self.spread(bias, over: c) }
    let across = (c.columns + Self.blockColumns - 1) / Self.blockColumns
    let down = (c.rows + Self.blockRows - 1) / Self.blockRows
    compute.share(down * across) { index in
      let row = index / across * Self.blockRows
      let column = index % across * Self.blockColumns
      sgemm(
        101, a.form, b.form, Int32(min(Self.blockRows, c.rows - row)),
        Int32(min(Self.blockColumns, c.columns - column)), Int32(a.columns), 1, a.start(row: row),
        a.stride, b.start(column: column), b.stride, start.isZero ? 0 : 1,
        c.floats.base + (row * c.stride + column), Int32(c.stride))
    }
  }

  private static func spread(_ bias: Floats, over c: Matrix) {
    precondition(bias.count == c.columns, "a bias has one value per column")
    for row in 0..<c.rows { c[row: row].copy(from: bias) }
  }
}

extension ProductStart {
  fileprivate var isZero: Bool {
    if case .zero = self { true } else { false }
  }
}

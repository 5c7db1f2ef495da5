import ContentStore
import Testing

@Suite struct NPYTests {
  /// `numpy.save` of `np.array([[1, 2, 3], [65535, 0, 7]], dtype="<u2")`, NumPy 2.
  @Test func `the bytes are those that numpy writes`() {
    let header = "{'descr': '<u2', 'fortran_order': False, 'shape': (2, 3), }"
    var expected: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(header.utf8)
    expected += Array(repeating: UInt8(ascii: " "), count: 128 - 1 - expected.count) + [10]
    expected += [1, 0, 2, 0, 3, 0, 255, 255, 0, 0, 7, 0]
    #expect(NPY.encode([1, 2, 3, 65535, 0, 7] as [UInt16], shape: [2, 3]) == expected)
  }

  @Test func `every type is read back`() throws {
    func check<Value: NPYScalar & Equatable>(_ values: [Value]) throws {
      let back = try NPY.decode(NPY.encode(values), as: Value.self)
      #expect(back.values == values && back.shape == [values.count])
    }
    try check([0, 1, 65535] as [UInt16])
    try check([0, .max] as [UInt32])
    try check([.min, .max] as [Int32])
    try check([.min, .max] as [Int64])
    try check([0, .max] as [UInt64])
    try check([-0.0, 1.5, .infinity] as [Float])
    try check([] as [UInt16])
  }

  @Test func `integers of every width widen`() throws {
    #expect(try NPY.decodeIntegers(NPY.encode([7, 65535] as [UInt16])) == [7, 65535])
    #expect(try NPY.decodeIntegers(NPY.encode([-1] as [Int64])) == [-1])
    #expect(throws: NPYError.self) { try NPY.decodeIntegers(NPY.encode([1.5] as [Float])) }
    #expect(throws: NPYError("element 1 of the array, 18446744073709551615, is out of range here"))
    {
      try NPY.decodeIntegers(NPY.encode([0, UInt64.max]))
    }
    #expect(try NPY.decodeIntegers(NPY.encode([5] as [UInt64]), as: Int32.self) == [5])
    #expect(throws: NPYError.self) {
      try NPY.decodeIntegers(NPY.encode([UInt32.max]), as: Int32.self)
    }
  }

  @Test func `every truncation of a file is refused`() {
    let bytes = NPY.encode([1, 2, 3] as [UInt32])
    for length in 0..<bytes.count {
      #expect(throws: NPYError.self) {
        try NPY.decode(Array(bytes.prefix(length)), as: UInt32.self)
      }
    }
  }

  @Test func `a wrong type, a Fortran order and another version are named`() {
    let bytes = NPY.encode([1, 2] as [UInt16])
    #expect(throws: NPYError("the array holds <u2, but <u4 is needed here")) {
      try NPY.decode(bytes, as: UInt32.self)
    }
    let text = String(decoding: bytes[10..<128], as: UTF8.self)
    let fortran = Array(text.split(separator: "False").joined(separator: "True ").utf8)
    #expect(throws: NPYError.self) {
      try NPY.decode(Array(bytes[..<10]) + fortran + bytes[128...], as: UInt16.self)
    }
    var version = bytes
    version[6] = 2
    #expect(throws: NPYError.self) { try NPY.decode(version, as: UInt16.self) }
  }
}

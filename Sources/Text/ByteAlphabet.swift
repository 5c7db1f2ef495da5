/// GPT-2's spelling of bytes as printable characters (encoder.py, `bytes_to_unicode`): bytes that
/// print stand for themselves, the other 68 follow from U+0100 on in byte order.
enum ByteAlphabet {
  /// The scalar of each byte.
  static let scalars: [Unicode.Scalar] = {
    var next: UInt32 = 0x100
    return (0...255).map { byte in
      switch byte {
      case 33...126, 161...172, 174...255: return Unicode.Scalar(UInt8(byte))
      default:
        defer { next += 1 }
        return Unicode.Scalar(next)!
      }
    }
  }()

  /// The bytes, ordered by their scalars: the order of the alphabet's ids.
  static let sortedBytes: [UInt8] = (0...255).sorted { scalars[Int($0)] < scalars[Int($1)] }

  /// The byte of each scalar below U+0144.
  private static let bytes: [UInt8?] = {
    var result = [UInt8?](repeating: nil, count: 0x144)
    for (byte, scalar) in scalars.enumerated() { result[Int(scalar.value)] = UInt8(byte) }
    return result
  }()

  static func spell(_ bytes: some Sequence<UInt8>) -> String {
    var result = String.UnicodeScalarView()
    for byte in bytes { result.append(scalars[Int(byte)]) }
    return String(result)
  }

  /// Whether a spelling has characters of the alphabet only.
  static func isSpelt(_ spelling: String) -> Bool {
    spelling.unicodeScalars.allSatisfy { $0.value < 0x144 && bytes[Int($0.value)] != nil }
  }

  /// The bytes a spelling stands for. As in `tokenizers`, a spelling with any other character in it
  /// stands for its own UTF-8.
  static func bytes(of spelling: String) -> [UInt8] {
    var result: [UInt8] = []
    for scalar in spelling.unicodeScalars {
      guard scalar.value < 0x144, let byte = bytes[Int(scalar.value)] else {
        return Array(spelling.utf8)
      }
      result.append(byte)
    }
    return result
  }
}

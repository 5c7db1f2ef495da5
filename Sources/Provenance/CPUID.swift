#if arch(x86_64)
  import CLinux

  /// What the processor tells of itself (Intel SDM vol. 2A, CPUID; AMD APM vol. 3, appendix E).
  enum CPUID {
    /// A feature under its Linux name: a bit of a register of a leaf, and the register states that the
    /// operating system must save for it to be usable.
    private struct Feature {
      let name: String
      let leaf: UInt32
      var subleaf: UInt32 = 0
      let register: any KeyPath<exp_registers, UInt32> & Sendable
      let bit: UInt32
      var states: UInt32 = 0
    }

    private static let avx: UInt32 = 0x6
    private static let avx512: UInt32 = 0xE6
    private static let amx: UInt32 = 0x60000

    private static let basic: [Feature] = [
      Feature(name: "ssse3", leaf: 1, register: \.c, bit: 9),
      Feature(name: "fma", leaf: 1, register: \.c, bit: 12, states: avx),
      Feature(name: "sse4_1", leaf: 1, register: \.c, bit: 19),
      Feature(name: "sse4_2", leaf: 1, register: \.c, bit: 20),
      Feature(name: "avx", leaf: 1, register: \.c, bit: 28, states: avx),
      Feature(name: "f16c", leaf: 1, register: \.c, bit: 29, states: avx),
      Feature(name: "bmi1", leaf: 7, register: \.b, bit: 3),
      Feature(name: "avx2", leaf: 7, register: \.b, bit: 5, states: avx),
      Feature(name: "bmi2", leaf: 7, register: \.b, bit: 8),
      Feature(name: "sha_ni", leaf: 7, register: \.b, bit: 29),
      Feature(name: "avx_vnni", leaf: 7, subleaf: 1, register: \.a, bit: 4, states: avx),
      Feature(name: "avx_ifma", leaf: 7, subleaf: 1, register: \.a, bit: 23, states: avx),
    ]

    private static let wide: [Feature] = [
      Feature(name: "avx512f", leaf: 7, register: \.b, bit: 16, states: avx512),
      Feature(name: "avx512dq", leaf: 7, register: \.b, bit: 17, states: avx512),
      Feature(name: "avx512ifma", leaf: 7, register: \.b, bit: 21, states: avx512),
      Feature(name: "avx512cd", leaf: 7, register: \.b, bit: 28, states: avx512),
      Feature(name: "avx512bw", leaf: 7, register: \.b, bit: 30, states: avx512),
      Feature(name: "avx512vl", leaf: 7, register: \.b, bit: 31, states: avx512),
      Feature(name: "avx512vbmi", leaf: 7, register: \.c, bit: 1, states: avx512),
      Feature(name: "avx512_vbmi2", leaf: 7, register: \.c, bit: 6, states: avx512),
      Feature(name: "avx512_vnni", leaf: 7, register: \.c, bit: 11, states: avx512),
      Feature(name: "avx512_bitalg", leaf: 7, register: \.c, bit: 12, states: avx512),
      Feature(name: "avx512_vpopcntdq", leaf: 7, register: \.c, bit: 14, states: avx512),
      Feature(name: "avx512_vp2intersect", leaf: 7, register: \.d, bit: 8, states: avx512),
      Feature(name: "avx512_fp16", leaf: 7, register: \.d, bit: 23, states: avx512),
      Feature(name: "avx512_bf16", leaf: 7, subleaf: 1, register: \.a, bit: 5, states: avx512),
      Feature(name: "amx_bf16", leaf: 7, register: \.d, bit: 22, states: amx),
      Feature(name: "amx_tile", leaf: 7, register: \.d, bit: 24, states: amx),
      Feature(name: "amx_int8", leaf: 7, register: \.d, bit: 25, states: amx),
      Feature(name: "amx_fp16", leaf: 7, subleaf: 1, register: \.a, bit: 21, states: amx),
    ]

    /// Vector, matrix, cryptographic and bit instructions that a program can use here.
    static func features() -> [String] {
      let saved = exp_saved_states()
      return (basic + wide).filter { feature in
        saved & feature.states == feature.states
          && exp_cpuid(feature.leaf, feature.subleaf)[keyPath: feature.register]
            & (1 << feature.bit) != 0
      }.map(\.name)
    }

    /// The brand string, without the blanks around it.
    static func name() -> String {
      var name = [CChar](repeating: 0, count: 49)
      exp_cpu_name(&name)
      let text = String(
        decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      return text.split(separator: " ").joined(separator: " ")
    }
  }
#endif

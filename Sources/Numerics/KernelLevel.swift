/// What this module was compiled for; no other module is compiled for a processor.
package enum KernelLevel {
  /// The x86-64 level whose instructions the kernels use: 4, 3, or 0 for what every such CPU has. Never
  /// inlined: `script/exactness` links these kernels, compiled for another level, to the same callers.
  @inline(never)
  package static func needed() -> Int {
    #if NEEDS_X86_64_V4
      4
    #elseif NEEDS_X86_64_V3
      3
    #else
      0
    #endif
  }
}

// What the CPU can do: for the choice of SHA-256's path, and for the message on a CPU that cannot run
// the kernels. CPUID is asked in assembly: <cpuid.h> belongs to the Clang module of the intrinsics,
// which would take the C library's headers with it and hide their types from Swift.
#pragma once

#if defined(__x86_64__)
struct exp_cpuid {
  unsigned a, b, c, d;
};

// All zero for a leaf that the CPU does not have.
static inline struct exp_cpuid exp_cpuid(unsigned leaf, unsigned subleaf) {
  struct exp_cpuid r = {0, 0, 0, 0};
  unsigned highest = leaf & 0x80000000u;
  __asm__("cpuid" : "+a"(highest), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "2"(0));
  if (highest < leaf) return (struct exp_cpuid){0, 0, 0, 0};
  __asm__("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "0"(leaf), "2"(subleaf));
  return r;
}

// Leaf 7 EBX bit 29 (SHA) and leaf 1 ECX bits 9 and 19 (SSSE3, SSE4.1).
static inline int exp_has_sha(void) {
  const unsigned vectors = 1u << 9 | 1u << 19;
  return (exp_cpuid(1, 0).c & vectors) == vectors && (exp_cpuid(7, 0).b & 1u << 29);
}

// Whether CPU and operating system offer x86-64-v3 (System V ABI for AMD64, table 3.1): AVX2, BMI,
// F16C, FMA, LZCNT, MOVBE, and the saving of vector registers.
static inline int exp_cpu_is_v3(void) {
  const unsigned basic = 1u << 12 | 1u << 22 | 1u << 27 | 1u << 28 | 1u << 29;
  const unsigned extended = 1u << 3 | 1u << 5 | 1u << 8;
  unsigned low, high;
  if ((exp_cpuid(1, 0).c & basic) != basic) return 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low & 6) != 6) return 0;
  return (exp_cpuid(7, 0).b & extended) == extended && (exp_cpuid(0x80000001u, 0).c & 1u << 5);
}
#else
static inline int exp_has_sha(void) { return 0; }
static inline int exp_cpu_is_v3(void) { return 1; }
#endif

// What the CPU can do: for the choice of SHA-256's path, for the message on a CPU that cannot run the
// kernels, and for the record (`/proc/cpuinfo` tells of the kernel's CPU, not of an emulator's). CPUID is asked in assembly: <cpuid.h> belongs to the Clang module of the intrinsics,
// which would take the C library's headers with it and hide their types from Swift.
#pragma once

#if defined(__x86_64__)
struct exp_registers {
  unsigned a, b, c, d;
};

// All zero for a leaf that the CPU does not have.
static inline struct exp_registers exp_cpuid(unsigned leaf, unsigned subleaf) {
  struct exp_registers r = {0, 0, 0, 0};
  unsigned highest = leaf & 0x80000000u;
  __asm__("cpuid" : "+a"(highest), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "2"(0));
  if (highest < leaf) return (struct exp_registers){0, 0, 0, 0};
  __asm__("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "0"(leaf), "2"(subleaf));
  return r;
}

// Leaf 7 EBX bit 29 (SHA) and leaf 1 ECX bits 9 and 19 (SSSE3, SSE4.1).
static inline int exp_has_sha(void) {
  const unsigned vectors = 1u << 9 | 1u << 19;
  return (exp_cpuid(1, 0).c & vectors) == vectors && (exp_cpuid(7, 0).b & 1u << 29);
}

// Register states that the operating system saves (XCR0): 2 SSE, 4 AVX, 0xe0 AVX-512, 0x60000 AMX.
static inline unsigned exp_saved_states(void) {
  unsigned low, high;
  if (!(exp_cpuid(1, 0).c & 1u << 27)) return 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

// Whether CPU and operating system offer x86-64-v3 (System V ABI for AMD64, table 3.1): AVX2, BMI,
// F16C, FMA, LZCNT, MOVBE, and the saving of vector registers.
static inline int exp_cpu_is_v3(void) {
  const unsigned basic = 1u << 12 | 1u << 22 | 1u << 27 | 1u << 28 | 1u << 29;
  const unsigned extended = 1u << 3 | 1u << 5 | 1u << 8;
  if ((exp_cpuid(1, 0).c & basic) != basic || (exp_saved_states() & 6) != 6) return 0;
  return (exp_cpuid(7, 0).b & extended) == extended && (exp_cpuid(0x80000001u, 0).c & 1u << 5);
}

// The same for x86-64-v4: AVX512F, DQ, CD, BW and VL.
static inline int exp_cpu_is_v4(void) {
  const unsigned wide = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31;
  return exp_cpu_is_v3() && (exp_saved_states() & 0xe6) == 0xe6 && (exp_cpuid(7, 0).b & wide) == wide;
}

// The CPU's own name for itself, 48 bytes with NULs at the end; empty when it has none.
static inline void exp_cpu_name(char name[49]) {
  for (unsigned i = 0; i < 3; i++) {
    struct exp_registers r = exp_cpuid(0x80000002u + i, 0);
    unsigned words[4] = {r.a, r.b, r.c, r.d};
    __builtin_memcpy(name + 16 * i, words, sizeof words);
  }
  name[48] = 0;
}
#else
static inline int exp_has_sha(void) { return 0; }
static inline int exp_cpu_is_v3(void) { return 1; }
static inline int exp_cpu_is_v4(void) { return 1; }
#endif

// What a thread says that waits by looking again and again: lets the other thread of its core work, and
// takes less power.
static inline void exp_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

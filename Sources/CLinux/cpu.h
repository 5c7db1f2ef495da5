// What the CPU can do, for the message on one that cannot run the kernels.
#pragma once

#if defined(__x86_64__)
#include <cpuid.h>

// Whether CPU and operating system offer x86-64-v3 (System V ABI for AMD64, table 3.1): AVX2, BMI,
// F16C, FMA, LZCNT, MOVBE, and the saving of vector registers.
static inline int exp_cpu_is_v3(void) {
  unsigned a, b, c, d, low, high;
  const unsigned basic = 1u << 12 | 1u << 22 | 1u << 27 | 1u << 28 | 1u << 29;
  const unsigned extended = 1u << 3 | 1u << 5 | 1u << 8;
  if (!__get_cpuid(1, &a, &b, &c, &d) || (c & basic) != basic) return 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low & 6) != 6) return 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (b & extended) != extended) return 0;
  return __get_cpuid(0x80000001, &a, &b, &c, &d) && (c & 1u << 5) != 0;
}
#else
static inline int exp_cpu_is_v3(void) { return 1; }
#endif

// One CPU feature of SHA-256: the x86 SHA extensions (Intel SDM vol. 2, SHA256RNDS2, SHA256MSG1,
// SHA256MSG2). Swift has no spelling for these instructions. Callers ask `exp_has_sha` first.
#pragma once
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

// CPUID leaf 7 EBX bit 29 (SHA) and leaf 1 ECX bits 9 and 19 (SSSE3, SSE4.1).
static inline int exp_has_sha(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & 1u << 9) || !(c & 1u << 19)) return 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & 1u << 29);
}

// FIPS 180-4 §6.2.2 over whole 64-byte blocks; `k` holds the 64 round constants.
__attribute__((target("sha,sse4.1,ssse3"))) static inline void exp_sha256_blocks(
    uint32_t *state, const uint8_t *data, size_t blocks, const uint32_t *k) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
  // The instructions want the state as {A,B,E,F} and {C,D,G,H}, high word first.
  __m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xB1);
  __m128i cdgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1B);
  __m128i abef = _mm_alignr_epi8(abcd, cdgh, 8);
  cdgh = _mm_blend_epi16(cdgh, abcd, 0xF0);

  for (; blocks > 0; blocks--, data += 64) {
    const __m128i abef_before = abef, cdgh_before = cdgh;
    __m128i w[4];
    for (int i = 0; i < 4; i++)
      w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)data + i), big_endian);
#pragma clang loop unroll(full)
    for (int r = 0; r < 16; r++) {
      __m128i wk = _mm_add_epi32(w[r & 3], _mm_loadu_si128((const __m128i *)k + r));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, wk);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(wk, 0x0E));
      if (r < 12) {
        __m128i newest = w[(r + 3) & 3];
        __m128i next = _mm_sha256msg1_epu32(w[r & 3], w[(r + 1) & 3]);
        next = _mm_add_epi32(next, _mm_alignr_epi8(newest, w[(r + 2) & 3], 4));
        w[r & 3] = _mm_sha256msg2_epu32(next, newest);
      }
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }

  __m128i feba = _mm_shuffle_epi32(abef, 0x1B);
  __m128i dchg = _mm_shuffle_epi32(cdgh, 0xB1);
  _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xF0));
  _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}
#else
static inline int exp_has_sha(void) { return 0; }
static inline void exp_sha256_blocks(
    uint32_t *state, const uint8_t *data, size_t blocks, const uint32_t *k) {
  (void)state, (void)data, (void)blocks, (void)k;
}
#endif

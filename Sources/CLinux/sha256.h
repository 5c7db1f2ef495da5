// One CPU feature of SHA-256: the x86 SHA extensions (Intel SDM vol. 2, SHA256RNDS2, SHA256MSG1,
// SHA256MSG2). Swift has no spelling for these instructions. Callers ask `exp_has_sha` first.
// The compiler's vectors and builtins stand in for <immintrin.h>, which would drag the C library's
// headers into another Clang module and hide their types from Swift.
#pragma once
// As in shim.h: the C library as Swift has it.
#pragma clang module import SwiftGlibc
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
typedef int exp_words __attribute__((vector_size(16)));
typedef char exp_bytes __attribute__((vector_size(16)));
// The same, wherever it lies in memory.
typedef int exp_words_anywhere __attribute__((vector_size(16), aligned(1)));

#define EXP_LANES(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)

// FIPS 180-4 §6.2.2 over whole 64-byte blocks; `k` holds the 64 round constants.
__attribute__((target("sha,sse4.1,ssse3"))) static inline void exp_sha256_blocks(
    uint32_t *state, const uint8_t *data, size_t blocks, const uint32_t *k) {
  const exp_words_anywhere *in = (const exp_words_anywhere *)state;
  // The instructions want the state as {A,B,E,F} and {C,D,G,H}, high word first.
  const exp_words badc = EXP_LANES(in[0], in[0], 1, 0, 3, 2);
  const exp_words hgfe = EXP_LANES(in[1], in[1], 3, 2, 1, 0);
  exp_words abef = EXP_LANES(hgfe, badc, 2, 3, 4, 5);
  exp_words cdgh = EXP_LANES(hgfe, badc, 0, 1, 6, 7);

  for (; blocks > 0; blocks--, data += 64) {
    const exp_words abef_before = abef, cdgh_before = cdgh;
    exp_words w[4];
    for (int i = 0; i < 4; i++) {
      const exp_bytes raw = (exp_bytes)((const exp_words_anywhere *)data)[i];
      w[i] = (exp_words)__builtin_shufflevector(
          raw, raw, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < 16; r++) {
      const exp_words wk = w[r & 3] + ((const exp_words_anywhere *)k)[r];
      cdgh = __builtin_ia32_sha256rnds2(cdgh, abef, wk);
      abef = __builtin_ia32_sha256rnds2(abef, cdgh, EXP_LANES(wk, wk, 2, 3, 0, 0));
      if (r < 12) {
        const exp_words newest = w[(r + 3) & 3];
        exp_words next = __builtin_ia32_sha256msg1(w[r & 3], w[(r + 1) & 3]);
        next += EXP_LANES(w[(r + 2) & 3], newest, 1, 2, 3, 4);
        w[r & 3] = __builtin_ia32_sha256msg2(next, newest);
      }
    }
    abef += abef_before;
    cdgh += cdgh_before;
  }

  const exp_words feba = EXP_LANES(abef, abef, 3, 2, 1, 0);
  const exp_words dchg = EXP_LANES(cdgh, cdgh, 1, 0, 3, 2);
  exp_words_anywhere *out = (exp_words_anywhere *)state;
  out[0] = EXP_LANES(feba, dchg, 0, 1, 6, 7);
  out[1] = EXP_LANES(feba, dchg, 2, 3, 4, 5);
}
#undef EXP_LANES
#else
static inline void exp_sha256_blocks(
    uint32_t *state, const uint8_t *data, size_t blocks, const uint32_t *k) {
  (void)state, (void)data, (void)blocks, (void)k;
}
#endif

// Kernel and CPU entries that Swift cannot reach by itself: variadic functions, raw system calls
// and instructions without a Swift spelling. Every function is `static inline`; nothing is compiled
// apart.
#pragma once
// The C library as Swift has it: without this, its types could belong to this module instead, and
// Swift files that import only Glibc would not find them.
#pragma clang module import SwiftGlibc
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// prctl(2) and open(2) are variadic.
static inline int exp_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); }
static inline int exp_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }
static inline int exp_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

// Columns of a terminal; 0 for anything else.
static inline int exp_terminal_columns(int descriptor) {
  struct winsize size;
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

// Eight floats at once. Swift 6.3 spells these lane by lane; what its optimiser then makes of longer
// expressions is a mixture of scalars and short vectors, three times slower. Both are exact by
// IEEE 754: without an instruction for it, the fused multiply-add is libm's fmaf.
typedef float exp_lanes __attribute__((ext_vector_type(8)));
static inline exp_lanes exp_square_roots(exp_lanes x) { return __builtin_elementwise_sqrt(x); }
static inline exp_lanes exp_multiply_add(exp_lanes a, exp_lanes b, exp_lanes c) {
  return __builtin_elementwise_fma(a, b, c);
}

// Facts about machine and C library that Swift's module of the C library does not offer.
#pragma once
#include <gnu/libc-version.h>
#include <sys/syscall.h>
#include <unistd.h>

// Such as "2.36".
static inline const char *exp_libc_version(void) { return gnu_get_libc_version(); }

// How many logical processors this process may use, or 0 when the kernel does not say. The system
// call is used directly: glibc's wrapper knows at most 1,024.
static inline int exp_usable_processors(void) {
  unsigned long mask[256] = {0};
  long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
  int count = 0;
  for (long i = 0; i < bytes / (long)sizeof mask[0]; i++) count += __builtin_popcountl(mask[i]);
  return count;
}

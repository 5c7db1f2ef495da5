// Landlock: a process gives up access to files that it has no need of. Debian's headers may be
// older than the kernel, so the newer names are spelled out (linux/landlock.h of Linux 6.15).
#pragma once
// As in shim.h: the C library as Swift has it.
#pragma clang module import SwiftGlibc
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

// <fcntl.h> shows this one to GNU programs only; the value is the kernel's for x86 and arm.
#ifndef O_PATH
#define O_PATH 010000000
#endif

struct exp_landlock_ruleset {
  uint64_t files;    // handled_access_fs
  uint64_t network;  // handled_access_net, since version 4
  uint64_t scoped;   // since version 6
};

// The kernel's Landlock version, or 0 without Landlock.
static inline int exp_landlock_version(void) {
  long version =
      syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version < 0 ? 0 : (int)version;
}

// A ruleset's descriptor, or −errno.
static inline int exp_landlock_create(uint64_t files, uint64_t network, uint64_t scoped,
                                      int version) {
  struct exp_landlock_ruleset ruleset = {files, network, scoped};
  size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
  long descriptor = syscall(SYS_landlock_create_ruleset, &ruleset, size, 0);
  return descriptor < 0 ? -errno : (int)descriptor;
}

// Allows access beneath a path. 0, or −errno; a path that does not exist is −ENOENT.
static inline int exp_landlock_allow(int ruleset, const char *path, uint64_t access) {
  int beneath = open(path, O_PATH | O_CLOEXEC);
  if (beneath < 0) return -errno;
  struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = beneath};
  long status = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
  int error = errno;
  close(beneath);
  return status < 0 ? -error : 0;
}

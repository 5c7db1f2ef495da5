// The C library comes as Swift's own module of it; read as text here, its types would count as ours.
#pragma clang module import SwiftGlibc
#include <git2.h>

// `git_libgit2_opts` is variadic, which Swift cannot call.
static inline int exp_git_set_owner_validation(int enabled) {
  return git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, enabled);
}

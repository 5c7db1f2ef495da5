// Starting a program with everything between fork and exec done in C, where only calls that are
// safe after fork in a threaded program are made. Swift cannot fork.
#pragma once
// As in shim.h: the C library as Swift has it.
#pragma clang module import SwiftGlibc
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

// What to start, and how. Texts are packed: each ends with a NUL, one after another.
struct exp_program {
  const char *path;       // the file to execute
  const char *arguments;  // packed; the first is the program's own name
  int argument_count;
  const char *environment;  // packed `NAME=value`; the child gets nothing else
  int environment_count;
  const char *folder;  // working folder, or NULL for the caller's
  int input, output, error;  // descriptors that become 0, 1 and 2
  int inherited;             // becomes descriptor 3, or -1
  int ruleset;               // a Landlock ruleset to be bound by, or -1
  int death_signal;          // sent when the thread that started it ends, or 0
};

static inline char **exp_unpack(const char *packed, int count) {
  char **list = (char **)malloc(sizeof(char *) * (size_t)(count + 1));
  if (!list) return NULL;
  for (int i = 0; i < count; i++) {
    list[i] = (char *)packed;
    packed += strlen(packed) + 1;
  }
  list[count] = NULL;
  return list;
}

// Moves four descriptors to 0…3 without one overwriting another; all others close on exec.
static inline int exp_place_descriptors(const struct exp_program *program) {
  int from[4] = {program->input, program->output, program->error, program->inherited};
  for (int i = 0; i < 4; i++) {
    if (from[i] < 0) continue;
    from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 10);
    if (from[i] < 0) return -1;
  }
  for (int i = 0; i < 4; i++)
    if (from[i] >= 0 && dup2(from[i], i) < 0) return -1;
  unsigned first = program->inherited >= 0 ? 4 : 3;
  // An old kernel without close_range leaves it to each descriptor's own close-on-exec flag.
  syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC);
  return 0;
}

// The child's side: never returns.
static inline void exp_become(const struct exp_program *program, char **arguments,
                              char **environment, pid_t parent, int failure) {
  // Handlers of the parent must not run here, and its blocked signals must reach the program.
  struct sigaction standard = {0};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < 32; number++) sigaction(number, &standard, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  int moved = fcntl(failure, F_DUPFD_CLOEXEC, 20);
  failure = moved >= 0 ? moved : failure;
  int ok = setpgid(0, 0) == 0;
  if (program->death_signal)
    ok = ok && prctl(PR_SET_PDEATHSIG, program->death_signal, 0, 0, 0) == 0;
  // The parent may have died before the death signal was asked for.
  if (ok && getppid() != parent) _exit(127);
  ok = ok && exp_place_descriptors(program) == 0;
  ok = ok && (!program->folder || chdir(program->folder) == 0);
  if (ok && program->ruleset >= 0)
    ok = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         syscall(SYS_landlock_restrict_self, program->ruleset, 0) == 0;
  if (ok) execve(program->path, arguments, environment);
  int error = errno;
  ssize_t written = write(failure, &error, sizeof error);
  _exit(written == (ssize_t)sizeof error ? 127 : 126);
}

// Starts a program in its own process group. Returns its process id, or −errno when it could not be started or executed.
static inline pid_t exp_start(const struct exp_program *program) {
  char **arguments = exp_unpack(program->arguments, program->argument_count);
  char **environment = exp_unpack(program->environment, program->environment_count);
  int failure[2] = {-1, -1};
  pid_t child = -1;
  int error = 0;
  if (!arguments || !environment) {
    error = ENOMEM;
  } else if (syscall(SYS_pipe2, failure, O_CLOEXEC) < 0) {
    error = errno;
  } else {
    // No signal handler may run in the child before it has shed them.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid();
    child = fork();
    if (child == 0) exp_become(program, arguments, environment, parent, failure[1]);
    if (child < 0) error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(failure[1]);
    if (child > 0) {
      setpgid(child, child);
      ssize_t got;
      do got = read(failure[0], &error, sizeof error);
      while (got < 0 && errno == EINTR);
      if (got == (ssize_t)sizeof error) waitpid(child, NULL, 0);
    }
    close(failure[0]);
  }
  free(arguments);
  free(environment);
  return error ? -error : child;
}

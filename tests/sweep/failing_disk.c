/* A disk that fails at a chosen call: loaded into the program before the C library (LD_PRELOAD), it counts the file
 * system calls below a folder, over all threads, and at the chosen one kills the process or answers with an error.
 *
 * SWEEP_ROOT    the folders whose calls count, separated by `:`
 * SWEEP_CALLS   `change`: calls that change something; `write`: writes alone; `all`: those that only look, too
 * SWEEP_AT      the number of the call, from 1; 0 only counts
 * SWEEP_DO      `kill`: before the call; `torn`: a write has done half of its work; `short`: a write does half of its
 *               work and says so; a number: the errno to answer
 * SWEEP_REPORT  file for what happened: `struck NAME PATH`, or at the end `calls N`
 * SWEEP_TRACE   file for every call that counts
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { LOOK, CHANGE };

static const char *roots, *report, *trace;
static int everything, writes_only, torn, shorter, error;
static long at;
static atomic_long calls;
static atomic_int struck;

__attribute__((constructor)) static void begin(void) {
    const char *what = getenv("SWEEP_DO"), *which = getenv("SWEEP_CALLS"), *number = getenv("SWEEP_AT");
    roots = getenv("SWEEP_ROOT");
    report = getenv("SWEEP_REPORT");
    trace = getenv("SWEEP_TRACE");
    everything = which && !strcmp(which, "all");
    writes_only = which && !strcmp(which, "write");
    torn = what && !strcmp(what, "torn");
    shorter = what && !strcmp(what, "short");
    error = what ? atoi(what) : 0;
    at = number ? atol(number) : 0;
}

/* Writes a line past our own `write`. */
static void note(const char *file, int flags, const char *format, ...) {
    char line[PATH_MAX + 64];
    va_list values;
    if (!file) return;
    va_start(values, format);
    int length = vsnprintf(line, sizeof line, format, values);
    va_end(values);
    if (length >= (int)sizeof line) length = sizeof line - 1;
    long fd = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | flags, 0600);
    if (fd < 0) return;
    syscall(SYS_write, fd, line, length);
    syscall(SYS_close, fd);
}

__attribute__((destructor)) static void end(void) {
    if (roots && !atomic_load(&struck)) note(report, O_TRUNC, "calls %ld\n", atomic_load(&calls));
}

static int below(const char *path) {
    for (const char *root = roots; root && *root;) {
        size_t length = strcspn(root, ":");
        if (!strncmp(path, root, length) && (path[length] == '/' || path[length] == 0)) return 1;
        root += length + (root[length] == ':');
    }
    return 0;
}

/* The path of a name in an open folder, or of an open file where there is no name. */
static const char *resolve(int folder, const char *name, char *into) {
    char link[64];
    if (name && (name[0] == '/' || folder == AT_FDCWD)) return name;
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, into, PATH_MAX - 1);
    if (length < 0) return "";
    into[length] = 0;
    if (name && *name && length + strlen(name) + 2 < PATH_MAX) {
        into[length] = '/';
        strcpy(into + length + 1, name);
    }
    return into;
}

/* Counts a call; true when it is to fail, with errno set. Does not return when it is to end the process. */
static int strikes(enum kind kind, const char *call, int folder, const char *name) {
    char space[PATH_MAX];
    if (!roots || (kind == LOOK && !everything) || (writes_only && !strstr(call, "write"))) return 0;
    int before = errno;
    const char *path = resolve(folder, name, space);
    if (!below(path)) { errno = before; return 0; }
    long number = atomic_fetch_add(&calls, 1) + 1;
    note(trace, 0, "%s %s\n", call, path);
    errno = before;
    if (number != at) return 0;
    atomic_store(&struck, 1);
    note(report, O_TRUNC, "struck %s %s\n", call, path);
    if (torn || shorter) return -1;
    if (!error) syscall(SYS_kill, getpid(), SIGKILL);
    errno = error;
    return 1;
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static int wanted(int flags) { return flags & (O_CREAT | O_TRUNC) ? CHANGE : LOOK; }
static const char *named(int flags) { return wanted(flags) == CHANGE ? "create" : "open"; }

#define OPEN(function) \
    int function(const char *path, int flags, ...) { \
        va_list more; va_start(more, flags); mode_t mode = va_arg(more, mode_t); va_end(more); \
        REAL(int, #function, const char *, int, ...); \
        return strikes(wanted(flags), named(flags), AT_FDCWD, path) ? -1 : real(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(function) \
    int function(int folder, const char *path, int flags, ...) { \
        va_list more; va_start(more, flags); mode_t mode = va_arg(more, mode_t); va_end(more); \
        REAL(int, #function, int, const char *, int, ...); \
        return strikes(wanted(flags), named(flags), folder, path) ? -1 : real(folder, path, flags, mode); \
    }
OPENAT(openat)
OPENAT(openat64)

/* Half of a write (of one byte: all), and, where it is torn, the end. */
static ssize_t half(int fd, const void *bytes, size_t length) {
    ssize_t written = syscall(SYS_write, fd, bytes, length > 1 ? length / 2 : length);
    if (torn) syscall(SYS_kill, getpid(), SIGKILL);
    return written;
}

ssize_t write(int fd, const void *bytes, size_t length) {
    REAL(ssize_t, "write", int, const void *, size_t);
    int struck = strikes(CHANGE, "write", fd, NULL);
    if (struck < 0) return half(fd, bytes, length);
    return struck ? -1 : real(fd, bytes, length);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    int struck = strikes(CHANGE, "writev", fd, NULL);
    if (struck < 0) return half(fd, parts[0].iov_base, parts[0].iov_len);
    return struck ? -1 : real(fd, parts, count);
}

#define PASS(kind, type, failed, function, parameters, types, arguments, folder, name) \
    type function parameters { \
        static type (*real)types; \
        if (!real) real = (type (*)types)dlsym(RTLD_NEXT, #function); \
        return strikes(kind, #function, folder, name) ? failed : real arguments; \
    }

PASS(CHANGE, ssize_t, -1, pwrite64, (int fd, const void *b, size_t n, off64_t o), (int, const void *, size_t, off64_t), (fd, b, n, o), fd, NULL)
PASS(CHANGE, ssize_t, -1, copy_file_range, (int in, off64_t *a, int out, off64_t *b, size_t n, unsigned f),
     (int, off64_t *, int, off64_t *, size_t, unsigned), (in, a, out, b, n, f), out, NULL)
PASS(CHANGE, int, -1, fsync, (int fd), (int), (fd), fd, NULL)
PASS(CHANGE, int, -1, fdatasync, (int fd), (int), (fd), fd, NULL)
PASS(CHANGE, int, -1, ftruncate64, (int fd, off64_t n), (int, off64_t), (fd, n), fd, NULL)
PASS(CHANGE, int, -1, mkdir, (const char *p, mode_t m), (const char *, mode_t), (p, m), AT_FDCWD, p)
PASS(CHANGE, int, -1, rmdir, (const char *p), (const char *), (p), AT_FDCWD, p)
PASS(CHANGE, int, -1, rename, (const char *a, const char *b), (const char *, const char *), (a, b), AT_FDCWD, b)
PASS(CHANGE, int, -1, link, (const char *a, const char *b), (const char *, const char *), (a, b), AT_FDCWD, b)
PASS(CHANGE, int, -1, linkat, (int x, const char *a, int y, const char *b, int f), (int, const char *, int, const char *, int), (x, a, y, b, f), y, b)
PASS(CHANGE, int, -1, symlink, (const char *a, const char *b), (const char *, const char *), (a, b), AT_FDCWD, b)
PASS(CHANGE, int, -1, unlink, (const char *p), (const char *), (p), AT_FDCWD, p)
PASS(CHANGE, int, -1, unlinkat, (int d, const char *p, int f), (int, const char *, int), (d, p, f), d, p)
PASS(CHANGE, int, -1, chmod, (const char *p, mode_t m), (const char *, mode_t), (p, m), AT_FDCWD, p)
PASS(CHANGE, int, -1, fchmod, (int fd, mode_t m), (int, mode_t), (fd, m), fd, NULL)
PASS(CHANGE, int, -1, flock, (int fd, int o), (int, int), (fd, o), fd, NULL)

PASS(LOOK, ssize_t, -1, read, (int fd, void *b, size_t n), (int, void *, size_t), (fd, b, n), fd, NULL)
PASS(LOOK, ssize_t, -1, pread64, (int fd, void *b, size_t n, off64_t o), (int, void *, size_t, off64_t), (fd, b, n, o), fd, NULL)
PASS(LOOK, off64_t, -1, lseek64, (int fd, off64_t o, int w), (int, off64_t, int), (fd, o, w), fd, NULL)
PASS(LOOK, int, -1, stat64, (const char *p, struct stat64 *s), (const char *, struct stat64 *), (p, s), AT_FDCWD, p)
PASS(LOOK, int, -1, lstat64, (const char *p, struct stat64 *s), (const char *, struct stat64 *), (p, s), AT_FDCWD, p)
PASS(LOOK, int, -1, fstat64, (int fd, struct stat64 *s), (int, struct stat64 *), (fd, s), fd, NULL)
PASS(LOOK, int, -1, fstatat64, (int d, const char *p, struct stat64 *s, int f), (int, const char *, struct stat64 *, int), (d, p, s, f), d, p)
PASS(LOOK, int, -1, statx, (int d, const char *p, int f, unsigned m, struct statx *s), (int, const char *, int, unsigned, struct statx *), (d, p, f, m, s), d, p)
PASS(LOOK, ssize_t, -1, readlink, (const char *p, char *b, size_t n), (const char *, char *, size_t), (p, b, n), AT_FDCWD, p)
PASS(LOOK, DIR *, NULL, opendir, (const char *p), (const char *), (p), AT_FDCWD, p)
PASS(LOOK, DIR *, NULL, fdopendir, (int fd), (int), (fd), fd, NULL)
PASS(LOOK, struct dirent64 *, NULL, readdir64, (DIR *d), (DIR *), (d), dirfd(d), NULL)

/*
 * Loaded with LD_PRELOAD below a process under test, this keeps the image that a power cut would leave.
 *
 *   DISK_SHIM_ROOT    an absolute, resolved directory; files below it are watched
 *   DISK_SHIM_SHADOW  after each successful fsync or fdatasync of a watched file, its whole content is
 *                     here, at the same relative path
 *   DISK_SHIM_LOG     a line is appended for each such sync: the relative path
 *   DISK_SHIM_DELAY_MS  optional: every sync takes this much longer, as on a slow disk
 *   DISK_SHIM_CONTROL  optional: a file that is read at every sync of a watched file. While its first
 *                     letter is 's' the disk is stalled and the sync waits; while it is 'f' the sync
 *                     fails with EIO; anything else, or no file, changes nothing
 *
 * A file that is unlinked below the root is unlinked in the shadow. Content that a file had at its last
 * sync is therefore in the shadow, and what was only written is not.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef int (*sync_fn)(int);
typedef int (*unlink_fn)(const char *);
typedef int (*unlinkat_fn)(int, const char *, int);

static sync_fn real_fsync;
static sync_fn real_fdatasync;
static unlink_fn real_unlink;
static unlinkat_fn real_unlinkat;
static pthread_once_t resolved = PTHREAD_ONCE_INIT;

/* An older copy must not replace a newer one: one copy at a time. */
static pthread_mutex_t copying = PTHREAD_MUTEX_INITIALIZER;

static void resolve_real(void) {
  real_fsync = (sync_fn)dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = (sync_fn)dlsym(RTLD_NEXT, "fdatasync");
  real_unlink = (unlink_fn)dlsym(RTLD_NEXT, "unlink");
  real_unlinkat = (unlinkat_fn)dlsym(RTLD_NEXT, "unlinkat");
  if (!real_fsync || !real_fdatasync || !real_unlink || !real_unlinkat) abort();
}

static void broken(const char *what, const char *path) {
  fprintf(stderr, "disk-shim: %s %s: %s\n", what, path, strerror(errno));
  abort();
}

/* The part of `path` below the root, or NULL. */
static const char *below_root(const char *path) {
  const char *root = getenv("DISK_SHIM_ROOT");
  if (!root || !*root) return NULL;
  size_t length = strlen(root);
  if (strncmp(path, root, length) != 0 || path[length] != '/') return NULL;
  return path + length + 1;
}

static int path_of_descriptor(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0) return 0;
  path[length] = '\0';
  return 1;
}

/* Makes the directories above `path`. */
static void make_parents(const char *path) {
  char parent[PATH_MAX];
  snprintf(parent, sizeof parent, "%s", path);
  for (char *slash = strchr(parent + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    if (mkdir(parent, 0700) != 0 && errno != EEXIST) broken("mkdir", parent);
    *slash = '/';
  }
}

static void write_all(int fd, const char *bytes, size_t length, const char *path) {
  while (length > 0) {
    ssize_t written = write(fd, bytes, length);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) broken("write", path);
    bytes += written;
    length -= (size_t)written;
  }
}

/*
 * A descriptor to read the file of `fd`: the same one when it can be read. Not another one, because
 * closing any descriptor of a file drops all POSIX locks that the process has on it, SQLite's among
 * them. A file that is open for writing only is no database.
 */
static int readable(int fd) {
  if ((fcntl(fd, F_GETFL) & O_ACCMODE) != O_WRONLY) return fd;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  int again = open(link, O_RDONLY | O_CLOEXEC);
  if (again < 0) broken("open", link);
  return again;
}

static void copy_to(int fd, const char *target) {
  static char block[1 << 16];
  int in = readable(fd);
  char partial[PATH_MAX];
  if (snprintf(partial, sizeof partial, "%s.partial", target) >= (int)sizeof partial) abort();
  int out = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (out < 0) broken("open", partial);
  for (off_t offset = 0;;) {
    ssize_t length = pread(in, block, sizeof block, offset);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) broken("read for", target);
    if (length == 0) break;
    write_all(out, block, (size_t)length, partial);
    offset += length;
  }
  close(out);
  if (in != fd) close(in);
  if (rename(partial, target) != 0) broken("rename", partial);
}

static void note(const char *relative) {
  const char *log = getenv("DISK_SHIM_LOG");
  if (!log || !*log) return;
  char line[PATH_MAX + 1];
  int length = snprintf(line, sizeof line, "%s\n", relative);
  int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) broken("open", log);
  write_all(fd, line, (size_t)length, log);
  close(fd);
}

static void synced(int fd) {
  int error = errno;
  char path[PATH_MAX];
  struct stat status;
  const char *relative;
  if (path_of_descriptor(fd, path) && (relative = below_root(path)) && fstat(fd, &status) == 0 &&
      S_ISREG(status.st_mode) && status.st_nlink > 0) {
    const char *shadow = getenv("DISK_SHIM_SHADOW");
    pthread_mutex_lock(&copying);
    if (shadow && *shadow) {
      char target[PATH_MAX];
      if (snprintf(target, sizeof target, "%s/%s", shadow, relative) >= (int)sizeof target) abort();
      make_parents(target);
      copy_to(fd, target);
    }
    note(relative);
    pthread_mutex_unlock(&copying);
  }
  errno = error;
}

/* The absolute path of a name that need not be there; its directory must be. */
static int absolute(int directory_fd, const char *name, char *path) {
  char joined[PATH_MAX];
  char directory[PATH_MAX];
  if (name[0] == '/' || directory_fd == AT_FDCWD) {
    if (snprintf(joined, sizeof joined, "%s", name) >= (int)sizeof joined) return 0;
  } else {
    if (!path_of_descriptor(directory_fd, directory)) return 0;
    if (snprintf(joined, sizeof joined, "%s/%s", directory, name) >= (int)sizeof joined) return 0;
  }
  char *slash = strrchr(joined, '/');
  const char *base = slash ? slash + 1 : joined;
  if (slash) *slash = '\0';
  if (!realpath(slash ? (*joined ? joined : "/") : ".", directory)) return 0;
  return snprintf(path, PATH_MAX, "%s/%s", directory, base) < PATH_MAX;
}

static void unlinked(const char *path) {
  int error = errno;
  const char *relative = below_root(path);
  const char *shadow = getenv("DISK_SHIM_SHADOW");
  if (relative && shadow && *shadow) {
    char target[PATH_MAX];
    if (snprintf(target, sizeof target, "%s/%s", shadow, relative) >= (int)sizeof target) abort();
    pthread_mutex_lock(&copying);
    if (real_unlink(target) != 0 && errno != ENOENT) broken("unlink", target);
    pthread_mutex_unlock(&copying);
  }
  errno = error;
}

static void delay(void) {
  const char *delay_ms = getenv("DISK_SHIM_DELAY_MS");
  if (delay_ms) usleep((useconds_t)atoi(delay_ms) * 1000);
}

static char control_letter(const char *control) {
  char letter = 0;
  int fd = open(control, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  if (read(fd, &letter, 1) != 1) letter = 0;
  close(fd);
  return letter;
}

/* Whether the sync of `fd` is to fail; returns only when the disk is not stalled. */
static int controlled(int fd) {
  const char *control = getenv("DISK_SHIM_CONTROL");
  char path[PATH_MAX];
  if (!control || !*control || !path_of_descriptor(fd, path) || !below_root(path)) return 0;
  for (;;) {
    char letter = control_letter(control);
    if (letter != 's') return letter == 'f';
    usleep(10 * 1000);
  }
}

static int failed(void) {
  errno = EIO;
  return -1;
}

int fsync(int fd) {
  pthread_once(&resolved, resolve_real);
  if (controlled(fd)) return failed();
  delay();
  int result = real_fsync(fd);
  if (result == 0) synced(fd);
  return result;
}

int fdatasync(int fd) {
  pthread_once(&resolved, resolve_real);
  if (controlled(fd)) return failed();
  delay();
  int result = real_fdatasync(fd);
  if (result == 0) synced(fd);
  return result;
}

int unlink(const char *name) {
  pthread_once(&resolved, resolve_real);
  char path[PATH_MAX];
  int known = absolute(AT_FDCWD, name, path);
  int result = real_unlink(name);
  if (result == 0 && known) unlinked(path);
  return result;
}

int unlinkat(int directory_fd, const char *name, int flags) {
  pthread_once(&resolved, resolve_real);
  char path[PATH_MAX];
  int known = !(flags & AT_REMOVEDIR) && absolute(directory_fd, name, path);
  int result = real_unlinkat(directory_fd, name, flags);
  if (result == 0 && known) unlinked(path);
  return result;
}

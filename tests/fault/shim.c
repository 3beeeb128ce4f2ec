/*
 * faultshim.so, preloaded into the unchanged programs: slow and failing
 * fsync, a wall clock that jumps, and a SQLite VFS that writes down what was
 * written and what was synced, so that a test can play a power cut that loses
 * the difference.  System calls are made directly: the sanitizers' own
 * versions of these functions are not ready as early as they are called.
 */
#include "tests/fault/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define CLOCK_BYTES 4096

/* An open file of SQLite: ours, then the real one in the same memory. */
struct traced {
	sqlite3_file base;
	const char *name; /* SQLite keeps it while the file is open */
	sqlite3_file *real;
};

static struct shim_control nothing;
static volatile struct shim_control *control = &nothing;
static int trace_fd = -1;
static sqlite3_vfs vfs;
static sqlite3_vfs *real_vfs;
static sqlite3_io_methods methods;

static void
sleep_ms(int64_t ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	while (syscall(SYS_nanosleep, &t, &t) < 0 && errno == EINTR)
		;
}

/* What a test wants of this fsync; -1 with errno, or 0 to go on. */
static int
before_sync(void)
{
	__atomic_add_fetch(&control->syncs, 1, __ATOMIC_SEQ_CST);
	for (int64_t slept = 0; slept < control->sync_ms; slept += 10)
		sleep_ms(10);
	if (control->sync_fails == 0)
		return 0;
	errno = EIO;
	return -1;
}

int
fsync(int fd)
{
	return before_sync() < 0 ? -1 : (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	return before_sync() < 0 ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int
clock_gettime(clockid_t id, struct timespec *t)
{
	int64_t us;

	if (syscall(SYS_clock_gettime, id, t) < 0)
		return -1;
	if (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE)
		return 0;
	us = (int64_t)t->tv_sec * 1000000 + t->tv_nsec / 1000 + control->clock_us;
	t->tv_sec = us / 1000000;
	t->tv_nsec = us % 1000000 * 1000;
	return 0;
}

time_t
time(time_t *out)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	if (out != NULL)
		*out = t.tv_sec;
	return t.tv_sec;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec t;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &t);
	tv->tv_sec = t.tv_sec;
	tv->tv_usec = t.tv_nsec / 1000;
	return 0;
}

/* Counts an operation; the current goes off before the one that is chosen. */
static void
count_operation(void)
{
	int64_t n = __atomic_add_fetch(&control->operations, 1, __ATOMIC_SEQ_CST);

	if (control->cut_at != 0 && n >= control->cut_at)
		kill(getpid(), SIGKILL);
}

static void
note(char kind, const char *name, int64_t offset, struct iovec data)
{
	struct shim_record head = { .kind = kind,
				    .name_len = (uint32_t)strlen(name),
				    .offset = offset,
				    .len = (int64_t)data.iov_len };
	struct iovec part[3] = { { &head, sizeof(head) },
				 { (void *)(uintptr_t)name, strlen(name) },
				 data };
	ssize_t want = (ssize_t)(sizeof(head) + strlen(name) + data.iov_len);

	if (writev(trace_fd, part, 3) != want) {
		fprintf(stderr, "faultshim: the trace cannot be written\n");
		abort();
	}
}

static const struct iovec no_data = { NULL, 0 };

static struct traced *
of(sqlite3_file *file)
{
	return (struct traced *)file;
}

static sqlite3_file *
real_of(sqlite3_file *file)
{
	return of(file)->real;
}

static int
do_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int
do_read(sqlite3_file *file, void *buf, int n, sqlite3_int64 at)
{
	return real_of(file)->pMethods->xRead(real_of(file), buf, n, at);
}

static int
do_write(sqlite3_file *file, const void *buf, int n, sqlite3_int64 at)
{
	struct iovec data = { (void *)(uintptr_t)buf, (size_t)n };

	count_operation();
	note('W', of(file)->name, at, data);
	return real_of(file)->pMethods->xWrite(real_of(file), buf, n, at);
}

static int
do_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	count_operation();
	note('T', of(file)->name, size, no_data);
	return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int
do_sync(sqlite3_file *file, int flags)
{
	int rc;

	count_operation();
	rc = real_of(file)->pMethods->xSync(real_of(file), flags);
	if (rc == SQLITE_OK)
		note('S', of(file)->name, 0, no_data);
	count_operation();
	return rc;
}

static int
do_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int
do_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int
do_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int
do_reserved(sqlite3_file *file, int *out)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int
do_control(sqlite3_file *file, int op, void *arg)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int
do_sector(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

/* No promise about what a write that is cut leaves behind. */
static int
do_device(sqlite3_file *file)
{
	(void)file;
	return 0;
}

static int
do_shm_map(sqlite3_file *file, int region, int size, int extend,
	   void volatile **at)
{
	return real_of(file)->pMethods->xShmMap(real_of(file), region, size,
						extend, at);
}

static int
do_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void
do_shm_barrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int
do_shm_unmap(sqlite3_file *file, int remove)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static int
do_open(sqlite3_vfs *v, const char *name, sqlite3_file *file, int flags, int *out)
{
	const int kept = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL |
			 SQLITE_OPEN_MAIN_JOURNAL;
	struct traced *t = (struct traced *)file;
	int rc;

	(void)v;
	if ((flags & kept) == 0 || name == NULL)
		return real_vfs->xOpen(real_vfs, name, file, flags, out);
	t->name = name;
	t->real = (sqlite3_file *)(t + 1);
	t->base.pMethods = NULL;
	rc = real_vfs->xOpen(real_vfs, name, t->real, flags, out);
	if (t->real->pMethods != NULL)
		t->base.pMethods = &methods;
	return rc;
}

static int
do_delete(sqlite3_vfs *v, const char *name, int sync_dir)
{
	(void)v;
	count_operation();
	note('D', name, 0, no_data);
	return real_vfs->xDelete(real_vfs, name, sync_dir);
}

static void
register_vfs(void)
{
	methods = (sqlite3_io_methods){
		.iVersion = 2,
		.xClose = do_close,
		.xRead = do_read,
		.xWrite = do_write,
		.xTruncate = do_truncate,
		.xSync = do_sync,
		.xFileSize = do_size,
		.xLock = do_lock,
		.xUnlock = do_unlock,
		.xCheckReservedLock = do_reserved,
		.xFileControl = do_control,
		.xSectorSize = do_sector,
		.xDeviceCharacteristics = do_device,
		.xShmMap = do_shm_map,
		.xShmLock = do_shm_lock,
		.xShmBarrier = do_shm_barrier,
		.xShmUnmap = do_shm_unmap,
	};
	real_vfs = sqlite3_vfs_find(NULL);
	vfs = *real_vfs;
	vfs.zName = "fault";
	vfs.szOsFile = (int)sizeof(struct traced) + real_vfs->szOsFile;
	vfs.xOpen = do_open;
	vfs.xDelete = do_delete;
	sqlite3_vfs_register(&vfs, 1);
}

static void __attribute__((constructor)) begin(void)
{
	const char *folder = getenv("FAULT_DIR");
	char path[4096];
	void *at;
	int fd;

	if (folder == NULL)
		return;
	snprintf(path, sizeof(path), "%s/control", folder);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	at = mmap(NULL, CLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (at == MAP_FAILED)
		return;
	control = at;
	snprintf(path, sizeof(path), "%s/trace", folder);
	trace_fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (trace_fd >= 0)
		register_vfs();
}

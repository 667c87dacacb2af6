/* Comes between a server and its C library, and gives it the clock that jumps: JUMP_FILE has the seconds by which it is
 * wrong, in a mapping that all who have it share. What waits until a moment of this clock waits as long as it would have. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <dlfcn.h>

static volatile long *jump;

__attribute__((constructor)) static void map(void)
{
	int fd = open(JUMP_FILE, O_RDONLY | O_CLOEXEC);
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(long), PROT_READ, MAP_SHARED, fd, 0);

	if (at != MAP_FAILED)
		jump = at;
	if (fd >= 0)
		close(fd);
}

static long jumped(void) { return jump ? *jump : 0; }

int clock_gettime(clockid_t clock, struct timespec *t)
{
	int failed = syscall(SYS_clock_gettime, clock, t);

	if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		t->tv_sec += jumped();
	return failed;
}

int gettimeofday(struct timeval *t, void *zone)
{
	int failed = syscall(SYS_gettimeofday, t, zone);

	if (!failed && t)
		t->tv_sec += jumped();
	return failed;
}

time_t time(time_t *t)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (t)
		*t = now.tv_sec;
	return now.tv_sec;
}

/* A moment of the clock since the machine's start is small, and stays as it is. */
int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until)
{
	static int (*libc)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
	struct timespec real = *until;

	if (!libc)
		libc = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2"); /* there is an older one on amd64 */
	if (!libc)
		libc = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
	if (real.tv_sec > 1000000000)
		real.tv_sec -= jumped();
	return libc(cond, mutex, &real);
}

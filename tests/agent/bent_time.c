/* Gives a process a wall clock that is BENT_WALL_S seconds off and a kernel that says BENT_SYNC
   (0 synchronised, 5 not). Preload it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t which, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        real = dlsym(RTLD_NEXT, "clock_gettime");
    int answer = real(which, now);
    const char *off = getenv("BENT_WALL_S");
    if (which == CLOCK_REALTIME && off)
        now->tv_sec += atol(off);
    return answer;
}

int adjtimex(void *query)
{
    const char *state = getenv("BENT_SYNC");
    (void)query;
    return state ? atoi(state) : 5;
}

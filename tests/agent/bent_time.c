/* Gives a process a wall clock that is BENT_WALL_S seconds off, or as many as the file BENT_FILE
   says at the moment, and a kernel that says BENT_SYNC (0 synchronised, 5 not). BENT_BOOT_S is for
   how many seconds longer the machine has been up, as after a night's sleep. Preload it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static long seconds_off(void)
{
    const char *off = getenv("BENT_WALL_S"), *path = getenv("BENT_FILE");
    FILE *file = path ? fopen(path, "r") : 0;
    long seconds = off ? atol(off) : 0;
    if (file) {
        if (fscanf(file, "%ld", &seconds) != 1)
            seconds = 0;
        fclose(file);
    }
    return seconds;
}

int clock_gettime(clockid_t which, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        real = dlsym(RTLD_NEXT, "clock_gettime");
    int answer = real(which, now);
    if (which == CLOCK_REALTIME)
        now->tv_sec += seconds_off();
    const char *slept = getenv("BENT_BOOT_S");
    if (which == CLOCK_BOOTTIME && slept)
        now->tv_sec += atol(slept);
    return answer;
}

int adjtimex(void *query)
{
    const char *state = getenv("BENT_SYNC");
    (void)query;
    return state ? atoi(state) : 5;
}

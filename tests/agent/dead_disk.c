/* Preloaded: fsync and fdatasync of files below $DEAD_DISK do not return while $DEAD_WHILE exists,
 * or fail with EIO while $FAIL_WHILE exists, as those of a dying card do. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int is_dying(int fd)
{
    char link[64], path[4096];
    const char *below = getenv("DEAD_DISK");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0 || !below)
        return 0;
    path[n] = 0;
    return strncmp(path, below, strlen(below)) == 0;
}

static int dies(int fd)
{
    struct timespec pause = {0, 20 * 1000 * 1000};
    const char *hang = getenv("DEAD_WHILE"), *fail = getenv("FAIL_WHILE");
    if (!is_dying(fd))
        return 0;
    while (hang && access(hang, F_OK) == 0)
        nanosleep(&pause, 0);
    if (fail && access(fail, F_OK) == 0) {
        errno = EIO;
        return -1;
    }
    return 0;
}

int fsync(int fd)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    return dies(fd) ? -1 : real(fd);
}

int fdatasync(int fd)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    return dies(fd) ? -1 : real(fd);
}

/* Makes every fsync and fdatasync of a process 25 ms slower, as an SD card is. Preload it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

static void sleep_25_ms(void)
{
    struct timespec t = {0, 25 * 1000 * 1000};
    nanosleep(&t, 0);
}

int fsync(int fd)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    sleep_25_ms();
    return real(fd);
}

int fdatasync(int fd)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    sleep_25_ms();
    return real(fd);
}

/* Preloaded: stands for a GPIO chip where the kernel has none to simulate one.
 *
 * The calls of linux/gpio.h on the file $FAKE_GPIO/chip give lines that are FIFOs in that folder:
 * what is written into `line-N` are its events, `line-N.held` says that it is active, and each
 * value that is set is appended to `line-N.set`. `denied` makes the chip refuse. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int beside(char *to, size_t size, const char *name)
{
    return snprintf(to, size, "%s/%s", getenv("FAKE_GPIO"), name);
}

static int take(struct gpio_v2_line_request *request)
{
    char name[64], path[4096];
    beside(path, sizeof path, "denied");
    if (access(path, F_OK) == 0) {
        errno = EBUSY;
        return -1;
    }
    snprintf(name, sizeof name, "line-%u", request->offsets[0]);
    beside(path, sizeof path, name);
    if (access(path, F_OK) != 0 && mkfifo(path, 0600) != 0)
        return -1;
    request->fd = open(path, O_RDWR | O_CLOEXEC);
    strncat(path, ".flags", sizeof path - strlen(path) - 1);
    FILE *file = fopen(path, "w");
    if (!file)
        return -1;
    fprintf(file, "%llu %s\n", (unsigned long long)request->config.flags, request->consumer);
    fclose(file);
    return request->fd < 0 ? -1 : 0;
}

static int values(int fd, struct gpio_v2_line_values *values, int set)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 16);
    if (n < 0)
        return -1;
    strcpy(path + n, set ? ".set" : ".held");
    if (!set) {
        values->bits = access(path, F_OK) == 0;
        return 0;
    }
    FILE *file = fopen(path, "a");
    if (!file)
        return -1;
    fprintf(file, "%d\n", (int)(values->bits & values->mask));
    fclose(file);
    return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list rest;
    va_start(rest, request);
    void *what = va_arg(rest, void *);
    va_end(rest);
    switch ((unsigned)request) {
    case GPIO_V2_GET_LINE_IOCTL:
        return take(what);
    case GPIO_V2_LINE_GET_VALUES_IOCTL:
        return values(fd, what, 0);
    case GPIO_V2_LINE_SET_VALUES_IOCTL:
        return values(fd, what, 1);
    }
    int (*real)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
    return real(fd, request, what);
}

/* <time.h> of any C library of Linux: clocks. Where `long` has 32 bits these names stand for 32-bit seconds in glibc and musl. */
#ifndef OM_LIBC_TIME_H
#define OM_LIBC_TIME_H

#include "declare.h"

typedef long time_t;
typedef long clock_t;
typedef int clockid_t;

struct timespec {
  time_t tv_sec;
  long tv_nsec;
};

#define CLOCK_REALTIME 0
#ifdef __APPLE__
#define CLOCK_MONOTONIC 6
#else
#define CLOCK_MONOTONIC 1
#endif
#define CLOCKS_PER_SEC 1000000L

OM_C(clock_t, clock, void)
OM_C(int, clock_gettime, clockid_t clock, struct timespec *now)
OM_C(time_t, time, time_t *now)

#endif

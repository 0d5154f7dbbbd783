/* Copies, fills and comparisons of all small sizes, at all offsets of a vector, overlapping and not. */
#include "../../native/freestanding/texts.h"

#include "../kernels/check.h"

enum { ROOM = 1400 };

static unsigned char ours[ROOM], theirs[ROOM];

static void fill(void) {
  for (int i = 0; i < ROOM; i++) ours[i] = theirs[i] = (unsigned char)check_random();
}

static void expect_same(const char *what, int n) {
  check_cases++;
  if (memcmp(ours, theirs, ROOM) != 0) fail("%s of %d bytes", what, n);
}

int main(void) {
  for (int n = 0; n < 600; n += n < 140 ? 1 : 37)
    for (int from = 0; from < 40; from += 3)
      for (int to = 0; to < 760; to += to < 60 ? 1 : 97) {
        fill();
        om_move_bytes(ours + to, ours + from, (size_t)n);
        memmove(theirs + to, theirs + from, (size_t)n);
        expect_same("move", n);
        om_set_bytes(ours + to, from * 7, (size_t)n);
        memset(theirs + to, from * 7, (size_t)n);
        expect_same("fill", n);
      }
  for (int i = 0; i < 100000; i++) {
    const int n = pick(0, 80), at = pick(0, 30), other = pick(600, 630);
    memcpy(ours + other, ours + at, (size_t)n);
    if (n > 0 && pick(0, 1)) ours[other + pick(0, n - 1)] = (unsigned char)pick(0, 255);
    const int got = om_compare_bytes(ours + at, ours + other, (size_t)n), want = memcmp(ours + at, ours + other, (size_t)n);
    check_cases++;
    if ((got > 0) - (got < 0) != (want > 0) - (want < 0)) fail("comparison of %d bytes", n);
  }
  for (int i = 0; i < 100000; i++) {
    char a[20], b[6];
    const int n = pick(0, 19), m = pick(0, 5);
    for (int k = 0; k < n; k++) a[k] = (char)pick('a', 'c');
    for (int k = 0; k < m; k++) b[k] = (char)pick('a', 'c');
    a[n] = b[m] = 0;
    const int got = om_c_strcmp(a, b), want = strcmp(a, b);
    check_cases++;
    if (om_c_strlen(a) != strlen(a) || om_c_strstr(a, b) != strstr(a, b) || om_c_strchr(a, *b) != strchr(a, *b) ||
        om_c_strrchr(a, *b) != strrchr(a, *b) || om_c_memchr(a, 'b', (size_t)n) != memchr(a, 'b', (size_t)n) ||
        (got > 0) - (got < 0) != (want > 0) - (want < 0))
      fail("texts %s and %s", a, b);
  }
  return check_done("copy");
}

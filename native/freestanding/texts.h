/* The functions of <string.h> on texts that end in a zero. */
#ifndef OM_FREESTANDING_TEXTS_H
#define OM_FREESTANDING_TEXTS_H

#include <stddef.h>

#include "copy.h"

OM_NO_IDIOM size_t om_c_strlen(const char *text) {
  size_t n = 0;
  while (text[n]) n++;
  return n;
}

static inline int om_c_strncmp(const char *a, const char *b, size_t n) {
  size_t i = 0;
  while (i < n && a[i] == b[i] && a[i]) i++;
  return i == n ? 0 : (unsigned char)a[i] - (unsigned char)b[i];
}
static inline int om_c_strcmp(const char *a, const char *b) { return om_c_strncmp(a, b, (size_t)-1); }

static inline char *om_c_strcpy(char *to, const char *from) {
  return (char *)om_move_bytes(to, from, om_c_strlen(from) + 1);
}

/* The first place of a byte, which may be the zero at the end. */
static inline char *om_c_strchr(const char *text, int byte) {
  for (; *text != (char)byte; text++)
    if (!*text) return NULL;
  return (char *)text;
}

static inline char *om_c_strrchr(const char *text, int byte) {
  const char *found = NULL;
  do
    if (*text == (char)byte) found = text;
  while (*text++);
  return (char *)found;
}

static inline void *om_c_memchr(const void *memory, int byte, size_t n) {
  const unsigned char *bytes = (const unsigned char *)memory;
  for (size_t i = 0; i < n; i++)
    if (bytes[i] == (unsigned char)byte) return (void *)(bytes + i);
  return NULL;
}

/* The first place of a text in another. */
static inline char *om_c_strstr(const char *text, const char *part) {
  const size_t length = om_c_strlen(part);
  if (length == 0) return (char *)text;
  while ((text = om_c_strchr(text, *part)) && om_c_strncmp(text, part, length) != 0) text++;
  return (char *)text;
}

#endif

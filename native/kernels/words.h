/* Texts taken apart, put together and looked up (ONNX StringNormalizer, StringSplit, StringConcat, TfIdfVectorizer). */
#ifndef OM_WORDS_H
#define OM_WORDS_H

#include "text.h"

typedef enum om_letter_case { OM_KEEP_CASE, OM_LOWER_CASE, OM_UPPER_CASE } om_letter_case;

/* The other case of a letter of the Latin, Greek and Cyrillic alphabets below U+0460 that takes two bytes in both. */
static inline uint32_t om_change_case(uint32_t code, om_letter_case to) {
  const bool lower = to == OM_LOWER_CASE;
  const uint32_t from = lower ? 0u : 32u;
  if (code < 0x80u) return lower ? (code >= 'A' && code <= 'Z' ? code + 32u : code) : (code >= 'a' && code <= 'z' ? code - 32u : code);
  const bool latin1 = code >= 0xc0u + from && code <= 0xdeu + from && code != 0xd7u + from;
  const bool greek = code >= 0x391u + from && code <= 0x3a9u + from && code != 0x3a2u + from;
  const bool cyrillic = code >= 0x410u + from && code <= 0x42fu + from;
  if (latin1 || greek || cyrillic) return lower ? code + 32u : code - 32u;
  if (lower ? code >= 0x400u && code <= 0x40fu : code >= 0x450u && code <= 0x45fu) return lower ? code + 80u : code - 80u;
  /* Latin Extended-A: neighbours, the upper case first; odd where a letter without a partner shifted the pairs. */
  const bool even = (code >= 0x100u && code <= 0x137u && code != 0x130u && code != 0x131u) || (code >= 0x14au && code <= 0x177u);
  const bool odd = (code >= 0x139u && code <= 0x148u) || (code >= 0x179u && code <= 0x17eu);
  if (even) return lower ? code | 1u : code & ~1u;
  if (odd) return lower ? ((code + 1u) & ~1u) : ((code - 1u) | 1u);
  return code;
}

/* `to` has room for the bytes of `from`, and may be the same. */
static inline void om_copy_in_case(char *to, const char *from, om_letter_case letters) {
  for (; *from; from++, to++) {
    const unsigned char first = (unsigned char)*from, second = (unsigned char)from[1];
    if (letters == OM_KEEP_CASE) *to = *from;
    else if (first < 0x80u) *to = (char)om_change_case(first, letters);
    else if ((first & 0xe0u) == 0xc0u && (second & 0xc0u) == 0x80u) {
      const uint32_t code = om_change_case((first & 0x1fu) << 6 | (second & 0x3fu), letters);
      *to++ = (char)(0xc0u | code >> 6);
      *to = (char)(0x80u | (code & 0x3fu));
      from++;
    } else *to = *from;
  }
  *to = 0;
}

/* Whether two texts are equal, whatever the case of their letters. */
static inline bool om_same_letters(const char *a, const char *b) {
  for (; *a && *b; a++, b++) {
    char x[3] = {a[0], a[1], 0}, y[3] = {b[0], b[1], 0};
    if (((unsigned char)a[0] & 0xe0u) != 0xc0u || !a[1]) x[1] = 0;
    if (((unsigned char)b[0] & 0xe0u) != 0xc0u || !b[1]) y[1] = 0;
    om_copy_in_case(x, x, OM_LOWER_CASE);
    om_copy_in_case(y, y, OM_LOWER_CASE);
    if (strcmp(x, y) != 0) return false;
    if (x[1]) a++, b++;
  }
  return *a == *b;
}

static inline bool om_is_listed(const char *text, const char *const *words, int64_t count, bool exact) {
  for (int64_t i = 0; i < count; i++)
    if (exact ? strcmp(text, words[i]) == 0 : om_same_letters(text, words[i])) return true;
  return false;
}

static inline bool om_is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* The next piece of a text: its bytes from *piece on, -1 when there is none. `rest` is where to go on, NULL at the end.
 * An empty delimiter means white space, which does not delimit empty pieces. `last`: the piece is all the rest. */
static inline int64_t om_next_piece(const char **rest, const char *delimiter, bool last, const char **piece) {
  const char *from = *rest;
  if (!from) return -1;
  if (!*delimiter) {
    while (om_is_space(*from)) from++;
    *piece = from;
    if (!*from) return *rest = NULL, -1;
    while (*from && (last || !om_is_space(*from))) from++;
    return *rest = from, from - *piece;
  }
  const char *end = last ? NULL : strstr(from, delimiter);
  *piece = from;
  *rest = end ? end + strlen(delimiter) : NULL;
  return end ? end - from : (int64_t)strlen(from);
}

static inline int64_t om_count_pieces(const char *text, const char *delimiter, int64_t most) {
  const char *rest = text, *piece;
  int64_t count = 0;
  while (om_next_piece(&rest, delimiter, most >= 0 && count == most, &piece) >= 0) count++;
  return count;
}

#endif

/* Matching by all ways through a compiled pattern at once, in time proportional to the text's length
 * (K. Thompson, "Regular Expression Search Algorithm", 1968). src/ops/text/regex.ts compiles patterns. */
#ifndef OM_REGEX_H
#define OM_REGEX_H

#include <stdbool.h>
#include <stdint.h>

typedef enum om_regex_code {
  OM_REGEX_SET,   /* one code point in the ranges from a to b */
  OM_REGEX_SPLIT, /* goes on at a and at b */
  OM_REGEX_BEGIN,
  OM_REGEX_END,
  OM_REGEX_BOUNDARY, /* of a word; a = 1: where there is none */
  OM_REGEX_MATCH
} om_regex_code;

/* Instructions are [code, a, b], ranges [first, last]. An instruction that does not split is followed by the next. */
typedef struct om_regex {
  const int32_t *instructions, *ranges;
  int32_t count;
} om_regex;

/* The code point at `text`, and in *bytes how many bytes it takes; bytes that are no UTF-8 stand for themselves. */
static inline int32_t om_code_point(const char *text, int *bytes) {
  const unsigned char *b = (const unsigned char *)text;
  const int more = b[0] < 0xc2u ? 0 : b[0] < 0xe0u ? 1 : b[0] < 0xf0u ? 2 : b[0] < 0xf5u ? 3 : 0;
  int32_t code = more == 0 ? b[0] : b[0] & (0x3f >> more);
  for (int i = 1; i <= more; i++) {
    if ((b[i] & 0xc0u) != 0x80u) {
      *bytes = 1;
      return b[0];
    }
    code = code << 6 | (b[i] & 0x3f);
  }
  *bytes = 1 + more;
  return code;
}

static inline bool om_is_word(int32_t code) {
  return (code >= '0' && code <= '9') || (code >= 'A' && code <= 'Z') || (code >= 'a' && code <= 'z') || code == '_';
}

/* Adds to `list` the instructions that wait for a code point and can be reached from `from` without one, between the
 * code points `before` and `after` (0 at the ends). `mark` tells which are in the list; `stack` has room for 2 * count. */
static inline int32_t om_regex_follow(const om_regex *re, int32_t from, int32_t before, int32_t after, int32_t *list,
                                      int32_t size, int32_t *mark, int32_t round, int32_t *stack) {
  int32_t depth = 0;
  stack[depth++] = from;
  while (depth > 0) {
    const int32_t at = stack[--depth];
    const int32_t *in = re->instructions + 3 * at;
    if (mark[at] == round) continue;
    mark[at] = round;
    bool passes = false;
    switch (in[0]) {
      case OM_REGEX_SPLIT:
        stack[depth++] = in[2];
        stack[depth++] = in[1];
        break;
      case OM_REGEX_BEGIN: passes = before == 0; break;
      case OM_REGEX_END: passes = after == 0; break;
      case OM_REGEX_BOUNDARY: passes = (om_is_word(before) != om_is_word(after)) != (in[1] == 1); break;
      default: list[size++] = at;
    }
    if (passes) stack[depth++] = at + 1;
  }
  return size;
}

/* The instructions that are next where `code` is read at those of `now`, with `after` behind it: their number, themselves in
 * `next`. */
static inline int32_t om_regex_step(const om_regex *re, int32_t code, int32_t after, const int32_t *now, int32_t size,
                                    int32_t *next, int32_t *mark, int32_t round, int32_t *stack) {
  int32_t next_size = 0;
  for (int32_t i = 0; i < size; i++) {
    const int32_t *in = re->instructions + 3 * now[i];
    if (in[0] != OM_REGEX_SET) continue;
    bool found = false;
    for (int32_t r = in[1]; r < in[2] && !found; r++) found = code >= re->ranges[2 * r] && code <= re->ranges[2 * r + 1];
    if (found) next_size = om_regex_follow(re, now[i] + 1, code, after, next, next_size, mark, round, stack);
  }
  return next_size;
}

/* Whether the whole text matches. `work` has room for 5 * count. */
static inline bool om_regex_matches(const om_regex *re, const char *text, int32_t *work) {
  int32_t *now = work, *next = now + re->count, *mark = next + re->count, *stack = mark + re->count;
  int32_t round = 1;
  int bytes = 0;
  for (int32_t i = 0; i < re->count; i++) mark[i] = 0;
  int32_t size = om_regex_follow(re, 0, 0, om_code_point(text, &bytes), now, 0, mark, round, stack);
  for (; *text && size > 0; text += bytes) {
    const int32_t code = om_code_point(text, &bytes);
    int after_bytes;
    const int32_t after = text[bytes] ? om_code_point(text + bytes, &after_bytes) : 0;
    size = om_regex_step(re, code, after, now, size, next, mark, ++round, stack);
    int32_t *kept = now;
    now = next, next = kept;
  }
  for (int32_t i = 0; i < size && !*text; i++)
    if (re->instructions[3 * now[i]] == OM_REGEX_MATCH) return true;
  return false;
}

#endif

/* Texts taken apart by patterns (com.microsoft.Tokenizer). */
#ifndef OM_TOKENS_H
#define OM_TOKENS_H

#include "regex.h"
#include "vector.h"

/* A part of a text, from `from` to before `end`. */
typedef struct om_text_part {
  const char *from, *end;
} om_text_part;

/* The longest match that begins at `from`, inside of a text; NULL where there is none. `work`: 5 * re->count. */
static inline const char *om_regex_longest(const om_regex *re, om_text_part text, const char *from, int32_t before, int32_t *work) {
  int32_t *now = work, *next = now + re->count, *mark = next + re->count, *stack = mark + re->count;
  const char *longest = NULL;
  int32_t round = 1;
  int bytes = 0;
  for (int32_t i = 0; i < re->count; i++) mark[i] = 0;
  int32_t size = om_regex_follow(re, 0, before, from < text.end ? om_code_point(from, &bytes) : 0, now, 0, mark, round, stack);
  for (const char *at = from;; at += bytes) {
    for (int32_t i = 0; i < size; i++)
      if (re->instructions[3 * now[i]] == OM_REGEX_MATCH) longest = at;
    if (at >= text.end || size == 0) return longest;
    const int32_t code = om_code_point(at, &bytes);
    int after_bytes;
    const int32_t after = at + bytes < text.end ? om_code_point(at + bytes, &after_bytes) : 0;
    size = om_regex_step(re, code, after, now, size, next, mark, ++round, stack);
    int32_t *kept = now;
    now = next, next = kept;
  }
}

/* The first match that is not empty at or behind `from`, of those that begin there the longest; false where there is none. */
static inline bool om_regex_find(const om_regex *re, om_text_part text, const char *from, int32_t *work, om_text_part *match) {
  const char *last = from;
  int bytes;
  while (last > text.from && ((unsigned char)*--last & 0xc0u) == 0x80u) continue;
  int32_t before = from > text.from ? om_code_point(last, &bytes) : 0;
  for (const char *at = from; at < text.end; at += bytes) {
    const char *end = om_regex_longest(re, text, at, before, work);
    if (end && end > at) {
      *match = (om_text_part){at, end};
      return true;
    }
    before = om_code_point(at, &bytes);
  }
  return false;
}

/* How a text is taken apart. Without patterns: into its code points. */
typedef struct om_tokenizer {
  const om_regex *patterns;
  int64_t count;
  bool separates; /* patterns are what stands between tokens, and not the tokens */
  int64_t least;  /* of code points that a token has */
  int32_t *work;
} om_tokenizer;

/* Where tokens go: counted, and stored where `to` is given. */
typedef struct om_token_list {
  int64_t count;
  const char **to;
  om_texts *texts;
  bool fails;
} om_token_list;

static inline void om_take_token(const om_tokenizer *t, om_text_part token, om_token_list *list) {
  int64_t points = 0;
  int bytes;
  for (const char *at = token.from; at < token.end; at += bytes, points++) om_code_point(at, &bytes);
  if (points == 0 || points < t->least || list->fails) return;
  if (list->to) {
    const size_t length = (size_t)(token.end - token.from);
    char *made = om_make_text(list->texts, length);
    if (!made) {
      list->fails = true;
      return;
    }
    memcpy(made, token.from, length);
    made[length] = 0;
    list->to[list->count] = made;
  }
  list->count++;
}

/* The parts between matches of pattern `level`, and of these the parts between those of the next. */
static inline void om_split_text(const om_tokenizer *t, int64_t level, om_text_part text, om_token_list *list) {
  if (level == t->count) {
    om_take_token(t, text, list);
    return;
  }
  const char *from = text.from;
  om_text_part match;
  while (om_regex_find(t->patterns + level, text, from, t->work, &match)) {
    if (match.from > from) om_split_text(t, level + 1, (om_text_part){from, match.from}, list);
    from = match.end;
  }
  if (from < text.end) om_split_text(t, level + 1, (om_text_part){from, text.end}, list);
}

OM_SHARED void om_tokenize(const om_tokenizer *t, const char *text, om_token_list *list) {
  const om_text_part whole = {text, text + strlen(text)};
  if (t->count > 0 && t->separates) {
    om_split_text(t, 0, whole, list);
    return;
  }
  const char *from = whole.from;
  om_text_part match;
  int bytes;
  if (t->count > 0)
    for (; om_regex_find(t->patterns, whole, from, t->work, &match); from = match.end) om_take_token(t, match, list);
  else
    for (; from < whole.end; from += bytes) {
      om_code_point(from, &bytes);
      om_take_token(t, (om_text_part){from, from + bytes}, list);
    }
}

#endif

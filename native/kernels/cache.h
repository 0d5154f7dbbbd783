/* Keys and values of before, and new ones behind them (com.microsoft.GroupQueryAttention). */
#ifndef OM_CACHE_H
#define OM_CACHE_H

#include "vector.h"

/* What is kept of one text is [heads, rows, row bytes]; `before` of the past rows count. */
typedef struct om_cache {
  ptrdiff_t heads, past, added, present, row;
} om_cache;

/* present = the first `before` rows of past, then all added ones, then zeros. before + added <= present, before <= past. */
OM_SHARED void om_extend_cache(const char *past, const char *added, char *present, om_cache c, ptrdiff_t before) {
  for (ptrdiff_t head = 0; head < c.heads; head++) {
    char *to = present + head * c.present * c.row;
    const ptrdiff_t rest = c.present - before - c.added;
    if (before > 0) memcpy(to, past + head * c.past * c.row, (size_t)(before * c.row));
    if (c.added > 0) memcpy(to + before * c.row, added + head * c.added * c.row, (size_t)(c.added * c.row));
    if (rest > 0) memset(to + (before + c.added) * c.row, 0, (size_t)(rest * c.row));
  }
}

#endif

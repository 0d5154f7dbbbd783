/* The scores of trees in one precision: included by trees.h once per precision, with OM_REAL (the C type) and OM_TREE(name),
 * which makes names of their own. */

/* The node after `n` for the features x. */
OM_INLINE int32_t OM_TREE(om_tree_next)(const om_trees *t, const OM_TREE(om_tree_node) *n, const OM_REAL *x) {
  const uint32_t test = OM_TREE(om_tree_test)(n);
  const OM_REAL value = x[t->some ? test & OM_TREE_FEATURE : test], split = n->split;
  bool accepted = t->every & OM_TREE_EQUAL ? value <= split : value < split;
  if (t->some & OM_TREE_EQUAL) accepted |= (value == split) & ((test & OM_TREE_EQUAL) != 0);
  if (t->some & OM_TREE_GREATER) accepted |= (value > split) & ((test & OM_TREE_GREATER) != 0);
  if (t->some & OM_TREE_NAN) accepted |= (value != value) & ((test & OM_TREE_NAN) != 0);
  return OM_TREE(om_tree_child)(n) + !accepted;
}

/* Takes each of at[lanes] from its root to its leaf, at most `depth` steps away. */
OM_INLINE void OM_TREE(om_tree_walk)(const om_trees *t, const OM_TREE(om_tree_node) *nodes, const OM_REAL *x,
                                     int32_t depth, int32_t *at, const int64_t lanes) {
  for (int32_t left = depth;;) {
    for (int step = 0; step < OM_TREE_STEPS && left > 0; step++, left--)
      OM_UNROLL(OM_TREE_LANES)
      for (int64_t i = 0; i < lanes; i++) at[i] = OM_TREE(om_tree_next)(t, nodes + at[i], x);
    if (left == 0) return;
    int32_t to_go = 0;
    OM_UNROLL(OM_TREE_LANES)
    for (int64_t i = 0; i < lanes; i++) to_go |= OM_TREE(om_tree_child)(nodes + at[i]) + 1 - at[i];
    if (to_go == 0) return;
  }
}

/* Adds what a leaf says to the scores y of a row; `seen` flags targets that have met one, for MIN and MAX. */
OM_INLINE void OM_TREE(om_tree_add)(const om_trees *t, int32_t leaf, const OM_REAL *weight, OM_REAL *OM_RESTRICT y,
                                    bool *seen) {
  const int64_t first = t->weights ? leaf * t->weights : leaf > 0 ? t->leaf_ends[leaf - 1] : 0;
  const int64_t end = t->weights ? first + t->weights : t->leaf_ends[leaf];
  for (int64_t i = first; i < end; i++) {
    const int64_t to = t->target ? t->target[i] : i - first;
    if (t->aggregate <= OM_TREE_SUM) y[to] += weight[i];
    else {
      if (!seen[to] || (t->aggregate == OM_TREE_MIN ? weight[i] < y[to] : weight[i] > y[to])) y[to] = weight[i];
      seen[to] = true;
    }
  }
}

/* The rows from `from` to `end`, all of which pass through some trees before the next ones are loaded. */
OM_INLINE void OM_TREE(om_tree_block)(const om_trees t, const OM_TREE(om_tree_node) *nodes, const OM_REAL *x,
                                      OM_REAL *OM_RESTRICT y, int64_t from, int64_t end, const OM_REAL *weight,
                                      const OM_REAL *base, bool *seen) {
  const int64_t lanes = t.roots < OM_TREE_LANES ? t.roots : OM_TREE_LANES;
  for (int64_t i = from * t.targets; i < end * t.targets; i++) y[i] = 0;
  if (t.aggregate > OM_TREE_SUM) memset(seen, 0, (size_t)t.targets);
  for (int64_t tree = 0; tree < t.roots; tree += OM_TREE_LANES) {
    /* Lanes beyond walk the last tree, for nothing. */
    const int64_t count = t.roots - tree < lanes ? t.roots - tree : lanes;
    int32_t depth = 0;
    for (int64_t i = 0; i < count; i++) depth = t.depth[tree + i] > depth ? t.depth[tree + i] : depth;
    for (int64_t r = from; r < end; r++) {
      int32_t at[OM_TREE_LANES];
      for (int64_t i = 0; i < lanes; i++) at[i] = t.root[tree + (i < count ? i : count - 1)];
      OM_TREE(om_tree_walk)(&t, nodes, x + r * t.features, depth, at, lanes);
      for (int64_t i = 0; i < count; i++)
        OM_TREE(om_tree_add)(&t, t.leaf[at[i]], weight, y + r * t.targets, seen);
    }
  }
  for (int64_t r = from; r < end; r++)
    for (int64_t i = 0; i < t.targets; i++) {
      OM_REAL *to = y + r * t.targets + i;
      *to = (t.aggregate == OM_TREE_AVERAGE ? *to / (OM_REAL)t.roots : *to) + base[i];
    }
}

/* x[rows, features], y[rows, targets]; the fields of `t` but its tables are to be literals. For MIN and MAX, `seen`, a thread's
 * own, has room for a flag per target. Scores are added tree by tree. Threads take blocks of rows, smaller ones of few. */
OM_INLINE void OM_TREE(om_tree_scores)(const om_trees t, const OM_TREE(om_tree_node) *nodes, const OM_REAL *x,
                                       OM_REAL *OM_RESTRICT y, int64_t rows, const OM_REAL *weight, const OM_REAL *base,
                                       bool *seen) {
  const int64_t block = t.aggregate <= OM_TREE_SUM ? OM_TREE_ROWS : 1;
  const int64_t together = om_is_shared() ? om_min(om_max(rows / 16, OM_TREE_LEAST_ROWS), OM_TREE_ROWS) : OM_TREE_ROWS;
  bool *own = (bool *)om_own_scratch(seen);
  for (int64_t first = 0; first < rows; first += together) {
    if (!om_is_mine()) continue;
    const int64_t last = om_min(first + together, rows);
    for (int64_t from = first; from < last; from += block)
      OM_TREE(om_tree_block)(t, nodes, x, y, from, om_min(from + block, last), weight, base, own);
  }
}

#undef OM_REAL
#undef OM_TREE

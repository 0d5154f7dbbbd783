/* Ensembles of decision trees (ONNX ai.onnx.ml TreeEnsemble-5 and its forerunners). */
#ifndef OM_TREES_H
#define OM_TREES_H

#include "vector.h"

typedef enum om_tree_mode { OM_LEQ, OM_LT, OM_GTE, OM_GT, OM_EQ, OM_NEQ, OM_MEMBER } om_tree_mode;
typedef enum om_aggregate { OM_TREE_AVERAGE, OM_TREE_SUM, OM_TREE_MIN, OM_TREE_MAX } om_aggregate;

/* Nodes hold a test of one feature and where to go: another node, or leaf ~i. Leaf i adds the weights from leaf_ends[i-1]
 * to leaf_ends[i], each to its target. A node of mode OM_MEMBER has the members up to member_ends[node]. */
typedef struct om_trees {
  int64_t roots, features, targets;
  om_aggregate aggregate;
  const int64_t *root, *feature, *when_true, *when_false, *member_ends, *leaf_ends, *target;
  const uint8_t *mode, *missing_is_true;
} om_trees;

#define OM_TREE_SCORES(name, T)                                                                                      \
  OM_INLINE bool name##_test(const om_trees *t, int64_t node, T x, const T *split, const T *members) {               \
    if (x != x && t->missing_is_true[node]) return true;                                                             \
    switch (t->mode[node]) {                                                                                         \
      case OM_LEQ: return x <= split[node];                                                                          \
      case OM_LT: return x < split[node];                                                                            \
      case OM_GTE: return x >= split[node];                                                                          \
      case OM_GT: return x > split[node];                                                                            \
      case OM_EQ: return x == split[node];                                                                           \
      case OM_NEQ: return x != split[node];                                                                          \
      default:                                                                                                       \
        for (int64_t i = node > 0 ? t->member_ends[node - 1] : 0; i < t->member_ends[node]; i++)                     \
          if (x == members[i]) return true;                                                                          \
        return false;                                                                                                \
    }                                                                                                                \
  }                                                                                                                  \
  /* x[rows, features], y[rows, targets]; `seen` has room for one flag per target. Every path ends, for the compiler  \
   * has checked that no node is reached twice. */                                                                      \
  OM_SHARED void name(const om_trees *t, const T *x, T *y, int64_t rows, const T *split, const T *members,           \
                      const T *weight, const T *base, bool *seen) {                                                  \
    for (int64_t r = 0; r < rows; r++, x += t->features, y += t->targets) {                                          \
      for (int64_t i = 0; i < t->targets; i++) y[i] = 0, seen[i] = false;                                            \
      for (int64_t tree = 0; tree < t->roots; tree++) {                                                              \
        int64_t at = t->root[tree];                                                                                  \
        while (at >= 0) {                                                                                            \
          const bool yes = name##_test(t, at, x[t->feature[at]], split, members);                                    \
          at = yes ? t->when_true[at] : t->when_false[at];                                                           \
        }                                                                                                            \
        for (int64_t i = ~at > 0 ? t->leaf_ends[~at - 1] : 0; i < t->leaf_ends[~at]; i++) {                          \
          T *to = y + t->target[i];                                                                                  \
          bool *first = seen + t->target[i];                                                                         \
          if (t->aggregate <= OM_TREE_SUM) *to += weight[i];                                                         \
          else if (!*first || (t->aggregate == OM_TREE_MIN ? weight[i] < *to : weight[i] > *to)) *to = weight[i];    \
          *first = true;                                                                                             \
        }                                                                                                            \
      }                                                                                                              \
      for (int64_t i = 0; i < t->targets; i++)                                                                       \
        y[i] = (t->aggregate == OM_TREE_AVERAGE ? y[i] / (T)t->roots : y[i]) + base[i];                              \
    }                                                                                                                \
  }
OM_TREE_SCORES(om_tree_scores_f32, float)
OM_TREE_SCORES(om_tree_scores_f64, double)

#endif

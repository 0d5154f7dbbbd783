/* Ensembles of decision trees (ONNX ai.onnx.ml TreeEnsemble-5 and its forerunners): om_tree_scores_f32, om_tree_scores_f64.
 *
 * What a path costs is not its comparisons but the branches that nobody can predict and the loads that wait for each other.
 * So nothing branches: a node's two children are neighbours, and the next node is `child`, plus 1 where the test fails. A leaf
 * leads to itself. OM_TREE_LANES trees are walked side by side, whose loads overlap: 1.3 ns per node instead of 9 (Zen 4,
 * AVX2; gathers into vectors took twice as long). A block of rows passes through these trees before the next ones are
 * loaded. The compiler lays the tables out, see src/ops/ml/tree-tables.ts. */
#ifndef OM_TREES_H
#define OM_TREES_H

#include "parallel.h"
#include "vector.h"

typedef enum om_aggregate { OM_TREE_AVERAGE, OM_TREE_SUM, OM_TREE_MIN, OM_TREE_MAX } om_aggregate;

/* Trees walked at once: their positions and the pointers take the 16 registers of x86-64. */
#define OM_TREE_LANES 8
/* Steps between two looks at whether all of them are at leaves. */
#define OM_TREE_STEPS 4
/* Rows that pass through the trees that are walked at once before the next ones do, and how few a thread takes at least. */
#define OM_TREE_ROWS 64
#define OM_TREE_LEAST_ROWS 8

/* What a test accepts beside features that are less than its split; those of a node are the upper bits of its `test`, the
 * others its feature. A split that is NaN accepts no feature but NaN. */
#define OM_TREE_EQUAL (1u << 29)
#define OM_TREE_GREATER (1u << 30)
#define OM_TREE_NAN (1u << 31)
#define OM_TREE_FEATURE (OM_TREE_EQUAL - 1)

typedef struct om_tree_node_f32 {
  float split;
  int32_t child;
  uint32_t test;
} om_tree_node_f32;

/* The upper half of `link` is the test, the lower the child: elements of one size, whatever the order of bytes. */
typedef struct om_tree_node_f64 {
  double split;
  uint64_t link;
} om_tree_node_f64;

/* Trees begin at nodes root[], and no path of a tree is longer than depth[]. Node i, if it is a leaf, is leaf leaf[i]. A leaf
 * adds `weights` weights, or, where that is 0, those from leaf_ends[leaf - 1] to leaf_ends[leaf], each to its target, or to
 * targets 0, 1, … where target is NULL. All tests accept what `every` says, and of `some` what their bits say. */
typedef struct om_trees {
  int64_t roots, features, targets, weights;
  uint32_t every, some;
  om_aggregate aggregate;
  const int32_t *root, *depth, *leaf, *leaf_ends, *target;
} om_trees;

OM_INLINE int32_t om_tree_child_f32(const om_tree_node_f32 *n) { return n->child; }
OM_INLINE uint32_t om_tree_test_f32(const om_tree_node_f32 *n) { return n->test; }
OM_INLINE int32_t om_tree_child_f64(const om_tree_node_f64 *n) { return (int32_t)(uint32_t)n->link; }
OM_INLINE uint32_t om_tree_test_f64(const om_tree_node_f64 *n) { return (uint32_t)(n->link >> 32); }

#define OM_REAL float
#define OM_TREE(name) name##_f32
#include "tree-scores.h"
#define OM_REAL double
#define OM_TREE(name) name##_f64
#include "tree-scores.h"

#endif

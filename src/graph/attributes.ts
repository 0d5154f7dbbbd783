/**
 * What the attributes of operators may be. ONNX gives a name one meaning wherever it stands, so that one table serves all
 * operators; an attribute that is not in it can't be read (`Node.int` and its kin take these names only). An operator
 * that allows less says so itself.
 *
 * The bounds are not ONNX's, which has none: they are what keeps a number of a model from becoming an allocation, a loop
 * or an inexact number in the compiler.
 */
export interface Range {
  readonly min: number
  readonly max: number
}

const flag: Range = { min: 0, max: 1 }
/** Far beyond the rank of any tensor, see `ReadLimits.rank`. */
const axis: Range = { min: -1024, max: 1024 }
/** Products of two, as of a kernel's size and its dilation, are exact. */
const extent: Range = { min: 1, max: 2 ** 26 }
const optionalExtent: Range = { ...extent, min: 0 }
/** OM_MAX_DIM of native/kernels/runtime.h. */
const size: Range = { min: 0, max: 2 ** 40 }
const offset: Range = { min: -size.max, max: size.max }
/** Of things that have a place of their own in the compiler's memory. */
const count: Range = { min: 0, max: 2 ** 20 }
/** A number that is computed with and nothing else: 64 bits, of which those beyond 2^53 only tell the direction. */
const anyInt: Range = { min: -Infinity, max: Infinity }
/** Of an enumeration, which the operator looks up: `TensorProto.DataType`, modes. */
const code: Range = { min: 0, max: 255 }

export const intRanges = {
  activation: code,
  aggregate: code,
  aggregate_function: code,
  align_corners: flag,
  allowzero: flag,
  antialias: flag,
  at: size,
  axis,
  batch_axis: axis,
  batch_dims: { min: 0, max: axis.max },
  block_size: size,
  blocksize: extent,
  broadcast: flag,
  ceil_mode: flag,
  center_point_box: flag,
  channels_last: flag,
  count: size,
  count_include_pad: flag,
  default_int64: anyInt,
  depth: size,
  detect_negative: flag,
  detect_positive: flag,
  do_rotary: flag,
  dtype: code,
  end: anyInt,
  exact: flag,
  exclude_outside: flag,
  exclusive: flag,
  filters: extent,
  fmod: flag,
  group: extent,
  groups: extent,
  hidden_size: extent,
  holds: flag,
  ignore_index: anyInt,
  input_forget: flag,
  interleaved: flag,
  inverse: flag,
  is_case_sensitive: flag,
  is_causal: flag,
  is_packed_batching: flag,
  is_test: flag,
  k: anyInt,
  keepdims: flag,
  kv_num_heads: extent,
  largest: flag,
  layout: flag,
  linear_before_reset: flag,
  local_window_size: { min: -1, max: size.max },
  mask_index_type: code,
  max_gram_length: count,
  max_skip_count: count,
  maxsplit: anyInt,
  min_gram_length: count,
  n_supports: count,
  n_targets: count,
  new_axis: flag,
  noop_with_empty_axes: flag,
  num_groups: extent,
  num_heads: optionalExtent,
  num_outputs: count,
  num_scan_inputs: count,
  offset_group: extent,
  one_class: flag,
  onesided: flag,
  output_datatype: code,
  output_dtype: code,
  output_height: extent,
  output_width: extent,
  p: anyInt,
  past_present_share_buffer: flag,
  periodic: flag,
  post_transform: code,
  precision: code,
  q_num_heads: extent,
  qk_matmul_output_mode: code,
  qk_output: code,
  replaced_value_int64: anyInt,
  reverse: flag,
  rotary_embedding_dim: optionalExtent,
  rotary_interleaved: flag,
  sample_size: size,
  sampling_ratio: count,
  saturate: flag,
  select_last_index: flag,
  size: extent,
  smooth_softmax: flag,
  softmax_precision: code,
  sorted: flag,
  start: anyInt,
  stash_type: code,
  storage_order: flag,
  targets: count,
  time_axis: axis,
  to: code,
  training_mode: flag,
  transA: flag,
  transB: flag,
  transBatchA: flag,
  transBatchB: flag,
  unidirectional: flag,
  upper: flag,
  widest: { ...size, min: -1 },
  zeros: flag,
} as const satisfies Record<string, Range>

export const intsRanges = {
  axes: axis,
  cats_int64s: anyInt,
  class_ids: count,
  class_nodeids: anyInt,
  class_treeids: anyInt,
  classlabels_int64s: anyInt,
  classlabels_ints: anyInt,
  default_int64s: anyInt,
  dilations: extent,
  columns: size,
  directions: flag,
  ends: anyInt,
  imputed_value_int64s: anyInt,
  kernel_shape: extent,
  keys_int64s: anyInt,
  leaf_targetids: count,
  ngram_counts: count,
  ngram_indexes: count,
  nodes_falseleafs: flag,
  nodes_falsenodeids: anyInt,
  nodes_featureids: anyInt,
  nodes_missing_value_tracks_true: flag,
  nodes_nodeids: anyInt,
  nodes_treeids: anyInt,
  nodes_trueleafs: flag,
  nodes_truenodeids: anyInt,
  output_padding: optionalExtent,
  output_shape: size,
  paddings: offset,
  pads: offset,
  perm: axis,
  pool_int64s: anyInt,
  pooled_shape: extent,
  qkv_hidden_sizes: size,
  scan_input_axes: axis,
  scan_input_directions: flag,
  scan_output_axes: axis,
  scan_output_directions: flag,
  shape: { ...size, min: -1 },
  split: size,
  starts: anyInt,
  steps: anyInt,
  strides: extent,
  target_ids: count,
  target_nodeids: anyInt,
  target_treeids: anyInt,
  tree_roots: count,
  values_int64s: anyInt,
} as const satisfies Record<string, Range>

const finite: Range = { min: -Number.MAX_VALUE, max: Number.MAX_VALUE }
/** NaN and infinities included: the model may mean them. */
const anyFloat = undefined
/** What sizes are multiplied with. */
const factor: Range = { min: Number.MIN_VALUE, max: 2 ** 26 }

export const floatRanges = {
  activation_alpha: finite,
  activation_beta: finite,
  activation_gamma: finite,
  activation_max: anyFloat,
  activation_min: anyFloat,
  alpha: finite,
  beta: finite,
  bias: finite,
  clip: finite,
  cubic_coeff_a: finite,
  decay_factor: finite,
  default_float: anyFloat,
  epsilon: finite,
  extrapolation_value: anyFloat,
  gamma: finite,
  high: finite,
  lambd: finite,
  low: finite,
  mask_filter_value: anyFloat,
  max: anyFloat,
  mean: finite,
  min: anyFloat,
  momentum: finite,
  norm_coefficient: finite,
  norm_coefficient_post: finite,
  p: finite,
  replaced_value_float: anyFloat,
  scale: finite,
  seed: anyFloat,
  softcap: finite,
  spatial_scale: finite,
  threshold: anyFloat,
  value: anyFloat,
  value_float: anyFloat,
} as const satisfies Record<string, Range | undefined>

export const floatsRanges = {
  activation_alpha: finite,
  activation_beta: finite,
  activation_params: anyFloat,
  base_values: anyFloat,
  cats_floats: anyFloat,
  class_weights: anyFloat,
  coefficients: anyFloat,
  default_floats: anyFloat,
  imputed_value_floats: anyFloat,
  intercepts: anyFloat,
  kernel_params: finite,
  keys_floats: anyFloat,
  nodes_values: anyFloat,
  offset: anyFloat,
  rho: anyFloat,
  scale: anyFloat,
  scales: factor,
  support_vectors: anyFloat,
  target_weights: anyFloat,
  value_floats: anyFloat,
  values_floats: anyFloat,
  weights: anyFloat,
} as const satisfies Record<string, Range | undefined>

export type IntName = keyof typeof intRanges
export type IntsName = keyof typeof intsRanges
export type FloatName = keyof typeof floatRanges
export type FloatsName = keyof typeof floatsRanges

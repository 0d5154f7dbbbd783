/**
 * What a model's file says of itself: texts by key, and lists of labels, means and deviations. Of TensorFlow Lite's metadata and
 * ONNX's `metadata_props`.
 */
export type Metadata = Readonly<Record<string, string | readonly string[] | readonly number[]>>

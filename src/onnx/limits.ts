import type { UserOperator } from './user-operator.ts'

/** Bounds on what a model file may ask of this process. A file that exceeds one gets a `ModelError` with code `MODEL_LIMIT`. */
export interface ReadLimits {
  /** Bytes of the `.onnx` file. 2 GiB - 1, protobuf's own limit, is also the highest possible value. */
  readonly fileBytes: number
  /** Estimated JavaScript heap, in bytes, of the decoded protobuf messages; tensor contents don't count, they stay in the file's buffer. */
  readonly messageBytes: number
  /** Bytes of one name, type name, doc string or metadata value. */
  readonly stringBytes: number
  /** Nodes in all graphs and functions together. */
  readonly nodes: number
  /** Graphs inside graphs. Protobuf's nesting limit (100 messages) ends it at about 30 in any case. */
  readonly subgraphDepth: number
  /** Dimensions of one tensor. */
  readonly rank: number
  /** Elements of one tensor. */
  readonly elements: number
  /** Bytes of all tensors together, external data included. */
  readonly tensorBytes: number
  /** Bytes of all sparse tensors together once they are dense: a few bytes in a file can ask for any amount. */
  readonly denseBytes: number
}

const GiB = 2 ** 30

export const defaultLimits: ReadLimits = {
  fileBytes: 2 * GiB - 1,
  messageBytes: GiB,
  stringBytes: 16 * 2 ** 20,
  nodes: 200_000,
  subgraphDepth: 16,
  rank: 64,
  elements: 4 * GiB,
  tensorBytes: 8 * GiB,
  denseBytes: GiB / 4,
}

export interface ReadOptions {
  /** Operators that the user defines for the model's nodes. */
  readonly operators?: readonly UserOperator[]
  /** Limits to raise or lower; the others keep their defaults. */
  readonly limits?: Partial<ReadLimits>
  /** `false`: a model whose data is in other files is refused. */
  readonly externalData?: boolean
  /** Which of several signatures, in formats that have them. */
  readonly signature?: string
}

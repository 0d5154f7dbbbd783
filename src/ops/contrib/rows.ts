import type { Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'

/** Beyond every table. */
const NOWHERE = 0x7fffffff

/**
 * Numbers of rows, of which those below 0 are out of range. ONNX's Gather counts them from the end; for embeddings of
 * onnxruntime and PyTorch they are errors.
 */
export function fromFront(b: Builder, numbers: Value): Value {
  const isNegative = b.op('Less', [numbers, b.scalar(0, numbers.type)])
  return b.op('Where', [isNegative, b.scalar(NOWHERE, numbers.type), numbers])
}

/** Rows of a table by their numbers, none of which may be negative. */
export function rowsOf(b: Builder, table: Value, numbers: Value): Value {
  return b.op('Gather', [table, fromFront(b, numbers)])
}

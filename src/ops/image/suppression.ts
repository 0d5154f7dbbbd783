import { multiply } from '../../graph/dim.ts'
import type { Node, ValueInfo } from '../../graph/graph.ts'
import { takes } from '../../graph/rules.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'

function suppressCall(node: Node, k: KernelWriter, selected: string): string {
  const [boxes, scores] = [node.input(0), node.input(1)]
  const first = (input: number, otherwise: string): string => (node.inputs[input] ? `${k.input(input)}[0]` : otherwise)
  const work = k.scratch(multiply(boxes.dims[1]!, 16), 'int64_t')
  const [batch, classes, count] = scores.dims.map((dim) => k.dim(dim))
  k.include('suppress.h')
  k.line(
    `const om_suppression s = {${batch}, ${classes}, ${count}, ${Boolean(node.int('center_point_box', 0))}, ${first(2, '0')}, ` +
      `${Boolean(node.inputs[4])}, ${first(4, '0')}, ${first(3, '0')}};`,
  )
  return `om_suppress(${k.input(0)}, ${k.input(1)}, &s, ${work}, ${selected})`
}

/** ONNX NonMaxSuppression-10 … 11. How many boxes there are is only known once they are selected. */
const NonMaxSuppression: LoweredOperator = {
  name: 'NonMaxSuppression',
  rules: takes(
    'boxes:float32[batch, count, 4] scores:float32[batch, _, count] max_output_boxes_per_class?:int64[.] ' +
      'iou_threshold?:float32[.] score_threshold?:float32[.]',
  ),
  infer: (_node, context): ValueInfo[] => [{ type: 'int64', shape: [context.freshDim(), 3] }],
  sizes: (node, k) => k.line(`*${k.symbol(node.output().dims[0]!)} = ${suppressCall(node, k, 'NULL')};`),
  lower: (node, k) => k.line(`${suppressCall(node, k, k.output())};`),
}

export const suppressions: readonly LoweredOperator[] = [NonMaxSuppression]

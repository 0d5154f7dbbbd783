import { product } from '../../graph/dim.ts'
import { takes } from '../../graph/rules.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { widenNarrowFloats } from '../../lowering/widen.ts'

/** ONNX Det-11 … 22, of one matrix or of a stack of them. */
const Det: LoweredOperator = {
  name: 'Det',
  rules: takes('X:float[..., n, n]'),
  infer(node) {
    const { type, dims } = node.input(0)
    return [{ type, shape: dims.slice(0, -2) }]
  },
  decompose: widenNarrowFloats,
  lower(node, k) {
    const { dims } = node.input(0)
    const [rows, columns] = [dims.at(-2)!, dims.at(-1)!]
    const [n, size] = [k.dim(rows), k.count([rows, columns])]
    k.include('determinant.h')
    const matrix = k.scratch(product([8, rows, columns]), 'double')
    k.line(`for (int64_t b = 0; b < ${k.count(dims.slice(0, -2))}; b++) {`)
    k.line(`  for (int64_t i = 0; i < ${size}; i++) ${matrix}[i] = (double)${k.input(0)}[b * ${size} + i];`)
    k.line(`  ${k.output()}[b] = om_determinant(${matrix}, ${n});`)
    k.line('}')
  },
  flops: (node) => product([...node.input(0).dims, node.input(0).dims.at(-1)!]),
}

export const determinants: readonly LoweredOperator[] = [Det]

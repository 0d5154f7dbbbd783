import { ceilDivide, multiply } from '../../graph/dim.ts'
import { takes } from '../../graph/rules.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { shareElements } from '../../lowering/sharing.ts'

/**
 * The compiler's own: of an image [n, c, h, w] every `steps`-th row and column from each of the phases on (`starts`: row and column
 * of each, one behind the other, all below the steps), as channels behind each other: [n, ⌈h / steps[0]⌉, ⌈w / steps[1]⌉, phases · c], channels
 * last. That each phase has as many rows and columns is for a check before it to see to.
 */
const SpaceToDepth2d: LoweredOperator = {
  name: 'SpaceToDepth2d',
  domain: 'om',
  rules: takes('x:float32[n, c, h, w]'),
  infer(node) {
    const { type, dims } = node.input(0)
    const [down = 1, across = 1] = node.ints('steps') ?? []
    const parts = node.ints('starts')!.length / 2
    const shape = [dims[0]!, ceilDivide(dims[2]!, down), ceilDivide(dims[3]!, across), multiply(dims[1]!, parts)]
    return [{ type, shape }]
  },
  lower(node, k) {
    const { dims } = node.input(0)
    const [rows, columns] = node.output().dims.slice(1)
    const [steps, phases] = [node.ints('steps')!, node.ints('starts')!]
    const sizes = [...dims, rows!, columns!].map((dim) => k.dim(dim))
    k.include('space-to-depth.h')
    shareElements(k, node.output().dims)
    k.line(`const om_space_to_depth s = {${sizes.join(', ')}, ${steps.join(', ')}, ${phases.length / 2}};`)
    k.line(`static const om_phase phases[] = {${phases.join(', ')}};`)
    k.line(`om_space_to_depth_32(${k.input(0)}, ${k.output()}, s, phases);`)
  },
  flops: () => 0,
}

export const spaceToDepth: readonly LoweredOperator[] = [SpaceToDepth2d]

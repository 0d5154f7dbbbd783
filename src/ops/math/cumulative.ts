import type { Node } from '../../graph/graph.ts'
import { takes } from '../../graph/rules.ts'
import { sumType } from '../../lowering/c-text.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { widenNarrowFloats } from '../../lowering/widen.ts'

/** ONNX CumSum-11 … 14 and CumProd-26; the axis is an input and may be data. */
function cumulative(name: string, sign: '+' | '*', initial: 0 | 1): LoweredOperator {
  return {
    name,
    rules: takes('x:number[_, ...] axis:index[.]'),
    infer(node: Node) {
      const [axis] = node.input(1).contents ?? []
      const { rank } = node.input(0)
      if (typeof axis === 'number' && (axis < -rank || axis >= rank))
        throw node.error('MODEL_AXIS', `axis ${axis} is out of range for rank ${rank}`)
      return [{ type: node.input(0).type, shape: node.input(0).shape }]
    },
    decompose: widenNarrowFloats,
    lower(node, k) {
      const { dims, rank, type } = node.input(0)
      k.include('axes.h')
      k.include('cumulate.h')
      k.line(`const int64_t dims[${rank}] = {${dims.map((dim) => k.dim(dim)).join(', ')}};`)
      k.line('int64_t outer, extent, inner;')
      k.failIf(
        `!om_split_axis((int64_t)${k.input(1)}[0], ${rank}, dims, &outer, &extent, &inner)`,
        'the axis is out of range',
      )
      const way = `${node.int('exclusive', 0) ? 1 : 0}, ${node.int('reverse', 0) ? 1 : 0}`
      k.line(
        `OM_CUMULATE(${k.input(0)}, ${k.output()}, outer, extent, inner, ${sumType(type)}, ${initial}, ${sign}, ${way})`,
      )
    },
  }
}

export const cumulatives: readonly LoweredOperator[] = [cumulative('CumSum', '+', 0), cumulative('CumProd', '*', 1)]

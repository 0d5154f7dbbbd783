import { ModelError } from '../../../errors/index.ts'
import type { Converter, Handler } from '../converter.ts'
import { controlFlow } from './control.ts'
import { convolutions } from './convolution.ts'
import { customDetection, detection } from './detection.ts'
import { elementwise } from './elementwise.ts'
import { movement } from './movement.ts'
import { pads } from './pads.ts'
import { products } from './products.ts'
import { recurrent } from './recurrent.ts'
import { reductions } from './reductions.ts'
import { signal } from './signal.ts'
import { sizes } from './sizes.ts'
import { slices } from './slices.ts'
import { variables } from './variables.ts'
import type { OperatorFact } from '../schema.ts'

/** Every operator of TensorFlow Lite that is converted. A new family is a file and a line here. */
const builtins = new Map<string, Handler>(
  Object.entries({
    ...convolutions,
    ...elementwise,
    ...products,
    ...reductions,
    ...movement,
    ...slices,
    ...pads,
    ...sizes,
    ...recurrent,
    ...signal,
    ...detection,
    ...variables,
    ...controlFlow(convertAll),
  }),
)

const customs = new Map<string, Handler>(Object.entries(customDetection))

/** What converts an operator; `undefined` where nothing does. */
export function handlerOf({ code, isCustom }: OperatorFact): Handler | undefined {
  return (isCustom ? customs : builtins).get(code)
}

/** Operators that take complex numbers, which are pairs of reals here. */
const ofComplex = new Set(['REAL', 'IMAG', 'COMPLEX_ABS', 'RESHAPE'])

/** Converts the operators of a subgraph in their order, its inputs having their values. */
export function convertAll(c: Converter): void {
  for (const [i, operator] of c.graph.operators.entries()) {
    const { code, inputs } = operator
    if (!ofComplex.has(code) && inputs.some((tensor) => tensor >= 0 && c.fact(tensor).type === 'complex64'))
      c.fail(`has a ${code} of complex numbers`)
    // Graphs that call others several times could become any number of nodes.
    c.site.use('nodes', 1)
    c.writer.origin = `${i}/${code}`
    converting(c, operator)
  }
}

/** Handlers expect operators as TensorFlow writes them. Whatever else a file says ends in an error about that operator. */
function converting(c: Converter, operator: OperatorFact): void {
  try {
    handlerOf(operator)!(c, operator)
  } catch (error) {
    if (error instanceof ModelError || !(error instanceof Error)) throw error
    c.site.fail('MODEL_NODE', `has a ${operator.code} that contradicts itself (${error.message}). Export it again.`)
  }
}

import type { Node } from '../graph/graph.ts'
import { storeElement } from './c-text.ts'
import { convert, roundingOf, targetType } from './cast.ts'
import { isInteger } from './elementwise.ts'
import type { LoweredOperator } from './lowering.ts'

/** The compiler's own part of Cast: numbers from texts. A text that is no number ends the call. */
const ParseNumbers: LoweredOperator = {
  name: 'ParseNumbers',
  domain: 'om',
  infer: (node: Node) => [{ type: targetType(node), shape: node.input(0).shape }],
  lower(node, k) {
    const { type, dims } = node.output()
    const integral = isInteger(type)
    k.include('types.h')
    k.include('text.h')
    k.line(`for (int64_t i = 0; i < ${k.count(dims)}; i++) {`)
    k.line(`  ${integral ? 'int64_t' : 'double'} number;`)
    k.failIf(`!om_parse_${integral ? 'integer' : 'float'}(${k.input(0)}[i], &number)`, 'a text is no number')
    const element = convert(integral ? 'int64' : 'float64', type, 'number', roundingOf(node))
    k.line(`  ${storeElement(type, `${k.output()}[i]`, element)}`)
    k.line('}')
  },
}

export const textNumbers: readonly LoweredOperator[] = [ParseNumbers]

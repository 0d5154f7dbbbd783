import type { Node } from '../../graph/graph.ts'
import { takes } from '../../graph/rules.ts'
import { type ElementType, isFloat, isInteger } from '../../onnx/element-type.ts'
import { computeType, loadElement, storeElement } from '../../lowering/c-text.ts'
import { convert, roundingOf, targetType } from '../math/cast.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'

/** The compiler's own part of Cast: numbers from texts. A text that is no number ends the call. */
const ParseNumbers: LoweredOperator = {
  name: 'ParseNumbers',
  domain: 'om',
  rules: takes('x:string'),
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

/** Whether the double `parsed` is `x` in x's own type. */
function sameNumber(type: ElementType, x: string): string {
  if (type === 'float64') return `parsed == ${x}`
  return type === 'float32'
    ? `(float)parsed == ${x}`
    : `om_store_${type}(om_round_to_odd(parsed)) == om_store_${type}(${x})`
}

/** The compiler's own part of Cast: numbers as texts, floats with as few digits as tell them from their neighbours. */
const FormatNumbers: LoweredOperator = {
  name: 'FormatNumbers',
  domain: 'om',
  rules: takes('x:number|bool|float8|float4e2m1|small'),
  infer: (node: Node) => [{ type: 'string', shape: node.input(0).shape }],
  lower(node, k) {
    const { type, dims } = node.input(0)
    k.include('types.h')
    k.include('text.h')
    k.line(`for (int64_t i = 0; i < ${k.count(dims)}; i++) {`)
    k.line(`  const ${computeType(type)} x = ${loadElement(type, `${k.input(0)}[i]`)};`)
    k.line('  char text[OM_NUMBER_BYTES];')
    if (isFloat(type)) {
      k.line('  int digits;')
      k.line(`  OM_SHORTEST(digits, x, ${sameNumber(type, 'x')})`)
      k.line('  om_format_float(text, x, digits);')
    } else if (type === 'bool') k.line('  strcpy(text, x ? "True" : "False");')
    else k.line(`  om_format_${type.startsWith('u') ? 'unsigned' : 'integer'}(text, x);`)
    k.line(`  char *made = om_make_text(${k.texts()}, strlen(text));`)
    k.failIf('!made', 'there is no memory for a text')
    k.line(`  ${k.output()}[i] = strcpy(made, text);`)
    k.line('}')
  },
}

export const textNumbers: readonly LoweredOperator[] = [ParseNumbers, FormatNumbers]

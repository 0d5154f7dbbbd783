import { type Dim, isAtLeast } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import { takes } from '../../graph/rules.ts'
import { type ElementType, elementTypes } from '../../onnx/element-type.ts'
import type { Attribute } from '../../onnx/model.ts'
import { literal, stringLiteral } from '../../lowering/c-text.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'

/** What the attributes of the operator's own begin with, in the order in which the kernel gets them. */
export const ARGUMENT = 'argument:'

/**
 * The compiler's own: a call of a C function that a user wrote, of native/abi/om_operator.h. The last inputs are the
 * shapes of the outputs.
 */
const Call: LoweredOperator = {
  name: 'Call',
  domain: 'om',
  rules: takes('operands*:value'),
  infer: (node) => typesOf(node).map((type, i) => ({ type, shape: shapesOf(node)[i]!.contents! })),
  check(node, k) {
    shapesOf(node).forEach(({ contents }, i) =>
      contents!.forEach((dim, axis) => {
        if (isAtLeast(dim, 0)) return
        k.failIf(`!om_valid_dim(${k.dim(dim)})`, `axis ${axis} of output ${i} would be of a negative size`)
      }),
    )
  },
  lower(node, k) {
    const name = node.string('function', '')
    k.include('om_operator.h')
    // For INFINITY and NAN in attributes.
    k.include('types.h')
    k.source(name, node.string('file', ''), node.string('source', ''))
    const operands = node.inputs.slice(0, -typesOf(node).length)
    const tensors = (
      kind: 'input' | 'output',
      values: readonly (Value | undefined)[],
      pointer: (i: number) => string,
    ) => {
      const fields = values.map((value, i) => (value ? tensor(k, value, pointer(i), `${kind}_${i}`) : '0'))
      k.line(`const om_${kind} ${kind}s[] = {${fields.map((text) => `{${text}}`).join(', ') || '{0}'}};`)
    }
    tensors('input', operands, (i) => k.input(i))
    tensors('output', node.outputs, (i) => k.output(i))
    k.line(`const om_attribute attributes[] = {${attributes(node, k) || '{0}'}};`)
    k.failIf(`${name}(inputs, outputs, attributes) != 0`, `its kernel ${name} failed`)
  },
}

function typesOf(node: Node): readonly ElementType[] {
  return (node.strings('types') ?? []) as ElementType[]
}

function shapesOf(node: Node): Value[] {
  return node.inputs.slice(-typesOf(node).length).map((value) => value!)
}

/** The members of an `om_input` or `om_output`. */
function tensor(k: KernelWriter, { dims, type }: Value, pointer: string, name: string): string {
  k.line(`const int64_t ${name}[] = {${dims.map((dim: Dim) => k.dim(dim)).join(', ') || '0'}};`)
  return `${pointer}, ${name}, ${dims.length}, ${k.count(dims)}, ${elementTypes[type].code}`
}

function attributes(node: Node, k: KernelWriter): string {
  const own = [...node.attributes].filter(([name]) => name.startsWith(ARGUMENT))
  return own.map(([, attribute], i) => `{${member(k, attribute, `list_${i}`)}}`).join(', ')
}

function member(k: KernelWriter, attribute: Attribute, name: string): string {
  const list = (type: string, texts: readonly string[]): void =>
    k.line(`const ${type} ${name}[] = {${texts.join(', ') || '0'}};`)
  switch (attribute.kind) {
    case 'int':
      return `.i = ${literal('int64', attribute.value)}`
    case 'float':
      return `.f = ${literal('float64', attribute.value)}`
    case 'string':
      return `.s = ${stringLiteral(attribute.value)}`
    case 'ints':
      list(
        'int64_t',
        attribute.value.map((value) => literal('int64', value)),
      )
      return `.ints = ${name}, .count = ${attribute.value.length}`
    case 'floats':
      list(
        'double',
        attribute.value.map((value) => literal('float64', value)),
      )
      return `.floats = ${name}, .count = ${attribute.value.length}`
    default:
      return '0'
  }
}

export const userCalls: readonly LoweredOperator[] = [Call]

import type { Node } from '../../graph/graph.ts'
import { type InputRule, takes } from '../../graph/rules.ts'
import { type ElementType, elementTypes } from '../../onnx/element-type.ts'
import type { Attribute } from '../../onnx/model.ts'
import type { UserAttribute, UserOperator } from '../../onnx/user-operator.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { ARGUMENT } from './call.ts'
import { type OutputRule, outputRules, ruleOf, shapeOf } from './shape-text.ts'

/** The compiler's definition of an operator that a user defines: held to its rules, it becomes a call of its kernel. */
export function userOperator(definition: UserOperator): LoweredOperator {
  const { domain, name, since } = definition
  const rules = takes(definition.inputs, definition.types)
  const outputs = outputRules(definition.outputs)
  return {
    name,
    domain,
    since,
    rules,
    infer: (node) => outputs.map((rule) => outputOf(node, rule, rules.inputs, argumentsOf(node, definition))),
    decompose(node, b) {
      const given = argumentsOf(node, definition)
      const infos = outputs.map((rule) => outputOf(node, rule, rules.inputs, given))
      const operands = rules.inputs.map((_, i) => node.inputs[i]).concat(node.inputs.slice(rules.inputs.length))
      return b.ops(
        'Call',
        [...operands, ...infos.map(({ shape }) => b.dims(shape))],
        infos.length,
        {
          function: definition.function,
          source: definition.source,
          file: definition.file,
          types: infos.map(({ type }) => type),
          ...Object.fromEntries([...given].map(([key, value]) => [`${ARGUMENT}${key}`, value])),
        },
        'om',
      )
    },
  }
}

function outputOf(
  node: Node,
  rule: OutputRule,
  inputs: readonly InputRule[],
  given: ReadonlyMap<string, Attribute>,
): { type: ElementType; shape: ReturnType<typeof shapeOf> } {
  const integers = [...given].flatMap(([name, value]): [string, number][] =>
    value.kind === 'int' ? [[name, Number(value.value)]] : [],
  )
  return { type: typeOf(node, rule, inputs), shape: shapeOf(node, rule, inputs, new Map(integers)) }
}

/** An element type by its name, or that of an input with the type variable. */
function typeOf(node: Node, { name, type }: OutputRule, inputs: readonly InputRule[]): ElementType {
  if (Object.hasOwn(elementTypes, type)) return type as ElementType
  const at = node.inputs.findIndex((input, i) => input && ruleOf(inputs, i)?.variable === type)
  const input = node.inputs[at]
  if (input) return input.type
  throw node.error('MODEL_MISSING_INPUT', `output ${name} is of the type ${type}, of an input that is not given`)
}

/** The node's attributes as they are declared, defaults where it gives none. */
function argumentsOf(node: Node, { attributes }: UserOperator): ReadonlyMap<string, Attribute> {
  const unknown = [...node.attributes.keys()].find((name) => !Object.hasOwn(attributes, name))
  if (unknown !== undefined)
    throw node.error('MODEL_ATTRIBUTE', `attribute ${unknown} is not among those that its definition declares`)
  return new Map(Object.entries(attributes).map(([name, declared]) => [name, argumentOf(node, name, declared)]))
}

function argumentOf(node: Node, name: string, declared: UserAttribute): Attribute {
  const given = node.attributes.get(name) ?? defaultOf(declared)
  if (!given) throw node.error('MODEL_ATTRIBUTE', `attribute ${name} is required`)
  if (given.kind !== declared.type)
    throw node.error('MODEL_ATTRIBUTE', `attribute ${name} should be of type ${declared.type}, but is ${given.kind}`)
  if (given.kind === 'int') checkBounds(node, name, [given.value], declared)
  if (given.kind === 'ints') checkBounds(node, name, given.value, declared)
  if (given.kind === 'string' && declared.type === 'string' && declared.values?.includes(given.value) === false) {
    const values = declared.values.map((value) => JSON.stringify(value)).join(', ')
    throw node.error(
      'MODEL_ATTRIBUTE',
      `attribute ${name} is ${JSON.stringify(given.value)}, but should be one of ${values}`,
    )
  }
  return given
}

/** What keeps products and sums of sizes exact, where a definition doesn't say less. */
const MOST = 2 ** 26

function checkBounds(node: Node, name: string, values: readonly bigint[], declared: UserAttribute): void {
  if (declared.type !== 'int' && declared.type !== 'ints') return
  const { min = -MOST, max = MOST } = declared
  const wrong = values.find((value) => value < min || value > max)
  if (wrong !== undefined)
    throw node.error('MODEL_ATTRIBUTE', `attribute ${name} is ${wrong}; it must be from ${min} to ${max}`)
}

function defaultOf(declared: UserAttribute): Attribute | undefined {
  if (declared.default === undefined) return undefined
  switch (declared.type) {
    case 'int':
      return { kind: 'int', value: BigInt(declared.default) }
    case 'float':
      return { kind: 'float', value: declared.default }
    case 'ints':
      return { kind: 'ints', value: declared.default.map(BigInt) }
    case 'floats':
      return { kind: 'floats', value: declared.default }
    case 'string':
      return { kind: 'string', value: declared.default }
  }
}

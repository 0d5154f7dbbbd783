import { broadcastShapes } from './broadcast.ts'
import { type Dim, dimEquals, subtract } from './dim.ts'
import type { Demand } from './demand.ts'
import type { Node, Value } from './graph.ts'
import type { Agreement, AxisRule, InputRule, Rules } from './rules.ts'

/**
 * Holds a node against the rules of its operator.
 *
 * @returns what is left to be checked when the model runs
 * @throws CompileError `MODEL_INPUTS`, `MODEL_MISSING_INPUT`, `MODEL_TYPES`, `MODEL_SHAPE` for what is known to break a rule
 */
export function demandsOf(node: Node, rules: Rules): Demand[] {
  const given = pairInputs(node, rules.inputs)
  checkTypes(node, given)
  for (const pair of given) checkRank(node, pair)
  const demands = [...namedAgreements(node, given), ...broadcastAgreements(node, given)].flatMap((agreement) =>
    demandOf(node, rules, agreement),
  )
  return [...demands, ...(rules.agree?.(node) ?? []).flatMap((agreement) => demandOf(node, rules, agreement))]
}

/** An input that is given, with its rule. */
interface Given {
  readonly index: number
  readonly value: Value
  readonly rule: InputRule
}

function pairInputs(node: Node, rules: readonly InputRule[]): Given[] {
  const last = rules.at(-1)
  const variadic = last?.presence === 'repeated'
  if (node.inputs.length > rules.length && !variadic) {
    const takes = rules.length === 0 ? 'no inputs' : rules.length === 1 ? 'one input' : `at most ${rules.length} inputs`
    throw node.error('MODEL_INPUTS', `it takes ${takes}, but is given ${node.inputs.length}`)
  }
  rules.forEach((rule, i) => {
    if ((rule.presence === 'required' || rule.atLeastOnce) && !node.inputs[i])
      throw node.error('MODEL_MISSING_INPUT', `input ${rule.name} is required but not given`)
  })
  return node.inputs.flatMap((value, index) => {
    const rule = rules[index] ?? last!
    if (value) return [{ index, value, rule }]
    if (rule.presence !== 'repeated') return []
    throw node.error('MODEL_MISSING_INPUT', `input ${index} (${rule.name}) is required but not given`)
  })
}

function checkTypes(node: Node, given: readonly Given[]): void {
  const variables = new Map<string, Given>()
  for (const one of given) {
    const { rule, value } = one
    const kind = value.map ? 'map' : value.kind
    const isAsWanted = rule.kind === 'anything' || (rule.kind === 'value' ? kind !== 'map' : kind === rule.kind)
    if (!isAsWanted) {
      const wanted = rule.kind === 'value' ? 'no map' : `a ${rule.kind}`
      throw node.error('MODEL_TYPES', `input ${label(one)} should be ${wanted}, but is a ${kind}`)
    }
    if (!rule.types.has(value.type)) {
      const types = [...rule.types].join(', ')
      throw node.error('MODEL_TYPES', `input ${label(one)} should be of type ${types}, but is ${value.type}`)
    }
    const first = rule.variable === undefined ? one : (variables.get(rule.variable) ?? one)
    if (rule.variable !== undefined) variables.set(rule.variable, first)
    if (first.value.type !== value.type) {
      throw node.error(
        'MODEL_TYPES',
        `inputs ${label(first)} and ${label(one)} should be of one type, but are ${first.value.type} and ${value.type}`,
      )
    }
  }
}

/** `W ("fc1.weight")`: what ONNX and the model call an input. */
function label({ rule, value, index }: Given): string {
  const name = rule.presence === 'repeated' ? `${rule.name} ${index}` : rule.name
  const node = value.producer?.op === 'Refined' ? value.producer.name : ''
  const notes = [value.name && JSON.stringify(value.name), node && `as node ${JSON.stringify(node)} takes it`]
  const known = notes.filter((note) => note)
  return known.length > 0 ? `${name} (${known.join(', ')})` : name
}

function checkRank(node: Node, one: Given): void {
  const { shape } = one.rule
  if (shape === undefined) return
  const { dims, rank } = one.value
  const problem = (expected: string): Error =>
    node.error('MODEL_SHAPE', `input ${label(one)} should be ${expected}, but has shape [${dims.join(', ')}]`)
  if (shape === 'single' || shape === 'list') {
    if (rank > 1) throw problem(shape === 'single' ? 'a single number' : 'a list')
    return
  }
  const open = shape.some(isOpen)
  const least = shape.filter((axis) => !isOpen(axis)).length
  if (open ? rank < least : rank !== least) throw problem(`of rank ${least}${open ? ' or more' : ''}`)
}

/** Whether a rule for an axis stands for any number of them. */
function isOpen(axis: AxisRule): boolean {
  return axis.kind === 'rest' || axis.kind === 'broadcast'
}

/** The axes of a value that each rule of its shape stands for. */
function axesOf({ rule, value }: Given): { axis: AxisRule; from: number; count: number }[] {
  if (rule.shape === undefined || typeof rule.shape === 'string') return []
  const spread = value.rank - rule.shape.filter((axis) => !isOpen(axis)).length
  let from = 0
  return rule.shape.map((axis) => {
    const count = isOpen(axis) ? spread : 1
    from += count
    return { axis, from: from - count, count }
  })
}

/** Axes of the same name, stated sizes, single elements. */
function* namedAgreements(node: Node, given: readonly Given[]): Generator<Agreement> {
  const places = new Map<string, { at: Given; axis: number; count: number }[]>()
  for (const at of given) {
    const { rule, value, index } = at
    if (rule.shape === 'single' && value.rank === 1)
      yield { input: index, axis: 0, expected: 1, as: 'a single number needs' }
    for (const { axis, from, count } of axesOf(at)) {
      if (axis.kind === 'size') yield { input: index, axis: from, expected: axis.size, as: 'the operator needs' }
      const name = axis.kind === 'named' ? axis.name : axis.kind === 'rest' && axis.name ? `...${axis.name}` : undefined
      if (name === undefined) continue
      const list = places.get(name) ?? []
      list.push({ at, axis: from, count })
      places.set(name, list)
    }
  }
  for (const list of places.values()) {
    const [first] = list
    const other = list.find(({ count }) => count !== first!.count)
    if (other) {
      const shapes = [first!, other].map(({ at }) => `${label(at)} of shape [${at.value.dims.join(', ')}]`)
      throw node.error('MODEL_SHAPE', `inputs ${shapes.join(' and ')} should have the same number of axes`)
    }
    for (let offset = 0; offset < first!.count; offset++) {
      const dimAt = (place: (typeof list)[number]): Dim => place.at.value.dims[place.axis + offset] ?? -1
      const known = list.find((place) => typeof dimAt(place) === 'number') ?? first!
      for (const place of list) {
        if (place === known) continue
        yield {
          input: place.at.index,
          axis: place.axis + offset,
          expected: dimAt(known),
          as: [known.at.index, known.axis + offset],
        }
      }
    }
  }
}

function* broadcastAgreements(node: Node, given: readonly Given[]): Generator<Agreement> {
  const parts = given.flatMap((at) =>
    axesOf(at)
      .filter(({ axis }) => axis.kind === 'broadcast')
      .map(({ from, count }) => ({ at, from, dims: at.value.dims.slice(from, from + count) })),
  )
  if (parts.length < 2) return
  yield* broadcastTo(
    node,
    broadcastShapes(
      node,
      parts.map(({ dims }) => dims),
    ),
    parts.map(({ at, from, dims }) => ({ input: at.index, from, dims })),
  )
}

/**
 * Agreements of operands (axes from `from` on) with the shape that they are broadcast to.
 *
 * @throws CompileError `MODEL_SHAPE` where an operand has more axes than that
 */
export function* broadcastTo(
  node: Node,
  shape: readonly Dim[],
  operands: readonly { readonly input: number; readonly from: number; readonly dims: readonly Dim[] }[],
): Generator<Agreement> {
  for (const { input, from, dims } of operands) {
    if (dims.length > shape.length) {
      const [own, other] = [dims, shape].map((list) => `[${list.join(', ')}]`)
      throw node.error('MODEL_SHAPE', `input ${input} of shape ${own} can't be broadcast to ${other}`)
    }
    for (const [axis, dim] of dims.entries()) {
      const expected = shape[shape.length - dims.length + axis]!
      if (dim !== 1)
        yield { input, axis: from + axis, expected, orOne: true, as: 'the other inputs are, to be broadcast with them' }
    }
  }
}

/** The agreement as it is checked when the model runs; none where it is known to hold. */
function demandOf(node: Node, rules: Rules, agreement: Agreement): Demand[] {
  const { input, expected, orOne = false, as } = agreement
  const value = node.input(input)
  const labelOf = (index: number): string =>
    label({ rule: rules.inputs[index] ?? rules.inputs.at(-1)!, value: node.input(index), index })
  const axis = agreement.axis < 0 ? agreement.axis + value.rank : agreement.axis
  const given = value.dims[axis]
  if (given === undefined) {
    const problem = `input ${labelOf(input)} has shape [${value.dims.join(', ')}] and no axis ${axis}`
    throw node.error('MODEL_SHAPE', problem)
  }
  if (dimEquals(given, expected) || (orOne && given === 1)) return []
  const reason =
    typeof as === 'string'
      ? as
      : `axis ${as[1] < 0 ? as[1] + node.input(as[0]).rank : as[1]} of input ${labelOf(as[0])} says`
  const sentence = `axis ${axis} of input ${labelOf(input)} should be${orOne ? ' 1 or' : ''} as ${reason}`
  const difference = subtract(given, expected)
  if (typeof difference === 'number' && (!orOne || typeof given === 'number'))
    throw node.error('MODEL_SHAPE', `${sentence}: expected ${expected}, given ${given}`)
  return [{ operator: node.operator, input, axis, given, expected, orOne, sentence }]
}

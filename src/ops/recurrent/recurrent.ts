import { add, type Dim, multiply, product } from '../../graph/dim.ts'
import type { Node, Value, ValueInfo } from '../../graph/graph.ts'
import { type Agreement, type Rules, sameSize, takes } from '../../graph/rules.ts'
import { gemmScratchBytes, packedGemmLength, recurrentScratchBytes } from '../../lowering/kernel-shape.ts'
import { literal } from '../../lowering/c-text.ts'
import { choiceOf } from '../../graph/choice.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { widenNarrowFloats } from '../../lowering/widen.ts'

/** What differs between LSTM, GRU and RNN. */
interface Cell {
  readonly name: string
  readonly kernel: string
  readonly gates: 4 | 3 | 1
  readonly activations: readonly string[]
  /** Position of each optional input among the operator's inputs; X, W, R, B are 0 … 3 in all. */
  readonly inputs: Readonly<Record<string, number>>
  readonly outputs: readonly string[]
}

const cells: readonly Cell[] = [
  {
    name: 'LSTM',
    kernel: 'om_lstm_f32',
    gates: 4,
    activations: ['Sigmoid', 'Tanh', 'Tanh'],
    inputs: { sequence_lens: 4, initial_h: 5, initial_c: 6, peephole: 7 },
    outputs: ['y', 'y_h', 'y_c'],
  },
  {
    name: 'GRU',
    kernel: 'om_gru_f32',
    gates: 3,
    activations: ['Sigmoid', 'Tanh'],
    inputs: { sequence_lens: 4, initial_h: 5 },
    outputs: ['y', 'y_h'],
  },
  {
    name: 'RNN',
    kernel: 'om_rnn_f32',
    gates: 1,
    activations: ['Tanh'],
    inputs: { sequence_lens: 4, initial_h: 5 },
    outputs: ['y', 'y_h'],
  },
]

/** Activation names of the ONNX recurrent operators, with the defaults of those parameters that they have (ONNX LSTM-22). */
const gateActivations: Readonly<Record<string, readonly [kind: string, alpha?: number, beta?: number]>> = {
  relu: ['OM_ACT_RELU'],
  tanh: ['OM_ACT_TANH'],
  sigmoid: ['OM_ACT_SIGMOID'],
  affine: ['OM_ACT_AFFINE', 1, 0],
  leakyrelu: ['OM_ACT_LEAKY_RELU', 0.01],
  thresholdedrelu: ['OM_ACT_THRESHOLDED_RELU', 1],
  scaledtanh: ['OM_ACT_SCALED_TANH', 1, 1],
  hardsigmoid: ['OM_ACT_HARD_SIGMOID', 0.2, 0.5],
  elu: ['OM_ACT_ELU', 1],
  softsign: ['OM_ACT_SOFTSIGN'],
  softplus: ['OM_ACT_SOFTPLUS'],
}

const directions: Readonly<Record<string, string>> = {
  forward: 'OM_FORWARD',
  reverse: 'OM_REVERSE',
  bidirectional: 'OM_BIDIRECTIONAL',
}

interface Sizes {
  readonly steps: Dim
  readonly batch: Dim
  readonly input: Dim
  readonly hidden: number
  readonly directions: number
  /** Of the C enumeration `om_direction`. */
  readonly direction: string
  readonly batchFirst: boolean
}

function sizesOf(node: Node): Sizes {
  const [x, r] = [node.input(0), node.input(2)]
  const direction = choiceOf(node, 'direction', 'forward', directions)
  const hidden = node.int('hidden_size') ?? r.dims[2]!
  if (typeof hidden !== 'number') throw node.error('UNSUPPORTED_DYNAMIC', 'hidden_size must be known at compile time')
  const batchFirst = node.int('layout', 0) === 1
  const [steps, batch] = batchFirst ? [x.dims[1]!, x.dims[0]!] : [x.dims[0]!, x.dims[1]!]
  return {
    steps,
    batch,
    input: x.dims[2]!,
    hidden,
    directions: direction === 'OM_BIDIRECTIONAL' ? 2 : 1,
    direction,
    batchFirst,
  }
}

/**
 * X, W, R and B, lengths and states as one shape says (ONNX LSTM-22, GRU-22, RNN-22): W [directions, gates · hidden,
 * input], R [directions, gates · hidden, hidden], B [directions, 2 · gates · hidden], P [directions, 3 · hidden].
 */
function agree(node: Node, { gates }: Cell): Agreement[] {
  const { directions, hidden, batchFirst } = sizesOf(node)
  const batch = batchFirst ? 0 : 1
  const ways = (input: number, axis = 0): Agreement => {
    return { input, axis, expected: directions, as: directions === 1 ? 'one direction needs' : 'two directions need' }
  }
  const units = (input: number, axis: number, factor: number): Agreement => {
    const as = factor === 1 ? `hidden_size ${hidden} says` : `${factor} times hidden_size ${hidden} says`
    return { input, axis, expected: factor * hidden, as }
  }
  const given = (input: number, agreements: readonly Agreement[]): readonly Agreement[] =>
    node.inputs[input] ? agreements : []
  return [
    ways(1),
    units(1, 1, gates),
    sameSize(node, [1, 2], [0, 2]),
    ways(2),
    units(2, 1, gates),
    units(2, 2, 1),
    ...given(3, [ways(3), units(3, 1, 2 * gates)]),
    ...(node.inputs[4] ? [sameSize(node, [4, 0], [0, batch])] : []),
    ...[5, 6].flatMap((state) =>
      node.inputs[state]
        ? [ways(state, 1 - batch), sameSize(node, [state, batch], [0, batch]), units(state, 2, 1)]
        : [],
    ),
    ...given(7, [ways(7), units(7, 1, 3)]),
  ]
}

function rules(cell: Cell): Rules {
  const state = 'T[_, _, _]'
  const more = cell.gates === 4 ? ` initial_c?:${state} P?:T[_, _]` : ''
  const text = `X:${state} W:${state} R:${state} B?:T[_, _] sequence_lens?:int32[_] initial_h?:${state}${more}`
  return takes(text, { T: 'float' }, (node) => agree(node, cell))
}

function infer(node: Node, cell: Cell): ValueInfo[] {
  const { steps, batch, hidden, directions, batchFirst } = sizesOf(node)
  const { type } = node.input(0)
  const state = batchFirst ? [batch, directions, hidden] : [directions, batch, hidden]
  const y = batchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden]
  return cell.outputs.map((output) => ({ type, shape: output === 'y' ? y : state }))
}

/** Initialisers of `om_gate_activation`: the forward direction's, then the other's. */
function activationList(node: Node, cell: Cell, directions: number): string {
  const usual = Array<readonly string[]>(directions).fill(cell.activations).flat()
  const names = node.strings('activations') ?? usual
  if (names.length !== usual.length)
    throw node.error('MODEL_ATTRIBUTE', `activations has ${names.length} entries, but there are ${usual.length} gates`)
  const [alphas, betas] = [[...(node.floats('activation_alpha') ?? [])], [...(node.floats('activation_beta') ?? [])]]
  // The lists hold values for those activations only that take one: Sigmoid leaves the first alpha to a LeakyRelu behind it.
  const next = (list: number[], otherwise: number | undefined): string =>
    literal('float32', otherwise === undefined ? 0 : (list.shift() ?? otherwise))
  const items = names.map((name) => {
    const key = name.toLowerCase()
    const activation = Object.hasOwn(gateActivations, key) ? gateActivations[key] : undefined
    if (!activation) throw node.error('UNSUPPORTED_ACTIVATION', `activation ${JSON.stringify(name)} is not known`)
    const [kind, alpha, beta] = activation
    return `{${kind}, ${next(alphas, alpha)}, ${next(betas, beta)}}`
  })
  return `{${items.join(', ')}}`
}

function lower(node: Node, cell: Cell, k: KernelWriter): void {
  const sizes = sizesOf(node)
  const { hidden, input, directions } = sizes
  if (node.input(0).type !== 'float32') {
    throw node.error('UNSUPPORTED_TYPE', `${cell.name} of ${node.input(0).type} is not supported`)
  }
  k.include(`${cell.name.toLowerCase()}.h`)
  const weights = packedWeights(node, cell, { directions, input, hidden }, k)
  const fields = [
    `.x = ${k.input(0)}`,
    `.w = ${weights.w}`,
    `.r = ${weights.r}`,
    ...(node.inputs[3] ? [`.bias = ${k.input(3)}`] : []),
    ...Object.entries(cell.inputs).flatMap(([field, i]) => (node.inputs[i] ? [`.${field} = ${k.input(i)}`] : [])),
    ...cell.outputs.flatMap((field, i) => (node.outputs[i] ? [`.${field} = ${k.output(i)}`] : [])),
  ]
  const lengths = node.inputs[4]
  if (lengths) {
    const limit = `${k.input(4)}[i] < 0 || ${k.input(4)}[i] > ${k.dim(sizes.steps)}`
    k.line(
      `bool out_of_range = false;\nfor (int64_t i = 0; i < ${k.count(lengths.dims)}; i++) out_of_range |= ${limit};`,
    )
    k.failIf('out_of_range', 'sequence_lens has an entry beyond the number of steps')
  }
  const shape = [
    `.steps = ${k.dim(sizes.steps)}`,
    `.batch = ${k.dim(sizes.batch)}`,
    `.input = ${k.dim(input)}`,
    `.hidden = ${hidden}`,
    `.direction = ${sizes.direction}`,
    `.batch_first = ${sizes.batchFirst}`,
    ...(cell.gates === 4 ? [`.input_forget = ${Boolean(node.int('input_forget', 0))}`] : []),
    ...(cell.gates === 3 ? [`.linear_before_reset = ${Boolean(node.int('linear_before_reset', 0))}`] : []),
    `.clip = ${literal('float32', node.float('clip', 0))}`,
    `.activations = ${activationList(node, cell, directions)}`,
  ]
  const isShared = weights.isFixed && k.share(multiplications(node, cell), gemmScratchBytes(k.shape))
  const rooms = isShared && directions === 2 ? 2 : 1
  if (rooms === 2) shape.push('.at_once = true')
  const scratch = k.scratch(scratchOf(cell, sizes, rooms, k), 'void')
  k.line(`const om_recurrent_io io = {${fields.join(', ')}};`)
  k.line(`const om_recurrent_shape shape = {${shape.join(', ')}};`)
  k.line(`${cell.kernel}(io, shape, ${scratch});`)
}

/** C expressions of the packed weights: packed here where they are constants, else before each run. */
function packedWeights(
  node: Node,
  { gates }: Cell,
  sizes: { directions: number; input: Dim; hidden: number },
  k: KernelWriter,
): { w: string; r: string; isFixed: boolean } {
  const { directions, input, hidden } = sizes
  const rows = gates * hidden
  // GRU's R is two matrices: z and r, then h.
  const parts = gates === 3 ? [2 * hidden, hidden] : [rows]
  const [w, r] = [node.input(1), node.input(2)]
  if (k.isFixed(w) && k.isFixed(r)) {
    const packed = (weights: Value, depth: number, blocks: readonly number[]): string => {
      const columns = Array<readonly number[]>(directions).fill(blocks).flat()
      return k.packed(weights, { layout: 'matrices', depth, columns, transposed: true })
    }
    if (typeof input === 'number') return { w: packed(w, input, [rows]), r: packed(r, hidden, parts), isFixed: true }
  }
  const pack = (source: string, depth: Dim, blocks: readonly number[]): string => {
    const columns = Array<readonly number[]>(directions).fill(blocks).flat()
    const padded = columns.map((n) => packedGemmLength(1, n, k.shape))
    const room = k.scratch(multiply(4 * padded.reduce((sum, n) => sum + n, 0), depth), 'float')
    let [from, to] = [0, 0]
    columns.forEach((n, i) => {
      const [source0, room0] = [multiply(from, depth), multiply(to, depth)].map((offset) => k.dim(offset))
      k.line(`om_gemm_pack_f32(${source} + ${source0}, 1, ${k.dim(depth)}, ${k.dim(depth)}, ${n}, ${room} + ${room0});`)
      from += n
      to += padded[i]!
    })
    return room
  }
  return { w: pack(k.input(1), input, [rows]), r: pack(k.input(2), hidden, parts), isFixed: false }
}

/** `recurrentScratchBytes` is affine in steps · batch, in batch, and constant otherwise; symbols are put in term by term. */
function scratchOf({ gates }: Cell, { steps, batch, hidden }: Sizes, rooms: 1 | 2, k: KernelWriter): Dim {
  const at = (s: number, b: number): number =>
    recurrentScratchBytes({ gates, steps: s, batch: b, hidden, rooms }, k.shape)
  if (typeof steps === 'number' && typeof batch === 'number') return at(steps, batch)
  const [constant, perBatch] = [at(0, 0), at(0, 1) - at(0, 0)]
  const perStep = at(1, 1) - at(0, 1)
  return [multiply(perBatch, batch), multiply(perStep, multiply(steps, batch))].reduce(
    (sum, term) => add(sum, term),
    constant as Dim,
  )
}

/** One per weight, step and batch entry. */
function multiplications(node: Node, cell: Cell): Dim {
  const { steps, batch, input, hidden, directions } = sizesOf(node)
  const perStep = multiply(cell.gates * directions * hidden, add(input, hidden))
  return product([perStep, steps, batch])
}

/** Two operations per multiplication. */
function flops(node: Node, cell: Cell): Dim {
  return multiply(2, multiplications(node, cell))
}

function recurrentOperator(cell: Cell): LoweredOperator {
  return {
    name: cell.name,
    rules: rules(cell),
    infer: (node) => infer(node, cell),
    decompose: widenNarrowFloats,
    lower: (node, k) => lower(node, cell, k),
    flops: (node) => flops(node, cell),
  }
}

export const recurrent: readonly LoweredOperator[] = cells.map(recurrentOperator)

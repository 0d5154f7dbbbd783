import { createHash } from 'node:crypto'
import { memoryBytes, packedBytes } from '../../onnx/element-type.ts'
import type { Tensor } from '../../onnx/model.ts'
import { elementsOf } from '../../onnx/tensor.ts'
import { GraphBuilder } from '../builder.ts'
import { allNodes, type Graph, type Identities, type Node, type Value } from '../graph.ts'
import type { OperatorRegistry } from '../operator.ts'
import { byteForm, halfForm, type WeightError, type WeightForm } from './weight-forms.ts'

/** What float32 weights may be stored as. */
export type SmallType = 'f16' | 'int8'

/** What became of the weights of a model. */
export interface SmallWeights {
  readonly type: SmallType
  readonly stored: readonly StoredWeights[]
  /** Those that stay float32 although they are large enough, and why. */
  readonly kept: readonly { readonly name: string; readonly reason: string }[]
  /** How many are made from as few bytes already. */
  readonly already: number
}

export interface StoredWeights {
  readonly name: string
  readonly as: 'float16' | 'int8'
  /** As float32, and as they are stored. */
  readonly bytes: number
  readonly storedBytes: number
  readonly error: WeightError
}

/** Smaller constants stay: norms, shapes, scales, tables. */
const LEAST_BYTES = 1024
/** So do vectors, which are biases and norms, unless they are larger than any of those. */
const LEAST_VECTOR_BYTES = 65_536
/** The small form must take fewer bytes than what is stored without it by this factor. */
const WORTHWHILE = 0.8
/** `WeightError.mean` beyond which weights are stored in the next larger form: where a few outliers take up all codes. */
const MOST_ERROR = { float16: 0.01, int8: 0.05 }

/**
 * Stores weights in fewer bytes.
 *
 * Pattern: a float32 constant of at least 1 kB and two axes that nodes read, at any depth.
 * Condition: it is no output of a graph, it is not made from as few bytes already, and the small form is near enough.
 * Replacement: `om.WidenWeights` of float16, or of int8 with a scale per output channel where all that read it sum products
 * along known axes. Nodes of constants fold, so that lowerings see the weights as they will be; what is stored is
 * what they folded from, which becomes float32 and is packed once, when the model is loaded (src/builtin/loading.ts).
 *
 * To be run behind all other rewrites: what they fold into weights is stored with them.
 */
export function storeSmall(
  graph: Graph,
  type: SmallType,
  registry: OperatorRegistry,
  identities: Identities,
): SmallWeights {
  const builder = new GraphBuilder(graph, registry, identities)
  const [stored, kept]: [StoredWeights[], SmallWeights['kept'][number][]] = [[], []]
  const { families, already } = familiesOf(graph, type)
  for (const family of families) {
    const name = nameOf(family)
    const form = formOf(family, type)
    if (typeof form === 'string') {
      kept.push({ name, reason: form })
      continue
    }
    const as = form.scale ? 'int8' : 'float16'
    stored.push({ name, as, bytes: bytesOf(family.tensor), storedBytes: form.bytes, error: form.error })
    replace(family, form, builder)
  }
  return { type, stored, kept, already }
}

/** Where weights are read. */
interface Reader {
  readonly node: Node
  readonly input: number
  readonly value: Value
  /** Where what is read is the transpose of the weights. */
  readonly perm?: readonly number[]
}

/** Equal weights, and those that are their transposes: stored once, in one form. */
interface Family {
  readonly tensor: Tensor
  readonly readers: Reader[]
  readonly isOutput: boolean
}

function familiesOf(graph: Graph, type: SmallType): { families: Iterable<Family>; already: number } {
  const contents = new Contents()
  const outputs = new Set([...outputsOf(graph)].map((value) => contents.key(value.constant)))
  const families = new Map<string, Family>()
  const join = (tensor: Tensor, reader: Reader): void => {
    const key = contents.key(tensor)!
    const family = families.get(key) ?? { tensor, readers: [], isOutput: outputs.has(key) }
    families.set(key, family)
    family.readers.push(reader)
  }
  const [turned, small] = [new Map<Reader, Turn>(), new Set<Value>()]
  const costs = new Map<Value, number>()
  for (const node of allNodes(graph))
    for (const [input, value] of node.inputs.entries()) {
      if (!value?.constant || !isWeights(value.constant)) continue
      const least = elementsOf(value.constant.dims) * (type === 'int8' ? 1 : 2)
      const turn = turnOf(value)
      if (least >= WORTHWHILE * storedBytes(value, costs)) small.add(value)
      else if (turn) turned.set({ node, input, value }, turn)
      else join(value.constant, { node, input, value })
    }
  for (const [reader, { root, perm }] of turned) {
    if (families.has(contents.key(root)!)) join(root, { ...reader, perm })
    else join(reader.value.constant!, reader)
  }
  return { families: families.values(), already: small.size }
}

function* outputsOf(graph: Graph): Generator<Value> {
  yield* graph.outputs
  for (const node of allNodes(graph)) for (const inner of node.graphs.values()) yield* inner.outputs
}

function isWeights(tensor: Tensor): boolean {
  if (tensor.type !== 'float32') return false
  const isVector = tensor.dims.filter((dim) => dim !== 1).length < 2
  return bytesOf(tensor) >= (isVector ? LEAST_VECTOR_BYTES : LEAST_BYTES)
}

function bytesOf({ type, dims }: Tensor): number {
  return elementsOf(dims) * memoryBytes(type)
}

/** Bytes that are stored of a constant: its own, or of what it is folded from. `known` keeps what was found. */
function storedBytes(value: Value, known: Map<Value, number>): number {
  let bytes = known.get(value)
  if (bytes === undefined) {
    const { type, dims } = value.constant!
    const own = type === 'string' ? Infinity : packedBytes(type, elementsOf(dims))
    const inputs = value.recipe?.node.inputs ?? []
    const others = inputs.reduce((sum, input) => sum + (input ? storedBytes(input, known) : 0), 0)
    bytes = inputs.length > 0 ? Math.min(own, others) : own
    known.set(value, bytes)
  }
  return bytes
}

/** What a constant is the transpose of, where it is one. */
interface Turn {
  readonly root: Tensor
  readonly perm: readonly number[]
}

function turnOf({ recipe, rank }: Value): Turn | undefined {
  if (recipe?.node.op !== 'Transpose' || recipe.node.domain !== '') return undefined
  const perm = recipe.node.ints('perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i)
  return { root: recipe.node.input(0).constant!, perm }
}

/** Tensors told apart by what they hold. */
class Contents {
  private readonly keys = new Map<Tensor, string>()

  key(tensor: Tensor | undefined): string | undefined {
    if (!tensor || !isWeights(tensor)) return undefined
    let key = this.keys.get(tensor)
    if (key === undefined) {
      key = `${tensor.dims.join()} ${createHash('sha256').update(tensor.data).digest('hex')}`
      this.keys.set(tensor, key)
    }
    return key
  }
}

function nameOf({ readers }: Family): string {
  const named = readers.map(({ value }) => nameOfConstant(value)).find((name) => name !== '')
  return named ?? `input ${readers[0]!.input} of node ${readers[0]!.node.name}`
}

/** The name of a constant, or of the largest one that it was folded from. */
function nameOfConstant({ name, recipe }: Value): string {
  if (name !== '' || !recipe) return name
  const inputs = recipe.node.inputs.filter((input) => input?.constant !== undefined) as Value[]
  const sizes = inputs.map(({ constant }) => bytesOf(constant!))
  const largest = inputs[sizes.indexOf(Math.max(...sizes))]
  return largest ? nameOfConstant(largest) : ''
}

/** The form that weights are stored in, or why they stay. */
function formOf({ tensor, readers, isOutput }: Family, type: SmallType): WeightForm | string {
  if (isOutput) return 'it is an output, too'
  if (!isFinite(tensor)) return 'it has elements that are no finite numbers'
  const half = halfForm(tensor)
  if (type === 'int8') {
    const forms = sharedAxes(readers).map((shared) => byteForm(tensor, shared))
    const best = forms.sort((a, b) => a.error.mean - b.error.mean)[0]
    if (best && best.error.mean <= MOST_ERROR.int8 && best.bytes < half.bytes) return best
  }
  if (half.error.largest === Infinity) return 'it has elements beyond 65504, the largest number of float16'
  if (half.error.mean > MOST_ERROR.float16) return 'its elements are too small for float16'
  return half
}

/** The axes that products sum along, each choice once; none where something else reads the weights, too. */
function sharedAxes(readers: readonly Reader[]): readonly (readonly number[])[] {
  const choices = new Map<string, readonly number[]>()
  for (const { node, input, value, perm } of readers) {
    const axes = summedAxes(node, input, value.rank)
    if (!axes) return []
    const own = axes.map((axis) => perm?.[axis] ?? axis).sort((a, b) => a - b)
    choices.set(own.join(), own)
  }
  return [...choices.values()]
}

/** The axes of an operand that a node sums products along: elements that differ along others go into different results. */
function summedAxes(node: Node, input: number, rank: number): readonly number[] | undefined {
  const axes = Array.from({ length: rank }, (_, axis) => axis)
  const allBut = (...kept: readonly number[]): number[] => axes.filter((axis) => !kept.includes(axis))
  const columns = (attribute: 'transA' | 'transB', usual: number): number[] | undefined =>
    rank < 2 ? undefined : [rank - (node.int(attribute, 0) ? 3 - usual : usual)]
  switch (`${node.operator}#${input}`) {
    case 'Conv#1':
    case 'om.Conv2d#1':
    case 'DeformConv#1':
      return allBut(0)
    case 'MatMul#0':
    case 'Gemm#0':
    case 'om.TransposedMatMul#0':
      return columns('transA', 1)
    case 'MatMul#1':
    case 'Gemm#1':
    case 'om.TransposedMatMul#1':
      return columns('transB', 2)
    case 'LSTM#1':
    case 'LSTM#2':
    case 'GRU#1':
    case 'GRU#2':
    case 'RNN#1':
    case 'RNN#2':
      return allBut(0, 1)
    case 'Gather#0': {
      // An embedding: what is looked up has a scale of its own.
      const axis = node.int('axis', 0)
      return allBut(axis < 0 ? axis + rank : axis)
    }
    default:
      return undefined
  }
}

function isFinite({ data }: Tensor): boolean {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  for (let i = 0; i < data.byteLength; i += 4) if ((view.getUint32(i, true) & 0x7f800000) === 0x7f800000) return false
  return true
}

function replace({ readers }: Family, { codes, scale }: WeightForm, builder: GraphBuilder): void {
  const inputs = [codes, ...(scale ? [scale] : [])].map((tensor) => builder.constant(tensor))
  const whole = builder.op('WidenWeights', inputs, {}, 'om')
  const values = new Map<string, Value>()
  for (const { node, input, perm } of readers) {
    const key = perm?.join() ?? ''
    const value = values.get(key) ?? (perm ? builder.op('Transpose', [whole], { perm }) : whole)
    values.set(key, value)
    node.inputs[input] = value
  }
  for (const value of values.values()) value.recipe = { ...value.recipe!, isStored: true }
}

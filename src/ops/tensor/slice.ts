import {
  add,
  ceilDivide,
  depthOf,
  type Dim,
  dimEquals,
  isAtLeast,
  isStatic,
  LARGEST,
  maximum,
  minimum,
  saturatedOf,
  subtract,
} from '../../graph/dim.ts'
import type { Node, ValueInfo } from '../../graph/graph.ts'
import { takes } from '../../graph/rules.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { MOST_PICKED, offsetOf, pickElements, positionsOf, stridesOf } from '../../lowering/pick.ts'
import { elementsOf } from '../../onnx/tensor.ts'
import { normalizeAxis } from '../../graph/shape-contents.ts'
import { shareElements } from '../../lowering/sharing.ts'
import { copyBox, lying } from '../../lowering/strided.ts'

/** What is taken of one axis; a size of `undefined` is known only when the model runs. */
interface Taken {
  readonly start: Dim
  readonly step: number
  readonly size: Dim | undefined
}

type Listed = 'starts' | 'ends' | 'axes' | 'steps'

/** One of the operator's lists: attributes until version 9, inputs since 10. `undefined`: not given. */
function listed(node: Node, attribute: Listed, input: number): readonly Dim[] | 'runtime' | undefined {
  const given = node.inputs[input]
  if (!given) return node.ints(attribute)
  return given.contents ?? 'runtime'
}

/** What is taken of every axis, whole axes included; `undefined` where not even the sliced axes are known. */
export function takenAxes(node: Node): readonly Taken[] | undefined {
  const { dims, rank } = node.input(0)
  const starts = listed(node, 'starts', 1)
  const ends = listed(node, 'ends', 2)
  const steps = listed(node, 'steps', 4) ?? []
  const count = countOf(node) ?? rank
  if (count > rank) throw node.error('MODEL_SHAPE', `it slices ${count} axes of ${rank}`)
  const given = listed(node, 'axes', 3) ?? Array.from({ length: count }, (_, axis) => axis)
  if (starts === undefined || ends === undefined)
    throw node.error('MODEL_MISSING_INPUT', 'starts and ends are required')
  if ([starts, ends, given].some((list) => list !== 'runtime' && list.length !== count))
    throw node.error('MODEL_ATTRIBUTE', 'starts, ends and axes are not of one length')
  const numbers = given === 'runtime' ? [undefined] : given.map(saturatedOf)
  if (!numbers.every((axis) => axis !== undefined)) return undefined
  const axes = numbers.map((axis) => normalizeAxis(node, axis, rank))
  if (new Set(axes).size < axes.length)
    throw node.error('MODEL_AXIS', `axes [${numbers.join(', ')}] name an axis twice`)
  return dims.map((dim, axis) => {
    const i = axes.indexOf(axis)
    if (i < 0) return { start: 0, step: 1, size: dim }
    const step = steps === 'runtime' ? undefined : saturatedOf(steps[i] ?? 1)
    if (step === 0) throw node.error('MODEL_ATTRIBUTE', `the step of axis ${axis} is 0`)
    if (starts === 'runtime' || ends === 'runtime' || step === undefined) return { start: 0, step: 1, size: undefined }
    const taken = takenOf(dim, starts[i] ?? 0, ends[i] ?? dim, step)
    // Where only one element is taken there is no step, and none to multiply with a stride.
    return Math.abs(step) < LARGEST ? taken : { ...taken, step: 1 }
  })
}

/** The number of sliced axes: all lists have an entry for each, and one of them may tell. */
function countOf(node: Node): number | undefined {
  if (node.version < 10) return node.ints('starts')?.length
  const lengths = node.inputs.slice(1).flatMap((list) => (list ? [list.contents?.length ?? list.dims[0]] : []))
  return lengths.find((length) => typeof length === 'number')
}

/** The size of a slice of a slice of a slice is a formula in a formula: one of many is left to the run. */
const DEEPEST_FORMULA = 64

/** Start and count on one axis (ONNX Slice-13: bounds are clamped, negative ones count from the end). */
function takenOf(dim: Dim, start: Dim, end: Dim, step: number): Taken {
  const taken = clamped(dim, start, end, step)
  const isDeep = taken.size !== undefined && depthOf(taken.size) > DEEPEST_FORMULA
  return isDeep ? { start: 0, step: 1, size: undefined } : taken
}

function clamped(size: Dim, start: Dim, end: Dim, step: number): Taken {
  const [from, to] = [fromFront(start, size), fromFront(end, size)]
  if (from === undefined || to === undefined) return { start: 0, step: 1, size: undefined }
  const clamp = (value: Dim, low: number, high: Dim): Dim => maximum(minimum(value, high), low)
  const stride = Math.min(Math.abs(step), LARGEST)
  if (step > 0) {
    const [first, last] = [clamp(from, 0, size), clamp(to, 0, size)]
    return { start: first, step, size: maximum(ceilDivide(subtract(last, first), stride), 0) }
  }
  const top = subtract(size, 1)
  const isFlip = isAtLeast(from, top)
  const [first, last] = [isFlip ? top : clamp(from, 0, top), clamp(to, -1, top)]
  const count = maximum(ceilDivide(subtract(first, last), stride), 0)
  // Of an axis without elements none is the first, and none is taken.
  return { start: maximum(first, 0), step, size: isFlip ? count : minimum(count, size) }
}

/** A bound counted from the front; `undefined` where its sign is not known. */
function fromFront(bound: Dim, size: Dim): Dim | undefined {
  if (isAtLeast(bound, 0)) return bound
  return isAtLeast(-1, bound) ? add(bound, size) : undefined
}

function isWhole(taken: Taken, dim: Dim): boolean {
  return taken.start === 0 && taken.step === 1 && taken.size !== undefined && dimEquals(taken.size, dim)
}

/** Steps beyond have no use, and each would be tried. */
const LONGEST_STRIDE = 8

/**
 * Where a Slice takes, of each axis, every `step`-th element from one of the first `step` on to the end.
 * @returns `undefined` where it takes something else of an axis, or only the run knows
 */
export function stridedAxes(node: Node): readonly { readonly first: number; readonly step: number }[] | undefined {
  const { dims } = node.input(0)
  const axes = takenAxes(node)?.map(({ start, step, size }, axis) => {
    const dim = dims[axis]!
    const isToEnd =
      size !== undefined && step > 0 && dimEquals(size, maximum(ceilDivide(subtract(dim, start), step), 0))
    const steps = isToEnd && step <= LONGEST_STRIDE ? step : 0
    const first = Array.from({ length: steps }, (_, i) => i).find((i) => dimEquals(start, minimum(i, dim)))
    return first === undefined ? undefined : { first, step }
  })
  return axes?.every((axis) => axis !== undefined) ? axes : undefined
}

/** Writes C arrays of what is taken per axis, from the operator's inputs. */
function writeRanges(node: Node, k: KernelWriter): void {
  const { dims, rank } = node.input(0)
  const values = (name: Listed, input: number, otherwise: string): string => {
    const given = node.inputs[input]
    if (given && !given.contents) return `${k.input(input)}[i]`
    const known = given?.contents ?? node.ints(name)
    if (!known) return otherwise
    k.line(`const int64_t ${name}[] = {${known.map((dim) => k.dim(dim)).join(', ') || '0'}};`)
    return `${name}[i]`
  }
  k.include('movement.h')
  const [starts, ends, axes, steps] = [
    values('starts', 1, '0'),
    values('ends', 2, '0'),
    values('axes', 3, 'i'),
    values('steps', 4, '1'),
  ]
  k.line(`const int64_t dims[] = {${dims.map((dim) => k.dim(dim)).join(', ')}};`)
  k.line(`int64_t first[${rank}] = {0}, count[${rank}], step[${rank}];`)
  k.line(`bool named[${rank}] = {0};`)
  k.line(`for (int i = 0; i < ${rank}; i++) count[i] = dims[i], step[i] = 1;`)
  k.line(`for (int64_t i = 0; i < ${countOf(node) ?? k.dim(node.input(1).dims[0]!)}; i++) {`)
  k.line(`  const int64_t axis = ${axes} < 0 ? ${axes} + ${rank} : ${axes};`)
  k.failIf(`axis < 0 || axis >= ${rank} || named[axis]`, 'an axis is out of range or named twice')
  k.failIf(`${steps} == 0`, 'a step is 0')
  k.line('  named[axis] = true;')
  k.line(`  count[axis] = om_slice_axis(dims[axis], ${starts}, ${ends}, ${steps}, &first[axis]);`)
  k.line(`  step[axis] = count[axis] < 2 ? 1 : ${steps};`)
  k.line('}')
  k.line('(void)first, (void)count, (void)step;')
}

/** One entry in each list for every axis that is sliced. */
const bounds = 'starts:Tind[n] ends:Tind[n] axes?:Tind[n] steps?:Tind[n]'

/** ONNX Slice-1 … 13. */
export const Slice: LoweredOperator = {
  name: 'Slice',
  rules: (node) => takes(`data:T[_, ...]${node.version < 10 ? '' : ` ${bounds}`}`, { T: 'any', Tind: 'index' }),
  sizedBy: [1, 2, 3, 4],
  infer(node, context): ValueInfo[] {
    const { contents, dims, rank, type } = node.input(0)
    const axes: readonly Partial<Taken>[] = takenAxes(node) ?? dims.map(() => ({}))
    const [only] = axes
    const known = contents && rank === 1 && typeof only?.size === 'number' && typeof only.start === 'number'
    const picked = known
      ? Array.from({ length: Number(only.size) }, (_, i) => contents[Number(only.start) + i * only.step!]!)
      : undefined
    return [{ type, shape: axes.map(({ size }) => size ?? context.freshDim()), contents: picked }]
  },
  fold(node) {
    const tensor = node.input(0).constant!
    const axes = takenAxes(node)
    const dims = axes?.map(({ size }) => size ?? -1)
    if (!axes || !dims || !isStatic(dims) || elementsOf(dims) > MOST_PICKED) return undefined
    const strides = stridesOf(tensor.dims)
    const positions = positionsOf(dims, (index) =>
      offsetOf(
        index.map((i, axis) => Number(axes[axis]!.start) + i * axes[axis]!.step),
        strides,
      ),
    )
    return [pickElements([tensor], dims, positions)]
  },
  decompose: (node) =>
    takenAxes(node)?.every((taken, axis) => isWhole(taken, node.input(0).dims[axis]!)) ? [node.input(0)] : undefined,
  sizes(node, k) {
    const axes = takenAxes(node)
    if (axes?.every(({ size }) => size !== undefined)) return
    writeRanges(node, k)
    node.output().dims.forEach((dim, axis) => {
      if (axes?.[axis]?.size === undefined) k.line(`*${k.symbol(dim)} = count[${axis}];`)
    })
  },
  pixelsApart: () => [0],
  lower(node, k) {
    const axes = takenAxes(node)
    const known = axes?.every(({ size }) => size !== undefined) ? axes : undefined
    if (!known) writeRanges(node, k)
    const { strides } = lying(k, k.input(0), node.input(0))
    const start = (axis: number): string => (known ? k.dim(known[axis]!.start) : `first[${axis}]`)
    const step = (axis: number): string => (known ? k.dim(known[axis]!.step) : `step[${axis}]`)
    const from = {
      pointer: k.input(0),
      strides: strides.map((stride, axis) => `${step(axis)} * ${stride}`),
      offset: strides.map((stride, axis) => `${start(axis)} * ${stride}`).join(' + '),
    }
    shareElements(k, node.output().dims)
    copyBox(k, lying(k, k.output(), node.output()), from, node.output().dims)
  },
  flops: () => 0,
}

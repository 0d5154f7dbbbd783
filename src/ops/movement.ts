import { add, type Dim, dimEquals } from '../graph/dim.ts'
import type { Node, ValueInfo } from '../graph/graph.ts'
import type { LoweredOperator } from './lowering.ts'
import { intsOf, normalizeAxis } from './shape-contents.ts'

/** ONNX Concat-1 … 13. */
const Concat: LoweredOperator = {
  name: 'Concat',
  infer(node): ValueInfo[] {
    const inputs = node.inputs.map((_, i) => node.input(i))
    const [first] = inputs
    const axis = normalizeAxis(node, node.int('axis', 1), first!.rank)
    for (const input of inputs) {
      const differs = input.dims.some((dim, i) => i !== axis && typeof dim === 'number' && typeof first!.dims[i] === 'number' && dim !== first!.dims[i])
      if (input.rank !== first!.rank || differs) {
        throw node.error('MODEL_SHAPE', `inputs [${first!.dims.join(', ')}] and [${input.dims.join(', ')}] differ beside axis ${axis}`)
      }
    }
    const total = inputs.reduce<Dim>((sum, input) => add(sum, input.dims[axis]!), 0)
    const contents = first!.rank === 1 && inputs.every((input) => input.contents) ? inputs.flatMap((input) => input.contents!) : undefined
    return [{ type: first!.type, shape: first!.dims.map((dim, i) => (i === axis ? total : dim)), contents }]
  },
  decompose: (node) => (node.inputs.length === 1 ? [node.input(0)] : undefined),
  lower(node, k) {
    const { dims } = node.output()
    const axis = normalizeAxis(node, node.int('axis', 1), dims.length)
    const row = k.count(dims.slice(axis))
    k.line(`for (int64_t i = 0; i < ${k.count(dims.slice(0, axis))}; i++) {`)
    k.line(`  char *to = (char *)(${k.output()} + i * ${row});`)
    node.inputs.forEach((input, i) => {
      const count = k.count(input!.dims.slice(axis))
      k.line(`  memcpy(to, ${k.input(i)} + i * ${count}, (size_t)${count} * sizeof *${k.output()});`)
      k.line(`  to += ${count} * sizeof *${k.output()};`)
    })
    k.line('}')
  },
  flops: () => 0,
}

/** ONNX Gather-1 … 13: indices select along `axis`; negative ones count from the end. */
const Gather: LoweredOperator = {
  name: 'Gather',
  infer(node): ValueInfo[] {
    const [data, indices] = [node.input(0), node.input(1)]
    const axis = normalizeAxis(node, node.int('axis', 0), data.rank)
    const shape = [...data.dims.slice(0, axis), ...indices.dims, ...data.dims.slice(axis + 1)]
    return [{ type: data.type, shape, contents: gatherContents(data.contents, indices.contents, data.rank, shape.length) }]
  },
  lower(node, k) {
    const [data, indices] = [node.input(0), node.input(1)]
    const axis = normalizeAxis(node, node.int('axis', 0), data.rank)
    const extent = k.dim(data.dims[axis]!)
    const [outer, count, row] = [data.dims.slice(0, axis), indices.dims, data.dims.slice(axis + 1)].map((dims) => k.count(dims))
    k.line(`for (int64_t j = 0; j < ${count}; j++) {`)
    k.line(`  const int64_t index = ${k.input(1)}[j];`)
    k.failIf(`index < -${extent} || index >= ${extent}`, 'an index is out of range')
    k.line('}')
    k.line(`for (int64_t i = 0; i < ${outer}; i++)\n  for (int64_t j = 0; j < ${count}; j++) {`)
    k.line(`    const int64_t index = ${k.input(1)}[j] < 0 ? ${k.input(1)}[j] + ${extent} : ${k.input(1)}[j];`)
    k.line(`    memcpy(${k.output()} + (i * ${count} + j) * ${row}, ${k.input(0)} + (i * ${extent} + index) * ${row}, (size_t)${row} * sizeof *${k.output()});`)
    k.line('  }')
  },
  flops: () => 0,
}

function gatherContents(
  data: readonly Dim[] | undefined,
  indices: readonly Dim[] | undefined,
  dataRank: number,
  rank: number,
): readonly Dim[] | undefined {
  if (!data || !indices || dataRank !== 1 || rank > 1) return undefined
  const picked = indices.map((index) => (typeof index === 'number' ? data.at(index) : undefined))
  return picked.every((dim) => dim !== undefined) ? picked : undefined
}

interface Range {
  readonly start: number
  readonly step: number
  readonly count: number
}

/** Start, step and count on an axis of known size (ONNX Slice-13: bounds are clamped, negative ones count from the end). */
function sliceRange(size: number, start: number, end: number, step: number): Range {
  const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value < 0 ? value + size : value, low), high)
  const [from, to] = step > 0 ? [clamp(start, 0, size), clamp(end, 0, size)] : [clamp(start, 0, size - 1), clamp(end, -1, size - 1)]
  return { start: from, step, count: Math.max(0, Math.ceil((to - from) / step)) }
}

/** Per axis; whole axes have step 1, start 0 and may be symbolic. */
function slicedAxes(node: Node): readonly { start: number; step: number; size: Dim }[] {
  const { dims, rank } = node.input(0)
  const starts = intsOf(node, 'starts', 1) ?? []
  const ends = intsOf(node, 'ends', 2) ?? []
  const axes = (intsOf(node, 'axes', 3) ?? starts.map((_, i) => i)).map((axis) => normalizeAxis(node, axis, rank))
  const steps = intsOf(node, 'steps', 4) ?? starts.map(() => 1)
  return dims.map((dim, axis) => {
    const i = axes.indexOf(axis)
    if (i < 0) return { start: 0, step: 1, size: dim }
    if (steps[i] === 0) throw node.error('MODEL_ATTRIBUTE', `the step of axis ${axis} is 0`)
    if (typeof dim === 'number') {
      const { start, step, count } = sliceRange(dim, starts[i]!, ends[i]!, steps[i]!)
      return { start, step, size: count }
    }
    if (starts[i] === 0 && steps[i] === 1 && ends[i]! > Number.MAX_SAFE_INTEGER / 2) return { start: 0, step: 1, size: dim }
    throw node.error('UNSUPPORTED_DYNAMIC', `axis ${axis} of unknown size ${dim} can't be sliced yet`)
  })
}

const Slice: LoweredOperator = {
  name: 'Slice',
  infer(node): ValueInfo[] {
    const axes = slicedAxes(node)
    const { contents, rank, type } = node.input(0)
    const [only] = axes
    const picked = contents && rank === 1 && typeof only?.size === 'number' ? Array.from({ length: only.size }, (_, i) => contents[only.start + i * only.step]!) : undefined
    return [{ type, shape: axes.map(({ size }) => size), contents: picked }]
  },
  decompose: (node) => (slicedAxes(node).every(({ start, step, size }, axis) => start === 0 && step === 1 && dimEquals(size, node.input(0).dims[axis]!)) ? [node.input(0)] : undefined),
  lower(node, k) {
    const axes = slicedAxes(node)
    const { dims } = node.input(0)
    const inner = axes.findLastIndex(({ start, step, size }, axis) => start !== 0 || step !== 1 || !dimEquals(size, dims[axis]!))
    const tail = k.count(dims.slice(inner + 1))
    const terms: string[] = []
    axes.slice(0, inner + 1).forEach(({ start, step, size }, axis) => {
      const stride = k.count(dims.slice(axis + 1))
      k.line(`for (int64_t i${axis} = 0; i${axis} < ${k.dim(size)}; i${axis}++)`)
      terms.push(`(${start} + i${axis} * ${step}) * ${stride}`)
    })
    const position = axes.slice(0, inner + 1).map((_, axis) => `i${axis} * ${k.count(node.output().dims.slice(axis + 1))}`)
    k.line(`  memcpy(${k.output()} + ${position.join(' + ')}, ${k.input(0)} + ${terms.join(' + ')}, (size_t)${tail} * sizeof *${k.output()});`)
  },
  flops: () => 0,
}

export const movement: readonly LoweredOperator[] = [Concat, Gather, Slice]

import { add, type Dim, maximum, minimum, multiply, subtract } from '../../graph/dim.ts'
import type { Node, Value, ValueInfo } from '../../graph/graph.ts'
import { type Agreement, takes } from '../../graph/rules.ts'
import type { ElementType } from '../../onnx/element-type.ts'
import { literal, storeElement, stringLiteral } from '../../lowering/c-text.ts'
import { choiceOf } from '../../graph/choice.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { intsOf, normalizeAxis } from '../../graph/shape-contents.ts'
import { copyBox, dense, type Place, stridesToC } from '../../lowering/strided.ts'

const modes: Readonly<Record<string, string>> = {
  constant: 'OM_PAD_CONSTANT',
  reflect: 'OM_PAD_REFLECT',
  edge: 'OM_PAD_EDGE',
  wrap: 'OM_PAD_WRAP',
}

function modeOf(node: Node): string {
  return choiceOf(node, 'mode', 'constant', modes)
}

/** Axes that pads are given for, in order (input since 18; all by default); `undefined` where they are data. */
function paddedAxes(node: Node): readonly number[] | undefined {
  const { rank } = node.input(0)
  if (!node.inputs[3]) return Array.from({ length: rank }, (_, axis) => axis)
  return node.inputs[3].contents && intsOf(node, 'axes', 3)!.map((axis) => normalizeAxis(node, axis, rank))
}

/** Padding before and after every axis, negative where it crops; `undefined` where only the running model knows. */
export function padsOf(node: Node): readonly { begin: Dim; end: Dim }[] | undefined {
  const pads: readonly Dim[] | undefined = node.inputs[1]
    ? node.inputs[1].contents
    : (node.ints('pads') ?? node.ints('paddings'))
  const axes = paddedAxes(node)
  if (axes && new Set(axes).size < axes.length) throw node.error('MODEL_ATTRIBUTE', 'an axis is named twice')
  if (!pads || !axes) return undefined
  if (pads.length !== 2 * axes.length)
    throw node.error('MODEL_SHAPE', `${pads.length} pads are given for ${axes.length} axes`)
  return node.input(0).dims.map((_, axis) => {
    const i = axes.indexOf(axis)
    return i < 0 ? { begin: 0, end: 0 } : { begin: pads[i]!, end: pads[i + axes.length]! }
  })
}

/** Declares C arrays `begin` and `end`: the padding of every axis. */
function writePads(node: Node, k: KernelWriter): void {
  const { rank } = node.input(0)
  const known = padsOf(node)
  const list = (pads: readonly Dim[]): string => pads.map((pad) => k.dim(pad)).join(', ') || '0'
  if (known) {
    k.line(
      `const int64_t begin[] = {${list(known.map((pad) => pad.begin))}}, end[] = {${list(known.map((pad) => pad.end))}};`,
    )
    k.line('(void)begin, (void)end;')
    return
  }
  const axes = node.inputs[3]
  const count = axes ? k.dim(axes.dims[0]!) : String(rank)
  const pads = k.input(1)
  const length = Math.max(1, rank)
  k.line(`int64_t begin[${length}] = {0}, end[${length}] = {0};`)
  if (axes) k.line(`bool named[${length}] = {0};`)
  k.line(`for (int64_t i = 0; i < ${count}; i++) {`)
  k.line(`  const int64_t axis = ${axes ? `${k.value(axes)}[i] + (${k.value(axes)}[i] < 0 ? ${rank} : 0)` : 'i'};`)
  if (axes) {
    k.failIf(`axis < 0 || axis >= ${rank} || named[axis]`, 'an axis is out of range or named twice')
    k.line('  named[axis] = true;')
  }
  k.line(`  begin[axis] = ${pads}[i], end[axis] = ${pads}[i + ${count}];`)
  k.failIf('begin[axis] != om_dim_max(-OM_MAX_DIM, om_dim_min(begin[axis], OM_MAX_DIM))', 'a pad is too large')
  k.failIf('end[axis] != om_dim_max(-OM_MAX_DIM, om_dim_min(end[axis], OM_MAX_DIM))', 'a pad is too large')
  k.line('}')
}

/** Declares `filler`, the element that a constant padding consists of: `given`, or `otherwise` as a number. */
function writeFiller(k: KernelWriter, type: ElementType, given: Value | undefined, otherwise: number): void {
  k.include('types.h')
  if (type === 'string') k.line(`const char *filler = ${given ? `${k.value(given)}[0]` : stringLiteral('')};`)
  else if (given) k.line(`const __typeof__(*${k.output()}) filler = ${k.value(given)}[0];`)
  else if (type.startsWith('complex')) k.line(`const __typeof__(*${k.output()}) filler = 0;`)
  else {
    k.line(`__typeof__(*${k.output()}) filler;`)
    k.line(storeElement(type, 'filler', literal(type, otherwise)))
  }
}

/** Writes the output through tables of offsets per axis; `begin` is the C expression of the padding before an axis. */
function writeThroughTables(node: Node, k: KernelWriter, mode: string, begin: (axis: number) => string): void {
  const { dims } = node.input(0)
  const out = node.output().dims
  const tables = k.scratch(multiply(out.reduce(add, 1), 8), 'int64_t')
  const starts = out.map((_, axis) => `${tables} + ${k.dim(out.slice(0, axis).reduce(add, 0))}`)
  stridesToC(k, dims).forEach((stride, axis) => {
    const call = `om_pad_axis(${starts[axis]}, ${k.dim(dims[axis]!)}, ${k.dim(out[axis]!)}, ${begin(axis)}, ${stride}, ${mode})`
    k.failIf(`!${call}`, 'an axis without elements has none to repeat')
  })
  k.line(`const int64_t *const tables[] = {${starts.join(', ') || 'NULL'}};`)
  k.line(`const ptrdiff_t dims[] = {${out.map((dim) => k.dim(dim)).join(', ') || '0'}};`)
  k.line(`om_pick_axes(${k.output()}, ${k.input(0)}, tables, dims, ${out.length}, &filler, sizeof filler);`)
}

/** A pad before and one behind each axis. */
function agreePads(node: Node): Agreement[] {
  const count = node.inputs[3] ? node.inputs[3].dims[0]! : node.input(0).rank
  return [{ input: 1, axis: 0, expected: multiply(2, count), as: 'two for each axis make' }]
}

/** ONNX Pad-1 … 25; the same as numpy.pad. */
const Pad: LoweredOperator = {
  name: 'Pad',
  rules: ({ version }) =>
    version < 11
      ? takes('data:T', { T: 'any' })
      : takes('data:T pads:int64[_] constant_value?:T[.] axes?:index[_]', { T: 'any' }, agreePads),
  sizedBy: [1, 3],
  infer(node, context): ValueInfo[] {
    const { type, dims } = node.input(0)
    modeOf(node)
    const pads = padsOf(node)
    const shape = dims.map((dim, axis) => {
      if (!pads) return paddedAxes(node)?.includes(axis) === false ? dim : context.freshDim()
      const size = add(add(dim, pads[axis]!.begin), pads[axis]!.end)
      if (typeof size === 'number' && size < 0)
        throw node.error('MODEL_SHAPE', `axis ${axis} of size ${dim} is cropped to a negative size`)
      return size
    })
    return [{ type, shape }]
  },
  decompose: (node) =>
    padsOf(node)?.every(({ begin, end }) => begin === 0 && end === 0) ? [node.input(0)] : undefined,
  check(node, k) {
    if (!padsOf(node)) return
    for (const dim of node.output().dims) {
      if (typeof dim !== 'number') k.failIf(`${k.dim(dim)} < 0`, 'an axis is cropped to a negative size')
    }
  },
  sizes(node, k) {
    if (padsOf(node)) return
    writePads(node, k)
    node.input(0).dims.forEach((dim, axis) => {
      if (paddedAxes(node)?.includes(axis) !== false)
        k.line(`*${k.symbol(node.output().dims[axis]!)} = ${k.dim(dim)} + begin[${axis}] + end[${axis}];`)
    })
  },
  lower(node, k) {
    const { type, dims } = node.input(0)
    const out = node.output().dims
    k.include('movement.h')
    writeFiller(k, type, node.inputs[2], node.float('value', 0))
    const pads = padsOf(node)
    if (pads && modeOf(node) === 'OM_PAD_CONSTANT') {
      // What is left of the input where it is cropped, between what is filled.
      const sides = pads.map(({ begin, end }, axis) => {
        const cut = minimum(maximum(subtract(0, begin), 0), dims[axis]!)
        const size = maximum(subtract(subtract(dims[axis]!, cut), maximum(subtract(0, end), 0)), 0)
        return { cut, size, before: maximum(begin, 0) }
      })
      const [to, from] = [dense(k, k.output(), out), dense(k, k.input(0), dims)]
      const offset = (name: 'before' | 'cut', { strides }: Place): string =>
        sides.map((side, axis) => `${k.dim(side[name])} * ${strides[axis]}`).join(' + ') || '0'
      k.line(`om_fill(${k.output()}, &filler, sizeof filler, ${k.count(out)});`)
      const box = sides.map(({ size }) => size)
      copyBox(k, { ...to, offset: offset('before', to) }, { ...from, offset: offset('cut', from) }, box)
      return
    }
    writePads(node, k)
    writeThroughTables(node, k, modeOf(node), (axis) => `begin[${axis}]`)
  },
  flops: () => 0,
}

/** Per axis of CenterCropPad: which of the given sizes it gets, or -1. */
function croppedAxes(node: Node): readonly number[] {
  const { rank, dims } = node.input(0)
  const axes = node.ints('axes')?.map((axis) => normalizeAxis(node, axis, rank)) ?? dims.map((_, axis) => axis)
  if (new Set(axes).size < axes.length) throw node.error('MODEL_ATTRIBUTE', 'an axis is named twice')
  return dims.map((_, axis) => axes.indexOf(axis))
}

/** ONNX CenterCropPad-18: crops or pads around the middle; where the difference is odd, the end has one more. */
const CenterCropPad: LoweredOperator = {
  name: 'CenterCropPad',
  rules: takes('input_data:T shape:index[_]', { T: 'any' }, (node) => [
    {
      input: 1,
      axis: 0,
      expected: node.ints('axes')?.length ?? node.input(0).rank,
      as: 'a size for each cropped axis needs',
    },
  ]),
  sizedBy: [1],
  infer(node, context) {
    const { type, dims } = node.input(0)
    const wanted = node.input(1).contents
    const negative = wanted?.find((size) => typeof size === 'number' && size < 0)
    if (negative !== undefined) throw node.error('MODEL_SHAPE', `an axis is to be of size ${negative}`)
    const shape = croppedAxes(node).map((i, axis) => (i < 0 ? dims[axis]! : (wanted?.[i] ?? context.freshDim())))
    return [{ type, shape }]
  },
  sizes(node, k) {
    if (node.input(1).contents) return
    croppedAxes(node).forEach((i, axis) => {
      if (i >= 0) k.line(`*${k.symbol(node.output().dims[axis]!)} = ${k.input(1)}[${i}];`)
    })
  },
  lower(node, k) {
    const { type, dims } = node.input(0)
    k.include('movement.h')
    writeFiller(k, type, undefined, 0)
    // Division towards zero is what both cropping and padding round like (onnx/defs/tensor/defs.cc).
    const begin = (axis: number): string => `(${k.dim(node.output().dims[axis]!)} - ${k.dim(dims[axis]!)}) / 2`
    writeThroughTables(node, k, 'OM_PAD_CONSTANT', begin)
  },
  flops: () => 0,
}

export const padding: readonly LoweredOperator[] = [Pad, CenterCropPad]

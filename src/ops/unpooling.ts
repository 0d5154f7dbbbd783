import { add, type Dim, multiply, product, subtract } from '../graph/dim.ts'
import type { Node, Value, ValueInfo } from '../graph/graph.ts'
import type { KernelWriter, LoweredOperator } from './lowering.ts'
import { demandEqual } from './shape-contents.ts'
import { castTo, widenNarrowFloats } from './widen.ts'
import { checkPooled, type Window, windowInitializer, windowOf } from './window.ts'

/** ONNX LpPool-1 … 22: the p-norm of windows (p is a float in version 1). */
const LpPool: LoweredOperator = {
  name: 'LpPool',
  infer(node): ValueInfo[] {
    const { dims, type } = node.input(0)
    return [{ type, shape: [...dims.slice(0, 2), ...lpWindow(node).output] }]
  },
  decompose: widenNarrowFloats,
  check: (node, k) => checkPooled(k, lpWindow(node)),
  lower(node, k) {
    const { dims, type } = node.input(0)
    if (type !== 'float32' && type !== 'float64')
      throw node.error('UNSUPPORTED_TYPE', `LpPool of ${type} is not supported`)
    k.include('windows.h')
    k.line(`const om_window_nd window = ${windowInitializer(lpWindow(node), (dim) => k.dim(dim))};`)
    k.line(
      `om_lppool_nd_${type === 'float32' ? 'f32' : 'f64'}(${k.input(0)}, ${k.output()}, ${orderOf(node)}, ${k.count(dims.slice(0, 2))}, &window);`,
    )
  },
  flops: (node) => product([4, ...node.output().dims, ...lpWindow(node).kernel]),
}

function orderOf(node: Node): number {
  return node.attributes.get('p')?.kind === 'float' ? node.float('p', 2) : node.int('p', 2)
}

function lpWindow(node: Node): Window {
  const kernel = node.ints('kernel_shape')
  if (!kernel) throw node.error('MODEL_ATTRIBUTE', 'kernel_shape is required')
  return windowOf(node, node.input(0).dims.slice(2), kernel, 'beyond')
}

/** ONNX GlobalLpPool-1 … 22. */
const GlobalLpPool: LoweredOperator = {
  name: 'GlobalLpPool',
  infer: (node) => [node.input(0)],
  decompose(node, b) {
    const x = node.input(0)
    const axes = b.ints(x.dims.slice(2).map((_, i) => i + 2))
    const p = orderOf(node)
    if (p === 1 || p === 2) return [b.op(p === 1 ? 'ReduceL1' : 'ReduceL2', [x, axes])]
    const sum = b.op('ReduceSum', [b.op('Pow', [b.op('Abs', [x]), b.scalar(p, x.type)]), axes])
    return [b.op('Pow', [sum, b.scalar(1 / p, x.type)])]
  },
}

/** What the image was before it was pooled: (input - 1) × stride + kernel - pads (ONNX MaxUnpool-22). */
function unpooledShape(node: Node): readonly Dim[] {
  const { dims } = node.input(0)
  const kernel = node.ints('kernel_shape') ?? []
  const ones = kernel.map(() => 1)
  const [strides, pads] = [node.ints('strides') ?? ones, node.ints('pads') ?? [...ones, ...ones].map(() => 0)]
  if (kernel.length !== dims.length - 2 || strides.length !== kernel.length || pads.length !== 2 * kernel.length) {
    throw node.error('MODEL_ATTRIBUTE', `kernel_shape, strides or pads do not fit the ${dims.length - 2} spatial axes`)
  }
  const spatial = dims
    .slice(2)
    .map((dim, i) => add(multiply(subtract(dim, 1), strides[i]!), kernel[i]! - pads[i]! - pads[i + kernel.length]!))
  return [...dims.slice(0, 2), ...spatial]
}

/** ONNX MaxUnpool-9 … 22: maxima go back where they were; a larger `output_shape` has zeros behind. */
const MaxUnpool: LoweredOperator = {
  name: 'MaxUnpool',
  infer: (node) => [{ type: node.input(0).type, shape: unpooledShape(node) }],
  decompose(node, b) {
    const wanted = node.inputs[2]
    if (!wanted) return undefined
    const attributes = Object.fromEntries(node.attributes)
    const image = b.op('MaxUnpool', [node.input(0), node.input(1)], attributes)
    const rest = b.op('Sub', [wanted, b.dims(image.dims)])
    return [b.op('Pad', [image, b.op('Concat', [b.ints(image.dims.map(() => 0)), rest], { axis: 0 })])]
  },
  check(node, k) {
    const [{ dims, rank }, indices] = [node.input(0), node.input(1)]
    const problem = 'data and indices should be of one shape'
    if (indices.rank !== rank) throw node.error('MODEL_SHAPE', problem)
    dims.forEach((dim, axis) => demandEqual(node, k, indices.dims[axis]!, dim, problem))
  },
  lower(node, k) {
    const { dims } = node.input(0)
    const count = k.count(node.output().dims)
    k.line(`memset(${k.output()}, 0, (size_t)${count} * sizeof *${k.output()});`)
    k.line(`for (int64_t i = 0; i < ${k.count(dims)}; i++) {`)
    k.line(`const int64_t at = ${k.input(1)}[i];`)
    k.failIf(`at < 0 || at >= ${count}`, 'an index is out of range')
    k.line(`${k.output()}[at] = ${k.input(0)}[i];\n}`)
  },
}

/** C expressions of the entries of a 1-D input: known dimensions, or data. */
function entries(node: Node, k: KernelWriter, input: number, count: number): string[] {
  const given: Value = node.input(input)
  return Array.from({ length: count }, (_, i) =>
    given.contents ? k.dim(given.contents[i]!) : `${k.input(input)}[${i}]`,
  )
}

function axesOf(node: Node): number {
  const [axes] = node.input(1).dims
  if (typeof axes === 'number') return axes
  throw node.error('UNSUPPORTED_RANK', 'the rank of the image is not known at compile time')
}

/** ONNX Col2Im-18. */
const Col2Im: LoweredOperator = {
  name: 'Col2Im',
  infer(node, context): ValueInfo[] {
    const [x, image, block] = [node.input(0), node.input(1), node.input(2)]
    const spatial = Array.from({ length: axesOf(node) }, (_, i) => image.contents?.[i] ?? context.freshDim())
    const taps = block.contents && product(block.contents)
    const channels = typeof taps === 'number' && typeof x.dims[1] === 'number' ? x.dims[1] / taps : context.freshDim()
    if (typeof channels === 'number' && !(channels >= 0 && Number.isInteger(channels)))
      throw node.error('MODEL_SHAPE', `${x.dims[1]} rows can't be divided into blocks of ${taps}`)
    return [{ type: x.type, shape: [x.dims[0]!, channels, ...spatial] }]
  },
  decompose(node, b) {
    const { type } = node.input(0)
    if (type === 'float32' || type === 'float64') return undefined
    const wide = castTo(b, node.input(0), 'float32')
    const y = b.op('Col2Im', [wide, node.inputs[1], node.inputs[2]], Object.fromEntries(node.attributes))
    return [castTo(b, y, type)]
  },
  check(node, k) {
    demandEqual(node, k, node.input(2).dims[0]!, axesOf(node), 'the block should have as many axes as the image')
  },
  sizes(node, k) {
    const [, channels, ...spatial] = node.output().dims as [Dim, Dim, ...Dim[]]
    const block = entries(node, k, 2, spatial.length)
    if (!node.input(1).contents) spatial.forEach((dim, i) => k.line(`*${k.symbol(dim)} = ${k.input(1)}[${i}];`))
    if (typeof channels === 'number') return
    for (const size of block)
      k.failIf(`${size} < 1 || ${size} > ${k.dim(node.input(0).dims[1]!)}`, 'a block is of no possible size')
    k.line(`*${k.symbol(channels)} = ${k.dim(node.input(0).dims[1]!)} / (${block.join(' * ')});`)
  },
  lower(node, k) {
    const { dims, type } = node.input(0)
    const [batch, channels, ...spatial] = node.output().dims as [Dim, Dim, ...Dim[]]
    const ones = spatial.map(() => 1)
    const [strides, dilations] = [node.ints('strides') ?? ones, node.ints('dilations') ?? ones]
    const pads = node.ints('pads') ?? [...ones, ...ones].map(() => 0)
    if (strides.length !== ones.length || dilations.length !== ones.length || pads.length !== 2 * ones.length) {
      throw node.error('MODEL_ATTRIBUTE', `strides, dilations or pads do not fit the ${ones.length} axes of the image`)
    }
    if ([...strides, ...dilations].some((step) => step < 1))
      throw node.error('MODEL_ATTRIBUTE', 'strides and dilations must be positive')
    const [image, block] = [spatial.map((dim) => k.dim(dim)), entries(node, k, 2, spatial.length)]
    const outs = image.map(
      (size, i) =>
        `om_floor_div(${size} + ${pads[i]! + pads[i + ones.length]!} - (${block[i]} - 1) * ${dilations[i]} - 1, ${strides[i]}) + 1`,
    )
    for (const size of block) k.failIf(`${size} < 1 || ${size} > OM_MAX_DIM`, 'a block is of no possible size')
    k.line(`const int64_t outs[] = {${outs.join(', ')}};`)
    k.failIf(
      `${ones.map((_, i) => `outs[${i}] < 0`).join(' || ')} || ${ones.map((_, i) => `outs[${i}]`).join(' * ')} != ${k.dim(dims[2]!)}`,
      'there are not as many columns as windows',
    )
    k.failIf(
      `${k.dim(channels)} * ${block.join(' * ')} != ${k.dim(dims[1]!)}`,
      'the rows can not be divided into blocks',
    )
    k.include('windows.h')
    const list = (items: readonly (number | string)[]): string => `{${items.join(', ')}}`
    k.line(
      `const om_window_nd window = {.rank = ${ones.length}, .in = ${list(image)}, .out = ${list(ones.map((_, i) => `outs[${i}]`))}, .kernel = ${list(block)}, ` +
        `.stride = ${list(strides)}, .dilation = ${list(dilations)}, .pad_begin = ${list(pads.slice(0, ones.length))}, .pad_end = ${list(pads.slice(ones.length))}};`,
    )
    k.line(
      `om_col2im_${type === 'float64' ? 'f64' : 'f32'}(${k.input(0)}, NULL, ${k.output()}, ${k.count([batch, channels])}, 1, &window);`,
    )
  },
}

export const unpooling: readonly LoweredOperator[] = [LpPool, GlobalLpPool, MaxUnpool, Col2Im]

import { add, type Dim, isAtLeast, isStatic, multiply, product, subtract } from '../../graph/dim.ts'
import type { Node, Value, ValueInfo } from '../../graph/graph.ts'
import { takes } from '../../graph/rules.ts'
import { isFloat } from '../../onnx/element-type.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { shareElements } from '../../lowering/sharing.ts'
import { castTo, widenNarrowFloats } from '../../lowering/widen.ts'
import { checkPooled, checkSpatialAxes, type Window, windowInitializer, windowOf } from '../../lowering/window.ts'

/** ONNX LpPool-1 … 22: the p-norm of windows (p is a float in version 1). */
const LpPool: LoweredOperator = {
  name: 'LpPool',
  rules: takes('X:float[_, _, _, ...]'),
  infer(node): ValueInfo[] {
    const { dims, type } = node.input(0)
    return [{ type, shape: [...dims.slice(0, 2), ...lpWindow(node).output] }]
  },
  decompose: widenNarrowFloats,
  check: (node, k) => checkPooled(node, k, lpWindow(node)),
  lower(node, k) {
    const { dims, type } = node.input(0)
    if (type !== 'float32' && type !== 'float64')
      throw node.error('UNSUPPORTED_TYPE', `LpPool of ${type} is not supported`)
    k.include('windows.h')
    shareElements(k, [...node.output().dims, ...lpWindow(node).kernel], 32)
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
  rules: takes('X:float[_, _, _, ...]'),
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
  rules: takes('X:float[...s] I:int64[...s] output_shape?:int64[_]', {}, (node) =>
    node.inputs[2] ? [{ input: 2, axis: 0, expected: node.input(0).rank, as: 'the axes of X need' }] : [],
  ),
  sizedBy: [2],
  infer(node, context): ValueInfo[] {
    const { type } = node.input(0)
    const image = unpooledShape(node)
    const wanted = node.inputs[2]
    if (!wanted) return [{ type, shape: image }]
    const shape = wanted.contents ?? image.map(() => context.freshDim())
    if (shape.some((dim, i) => typeof dim === 'number' && !isAtLeast(dim, image[i]!) && isStatic([image[i]!])))
      throw node.error('MODEL_SHAPE', `output_shape [${shape.join(', ')}] is too small for [${image.join(', ')}]`)
    return [{ type, shape }]
  },
  check(node, k) {
    const shape = unpooledShape(node)
    if (!node.inputs[2]) return
    const wanted = entries(node, k, 2, shape.length)
    shape.forEach((dim, i) =>
      k.failIf(`${wanted[i]} < ${k.dim(dim)}`, `axis ${i} of output_shape is too small for the image`),
    )
  },
  sizes(node, k) {
    if (node.inputs[2]?.contents) return
    node.output().dims.forEach((dim, i) => k.line(`*${k.symbol(dim)} = ${k.input(2)}[${i}];`))
  },
  lower(node, k) {
    const [image, out] = [unpooledShape(node), node.output().dims]
    k.line(`memset(${k.output()}, 0, (size_t)${k.count(out)} * sizeof *${k.output()});`)
    k.line(`for (int64_t i = 0; i < ${k.count(node.input(0).dims)}; i++) {`)
    k.line(`int64_t at = ${k.input(1)}[i], to = 0, step = 1;`)
    k.failIf(`at < 0 || at >= ${k.count(image)}`, 'an index is out of range')
    image
      .map((dim, i) => `to += at % ${k.dim(dim)} * step, at /= ${k.dim(dim)}, step *= ${k.dim(out[i]!)};`)
      .reverse()
      .forEach((line) => k.line(line))
    k.line(`${k.output()}[to] = ${k.input(0)}[i];\n}`)
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

/** The C array `outs`: the windows along each axis. */
function writeOuts(node: Node, k: KernelWriter, image: readonly string[], block: readonly string[]): void {
  const { strides, dilations, pads } = columnSteps(node)
  const outs = image.map((size, i) => {
    const room = `${size} + ${pads[i]! + pads[i + image.length]!} - (${block[i]} - 1) * ${dilations[i]} - 1`
    return `om_floor_div(${room}, ${strides[i]}) + 1`
  })
  k.line(`const int64_t outs[] = {${outs.join(', ')}};`)
}

/**
 * Ends the call where the columns are not as many as image or block say. Sizes may be anything: no product is made
 * unchecked. Leaves the C variable `taps`, the elements of a block.
 */
function checkColumns(node: Node, k: KernelWriter, image: readonly string[], block: readonly string[]): void {
  const { dilations } = columnSteps(node)
  const [, rows, columns] = node.input(0).dims as [Dim, Dim, Dim]
  k.line('int64_t taps = 1;')
  block.forEach((size, i) => {
    const unfit = `${size} < 1 || ${size} > OM_MAX_DIM / ${dilations[i]} || ${size} > ${k.dim(rows)} / taps`
    k.failIf(unfit, 'a block is of no possible size')
    k.line(`taps *= ${size};`)
  })
  k.failIf(`${k.dim(rows)} % taps != 0`, 'the rows can not be divided into blocks')
  for (const size of image) k.failIf(`!om_valid_dim(${size})`, 'the image is of no possible size')
  writeOuts(node, k, image, block)
  k.line('int64_t windows = 1;')
  image.forEach((_, i) => {
    const unfit = `outs[${i}] < 0 || __builtin_mul_overflow(windows, outs[${i}], &windows)`
    k.failIf(unfit, 'a block does not fit into the image')
  })
  k.failIf(`windows != ${k.dim(columns)}`, 'there are not as many columns as windows')
}

function columnSteps(node: Node): Record<'strides' | 'dilations' | 'pads', readonly number[]> {
  const ones = Array<number>(axesOf(node)).fill(1)
  const [strides, dilations] = [node.ints('strides') ?? ones, node.ints('dilations') ?? ones]
  const pads = node.ints('pads') ?? [...ones, ...ones].map(() => 0)
  if (strides.length !== ones.length || dilations.length !== ones.length || pads.length !== 2 * ones.length)
    throw node.error('MODEL_ATTRIBUTE', `strides, dilations or pads do not fit the ${ones.length} axes of the image`)
  return { strides, dilations, pads }
}

/** ONNX Col2Im-18. */
const Col2Im: LoweredOperator = {
  name: 'Col2Im',
  rules: takes('input:number[_, _, _] image_shape:int64[a] block_shape:int64[a]'),
  sizedBy: [1, 2],
  infer(node, context): ValueInfo[] {
    const [x, image, block] = [node.input(0), node.input(1), node.input(2)]
    checkSpatialAxes(node, axesOf(node))
    const spatial = Array.from({ length: axesOf(node) }, (_, i) => image.contents?.[i] ?? context.freshDim())
    const taps = block.contents && product(block.contents)
    const known = typeof taps === 'number' && typeof x.dims[1] === 'number' && taps > 0
    const channels = known ? Number(x.dims[1]) / taps : context.freshDim()
    if (typeof channels === 'number' && !Number.isInteger(channels))
      throw node.error('MODEL_SHAPE', `${x.dims[1]} rows can't be divided into blocks of ${taps}`)
    return [{ type: x.type, shape: [x.dims[0]!, channels, ...spatial] }]
  },
  decompose(node, b) {
    const { type } = node.input(0)
    if (type === 'float32' || type === 'float64') return undefined
    const wide = castTo(b, node.input(0), isFloat(type) ? 'float32' : 'float64')
    const y = b.op('Col2Im', [wide, node.inputs[1], node.inputs[2]], Object.fromEntries(node.attributes))
    return [castTo(b, y, type)]
  },
  check: (node, k) => checkColumns(node, k, entries(node, k, 1, axesOf(node)), entries(node, k, 2, axesOf(node))),
  sizes(node, k) {
    const [, channels, ...spatial] = node.output().dims as [Dim, Dim, ...Dim[]]
    if (!node.input(1).contents) spatial.forEach((dim, i) => k.line(`*${k.symbol(dim)} = ${k.input(1)}[${i}];`))
    if (typeof channels !== 'number') k.line(`*${k.symbol(channels)} = ${k.dim(node.input(0).dims[1]!)} / taps;`)
  },
  lower(node, k) {
    const { type } = node.input(0)
    const [batch, channels, ...spatial] = node.output().dims as [Dim, Dim, ...Dim[]]
    const { strides, dilations, pads } = columnSteps(node)
    const [image, block] = [spatial.map((dim) => k.dim(dim)), entries(node, k, 2, spatial.length)]
    shareElements(k, node.input(0).dims, 2)
    writeOuts(node, k, image, block)
    k.include('windows.h')
    const list = (items: readonly (number | string)[]): string => `{${items.join(', ')}}`
    k.line(
      `const om_window_nd window = {.rank = ${image.length}, .in = ${list(image)}, .out = ${list(image.map((_, i) => `outs[${i}]`))}, .kernel = ${list(block)}, ` +
        `.stride = ${list(strides)}, .dilation = ${list(dilations)}, .pad_begin = ${list(pads.slice(0, image.length))}, .pad_end = ${list(pads.slice(image.length))}};`,
    )
    k.line(
      `om_col2im_${type === 'float64' ? 'f64' : 'f32'}(${k.input(0)}, NULL, ${k.output()}, ${k.count([batch, channels])}, 1, &window);`,
    )
  },
}

export const unpooling: readonly LoweredOperator[] = [LpPool, GlobalLpPool, MaxUnpool, Col2Im]

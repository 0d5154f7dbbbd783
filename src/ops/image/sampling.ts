import { type Dim, dimEquals, isAtLeast, multiply, product, subtract } from '../../graph/dim.ts'
import type { Node, ValueInfo } from '../../graph/graph.ts'
import { type Agreement, multipleOf, takes } from '../../graph/rules.ts'
import { literal } from '../../lowering/c-text.ts'
import { choiceOf } from '../../graph/choice.ts'
import { agreeConvolution } from '../nn/convolution-rules.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { shareElements } from '../../lowering/sharing.ts'
import { castTo, widenNarrowFloats } from '../../lowering/widen.ts'
import { checkFits, type Window, windowInitializer, windowOf } from '../../lowering/window.ts'

/** Suffix of the kernel for an element type. */
function suffix(node: Node): string {
  const { type } = node.input(0)
  if (type === 'float32' || type === 'float64') return type === 'float32' ? 'f32' : 'f64'
  throw node.error('UNSUPPORTED_TYPE', `${node.op} of ${type} is not supported`)
}

const modes: Readonly<Record<string, string>> = {
  nearest: 'OM_SAMPLE_NEAREST',
  linear: 'OM_SAMPLE_LINEAR',
  bilinear: 'OM_SAMPLE_LINEAR',
  cubic: 'OM_SAMPLE_CUBIC',
  bicubic: 'OM_SAMPLE_CUBIC',
}

const paddings: Readonly<Record<string, string>> = {
  zeros: 'OM_SAMPLE_ZEROS',
  border: 'OM_SAMPLE_BORDER',
  reflection: 'OM_SAMPLE_REFLECTION',
}

/** ONNX GridSample-16 … 22. */
const GridSample: LoweredOperator = {
  name: 'GridSample',
  rules: takes('X:any[n, _, ...] grid:float[n, ..., _]', {}, (node) => {
    const axes = node.input(0).rank - 2
    return [{ input: 1, axis: -1, expected: axes, as: `${axes} coordinates need` }]
  }),
  infer(node): ValueInfo[] {
    const [x, grid] = [node.input(0), node.input(1)]
    if (x.rank < 4 || x.rank > 5 || grid.rank !== x.rank)
      throw node.error('UNSUPPORTED_RANK', `data of rank ${x.rank} with a grid of rank ${grid.rank} is not supported`)
    return [{ type: x.type, shape: [...x.dims.slice(0, 2), ...grid.dims.slice(1, -1)] }]
  },
  decompose(node, b) {
    const [x, grid] = [node.input(0), node.input(1)]
    const real = x.type === 'float64' ? 'float64' : 'float32'
    if (x.type === real && grid.type === real) return undefined
    if (x.type === 'string' || x.type.startsWith('complex'))
      throw node.error('UNSUPPORTED_TYPE', `GridSample of ${x.type} is not supported`)
    const [wide, wideGrid] = [x, grid].map((value) => castTo(b, value, real))
    const y = b.op('GridSample', [wide, wideGrid], Object.fromEntries(node.attributes))
    return [castTo(b, y, x.type)]
  },
  check(node, k) {
    const spatial = node.input(0).dims.slice(2)
    if (!isAtLeast(product(spatial), 1)) k.failIf(`${k.count(spatial)} == 0`, 'there are no pixels to read')
  },
  lower(node, k) {
    const [x, grid] = [node.input(0), node.input(1)]
    const spatial = x.dims.slice(2)
    k.include('sample.h')
    shareElements(k, node.output().dims, 16)
    k.line(
      `const om_grid g = {${spatial.length}, ${choiceOf(node, 'mode', 'linear', modes)}, ${choiceOf(node, 'padding_mode', 'zeros', paddings)}, ` +
        `${Boolean(node.int('align_corners', 0))}, {${spatial.map((dim) => k.dim(dim)).join(', ')}}};`,
    )
    k.line(
      `om_grid_sample_${suffix(node)}(${k.input(0)}, ${k.input(1)}, ${k.output()}, &g, ${k.dim(x.dims[0]!)}, ${k.dim(x.dims[1]!)}, ${k.count(grid.dims.slice(1, -1))});`,
    )
  },
  flops: (node) => product([...node.output().dims, 8]),
}

/** ONNX AffineGrid-20: where theta (batch matrices of [axes, axes + 1]) takes the pixels of an image of the given size. */
const AffineGrid: LoweredOperator = {
  name: 'AffineGrid',
  rules: takes('theta:float[_, _, _] size:int64[_]', {}, agreeGrid),
  sizedBy: [1],
  infer(node, context): ValueInfo[] {
    const [theta, size] = [node.input(0), node.input(1)]
    const axes = axesOfGrid(node)
    const batch = size.contents?.[0]
    if (typeof batch === 'number' && typeof theta.dims[0] === 'number' && batch !== theta.dims[0])
      throw node.error('MODEL_SHAPE', `size is of a batch of ${batch}, but theta of ${theta.dims[0]}`)
    const spatial = Array.from({ length: axes }, (_, i) => size.contents?.[i + 2] ?? context.freshDim())
    return [{ type: theta.type, shape: [theta.dims[0]!, ...spatial, axes] }]
  },
  decompose: widenNarrowFloats,
  check(node, k) {
    const [batch] = node.input(0).dims as [Dim, Dim, Dim]
    const wanted = node.input(1).contents?.[0]
    if (wanted !== undefined && dimEquals(batch, wanted)) return
    const given = wanted === undefined ? `${k.input(1)}[0]` : k.dim(wanted)
    k.failUnlessEqual(given, k.dim(batch), 'size should be of the batch that theta is of')
  },
  sizes(node, k) {
    if (node.input(1).contents) return
    node
      .output()
      .dims.slice(1, -1)
      .forEach((dim, i) => k.line(`*${k.symbol(dim)} = ${k.input(1)}[${i + 2}];`))
  },
  lower(node, k) {
    const axes = axesOfGrid(node)
    const spatial = node.output().dims.slice(1, -1)
    const aligned = Boolean(node.int('align_corners', 0))
    suffix(node)
    k.line(`for (int64_t i = 0; i < ${k.count(node.output().dims.slice(0, -1))}; i++) {`)
    k.line(`  double at[${axes + 1}];\n  int64_t rest = i;`)
    // Coordinates are in the order x, y(, z): the last axis comes first.
    ;[...spatial].reverse().forEach((dim, axis) => {
      const size = `(double)${k.dim(dim)}`
      const pixel = `(double)(rest % ${k.dim(dim)})`
      k.line(
        aligned
          ? `  at[${axis}] = ${size} == 1 ? -1 : ${pixel} * 2 / (${size} - 1) - 1;`
          : `  at[${axis}] = (2 * ${pixel} + 1) / ${size} - 1;`,
      )
      k.line(`  rest /= ${k.dim(dim)};`)
    })
    k.line(`  at[${axes}] = 1;`)
    k.line(`  for (int r = 0; r < ${axes}; r++) {\n    double sum = 0;`)
    k.line(
      `    for (int c = 0; c <= ${axes}; c++) sum += (double)${k.input(0)}[(rest * ${axes} + r) * ${axes + 1} + c] * at[c];`,
    )
    k.line(`    ${k.output()}[i * ${axes} + r] = (__typeof__(*${k.output()}))sum;\n  }\n}`)
  },
}

/** Of the image: theta has a row for each axis, the size two entries more. */
function axesOfGrid(node: Node): number {
  const [theta, size] = [node.input(0).dims, node.input(1).dims]
  const known = [theta[1]!, subtract(theta[2]!, 1), subtract(size[0]!, 2)].find((axes) => typeof axes === 'number')
  if (known === undefined)
    throw node.error('UNSUPPORTED_RANK', 'the number of axes of the image is not known at compile time')
  if (known === 2 || known === 3) return known
  throw node.error('MODEL_SHAPE', `theta [${theta.join(', ')}] should be of shape [N, 2, 3] or [N, 3, 4]`)
}

function agreeGrid(node: Node): Agreement[] {
  const axes = axesOfGrid(node)
  const as = `an image of ${axes} axes needs`
  return [
    { input: 0, axis: 1, expected: axes, as },
    { input: 0, axis: 2, expected: axes + 1, as },
    { input: 1, axis: 0, expected: axes + 2, as },
  ]
}

function roiStruct(
  node: Node,
  k: KernelWriter,
  [height, width]: readonly Dim[],
  halfPixel: boolean,
  isMax: boolean,
): string {
  const { dims } = node.input(0)
  const sizes = [...dims.slice(1), height!, width!, node.int('sampling_ratio', 0)].map((dim) => k.dim(dim))
  return `const om_roi_align r = {${sizes.join(', ')}, ${literal('float64', node.float('spatial_scale', 1))}, ${halfPixel}, ${isMax}};`
}

/** ONNX RoiAlign-10 (pixels begin at whole numbers) and 16 … 22 (half_pixel by default). */
const RoiAlign: LoweredOperator = {
  name: 'RoiAlign',
  rules: takes('X:T[_, _, _, _] rois:T[r, 4] batch_indices:int64[r]', { T: 'float' }),
  infer(node): ValueInfo[] {
    const [x, rois] = [node.input(0), node.input(1)]
    return [
      { type: x.type, shape: [rois.dims[0]!, x.dims[1]!, node.int('output_height', 1), node.int('output_width', 1)] },
    ]
  },
  // Samples are as many as a region has pixels.
  worksByData: (node) => node.int('sampling_ratio', 0) <= 0,
  decompose: (node, b) =>
    node.version < 16 && !node.has('coordinate_transformation_mode')
      ? [
          b.op('RoiAlign', node.inputs, {
            ...Object.fromEntries(node.attributes),
            coordinate_transformation_mode: 'output_half_pixel',
          }),
        ]
      : widenNarrowFloats(node, b),
  lower(node, k) {
    const x = node.input(0)
    const [count, channels, ...size] = node.output().dims as [Dim, Dim, ...Dim[]]
    k.include('sample.h')
    k.line(
      roiStruct(
        node,
        k,
        size,
        choiceOf(node, 'coordinate_transformation_mode', 'half_pixel', { half_pixel: true, output_half_pixel: false }),
        choiceOf(node, 'mode', 'avg', { avg: false, max: true }),
      ),
    )
    k.failIf('r.height == 0 || r.width == 0', 'there are no pixels to read')
    k.line(`for (int64_t i = 0; i < ${k.dim(count)}; i++) {`)
    k.line(`const int64_t batch = ${k.input(2)}[i];`)
    k.failIf(`batch < 0 || batch >= ${k.dim(x.dims[0]!)}`, 'a batch index is out of range')
    k.line(
      `om_roi_align_${suffix(node)}(${k.input(0)} + batch * ${k.count(x.dims.slice(1))}, ${k.input(1)} + i * 4, ${k.output()} + i * ${k.count([channels, ...size])}, &r);`,
    )
    k.line('}')
  },
}

/** ONNX MaxRoiPool-1 … 22. */
const MaxRoiPool: LoweredOperator = {
  name: 'MaxRoiPool',
  rules: takes('X:T[_, _, _, _] rois:T[_, 5]', { T: 'float' }),
  infer(node): ValueInfo[] {
    const [x, rois] = [node.input(0), node.input(1)]
    const size = node.ints('pooled_shape')
    if (size?.length !== 2) throw node.error('MODEL_ATTRIBUTE', 'pooled_shape must be two numbers')
    return [{ type: x.type, shape: [rois.dims[0]!, x.dims[1]!, ...size] }]
  },
  worksByData: () => true,
  decompose: widenNarrowFloats,
  lower(node, k) {
    const x = node.input(0)
    const [count, channels, ...size] = node.output().dims as [Dim, Dim, ...Dim[]]
    k.include('sample.h')
    k.line(roiStruct(node, k, size, false, true))
    k.line(`for (int64_t i = 0; i < ${k.dim(count)}; i++) {`)
    k.line(`const double batch = (double)${k.input(1)}[i * 5];`)
    k.failIf(`!(batch >= 0 && batch < (double)${k.dim(x.dims[0]!)})`, 'a batch index is out of range')
    k.line(
      `om_max_roi_pool_${suffix(node)}(${k.input(0)} + (int64_t)batch * ${k.count(x.dims.slice(1))}, ${k.input(1)} + i * 5, ${k.output()} + i * ${k.count([channels, ...size])}, &r);`,
    )
    k.line('}')
  },
}

function deformWindow(node: Node): Window {
  return windowOf(node, node.input(0).dims.slice(2), node.input(1).dims.slice(2), 'within')
}

/** Offsets of a y and an x, and a mask, for each tap of each group and each window (ONNX DeformConv-22). */
function agreeDeformed(node: Node): Agreement[] {
  const groups = node.int('offset_group', 1)
  const own = [...agreeConvolution(node), multipleOf(node, [0, 1], groups, `${groups} groups of offsets need`)]
  const { kernel, output } = deformWindow(node)
  const moved = multiply(groups, product(kernel))
  return [
    ...own,
    ...[
      { input: 2, perTap: 2 },
      { input: 4, perTap: 1 },
    ].flatMap(({ input, perTap }) =>
      node.inputs[input]
        ? [
            { input, axis: 1, expected: multiply(perTap, moved), as: `${moved} taps need` },
            ...output.map((expected, i) => ({ input, axis: i + 2, expected, as: 'the windows need' })),
          ]
        : [],
    ),
  ]
}

/** ONNX DeformConv-19 … 22, two spatial axes. */
const DeformConv: LoweredOperator = {
  name: 'DeformConv',
  rules: takes(
    'X:T[n, _, _, _] W:T[m, _, _, _] offset:T[n, _, _, _] B?:T[m] mask?:T[n, _, _, _]',
    { T: 'float' },
    agreeDeformed,
  ),
  infer(node): ValueInfo[] {
    const [x, w] = [node.input(0), node.input(1)]
    return [{ type: x.type, shape: [x.dims[0]!, w.dims[0]!, ...deformWindow(node).output] }]
  },
  decompose: widenNarrowFloats,
  check: (node, k) => checkFits(k, deformWindow(node)),
  lower(node, k) {
    const [x, w] = [node.input(0), node.input(1)]
    const [groups, offsetGroups] = [node.int('group', 1), node.int('offset_group', 1)]
    const window = deformWindow(node)
    k.include('sample.h')
    k.line(`const om_window_nd window = ${windowInitializer(window, (dim) => k.dim(dim))};`)
    const optional = (i: number): string => (node.inputs[i] ? k.input(i) : 'NULL')
    k.share(product([...node.output().dims, ...w.dims.slice(1)]))
    k.line(
      `om_deform_conv_${suffix(node)}(${k.input(0)}, ${k.input(1)}, ${k.input(2)}, ${optional(3)}, ${optional(4)}, ${k.output()}, ` +
        `${k.dim(x.dims[0]!)}, ${k.dim(x.dims[1]!)}, ${k.dim(w.dims[0]!)}, ${groups}, ${offsetGroups}, &window);`,
    )
  },
  flops: (node) => product([2, ...node.output().dims, ...node.input(1).dims.slice(1)]),
}

export const sampling: readonly LoweredOperator[] = [GridSample, AffineGrid, RoiAlign, MaxRoiPool, DeformConv]

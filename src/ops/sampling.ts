import { type Dim, product } from '../graph/dim.ts'
import type { Node, ValueInfo } from '../graph/graph.ts'
import { literal } from './c-text.ts'
import { choiceOf } from './choice.ts'
import type { KernelWriter, LoweredOperator } from './lowering.ts'
import { demandEqual } from './shape-contents.ts'
import { castTo, widenNarrowFloats } from './widen.ts'
import { checkFits, type Window, windowInitializer, windowOf } from './window.ts'

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
  lower(node, k) {
    const [x, grid] = [node.input(0), node.input(1)]
    const spatial = x.dims.slice(2)
    demandEqual(node, k, x.dims[0]!, grid.dims[0]!, 'data and grid are of different batch sizes')
    demandEqual(node, k, grid.dims.at(-1)!, spatial.length, 'the grid does not have one coordinate for each axis')
    k.include('sample.h')
    k.failIf(`${k.count(spatial)} == 0`, 'there are no pixels to read')
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
  infer(node, context): ValueInfo[] {
    const [theta, size] = [node.input(0), node.input(1)]
    const axes = axesOfGrid(node)
    const spatial = Array.from({ length: axes }, (_, i) => size.contents?.[i + 2] ?? context.freshDim())
    return [{ type: theta.type, shape: [theta.dims[0]!, ...spatial, axes] }]
  },
  decompose: widenNarrowFloats,
  check(node, k) {
    demandEqual(
      node,
      k,
      node.input(1).dims[0]!,
      axesOfGrid(node) + 2,
      'the size should be that of an image with as many axes as theta has',
    )
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

function axesOfGrid(node: Node): number {
  const [, rows, columns] = node.input(0).dims
  if ((rows === 2 && columns === 3) || (rows === 3 && columns === 4)) return rows
  throw node.error('MODEL_SHAPE', `theta [${node.input(0).dims.join(', ')}] should be of shape [N, 2, 3] or [N, 3, 4]`)
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
  infer(node): ValueInfo[] {
    const [x, rois] = [node.input(0), node.input(1)]
    return [
      { type: x.type, shape: [rois.dims[0]!, x.dims[1]!, node.int('output_height', 1), node.int('output_width', 1)] },
    ]
  },
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
    const [x, rois] = [node.input(0), node.input(1)]
    const [count, channels, ...size] = node.output().dims as [Dim, Dim, ...Dim[]]
    demandEqual(node, k, node.input(2).dims[0]!, count, 'there are not as many batch indices as regions')
    demandEqual(node, k, rois.dims[1]!, 4, 'regions should have 4 coordinates')
    k.include('sample.h')
    k.line(
      roiStruct(
        node,
        k,
        size,
        node.string('coordinate_transformation_mode', 'half_pixel') === 'half_pixel',
        node.string('mode', 'avg') === 'max',
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
  infer(node): ValueInfo[] {
    const [x, rois] = [node.input(0), node.input(1)]
    const size = node.ints('pooled_shape')
    if (size?.length !== 2) throw node.error('MODEL_ATTRIBUTE', 'pooled_shape must be two numbers')
    return [{ type: x.type, shape: [rois.dims[0]!, x.dims[1]!, ...size] }]
  },
  decompose: widenNarrowFloats,
  lower(node, k) {
    const [x, rois] = [node.input(0), node.input(1)]
    const [count, channels, ...size] = node.output().dims as [Dim, Dim, ...Dim[]]
    demandEqual(node, k, rois.dims[1]!, 5, 'regions should have a batch index and 4 coordinates')
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

/** ONNX DeformConv-19 … 22, two spatial axes. */
const DeformConv: LoweredOperator = {
  name: 'DeformConv',
  infer(node): ValueInfo[] {
    const [x, w] = [node.input(0), node.input(1)]
    if (x.rank !== 4) throw node.error('UNSUPPORTED_RANK', `data of rank ${x.rank} is not supported`)
    return [{ type: x.type, shape: [x.dims[0]!, w.dims[0]!, ...deformWindow(node).output] }]
  },
  decompose: widenNarrowFloats,
  check: (node, k) => checkFits(k, deformWindow(node)),
  lower(node, k) {
    const [x, w, offset] = [node.input(0), node.input(1), node.input(2)]
    const [groups, offsetGroups] = [node.int('group', 1), node.int('offset_group', 1)]
    const window = deformWindow(node)
    const taps = product(window.kernel)
    const [channels, filters] = [x.dims[1]!, w.dims[0]!]
    if (typeof channels !== 'number' || typeof filters !== 'number')
      throw node.error('UNSUPPORTED_DYNAMIC', 'channels must be known at compile time')
    if (groups < 1 || offsetGroups < 1 || channels % groups || filters % groups || channels % offsetGroups) {
      throw node.error(
        'MODEL_SHAPE',
        `${channels} channels and ${filters} filters can't be divided into ${groups} groups and ${offsetGroups} groups of offsets`,
      )
    }
    if (node.inputs[3])
      demandEqual(node, k, node.inputs[3].dims[0]!, filters, 'there should be one bias for each filter')
    demandEqual(node, k, x.dims[1]!, product([w.dims[1]!, groups]), 'weights and data differ in the number of channels')
    const out = node.output().dims
    const checkMoves = (value: typeof offset, perTap: number): void => {
      const expected = [out[0]!, product([offsetGroups, taps, perTap]), ...out.slice(2)]
      if (value.rank !== 4) throw node.error('MODEL_SHAPE', 'offset and mask should be of rank 4')
      expected.forEach((dim, i) =>
        demandEqual(node, k, value.dims[i]!, dim, 'offset or mask is of another shape than the window says'),
      )
    }
    checkMoves(offset, 2)
    if (node.inputs[4]) checkMoves(node.inputs[4], 1)
    k.include('sample.h')
    k.line(`const om_window_nd window = ${windowInitializer(window, (dim) => k.dim(dim))};`)
    const optional = (i: number): string => (node.inputs[i] ? k.input(i) : 'NULL')
    k.line(
      `om_deform_conv_${suffix(node)}(${k.input(0)}, ${k.input(1)}, ${k.input(2)}, ${optional(3)}, ${optional(4)}, ${k.output()}, ` +
        `${k.dim(x.dims[0]!)}, ${k.dim(x.dims[1]!)}, ${k.dim(w.dims[0]!)}, ${groups}, ${offsetGroups}, &window);`,
    )
  },
  flops: (node) => product([2, ...node.output().dims, ...node.input(1).dims.slice(1)]),
}

export const sampling: readonly LoweredOperator[] = [GridSample, AffineGrid, RoiAlign, MaxRoiPool, DeformConv]

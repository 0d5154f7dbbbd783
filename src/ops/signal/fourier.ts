import { add, type Dim, floorDivide, multiply, subtract } from '../../graph/dim.ts'
import type { Node, ValueInfo } from '../../graph/graph.ts'
import type { InferContext } from '../../graph/operator.ts'
import { type Agreement, takes } from '../../graph/rules.ts'
import { elementTypes } from '../../onnx/element-type.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { widenNarrowFloats } from '../../lowering/widen.ts'

/** Real samples have one element, complex ones two: the last axis. */
function lanesOf(node: Node): 1 | 2 {
  const { rank, dims } = node.input(0)
  const lanes = dims.at(-1)
  if (rank < 2 || (lanes !== 1 && lanes !== 2))
    throw node.error('MODEL_SHAPE', `the last axis of [${dims.join(', ')}] should have size 1 (real) or 2 (complex)`)
  return lanes
}

/** The transformed axis: an attribute up to opset 19, an input since; `undefined` where it is data. */
function axisOf(node: Node): number | undefined {
  const given = node.version < 20 ? node.int('axis', 1) : node.inputs[2] ? node.inputs[2].contents?.[0] : -2
  if (typeof given !== 'number') return undefined
  const { rank } = node.input(0)
  const axis = given < 0 ? given + rank : given
  if (axis < 0 || axis >= rank - 1)
    throw node.error('MODEL_AXIS', `axis ${given} is no axis of samples of a tensor of rank ${rank}`)
  return axis
}

/** What DFT makes of a signal: spectra, halves of spectra (`onesided`), or signals again. */
interface Transform {
  readonly inverse: boolean
  readonly onesided: boolean
  /** One-sided spectra come from real signals and go back to them. */
  readonly real: boolean
}

function transformOf(node: Node): Transform {
  const [inverse, onesided] = [node.int('inverse', 0) !== 0, node.int('onesided', 0) !== 0]
  if (onesided && !inverse && lanesOf(node) === 2)
    throw node.error('MODEL_SHAPE', 'a one-sided spectrum needs real samples')
  if (onesided && inverse && lanesOf(node) === 1)
    throw node.error('MODEL_SHAPE', 'a one-sided spectrum has complex elements')
  return { inverse, onesided, real: inverse && onesided }
}

/** Samples of the transform along `axis`, where that is known. */
function lengthOf(node: Node, axis: number, { real }: Transform): Dim | undefined {
  if (node.inputs[1]) {
    const length = node.inputs[1].contents?.[0]
    if (typeof length === 'number' && length < 1)
      throw node.error('MODEL_SHAPE', `a transform of ${length} samples is none`)
    return length
  }
  const extent = node.input(0).dims[axis]!
  return real ? multiply(2, subtract(extent, 1)) : extent
}

function inferDft(node: Node, context: InferContext): ValueInfo[] {
  const { dims, type, rank } = node.input(0)
  lanesOf(node)
  const transform = transformOf(node)
  const axis = axisOf(node)
  const lanes = transform.real ? 1 : 2
  const keepsSize = !node.inputs[1] && !transform.onesided
  if (axis === undefined && !keepsSize) {
    return [{ type, shape: [...Array.from({ length: rank - 1 }, () => context.freshDim()), lanes] }]
  }
  const shape = [...dims.slice(0, -1), lanes]
  if (axis !== undefined && !keepsSize) {
    const length = lengthOf(node, axis, transform)
    const halved = transform.onesided && !transform.inverse
    shape[axis] = length === undefined ? context.freshDim() : halved ? add(floorDivide(length, 2), 1) : length
  }
  return [{ type, shape }]
}

/** Sets the variables axis, outer, extent, inner and n: what is transformed, and how many samples it has. */
function writeGeometry(node: Node, k: KernelWriter): void {
  const { dims, rank } = node.input(0)
  const axis = axisOf(node)
  k.include('axes.h')
  k.line(`const int64_t dims[${rank}] = {${dims.map((dim) => k.dim(dim)).join(', ')}};`)
  k.line(`int64_t axis = ${axis ?? `(int64_t)${k.input(2)}[0]`}, outer, extent, inner;`)
  k.failIf(
    `!om_split_axis(axis, ${rank}, dims, &outer, &extent, &inner) || axis == -1 || axis == ${rank - 1}`,
    'the axis is out of range',
  )
  k.line(`axis += axis < 0 ? ${rank} : 0;`)
  const natural = transformOf(node).real ? '2 * (extent - 1)' : 'extent'
  k.line(`const int64_t n = ${node.inputs[1] ? `(int64_t)${k.input(1)}[0]` : natural};`)
  k.failIf('n < 1', 'a transform needs samples')
}

/** ONNX DFT-17 (axis as attribute) and DFT-20. */
const DFT: LoweredOperator = {
  name: 'DFT',
  rules: ({ version }) => takes(`input:float dft_length?:index[.]${version < 20 ? '' : ' axis?:int64[.]'}`),
  sizedBy: [1, 2],
  infer: inferDft,
  // The length is no float, so of the inputs only the signal is widened.
  decompose: widenNarrowFloats,
  sizes(node, k) {
    const transform = transformOf(node)
    writeGeometry(node, k)
    const length = transform.onesided && !transform.inverse ? 'n / 2 + 1' : 'n'
    node.output().dims.forEach((dim, axis) => {
      if (typeof dim === 'number' || dim === node.input(0).dims[axis]) return
      k.line(`*${k.symbol(dim)} = axis == ${axis} ? ${length} : dims[${axis}];`)
    })
  },
  lower(node, k) {
    const { inverse, onesided, real } = transformOf(node)
    const lanes = lanesOf(node)
    const { dims } = node.output()
    writeGeometry(node, k)
    // No axis is longer than the sum of all; a one-sided spectrum has half of what is transformed.
    const buffers = writeBuffers(node, k, multiply(2, dims.reduce<Dim>(add, 1)), inverse)
    const fraction = `(${buffers.real})(1.0 / (double)n)`
    k.line(`const int64_t bins = ${onesided && !inverse ? 'n / 2 + 1' : 'n'};`)
    k.line(
      `const int64_t most = ${real ? 'n / 2 + 1' : 'n'}, given = extent < most ? extent : most, row = inner / ${lanes};`,
    )
    k.line('for (int64_t o = 0; o < outer; o++)')
    k.line('  for (int64_t i = 0; i < row; i++) {')
    k.line(
      `    OM_FOURIER_LOAD(${buffers.x}, n, ${k.input(0)} + (o * extent * row + i) * ${lanes}, inner, ${lanes}, given, 1)`,
    )
    if (real) k.line(`    OM_FOURIER_MIRROR(${buffers.x}, n)`)
    k.line(`    const ${buffers.complex} *result = ${buffers.transform};`)
    k.line('    for (int64_t bin = 0; bin < bins; bin++) {')
    const factor = inverse ? ` * ${fraction}` : ''
    const place = `${k.output()}[((o * bins + bin) * row + i) * ${real ? 1 : 2}`
    k.line(`      ${place}] = result[bin].r${factor};`)
    if (!real) k.line(`      ${place} + 1] = result[bin].i${factor};`)
    k.line('    }\n  }')
  },
}

interface Buffers {
  /** Where samples go. */
  readonly x: string
  /** C types of an element and of its parts, and the call that gives a pointer to the result. */
  readonly complex: string
  readonly real: string
  readonly transform: string
}

/**
 * Scratch for transforms of up to `most` samples: roots of unity, and two buffers that passes go between. Real signals
 * are transformed in doubles and complex ones in their own precision, as NumPy does.
 */
function writeBuffers(node: Node, k: KernelWriter, most: Dim, inverse: boolean): Buffers {
  const double = lanesOf(node) === 1 || node.input(0).type === 'float64'
  const [suffix, real] = double ? ['f64', 'double'] : ['f32', 'float']
  const complex = `om_complex_${suffix}`
  const [roots, x, work] = [0, 1, 2].map(() => k.scratch(multiply(double ? 16 : 8, most), complex)) as [
    string,
    string,
    string,
  ]
  k.include('fourier.h')
  k.line(`om_roots_${suffix}(${roots}, n, ${inverse});`)
  return { x, complex, real, transform: `om_fft_${suffix}(${x}, ${work}, ${roots}, n)` }
}

/** Frame length and step of STFT as dimensions, where they are known. */
function frameOf(node: Node): { length: Dim | undefined; step: Dim | undefined } {
  const length = node.inputs[3] ? node.inputs[3].contents?.[0] : node.inputs[2]?.dims[0]
  if (!node.inputs[3] && !node.inputs[2])
    throw node.error('MODEL_MISSING_INPUT', 'a window or a frame length is required')
  return { length, step: node.input(1).contents?.[0] }
}

/** Where both a window and a frame length are given, the window is as long as a frame. */
function agreeFrame(node: Node): Agreement[] {
  const { rank, dims } = node.input(0)
  if (rank > 3)
    throw node.error('MODEL_SHAPE', `the signal has shape [${dims.join(', ')}], but should have 2 axes or 3`)
  const length = node.inputs[2] && node.inputs[3]?.contents?.[0]
  return length === undefined ? [] : [{ input: 2, axis: 0, expected: length, as: 'frame_length says' }]
}

/** C variables of the frame: length and step, checked. */
function writeFrame(node: Node, k: KernelWriter): void {
  const window = node.inputs[2]
  k.line(
    `const int64_t n = ${node.inputs[3] ? `(int64_t)${k.input(3)}[0]` : k.dim(window!.dims[0]!)}, step = (int64_t)${k.input(1)}[0];`,
  )
  const samples = k.dim(node.input(0).dims[1]!)
  k.failIf(`n < 1 || step < 1 || n > ${samples}`, 'frame length and step do not fit the signal')
  if (window && node.inputs[3] && !node.inputs[3].contents)
    k.failIf(`n != ${k.dim(window.dims[0]!)}`, 'the window is not as long as a frame')
}

/**
 * ONNX STFT-17: transforms of windows that move over signals [batch, samples, 1 or 2], or, as PyTorch's exporter writes real ones
 * and onnxruntime takes them, [batch, samples].
 */
const STFT: LoweredOperator = {
  name: 'STFT',
  rules: takes(
    'signal:T[_, _, ...] frame_step:index[.] window?:T[_] frame_length?:index[.]',
    { T: 'float' },
    agreeFrame,
  ),
  sizedBy: [1, 3],
  infer(node, context): ValueInfo[] {
    const signal = node.input(0)
    const { length, step } = frameOf(node)
    const samples = signal.dims[1]!
    if (typeof step === 'number' && step < 1)
      throw node.error('MODEL_SHAPE', `frame_step is ${step}, but frames must move on`)
    const known = length !== undefined && typeof step === 'number'
    const frames = known ? add(floorDivide(subtract(samples, length), step), 1) : context.freshDim()
    if (typeof frames === 'number' && (frames < 1 || Number(length) < 1))
      throw node.error('MODEL_SHAPE', `frames of ${length} samples do not fit a signal of ${samples}`)
    const bins = length === undefined ? context.freshDim() : isOneSided(node) ? add(floorDivide(length, 2), 1) : length
    return [{ type: signal.type, shape: [signal.dims[0]!, frames, bins, 2] }]
  },
  decompose(node, b) {
    if (node.input(0).rank !== 2) return widenNarrowFloats(node, b)
    const signal = b.op('Unsqueeze', [node.input(0), b.ints([2])])
    return [b.op('STFT', [signal, ...node.inputs.slice(1)], Object.fromEntries(node.attributes))]
  },
  sizes(node, k) {
    const [, frames, bins] = node.output().dims as [Dim, Dim, Dim, Dim]
    const { length, step } = frameOf(node)
    writeFrame(node, k)
    if (length === undefined || typeof step !== 'number')
      k.line(`*${k.symbol(frames)} = (${k.dim(node.input(0).dims[1]!)} - n) / step + 1;`)
    if (length === undefined) k.line(`*${k.symbol(bins)} = ${isOneSided(node) ? 'n / 2 + 1' : 'n'};`)
  },
  lower(node, k) {
    const signal = node.input(0)
    const lanes = lanesOf(node)
    const [batch, frames, bins] = node.output().dims as [Dim, Dim, Dim, Dim]
    const c = elementTypes[signal.type].c
    writeFrame(node, k)
    const buffers = writeBuffers(node, k, multiply(2, bins), false)
    k.line(`for (int64_t b = 0; b < ${k.dim(batch)}; b++)`)
    k.line(`  for (int64_t frame = 0; frame < ${k.dim(frames)}; frame++) {`)
    k.line(`    const ${c} *from = ${k.input(0)} + (b * ${k.dim(signal.dims[1]!)} + frame * step) * ${lanes};`)
    k.line(`    ${c} *to = ${k.output()} + (b * ${k.dim(frames)} + frame) * ${k.dim(bins)} * 2;`)
    k.line(
      `    OM_FOURIER_LOAD(${buffers.x}, n, from, ${lanes}, ${lanes}, n, ${node.inputs[2] ? `${k.input(2)}[t]` : '1'})`,
    )
    k.line(`    const ${buffers.complex} *result = ${buffers.transform};`)
    k.line(
      `    for (int64_t bin = 0; bin < ${k.dim(bins)}; bin++) to[2 * bin] = result[bin].r, to[2 * bin + 1] = result[bin].i;`,
    )
    k.line('  }')
  },
}

function isOneSided(node: Node): boolean {
  const onesided = node.int('onesided', 1) !== 0
  if (onesided && lanesOf(node) === 2) throw node.error('MODEL_SHAPE', 'a one-sided spectrum needs real samples')
  return onesided
}

export const fourier: readonly LoweredOperator[] = [DFT, STFT]

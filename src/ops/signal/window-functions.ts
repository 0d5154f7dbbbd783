import { add, type Dim, floorDivide } from '../../graph/dim.ts'
import type { Node, ValueInfo } from '../../graph/graph.ts'
import { takes } from '../../graph/rules.ts'
import { type ElementType, elementTypeOf, isInteger } from '../../onnx/element-type.ts'
import { computeType, storeElement } from '../../lowering/c-text.ts'
import { truncated } from '../math/cast.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'

function outputType(node: Node): ElementType {
  const type = elementTypeOf(node.int('output_datatype', 1))
  if (!type || type === 'string' || type === 'bool' || type.startsWith('complex')) {
    throw node.error(
      'MODEL_ATTRIBUTE',
      `output_datatype is ${node.int('output_datatype')}, which is no type of numbers`,
    )
  }
  return type
}

/** A size that input `i` states, where it is known. */
function sizeInput(node: Node, i: number): Dim | undefined {
  const size = node.input(i).contents?.[0]
  if (typeof size === 'number' && size < 0) throw node.error('MODEL_SHAPE', `input ${i} is ${size}, which is no size`)
  return size
}

/** Coefficients of a sum of cosines: a0 - a1 cos(2πn/N) + a2 cos(4πn/N). */
type Cosines = readonly [a0: number, a1: number, a2: number]

/** ONNX HannWindow, HammingWindow and BlackmanWindow-17; N is the size, or one less where the window is not periodic. */
function windowFunction(name: string, [a0, a1, a2]: Cosines): LoweredOperator {
  return {
    name,
    rules: takes('size:index[.]'),
    infer(node, context): ValueInfo[] {
      return [{ type: outputType(node), shape: [sizeInput(node, 0) ?? context.freshDim()] }]
    },
    sizes: (node, k) => k.line(`*${k.symbol(node.output().dims[0]!)} = ${k.input(0)}[0];`),
    lower(node, k) {
      const { type, dims } = node.output()
      const size = k.dim(dims[0]!)
      k.include('types.h')
      k.line(`const double period = (double)(${size} - ${node.int('periodic', 1) ? 0 : 1});`)
      k.line(`for (int64_t i = 0; i < ${size}; i++) {`)
      k.line('  const double angle = 6.283185307179586477 * (double)i / period;')
      const second = a2 === 0 ? '' : ` + ${a2} * cos(2.0 * angle)`
      const value = `(${a0} - ${a1} * cos(angle)${second})`
      // A window of one sample that is not periodic divides by 0, and no integer is NaN.
      const element = isInteger(type) ? truncated(type, value) : `(${computeType(type)})${value}`
      k.line(`  ${storeElement(type, `${k.output()}[i]`, element)}`)
      k.line('}')
    },
  }
}

/** ONNX MelWeightMatrix-17: triangular filters between edges that are evenly spaced on the mel scale. */
const MelWeightMatrix: LoweredOperator = {
  name: 'MelWeightMatrix',
  rules: takes('num_mel_bins:T[.] dft_length:T[.] sample_rate:T[.] lower_edge_hertz:E[.] upper_edge_hertz:E[.]', {
    T: 'index',
    E: 'float',
  }),
  infer(node, context): ValueInfo[] {
    const [bins, length] = [sizeInput(node, 0), sizeInput(node, 1)]
    const spectrum = length === undefined ? context.freshDim() : add(floorDivide(length, 2), 1)
    return [{ type: outputType(node), shape: [spectrum, bins ?? context.freshDim()] }]
  },
  sizes(node, k) {
    const [spectrum, bins] = node.output().dims
    if (node.input(1).contents === undefined) {
      k.failIf(`${k.input(1)}[0] < 0`, 'dft_length is negative')
      k.line(`*${k.symbol(spectrum!)} = (int64_t)${k.input(1)}[0] / 2 + 1;`)
    }
    if (node.input(0).contents === undefined) k.line(`*${k.symbol(bins!)} = (int64_t)${k.input(0)}[0];`)
  },
  lower(node, k) {
    const { type, dims } = node.output()
    const [spectrum, bins] = dims.map((dim) => k.dim(dim))
    k.include('mel.h')
    k.include('types.h')
    const edges = [3, 4].map((i) =>
      node.input(i).type === 'float32' || node.input(i).type === 'float64'
        ? `${k.input(i)}[0]`
        : `om_load_${node.input(i).type}(${k.input(i)}[0])`,
    )
    k.line(
      `const om_mel_scale scale = {${bins}, (int64_t)${k.input(1)}[0], (int64_t)${k.input(2)}[0], ${edges.join(', ')}};`,
    )
    k.failIf('scale.sample_rate < 1', 'the sample rate must be positive')
    k.line(`for (int64_t i = 0; i < ${bins}; i++) {`)
    k.line(
      '  const int64_t lower = om_mel_edge(&scale, i), center = om_mel_edge(&scale, i + 1), upper = om_mel_edge(&scale, i + 2);',
    )
    k.line(`  for (int64_t j = 0; j < ${spectrum}; j++) {`)
    k.line(
      `    ${storeElement(type, `${k.output()}[j * ${bins} + i]`, `(${computeType(type)})om_mel_weight(lower, center, upper, j)`)}`,
    )
    k.line('  }\n}')
  },
}

export const windowFunctions: readonly LoweredOperator[] = [
  windowFunction('HannWindow', [0.5, 0.5, 0]),
  windowFunction('HammingWindow', [25 / 46, 21 / 46, 0]),
  windowFunction('BlackmanWindow', [0.42, 0.5, 0.08]),
  MelWeightMatrix,
]

import type { Signature } from '../cache/artifact.ts'
import { isFloat } from '../onnx/element-type.ts'
import { randomNumbers } from './random-numbers.ts'
import { isTensor } from '../runtime/signature.ts'

export type ProbeInputs = Record<string, { readonly data: readonly number[]; readonly dims: readonly number[] }>

/**
 * Inputs that every model accepts: floats between -1 and 1, and zeros for integers, which may be indices or lengths.
 * Symbolic dimensions are 1. Other seeds give other floats; what is no tensor is left out.
 */
export function probeInputs({ inputs }: Signature, seed = 0): ProbeInputs {
  const random = randomNumbers(seed)
  return Object.fromEntries(
    inputs.filter(isTensor).map(({ name, type, shape }) => {
      const dims = shape.map((dim) => (typeof dim === 'number' ? dim : 1))
      const count = dims.reduce((product, dim) => product * dim, 1)
      return [name, { dims, data: Array.from({ length: count }, () => (isFloat(type) ? 2 * random() - 1 : 0)) }]
    }),
  )
}

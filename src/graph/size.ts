import { CompileError } from '../errors/index.ts'
import { memoryBytes } from '../onnx/element-type.ts'
import { defaultLimits } from '../onnx/limits.ts'
import { type Dim, isShort, LARGEST, symbolsOf } from './dim.ts'
import type { ValueInfo } from './graph.ts'

/** As many as a file may state: a shape that is computed could have any number. Loops in C nest as deep. */
const MOST_AXES = defaultLimits.rank
/** No machine has this much memory, and all sizes and offsets up to here are exact as numbers and as int64_t. */
const MOST_BYTES = 2 ** 46

/**
 * Throws where a tensor of this shape can't be anywhere, or its sizes are formulas that would take the compiler too long. Symbolic dimensions count as 1 times their largest factor, empty
 * ones as 1: the strides of an empty tensor must be right, too.
 *
 * @param name of the value, or of the node that makes it
 * @throws CompileError `UNSUPPORTED_SIZE`, `UNSUPPORTED_RANK`
 */
export function checkSize(name: string, { type, shape }: ValueInfo): void {
  if (shape && shape.length > MOST_AXES) {
    const problem = `Value ${JSON.stringify(name)} would have ${shape.length} dimensions; at most ${MOST_AXES} are allowed.`
    throw new CompileError('UNSUPPORTED_RANK', `${problem} Check the shapes that the model computes before this value.`)
  }
  const long = shape?.findIndex((dim) => !isShort(dim)) ?? -1
  if (long >= 0) {
    const symbols = [...symbolsOf(shape![long]!)]
    const some = symbols.slice(0, 3).join(', ') + (symbols.length > 3 ? ', …' : '')
    throw new CompileError(
      'UNSUPPORTED_SIZE',
      `Dimension ${long} of value ${JSON.stringify(name)} is too long a formula of ${symbols.length} symbols (${some}). Give the dimensions of the model's inputs sizes, or one name where they are equal.`,
    )
  }
  let bytes = memoryBytes(type)
  let most = 0
  for (const dim of shape ?? []) {
    const size = leastSize(dim)
    most = Math.max(most, Math.abs(size))
    bytes *= Math.max(1, size)
  }
  if (most <= LARGEST && bytes <= MOST_BYTES) return
  throw new CompileError(
    'UNSUPPORTED_SIZE',
    `Value ${JSON.stringify(name)} is ${type}[${shape?.join(', ')}], which no memory can hold: ${inUnits(bytes)} where all symbols are 1, of at most ${inUnits(MOST_BYTES)}. Check the model's dimensions and the nodes before this value.`,
  )
}

/** `16 EiB`. */
function inUnits(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']
  const unit = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  return `${Number((bytes / 2 ** (10 * unit)).toPrecision(3))} ${units[unit]}`
}

function leastSize(dim: Dim): number {
  if (typeof dim === 'number') return dim
  return Math.max(...dim.terms.map(({ coefficient }) => Math.abs(Number(coefficient))))
}

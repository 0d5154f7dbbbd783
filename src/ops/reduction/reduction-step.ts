import { type ElementType, elementTypes, isFloat } from '../../onnx/element-type.ts'
import { arithmetic, negation } from '../../lowering/c-text.ts'

/** What comes after `Reduce` in an operator's name. */
export type Reduction = 'Sum' | 'Mean' | 'Prod' | 'Max' | 'Min' | 'SumSquare' | 'L1' | 'L2' | 'LogSum' | 'LogSumExp'

/** C type and expressions of OM_REDUCE_ANY (native/kernels/reduce-any.h). */
export interface Accumulation {
  readonly accumulator: string
  readonly initial: string
  readonly step: string
  readonly finish: string
}

/**
 * How a type is reduced. Integers are added up in 64 bits and wrap to their own type at the end; the largest is one of them. An empty set gives
 * the neutral element: 0, 1, and for Max and Min the lowest and highest number of the type (ONNX Reduce*-20).
 */
export function accumulation(kind: Exclude<Reduction, 'LogSumExp'>, type: ElementType): Accumulation {
  const wide = type === 'float64' ? 'float64' : type.startsWith('uint') ? 'uint64' : 'int64'
  const accumulator = elementTypes[wide].c
  const square = `(${arithmetic(wide, 'v', '*', 'v')})`
  const plain = (initial: string, step: string, finish = 'sum'): Accumulation => ({
    accumulator,
    initial,
    step,
    finish,
  })
  const own = type === 'bool' ? 'uint8_t' : elementTypes[type].c
  const ofOwnType = (initial: string, step: string): Accumulation => ({ ...plain(initial, step), accumulator: own })
  switch (kind) {
    case 'Sum':
      return plain('0', arithmetic(wide, 'sum', '+', 'v'))
    case 'Mean':
      return plain(
        '0',
        arithmetic(wide, 'sum', '+', 'v'),
        isFloat(type) ? 'sum / (double)count' : `count == 0 ? 0 : sum / (${accumulator})count`,
      )
    case 'Prod':
      return plain('1', arithmetic(wide, 'sum', '*', 'v'))
    case 'SumSquare':
      return plain('0', arithmetic(wide, 'sum', '+', square))
    case 'L1':
      return plain(
        '0',
        arithmetic(wide, 'sum', '+', type.startsWith('uint') ? 'v' : `(v < 0 ? ${negation(wide, 'v')} : v)`),
      )
    case 'Max':
      return ofOwnType(limits(type).lowest, isFloat(type) ? 'sum >= v || sum != sum ? sum : v' : 'sum >= v ? sum : v')
    case 'Min':
      return ofOwnType(limits(type).highest, isFloat(type) ? 'sum <= v || sum != sum ? sum : v' : 'sum <= v ? sum : v')
    case 'L2':
      return plain('0', 'sum + v * v', 'sqrt(sum)')
    case 'LogSum':
      return plain('0', 'sum + v', 'log(sum)')
  }
}

function limits(type: ElementType): { lowest: string; highest: string } {
  if (isFloat(type)) return { lowest: '-INFINITY', highest: 'INFINITY' }
  if (type === 'bool') return { lowest: '0', highest: '1' }
  const name = type.toUpperCase()
  return { lowest: type.startsWith('u') ? '0' : `${name}_MIN`, highest: `${name}_MAX` }
}

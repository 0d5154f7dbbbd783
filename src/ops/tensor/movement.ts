import { arranging } from './arrange.ts'
import { joining } from './concat.ts'
import { gathering } from './gather.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { padding } from './pad.ts'
import { repeating } from './repeat.ts'
import { scattering } from './scatter.ts'
import { searches } from './search.ts'
import { Slice } from './slice.ts'

/** Operators that move elements of any type without computing with them. */
export const movement: readonly LoweredOperator[] = [
  ...joining,
  Slice,
  ...gathering,
  ...scattering,
  ...repeating,
  ...padding,
  ...arranging,
  ...searches,
]

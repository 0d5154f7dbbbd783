import { attention } from './attention.js'
import { contrib } from './contrib.js'
import { control } from './control.js'
import { elementwise } from './elementwise.js'
import { idioms } from './idioms.js'
import { image } from './image.js'
import { classic } from './ml.js'
import { movement } from './movement.js'
import { product } from './product.js'
import { recurrent } from './recurrent.js'
import { reduction } from './reduction.js'
import { selection } from './selection.js'
import { sequence } from './sequence.js'
import { signal } from './signal.js'

/** Operator → how a random node of it is made. */
export const kinds = {
  ...elementwise,
  ...movement,
  ...selection,
  ...reduction,
  ...product,
  ...image,
  ...recurrent,
  ...signal,
  ...control,
  ...idioms,
  ...sequence,
  ...classic,
  ...contrib,
  ...attention,
}

import type { Operators } from '../call.ts'
import { attentions } from './attention.ts'
import { bags } from './bags.ts'
import { control } from './control.ts'
import { indexing } from './indexing.ts'
import { making } from './making.ts'
import { math } from './math.ts'
import { nn } from './nn.ts'
import { pooling } from './pooling.ts'
import { recurrents } from './recurrent.ts'
import { reductions } from './reduction.ts'
import { running } from './running.ts'
import { scattering } from './scattering.ts'
import { identities, shape } from './shape.ts'
import { special } from './special.ts'
import { unaries } from './unary.ts'
import { windows, windowViews } from './windows.ts'

export { writes } from './views.ts'

const makers: Operators = {
  ...unaries,
  ...math,
  ...special,
  ...nn,
  ...pooling,
  ...making,
  ...indexing,
  ...bags,
  ...scattering,
  ...reductions,
  ...running,
  ...attentions,
  ...recurrents,
  ...windows,
}

/** Everything that is converted, by target without `torch.ops.`. */
export const operators: Operators = { ...makers, ...shape, ...windowViews, ...identities, ...control }

/** Those whose results are memory of their own, which an operator in place may change. */
export const fresh: ReadonlySet<string> = new Set(
  // Of one operand whose axes only move, einsum is a view.
  Object.keys(makers).filter((name) => name !== 'aten.einsum.default'),
)

/** Those that give their first input itself. */
export const aliases: ReadonlySet<string> = new Set(Object.keys(identities))

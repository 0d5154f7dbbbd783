import type { Step } from './program.ts'

/** Where something of the model runs. `folded`: nowhere by itself, as it was computed or removed at compile time, or became part of another. */
export type Device = 'nnpa' | 'cpu' | 'folded'

/** Where a step ends up. */
export interface Placed {
  readonly device: Device
  /** What the compiler says of it; empty where it says nothing. */
  readonly reason: string
  /** What we say where the compiler says nothing. */
  readonly note?: string
}

export type Placement = Map<Step, Placed>

import type { SpawnResult } from '../process/spawn.ts'
import type { StagedNames } from './arguments.ts'
import type { Capabilities } from './capabilities.ts'
import type { Phase } from './progress.ts'
import type { Staging } from './staging.ts'

/** A run that succeeded; its products are in `staging.work` until that is disposed of. */
export interface DriveResult {
  readonly staging: Staging
  readonly names: StagedNames
  readonly capabilities: Capabilities
  readonly run: SpawnResult
  readonly phases: readonly Phase[]
  readonly notes: readonly string[]
}

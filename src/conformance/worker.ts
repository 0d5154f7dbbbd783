import { createPipeline, type Pipeline } from '../pipeline.ts'
import type { RequestOptions } from '../request/index.ts'
import { type CaseResult, runCase } from './case.ts'

/** How all tests of a suite are compiled. */
export interface CaseOptions {
  /** Folder that keeps what was compiled. */
  readonly cache: string
  readonly request: RequestOptions
}

export interface CaseMessage {
  readonly folder: string
  readonly options: CaseOptions
}

let pipeline: Pipeline | undefined

// A process of its own per few tests: generated code that crashes takes only this one along.
process.on('message', ({ folder, options: { cache, request } }: CaseMessage) => {
  pipeline ??= createPipeline({ ...request, cache })
  runCase(folder, pipeline)
    .catch((error: unknown): CaseResult => ({
      status: 'fail',
      reason: error instanceof Error ? error.message : String(error),
    }))
    .then((result) => process.send!(result))
})

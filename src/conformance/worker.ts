import { type CaseOptions, type CaseResult, runCase } from './case.ts'

export interface CaseMessage {
  readonly folder: string
  readonly options: CaseOptions
}

// A process of its own per few tests: generated code that crashes takes only this one along.
process.on('message', ({ folder, options }: CaseMessage) => {
  runCase(folder, options)
    .catch((error: unknown): CaseResult => ({
      status: 'fail',
      reason: error instanceof Error ? error.message : String(error),
    }))
    .then((result) => process.send!(result))
})

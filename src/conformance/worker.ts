import { pathToFileURL } from 'node:url'
import type { OperatorDefinition } from '../ops/user/define.ts'
import { createPipeline } from '../pipeline/index.ts'
import type { RequestOptions } from '../request/index.ts'
import { type CaseResult, runCase } from './case.ts'
import type { Tolerances } from './compare.ts'
import { compiledModel, type Runnable } from './compiled.ts'
import { type Emulator, emulatedModel } from './emulated.ts'
import { allowRelaxedSimd } from './relaxed-simd.ts'
import { sanitizedModel } from './sanitized.ts'

/** How all tests of a suite are compiled and compared. */
export interface CaseOptions {
  /** Folder that keeps what was compiled. */
  readonly cache: string
  readonly request: RequestOptions
  readonly tolerances: Tolerances
  /** Operators that the user defines. */
  readonly operators?: readonly OperatorDefinition[]
  /** Compile to programs with sanitizers; see sanitized.ts. */
  readonly sanitize: boolean
  /** A module that registers targets. */
  readonly targets?: string
  /** Run the modules for relaxed SIMD, of models that have one. */
  readonly variants: boolean
  /** What runs the libraries, which are for another machine. */
  readonly emulator?: Emulator | undefined
}

export interface CaseMessage {
  readonly folder: string
  readonly options: CaseOptions
}

type Compile = (id: string) => Promise<Runnable>
let compile: Promise<Compile> | undefined

// A process of its own per few tests: generated code that crashes takes only this one along.
process.on('message', ({ folder, options }: CaseMessage) => {
  compile ??= compilerFor(options)
  compile
    .then((made) => runCase(folder, made, options.tolerances))
    .catch((error: unknown): CaseResult => ({
      status: 'fail',
      reason: error instanceof Error ? error.message : String(error),
    }))
    .then((result) => process.send!(result))
})

async function compilerFor({
  cache,
  request,
  sanitize,
  variants,
  emulator,
  operators = [],
  targets,
}: CaseOptions): Promise<Compile> {
  if (targets !== undefined) await import(pathToFileURL(targets).href)
  if (sanitize) return (id) => sanitizedModel(id, request, operators)
  if (variants) allowRelaxedSimd()
  const pipeline = createPipeline({ ...request, cache, operators, report: false })
  if (emulator) return (id) => emulatedModel(id, pipeline, emulator)
  return (id) => compiledModel(id, pipeline, variants)
}

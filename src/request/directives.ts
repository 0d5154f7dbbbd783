import { compiler } from './compiler.ts'
import { dims } from './dims.ts'
import type { Directive } from './directive.ts'
import { exported } from './export.ts'
import { files } from './files.ts'
import { inputs } from './inputs.ts'
import { maxWeightError } from './max-weight-error.ts'
import { O } from './optimize.ts'
import { profile } from './profile.ts'
import { signature } from './signature.ts'
import { target } from './target.ts'
import { threads } from './threads.ts'
import { tune } from './tune.ts'
import { untrusted } from './untrusted.ts'
import { weights } from './weights.ts'
import { worker } from './worker.ts'

/** Every directive. A new one is a file of its own, a line here, and its spec in `test/request`. */
export const directives = {
  target,
  compiler,
  O,
  profile,
  dims,
  weights,
  maxWeightError,
  files,
  signature,
  inputs,
  export: exported,
  threads,
  tune,
  untrusted,
  worker,
}

export type DirectiveName = keyof typeof directives

type ValueOf<D> = D extends Directive<infer Value> ? Value : never

/** The value of each directive. */
export type Directives = { readonly [Name in DirectiveName]: ValueOf<(typeof directives)[Name]> }

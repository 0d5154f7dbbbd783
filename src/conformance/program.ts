import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Signature } from '../cache/artifact.ts'
import type { SpawnResult } from '../process/spawn.ts'
import type { Target } from '../targets/index.ts'
import type { Runnable } from './compiled.ts'
import { packValues, unpackValues } from './packed-values.ts'
import type { Scratch } from './scratch.ts'

/** How a model that is run by a program (native/check) is run. */
export interface ProgramRun {
  readonly signature: Signature
  readonly byteOrder: Target['byteOrder']
  /** Runs it on a file of inputs; it writes one of outputs. */
  run(inputs: string, outputs: string): Promise<SpawnResult>
  /** What its failure is to the user. */
  problemOf(result: SpawnResult): string
}

/** Runs a model by a program; its files are in a folder that goes with it. */
export function runByProgram({ signature, byteOrder, run, problemOf }: ProgramRun, scratch: Scratch): Runnable {
  const [given, results] = [join(scratch.folder, 'inputs'), join(scratch.folder, 'outputs')]
  return {
    async run(inputs) {
      await writeFile(given, packValues(signature.inputs, inputs, byteOrder))
      const result = await run(given, results)
      if (result.exitCode !== 0) throw new Error(problemOf(result))
      const bytes = await readFile(results).catch(() => undefined)
      if (bytes === undefined) throw new Error('what runs it ended without an error, but no results were written')
      return unpackValues(signature.outputs, bytes, byteOrder)
    },
    close: scratch.close,
  }
}

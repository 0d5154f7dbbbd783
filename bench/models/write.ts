import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { modelBytes } from '../../src/onnx/build.ts'
import { encodeTensor } from '../../src/onnx/write.ts'
import { models } from './table.ts'

export interface WriteOptions {
  /** In which each model gets a folder for each of its workloads, in ONNX's test layout. */
  readonly folder: string
  /** The twins with few layers. */
  readonly isSmall: boolean
  /** Says which scripts made a folder: one that says the same is up to date. */
  readonly scripts: string
}

/** Names of all models. */
export const names = Object.keys(models)

/** Whether a model is there as these scripts make it. */
export function isWritten(name: string, { folder, scripts }: Omit<WriteOptions, 'isSmall'>): boolean {
  const note = noteOf(folder, name)
  return existsSync(note) && readFileSync(note, 'utf8') === scripts
}

/** Writes a model and its inputs. The workloads of a model share its file. @returns its bytes */
export function writeModel(name: string, { folder, isSmall, scripts }: WriteOptions): number {
  const { source, workloads } = isSmall ? models[name]!.small() : models[name]!.large()
  const inputs = source.inputs instanceof Map ? [...source.inputs.keys()] : Object.keys(source.inputs ?? {})
  const bytes = modelBytes(source)
  let written: string | undefined
  for (const [suffix, sets] of Object.entries(workloads)) {
    const own = join(folder, `${name}${suffix}`)
    rmSync(own, { recursive: true, force: true })
    for (const [i, set] of sets.entries()) {
      const data = join(own, `test_data_set_${i}`)
      mkdirSync(data, { recursive: true })
      for (const [k, input] of inputs.entries())
        writeFileSync(join(data, `input_${k}.pb`), encodeTensor(set[input]!, input))
    }
    const file = join(own, 'model.onnx')
    if (written === undefined) writeFileSync((written = file), bytes)
    else linkSync(written, file)
  }
  writeFileSync(noteOf(folder, name), scripts)
  return bytes.length
}

function noteOf(folder: string, name: string): string {
  return join(folder, name, 'made-by')
}

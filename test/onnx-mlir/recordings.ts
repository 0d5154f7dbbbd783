import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Transcripts of a real onnx-mlir that lie outside the repository; tests that need them are left out where they are absent. */
const folder = process.env['ONNX_MLIR_RECORDINGS'] ?? join(import.meta.dirname, '../../../shared/recordings/onnx-mlir')

export interface Recording {
  readonly name: string
  /** Without the program. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** A negative number is a signal. */
  readonly exit: number | 'timeout'
  readonly files: readonly { readonly name: string; readonly bytes: number }[]
  readonly stdout: string
  readonly stderr: string
  readonly folder: string
}

export const haveRecordings = existsSync(join(folder, 'help-hidden', 'stdout.txt'))
if (!haveRecordings)
  console.log(`skipped: replays of a real onnx-mlir, since ${folder} is absent (set ONNX_MLIR_RECORDINGS)`)

export function recordingNames(): string[] {
  return haveRecordings ? readdirSync(folder).filter((name) => existsSync(join(folder, name, 'run.json'))) : []
}

export function recording(name: string): Recording {
  const text = (file: string) => readFileSync(join(folder, name, file), 'utf8')
  const run = JSON.parse(text('run.json')) as Omit<Recording, 'name' | 'stdout' | 'stderr' | 'folder'>
  return {
    ...run,
    args: run.args.slice(1),
    name,
    stdout: text('stdout.txt'),
    stderr: text('stderr.txt'),
    folder: join(folder, name),
  }
}

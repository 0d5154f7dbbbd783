import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, vi } from 'vitest'
import { runCli } from '../../src/cli/run-cli.ts'

/** What a command line did. */
export interface Result {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a command line in this process and catches what it prints. */
export function cli(...args: readonly string[]): Promise<Result> {
  return caught(() => runCli(args))
}

/** Catches what something prints that gives an exit code. */
export async function caught(run: () => Promise<number>): Promise<Result> {
  const out: string[] = []
  const err: string[] = []
  const spies = [
    vi.spyOn(console, 'log').mockImplementation((line: unknown) => void out.push(`${String(line)}\n`)),
    vi.spyOn(console, 'error').mockImplementation((line: unknown) => void err.push(`${String(line)}\n`)),
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0),
  ]
  try {
    const code = await run()
    return { code, out: out.join(''), err: err.join('') }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

/** The result as `--json FILE` writes it, with what was printed beside it. */
export async function cliJson(...args: readonly string[]): Promise<Result & { readonly json: any }> {
  const file = join(await temporaryFolder(), 'result.json')
  const result = await cli(...args, '--json', file)
  const json: unknown = JSON.parse(await readFile(file, 'utf8').catch(() => 'null'))
  return { ...result, json }
}

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-mlir-cli-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Writes one file to a folder that is gone after the test. @returns its path */
export async function fileWith(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), name)
  await writeFile(path, content)
  return path
}

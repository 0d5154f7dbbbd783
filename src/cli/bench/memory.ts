import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { signatureOf } from '../../pipeline/index.ts'
import { runnableFiles } from '../../plugin/runnable.ts'
import { modelFile } from '../../request/request.ts'
import type { Invocation } from '../command.ts'
import { randomInputs } from '../data/inputs.ts'
import type { Sizes } from '../dims.ts'
import { bold, bytesText, dim, table, yellow } from '../style.ts'
import { compiledModel } from './compiled.ts'
import { type EngineFailure, type EngineName, reasonOf } from './engine.ts'
import type { MemoryTask } from './memory-worker.ts'
import type { MemoryUse } from './memory-use.ts'
import { dataSetsOf, type ModelEntry } from './model-files.ts'

export type ModelMemory = { readonly [Name in EngineName]?: MemoryUse | EngineFailure }

export interface MemoryOptions {
  readonly threads: number
  /** Folder whose `node_modules` has the other engines. */
  readonly packages: string
  readonly sizesOf: (path: string) => Sizes
}

/**
 * Measures what models take of memory in each of the engines, a process for each pair, and prints a table per model.
 * An engine that fails is part of the result.
 */
export async function benchMemory(
  entries: readonly ModelEntry[],
  engines: readonly EngineName[],
  options: MemoryOptions,
  invocation: Invocation,
): Promise<Readonly<Record<string, ModelMemory>>> {
  const { usage, print, progress, signal } = invocation
  if (process.platform !== 'linux') throw usage('--memory reads what Linux tells of processes in /proc: run it there')
  if (entries.length === 0) throw usage('--memory needs a model')
  const results = new Map<string, ModelMemory>()
  for (const entry of entries) {
    const uses: { -readonly [Name in EngineName]?: MemoryUse | EngineFailure } = {}
    for (const name of engines) {
      progress(`measuring ${entry.name} in ${name}`)
      try {
        uses[name] = await inProcess(await taskOf(entry, name, options, invocation), signal)
      } catch (error) {
        signal.throwIfAborted()
        uses[name] = { error: reasonOf(error) }
      }
    }
    results.set(entry.name, uses)
    print(memoryText(entry.name, uses))
  }
  return Object.fromEntries(results)
}

/** On the first data set beside the model, else on random inputs. What is compiled is compiled here. */
async function taskOf(
  entry: ModelEntry,
  name: EngineName,
  { threads, packages, sizesOf }: MemoryOptions,
  invocation: Invocation,
): Promise<MemoryTask> {
  const { path } = entry
  const [given] = await dataSetsOf(entry)
  const inputs = given?.inputs ?? randomInputs((await signatureOf(path)).inputs, sizesOf(path), 1)
  if (name === 'onnxruntime-node' || name === 'onnxruntime-web')
    return { inputs, threads, engine: { name, packages, model: path } }
  const { built } = await compiledModel(name, path, invocation, { threads })
  return { inputs, threads, engine: { facts: built.facts, files: await runnableFiles(modelFile(path), built) } }
}

/** A process that has held no other model, and nothing of compiling. */
async function inProcess(task: MemoryTask, signal: AbortSignal): Promise<MemoryUse> {
  const child = fork(fileURLToPath(new URL('./memory-worker.js', import.meta.url)), {
    serialization: 'advanced',
    signal,
  })
  const result = await new Promise<MemoryUse | EngineFailure>((resolve, reject) => {
    child.once('message', (message: MemoryUse | EngineFailure) => resolve(message))
    child.once('error', reject)
    child.once('exit', (code, ended) => resolve({ error: `it ended with ${ended ?? `exit ${code}`}` }))
    child.send(task)
  })
  if ('error' in result) throw new Error(result.error)
  return result
}

function memoryText(name: string, uses: ModelMemory): string {
  const rows: string[][] = []
  const failures: string[] = []
  for (const [engine, use] of Object.entries(uses))
    if ('error' in use) failures.push(`  ${engine}: ${yellow('not available')}: ${use.error}`)
    else rows.push([`  ${engine}`, ...[use.peakBytes, use.heldBytes, use.mappedBytes].map(bytesText)])
  const heading = ['  engine', 'peak', 'after runs', 'of it mapped'].map(dim)
  return [bold(name), ...(rows.length > 0 ? [table([heading, ...rows])] : []), ...failures].join('\n')
}

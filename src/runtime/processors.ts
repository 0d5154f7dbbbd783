import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { AskedThreads } from './wasm/thread-count.ts'

/** Kernels of most models have some sixteen parts. */
const MOST = 16

/** How many threads are to run a native model, and how many processors the process may use. */
export interface NativeThreads {
  readonly threads: number
  readonly processors: number
}

let known: number | undefined

/** What is asked for, as far as there are processors; all of them where nothing is. */
export function nativeThreads(asked: AskedThreads = 'auto'): NativeThreads {
  if (asked === 1) return { threads: 1, processors: 1 }
  const processors = (known ??= processorsFor(availableParallelism(), readText))
  return { threads: Math.min(asked === 'auto' ? MOST : asked, processors), processors }
}

/**
 * How many processors' time a process may use: those that it may run on, and no more than what its control groups (cgroups(7), of
 * either version) give it. Part of a processor is none: a thread for it would make the others wait.
 *
 * @param affinity processors that it may run on
 * @param read gives the text of a file; `undefined` where there is none
 */
export function processorsFor(affinity: number, read: (path: string) => string | undefined): number {
  const groups = (read('/proc/self/cgroup') ?? '').split('\n')
  const limits = groups.flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (path === undefined) return []
    if (controllers === '')
      return placesOf('/sys/fs/cgroup', path).map((folder) => quotaOf(...words(read(`${folder}/cpu.max`))))
    if (!controllers!.split(',').includes('cpu')) return []
    return placesOf(`/sys/fs/cgroup/${controllers}`, path).map((folder) =>
      quotaOf(read(`${folder}/cpu.cfs_quota_us`), read(`${folder}/cpu.cfs_period_us`)),
    )
  })
  return Math.max(1, Math.min(affinity, ...limits))
}

/** A group's folder and those of the groups that it is in: the limit of each counts. A container sees its own as the root. */
function placesOf(root: string, path: string): readonly string[] {
  const steps = path.split('/').filter((step) => step !== '')
  return [...steps.keys(), steps.length].map((count) => [root, ...steps.slice(0, count)].join('/'))
}

function words(line = ''): [string | undefined, string | undefined] {
  const [quota, period] = line.trim().split(/\s+/)
  return [quota, period]
}

/** Of microseconds in every so many; `max` and -1 are no limit. */
function quotaOf(quota = '', period = ''): number {
  const processors = Number.parseInt(quota, 10) / Number.parseInt(period, 10)
  return processors > 0 ? Math.floor(processors) : Infinity
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

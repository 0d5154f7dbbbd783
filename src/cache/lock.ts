import { readFileSync } from 'node:fs'
import { readFile, stat, unlink, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * An advisory lock between processes: it only keeps two builds from doing the same work twice. Whoever ignores it, loses
 * it, or breaks it while somebody still works does that work again and nothing worse, since entries are put in place by
 * renaming. So in doubt it is better to go on than to wait.
 */
export interface Lock {
  release(): Promise<void>
}

export interface LockOptions {
  readonly signal?: AbortSignal
  /** Milliseconds to wait for another process before going on without the lock; default 15 minutes. */
  readonly timeout?: number
}

const HEARTBEAT_MS = 10_000
const DEAD_MS = 6 * HEARTBEAT_MS
const POLL_MS = 50

interface Owner {
  readonly pid: number
  /** Start time of the process in clock ticks since boot, where the system tells: a pid alone may be another's by now. */
  readonly start: string | null
  readonly host: string
}

/**
 * Takes the lock file `path`, waiting for its owner to release it, to die or to fall silent.
 *
 * @throws the signal's reason when aborted
 */
export async function acquireLock(path: string, { signal, timeout = 900_000 }: LockOptions = {}): Promise<Lock> {
  const mine = JSON.stringify({ pid: process.pid, start: startOf(process.pid), host: hostname() } satisfies Owner)
  const deadline = Date.now() + timeout
  for (;;) {
    signal?.throwIfAborted()
    try {
      await writeFile(path, mine, { flag: 'wx' })
      return held(path, mine)
    } catch (error) {
      // No lock can be made here at all (read-only, full): work without.
      if (!isExisting(error)) return none
    }
    if (Date.now() > deadline) return none
    if (await isStale(path)) await unlink(path).catch(() => {})
    else await delay(POLL_MS)
  }
}

const none: Lock = { release: async () => {} }

function held(path: string, mine: string): Lock {
  const beat = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => {})
  }, HEARTBEAT_MS)
  beat.unref()
  return {
    async release() {
      clearInterval(beat)
      // Somebody may have taken us for dead and have a lock of their own there.
      const content = await readFile(path, 'utf8').catch(() => undefined)
      if (content === mine) await unlink(path).catch(() => {})
    },
  }
}

async function isStale(path: string): Promise<boolean> {
  try {
    const age = Date.now() - (await stat(path)).mtimeMs
    if (age > DEAD_MS) return true
    const owner = parseOwner(await readFile(path, 'utf8'))
    // An empty or torn lock is being written, or its writer died right then.
    if (owner === undefined) return age > HEARTBEAT_MS
    return owner.host === hostname() && !(isAlive(owner.pid) && startOf(owner.pid) === owner.start)
  } catch {
    return false // released meanwhile
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    const { pid, start, host }: Record<string, unknown> = JSON.parse(text)
    const isStart = start === null || typeof start === 'string'
    return typeof pid === 'number' && isStart && typeof host === 'string' ? { pid, start, host } : undefined
  } catch {
    return undefined
  }
}

/** Whether a process exists and has not merely not been reaped yet. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
  const state = statFields(pid)?.[0]
  return state !== 'Z' && state !== 'X'
}

function startOf(pid: number): string | null {
  return statFields(pid)?.[19] ?? null
}

/** Fields of proc(5) `stat` from the third (state) on; the second may itself hold spaces and parentheses. */
function statFields(pid: number): string[] | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST'
}

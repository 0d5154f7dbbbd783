import type { ChildProcess } from 'node:child_process'
import type { SpawnLimits, StopReason } from './limits.ts'
import { onShutdown } from './shutdown.ts'
import { killTree, treeMemory } from './tree.ts'

/** What makes a child the leader of its own process group, so that all that it starts can be ended with it. */
export const ownGroup = { detached: process.platform !== 'win32', windowsHide: true } as const

/** Time between asking a process group to end and forcing it. */
const graceMs = 2000
const memoryPollMs = 250

export interface Guard {
  stopped: StopReason | undefined
  peakBytes: number | undefined
  release(): void
}

/** Enforces abort, time and memory limits on a running child (`ownGroup`) until released, and our own end. */
export function watch(child: ChildProcess, options: SpawnLimits): Guard {
  const { pid } = child
  const timers: NodeJS.Timeout[] = []
  const guard: Guard = { stopped: undefined, peakBytes: undefined, release: () => {} }
  if (pid === undefined) return guard

  const stop = (reason: StopReason) => {
    if (guard.stopped !== undefined) return
    guard.stopped = reason
    options.onStop?.()
    killTree(pid, reason === 'memory' ? 'SIGKILL' : 'SIGTERM')
    timers.push(setTimeout(() => forceEnd(child, pid), graceMs))
  }
  const abort = () => stop('abort')
  options.signal?.addEventListener('abort', abort, { once: true })
  // What it has started may hold its output open for as long as it likes. Where nothing was read for a while as we were busy, the
  // second timer lets that happen first.
  child.on('exit', () =>
    timers.push(setTimeout(() => timers.push(setTimeout(() => forceEnd(child, pid), graceMs / 20)), graceMs)),
  )
  if (options.timeoutMs !== undefined) timers.push(setTimeout(() => stop('timeout'), options.timeoutMs))

  const { memoryBytes } = options
  if (memoryBytes !== undefined) {
    const poll = async () => {
      const bytes = await treeMemory(pid)
      if (bytes === undefined || released) return
      guard.peakBytes = Math.max(bytes, guard.peakBytes ?? 0)
      if (bytes > memoryBytes) stop('memory')
      else timers.push(setTimeout(poll, memoryPollMs))
    }
    timers.push(setTimeout(poll, memoryPollMs / 5))
  }

  let released = false
  const forget = onShutdown(() => {
    options.onStop?.()
    killTree(pid, 'SIGKILL')
  })
  guard.release = () => {
    if (released) return
    released = true
    forget()
    for (const timer of timers) clearTimeout(timer)
    options.signal?.removeEventListener('abort', abort)
    // What the child left running in its group after an early stop must not outlive it.
    if (guard.stopped !== undefined) killTree(pid, 'SIGKILL')
  }
  return guard
}

/** Ends the group. A grandchild that left it can hold the pipes open for ever: stop listening to it. */
function forceEnd(child: ChildProcess, pid: number): void {
  killTree(pid, 'SIGKILL')
  child.stdout?.destroy()
  child.stderr?.destroy()
}

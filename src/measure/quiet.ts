import { setTimeout as after } from 'node:timers/promises'

/** Milliseconds that are looked at: the system counts what a thread computes when it looks, in places every 4 ms only. */
const WINDOW = 10
/** The share of a processor that Node itself may take. */
const IDLE = 0.25
/** Milliseconds after which nobody waits: what is still at work isn't about to end. */
const LONGEST = 500

/**
 * Resolves when no thread of this process is at work, or after half a second.
 *
 * @param usage what the process has computed, in microseconds
 */
export async function quiet(usage: typeof process.cpuUsage = process.cpuUsage): Promise<void> {
  for (let waited = 0; waited < LONGEST; waited += WINDOW) {
    const before = usage()
    const start = performance.now()
    await after(WINDOW)
    const { user, system } = usage(before)
    if ((user + system) / 1000 < IDLE * (performance.now() - start)) return
  }
}

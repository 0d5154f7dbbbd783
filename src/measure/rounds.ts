import { setImmediate as nextTurn } from 'node:timers/promises'

/** One of the things that are timed against each other. */
export interface Lane {
  readonly name: string
  /** Does the thing `times` times. */
  run(times: number): void | Promise<void>
}

export interface RoundsOptions {
  /** Rounds that are done in any case where there is time. */
  readonly rounds: number
  /** When to stop short of that, in seconds; at least {@link fewestRounds} are done. */
  readonly seconds: number
  readonly signal?: AbortSignal
  /** What samples are measured by, in milliseconds. Default: time. */
  readonly clock?: () => number
  /** Resolves when nothing of the lane before is at work any more. A sample is then taken after a run that isn't timed. */
  readonly quiet?: () => Promise<void>
}

const fewestRounds = 5
const warmUpMs = 100
/** A sample repeats what is shorter than this, so that the clock's resolution and its own cost don't count. */
const sampleMs = 2
/** Short things are measured at least this long: a pause of the machine shouldn't hit all samples. */
const leastMs = 1000

/**
 * Times things in turn: every round takes one sample of each, the first one changing from round to round. What disturbs
 * the machine for a while then disturbs all of them, and the ratio of two within a round stays what it is.
 *
 * @returns per lane, microseconds of one run, a sample per round
 */
export async function timeInTurns(lanes: readonly Lane[], options: RoundsOptions): Promise<Map<string, number[]>> {
  const { rounds, seconds, signal, clock = () => performance.now(), quiet } = options
  const repeats = new Map<Lane, number>()
  for (const lane of lanes) repeats.set(lane, await warmUp(lane, clock, signal))

  const samples = new Map(lanes.map(({ name }) => [name, [] as number[]]))
  const started = performance.now()
  for (let round = 0; lanes.length > 0; round++) {
    const elapsed = performance.now() - started
    const isEnough = round >= rounds && elapsed >= Math.min(leastMs, seconds * 1000)
    if (isEnough || (round >= fewestRounds && elapsed > seconds * 1000)) break
    for (let i = 0; i < lanes.length; i++) {
      const lane = lanes[(round + i) % lanes.length]!
      if (quiet) {
        await quiet()
        await lane.run(1) // caches hold what it needs, and threads of its own are awake
      }
      samples.get(lane.name)!.push(await sample(lane, repeats.get(lane)!, clock))
      await nextTurn() // Ctrl-C is seen here, and garbage of the last one is gone
      signal?.throwIfAborted()
    }
  }
  return samples
}

/** @returns how many runs make a sample */
async function warmUp(lane: Lane, clock: () => number, signal: AbortSignal | undefined): Promise<number> {
  let times = 1
  for (let spent = 0; ; times *= 2) {
    const ms = ((await sample(lane, times, clock)) * times) / 1000
    await nextTurn()
    signal?.throwIfAborted()
    spent += ms
    if (spent >= warmUpMs) return Math.max(1, Math.round((sampleMs / ms) * times))
  }
}

/** Microseconds of one run. */
async function sample(lane: Lane, times: number, clock: () => number): Promise<number> {
  const started = clock()
  // Awaiting what is no promise would cost a turn of the microtask queue.
  const running = lane.run(times)
  if (running !== undefined) await running
  return ((clock() - started) * 1000) / times
}

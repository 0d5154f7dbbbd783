import { fork } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Processor seconds of one case. */
const HANG = 30
const MEMORY = 1.5 * 2 ** 30
/** Cases that a child is given at once. */
const PORTION = 100
const heapOptions = ['--max-old-space-size=1200', '--stack-trace-limit=40']

/**
 * Runs cases in child processes; ends a child that hangs or grows, and goes on behind its case.
 *
 * @param {{ root: string, seed: number, count: number, jobs: number, stage?: string, format?: string, out: string, signal: AbortSignal,
 *   onCase: (number: number, ends: readonly { stage: string, kind: string, what: string }[]) => void }} options
 */
export async function superviseCases({ jobs, count, ...options }) {
  const portions = Array.from({ length: Math.ceil(count / PORTION) }, (_, i) => ({
    first: i * PORTION,
    end: Math.min(count, (i + 1) * PORTION),
  })).reverse()
  const lanes = Array.from({ length: jobs }, async (_, lane) => {
    while (portions.length > 0 && !options.signal.aborted) await runChild(portions, { ...options, lane })
  })
  await Promise.all(lanes)
  options.signal.throwIfAborted()
}

async function runChild(portions, { root, seed, stage, format, out, lane, signal, onCase }) {
  const at = join(out, `at-${lane}`)
  rmSync(at, { force: true })
  const worker = fileURLToPath(new URL('worker.js', import.meta.url))
  const child = fork(worker, [JSON.stringify({ root, seed, stage, format, at })], {
    execArgv: heapOptions,
    silent: true,
    signal,
  })
  let portion
  let stderr = ''
  let killed
  child.on('error', () => {})
  child.stderr.on('data', (data) => (stderr = (stderr + data).slice(-4000)))
  child.on('message', (message) => {
    if (!message.done) {
      portion.first = message.number + 1
      return onCase(message.number, message.ends)
    }
    portion = portions.pop()
    if (portion) child.send(portion)
    else child.disconnect()
  })
  let current = -1
  let since = 0
  const watch = setInterval(() => {
    const number = markOf(at)
    if (number !== current) [current, since] = [number, cpuSeconds(child.pid) ?? 0]
    if ((cpuSeconds(child.pid) ?? 0) - since > HANG) killed = 'hang'
    else if (residentBytes(child.pid) > MEMORY) killed = 'memory'
    if (killed) child.kill('SIGKILL')
  }, 250)
  const [code, exitSignal] = await new Promise((resolve) => child.on('exit', (...end) => resolve(end)))
  clearInterval(watch)
  const stuck = markOf(at)
  rmSync(at, { force: true })
  if (code === 0 || signal.aborted) return
  if (!portion) throw new Error(`the process that runs cases did not start: ${stderr}`)
  const fatal = /FATAL ERROR: [^\n]*/.exec(stderr)?.[0] ?? stderr.trim().split('\n').at(-1)
  onCase(stuck, [
    { stage: 'all', kind: killed === 'hang' ? 'hang' : 'crash', what: killed ?? `${exitSignal ?? code} ${fatal}` },
  ])
  if (stuck + 1 < portion.end) portions.push({ first: stuck + 1, end: portion.end })
}

function markOf(at) {
  const bytes = existsSync(at) ? readFileSync(at) : Buffer.alloc(0)
  return bytes.length < 8 ? -1 : new Float64Array(Uint8Array.from(bytes).buffer)[0]
}

/** Processor time, not the clock's: other programs run here too. `undefined` where the system doesn't tell. */
function cpuSeconds(pid) {
  try {
    const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13)
    // In ticks of a hundredth of a second (proc(5)).
    return (Number(user) + Number(system)) / 100
  } catch {
    return undefined
  }
}

function residentBytes(pid) {
  try {
    return 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1])
  } catch {
    return 0
  }
}

import { fork } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BATCH } from './generate.js'

/** Batches of one child: each leaves a library loaded. */
const PORTIONS = 20
/** A batch takes seconds; one that takes this long hangs. */
const HANG_MS = 300_000

/**
 * Runs batches in child processes. Of a batch that ends its process, the halves are tried, down to the case that did it.
 *
 * @param {{ root: string, seed: number, count: number, jobs: number, optimize: number, only?: readonly string[], graphs?: boolean, out: string,
 *   signal: AbortSignal, onResult: (result: object) => void }} options
 */
export async function superviseBatches({ count, jobs, ...options }) {
  const work = Array.from({ length: Math.ceil(count / BATCH) }, (_, i) => ({
    first: i * BATCH,
    end: Math.min(count, (i + 1) * BATCH),
    skip: [],
  })).reverse()
  const lanes = Array.from({ length: jobs }, async (_, lane) => {
    while (work.length > 0 && !options.signal.aborted) await runChild(work, { ...options, lane })
  })
  await Promise.all(lanes)
  options.signal.throwIfAborted()
}

async function runChild(work, { lane, signal, onResult, ...options }) {
  const at = join(options.out, `at-${lane}`)
  const worker = fileURLToPath(new URL('worker.js', import.meta.url))
  const child = fork(worker, [JSON.stringify({ ...options, at })], { silent: true, signal })
  let stderr = ''
  let portions = 0
  let portion
  let timer
  child.on('error', () => {})
  child.stderr.on('data', (data) => (stderr = (stderr + data).slice(-2000)))
  child.on('message', ({ results }) => {
    clearTimeout(timer)
    results.forEach(onResult)
    portion = portions++ < PORTIONS ? work.pop() : undefined
    if (!portion) return child.disconnect()
    timer = setTimeout(() => child.kill('SIGKILL'), HANG_MS)
    child.send(portion)
  })
  const [code, ended] = await new Promise((resolve) => child.on('exit', (...end) => resolve(end)))
  clearTimeout(timer)
  const phase = existsSync(at) ? readFileSync(at, 'utf8') : ''
  rmSync(at, { force: true })
  if (signal.aborted || !portion) {
    if (code !== 0 && !signal.aborted) throw new Error(`the process that runs cases did not start: ${stderr}`)
    return
  }
  const [what, number] = phase.split(' ')
  const { first, end, skip } = portion
  if (what === 'generate') work.push({ first, end, skip: [...skip, Number(number)] })
  else if (end - first > 1) {
    const middle = (first + end) >> 1
    work.push({ first: middle, end, skip }, { first, end: middle, skip })
  } else
    onResult({
      number: first,
      kind: 'crash',
      what: `${what}: ${ended ?? code} ${stderr.trim().split('\n').at(-1)}`,
      ops: [],
    })
}

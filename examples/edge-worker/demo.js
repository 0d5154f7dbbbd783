/**
 * Builds the worker, runs it in Cloudflare's workerd on this machine, has it score transactions, and compares every score with
 * the same model compiled to native code.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import onnx from 'unplugin-onnx-mlir/esbuild'
import { duration, facts, failure, size, step, table } from '../demo-kit/print.js'
import { modelInputs } from '../fraud-server/src/features.js'
import { recipe } from '../fraud-server/training/recipe.js'
import { simulateTransactions } from '../fraud-server/training/transactions.js'
import { filesOf, Worker } from './demo/workerd.js'

const usage = `node demo.js [--json FILE]

  --json FILE  where to write what was measured; otherwise .onnx-mlir/demo.json beside this script`

const root = dirname(fileURLToPath(import.meta.url))
const scored = 4096
const batch = 512
const warmUps = 100
const timed = 500

/** Two compilers of the same C, whose sums have other orders. */
const tolerance = 1e-6

/** The model as native code. */
async function nativeModel() {
  const outdir = join(root, '.onnx-mlir', 'native')
  await build({
    absWorkingDir: root,
    entryPoints: ['demo/native.js'],
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    plugins: [onnx({ target: 'host' })],
  })
  const { default: model } = await import(pathToFileURL(join(outdir, 'native.mjs')).href)
  return model
}

/** Medians of round trips, in turn, so that both see the machine in the same mood. @param {readonly (() => Promise<{ ms: number }>)[]} requests */
async function medians(requests) {
  const times = requests.map(() => /** @type {number[]} */ ([]))
  for (let nth = 0; nth < warmUps + timed; nth++) {
    for (const [i, ask] of requests.entries()) {
      const { ms } = await ask()
      if (nth >= warmUps) times[i].push(ms)
    }
  }
  return times.map((ms) => ms.toSorted((a, b) => a - b)[Math.floor(ms.length / 2)])
}

/** @param {{ json: string }} options */
async function demo({ json }) {
  step('Build the worker with esbuild: import model from ./fraud.onnx')
  await import('./build.js')
  const files = filesOf(join(root, 'dist'))
  /** @param {'bytes' | 'gzipped'} what */
  const sum = (what) => files.reduce((total, file) => total + file[what], 0)
  table([
    ['file', 'size', 'gzip'],
    ...files.map(({ file, bytes, gzipped }) => [file, size(bytes), size(gzipped)]),
    ['the worker', size(sum('bytes')), size(sum('gzipped'))],
  ])

  // Before the worker runs: it closes connections that are idle, and all this takes seconds.
  const transactions = simulateTransactions(recipe.transactions).heldOut.slice(0, scored)
  const questions = transactions.map(({ fraud: _fraud, minute: _minute, ...question }) => question)
  const native = await nativeModel()
  const expected = native.runSync(modelInputs(transactions)).score.data

  step('Start it in workerd')
  const worker = await Worker.start(join(root, 'dist'), 'worker.js')
  try {
    const { body: running } = await worker.ask('/')
    facts({
      url: worker.url.href,
      target: running.target,
      compiler: `${running.compiler.name} ${running.compiler.version}`,
    })

    step('Score transactions, and compare with the model as native code')
    /** @type {number[]} */
    const scores = []
    for (let at = 0; at < scored; at += batch) {
      const { status, body } = await worker.ask('/score', questions.slice(at, at + batch))
      if (status !== 200) throw new Error(`POST /score answered ${status}: ${JSON.stringify(body)}`)
      scores.push(...body)
    }
    const difference = scores.reduce((most, score, row) => Math.max(most, Math.abs(score - expected[row])), 0)
    facts({
      transactions: String(scores.length),
      'native target': native.target,
      'largest difference': difference.toExponential(1),
      allowed: tolerance.toExponential(0),
    })

    step('Time requests, one after the other')
    const [score, hello] = await medians([() => worker.ask('/score', questions.slice(0, 1)), () => worker.ask('/')])
    table([
      [`median of ${timed}`, 'round trip'],
      ['POST /score, one transaction', duration(score)],
      ['GET /, no model', duration(hello)],
    ])

    mkdirSync(dirname(json), { recursive: true })
    const result = {
      files,
      bytes: sum('bytes'),
      gzipped: sum('gzipped'),
      running,
      transactions: scores.length,
      native: { target: native.target, largestDifference: difference, tolerance },
      requestMs: { requests: timed, score, hello },
    }
    writeFileSync(json, `${JSON.stringify(result, undefined, 2)}\n`)
    facts({ report: json })
    // Written so that NaN fails too.
    if (!(difference <= tolerance)) throw new Error(`scores differ by ${difference} from the native model's`)
  } finally {
    await worker.stop()
  }
}

try {
  const { values } = parseArgs({ options: { json: { type: 'string' }, help: { type: 'boolean' } } })
  if (values.help) console.log(usage)
  else await demo({ json: resolve(values.json ?? join(root, '.onnx-mlir', 'demo.json')) })
} catch (error) {
  const wrongUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
  failure(error instanceof Error ? error.message : String(error))
  if (wrongUsage) console.error(usage)
  process.exitCode = wrongUsage ? 2 : 1
}

/**
 * The whole way of a model into production, in one command: builds the service with Vite, carries the build to an empty folder,
 * starts it there, lets it judge transactions that the model has never seen, and compares every score with the training code's own.
 */
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, extname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'vite'
import { duration, facts, failure, percent, size, step, table } from '../demo-kit/print.js'
import { scoreAll, timeSingles, tolerance } from './demo/measure.js'
import { Service } from './demo/service.js'
import { modelInputs } from './src/features.js'
import { averagePrecision, precisionRecall } from './training/metrics.js'
import { Network } from './training/network.js'
import { recipe } from './training/recipe.js'
import { simulateTransactions } from './training/transactions.js'

const usage = `node demo.js [--json FILE] [--keep] [--target NAME --node COMMAND] [--requests N]

  --json FILE     where to write what was measured; otherwise .onnx-mlir/demo.json beside this script
  --keep          keep the folder that the build was carried to
  --target NAME   build for other machines: import model from './fraud.onnx?target=NAME'
  --node COMMAND  what runs the built service, e.g. an emulator and a Node for that machine
  --requests N    how many single requests are timed (default: 2000)`

const root = dirname(fileURLToPath(import.meta.url))
const thresholds = [0.2, 0.5, 0.8]

/** Vite's server build. @param {string} [target] of the model, which is this machine otherwise */
async function buildService(target) {
  const start = performance.now()
  const folder = target === undefined ? join(root, 'dist') : join(root, '.onnx-mlir', 'dist', target)
  const plugins = target === undefined ? [] : [withTarget(target)]
  await build({ root, configFile: join(root, 'vite.config.ts'), plugins, build: { outDir: folder } })
  return { seconds: (performance.now() - start) / 1000, folder }
}

/** Adds `?target=NAME` to what the service imports the model by. @param {string} target @returns {import('vite').Plugin} */
function withTarget(target) {
  return {
    name: 'with-target',
    enforce: 'pre',
    resolveId: {
      order: 'pre',
      handler(source, importer) {
        if (!source.endsWith('.onnx')) return undefined
        return this.resolve(`${source}?target=${encodeURIComponent(target)}`, importer, { skipSelf: true })
      },
    },
  }
}

/** Copies the build to a fresh folder in which, and above which, no package is installed. @param {string} built */
function carryAway(built) {
  for (let above = realpathSync(tmpdir()); ; above = dirname(above)) {
    if (existsSync(join(above, 'node_modules'))) {
      throw new Error(`${above} has a node_modules folder; set TMPDIR to a place without`)
    }
    if (above === dirname(above)) break
  }
  const folder = mkdtempSync(join(tmpdir(), 'fraud-server-'))
  cpSync(built, folder, { recursive: true })
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return { file: relative(folder, path), bytes: statSync(path).size }
    })
  return { folder, files }
}

/** @param {string} file */
function role(file) {
  const roles = { '.js': 'the service', '.node': 'addon that runs models' }
  return roles[/** @type {keyof typeof roles} */ (extname(file))] ?? 'the model, compiled'
}

/** @param {{ json: string, keep?: boolean, target?: string, node?: string, requests?: string }} options */
async function demo({ json, keep, target, node, requests = '2000' }) {
  step(`Build the service with Vite: import model from ./fraud.onnx${target ? `?target=${target}` : ''}`)
  const built = await buildService(target)

  step('Carry the build to another folder')
  const { folder, files } = carryAway(built.folder)
  /** @type {Service | undefined} */
  let service
  try {
    table([['file', 'size', ''], ...files.map(({ file, bytes }) => [file, size(bytes), role(file)])])
    const model = statSync(join(root, 'fraud.onnx')).size
    facts({ folder, 'fraud.onnx': `${size(model)}, stays behind` })

    step('Start it there, without node_modules')
    service = await Service.start(folder, 'server.js', node?.split(/\s+/))
    const { body: health } = await service.ask('/health')
    facts({
      url: service.url.href,
      compiler: `${health.compiler.name} ${health.compiler.version}`,
      target: health.target,
    })

    step('Score transactions that came after those it was trained on')
    const { heldOut } = simulateTransactions(recipe.transactions)
    const scores = await scoreAll(service, heldOut)
    const frauds = heldOut.map(({ fraud }) => fraud)
    const quality = {
      transactions: frauds.length,
      frauds: frauds.filter(Boolean).length,
      averagePrecision: averagePrecision(scores, frauds),
      atThreshold: thresholds.map((threshold) => precisionRecall(scores, frauds, threshold)),
    }
    facts({
      transactions: `${quality.transactions}, of which ${quality.frauds} frauds (${percent(quality.frauds / quality.transactions)})`,
      'average precision': quality.averagePrecision.toFixed(3),
    })
    table([
      ['flag from score', 'flagged', 'precision', 'recall'],
      ...quality.atThreshold.map(({ threshold, flagged, precision, recall }) => [
        threshold.toFixed(1),
        String(flagged),
        percent(precision),
        percent(recall),
      ]),
    ])

    step('Compare with the training code’s own forward pass')
    const reference = Network.from(readWeights()).scores(modelInputs(heldOut))
    const difference = scores.reduce((most, score, row) => Math.max(most, Math.abs(score - reference[row])), 0)
    facts({ 'largest difference': difference.toExponential(1), allowed: tolerance.toExponential(0) })

    step('Time single requests, one after the other')
    const latency = await timeSingles(service, heldOut, scores, Number(requests))
    table([
      [`${latency.requests} requests`, 'p50', 'p99'],
      ['HTTP round trip', duration(latency.request.p50), duration(latency.request.p99)],
      ['scoring alone', duration(latency.model.p50), duration(latency.model.p99)],
    ])

    const exit = await service.stop()
    const result = {
      build: { seconds: built.seconds, files, bytes: { model } },
      compiler: health.compiler,
      target: health.target,
      folder,
      quality,
      reference: { largestDifference: difference, tolerance },
      latencyMs: latency,
      exit,
    }
    writeFileSync(json, `${JSON.stringify(result, undefined, 2)}\n`)
    facts({ report: json })
    // Written so that NaN fails too.
    if (!(difference <= tolerance)) throw new Error(`scores differ by ${difference} from the training code's`)
    if (exit !== 0) throw new Error(`the service was asked to shut down and ended with ${exit}`)
  } finally {
    await service?.stop()
    if (keep) facts({ kept: folder })
    else rmSync(folder, { recursive: true, force: true })
  }
}

/** @returns {import('./training/network.js').Weight[]} */
function readWeights() {
  const lines = readFileSync(join(root, 'training', 'weights.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
  return lines.map((line) => JSON.parse(line))
}

try {
  const { values } = parseArgs({
    options: {
      json: { type: 'string' },
      keep: { type: 'boolean' },
      target: { type: 'string' },
      node: { type: 'string' },
      requests: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) console.log(usage)
  else await demo({ ...values, json: resolve(values.json ?? join(root, '.onnx-mlir', 'demo.json')) })
} catch (error) {
  const wrongUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
  failure(error instanceof Error ? error.message : String(error))
  if (wrongUsage) console.error(usage)
  process.exitCode = wrongUsage ? 2 : 1
}

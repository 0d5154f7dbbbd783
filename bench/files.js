// What it costs to have a model's files in the JavaScript (files=inline) instead of beside it: sizes, unpacking, the build,
// the program's start, loading and memory. docs/how-files-travel.md has its numbers from here.
//
//   npm run build && node bench/files.js [--models FILE,…] [--runs N]
//
// Models of public repositories are taken where they are at hand, and two that are nothing but weights are made. Programs
// are processes of their own, in rounds of all models and ways; of times the least is taken, of memory the median.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync, gzipSync } from 'node:zlib'
import { inlineFileText } from '../dist/emit/inline-file.js'
import { onnx } from '../dist/onnx/generated/onnx.js'
import { projectWithPackage, root } from './installed.js'

const { values } = parseArgs({ options: { models: { type: 'string' }, runs: { type: 'string' } } })
const runs = Number(values.runs ?? 7)
const usual = ['mnist-8', 'ultraface-rfb-320', 'fraud-lstm']
const given = values.models?.split(',') ?? usual.map((name) => join(root, '../shared/models', `${name}.onnx`))

const folder = projectWithPackage(['vite'])
try {
  const models = { ...givenModels(), 'dense-10MB': dense(1620), 'dense-50MB': dense(3620) }
  for (const [name, bytes] of Object.entries(models)) writeProject(name, bytes)
  const names = Object.keys(models)
  for (const name of names) built(name, 'url') // compiles it
  console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}; least of ${runs} rounds\n`)
  printSizes(names)
  printPrograms(names)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function givenModels() {
  const present = given.filter((file) => existsSync(file))
  return Object.fromEntries(present.map((file) => [basename(file, '.onnx'), readFileSync(file)]))
}

/** The bytes of a model that multiplies a row with a square matrix. */
function dense(side) {
  let state = 1
  const weights = Float32Array.from({ length: side * side }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
  const value = (name) => {
    const shape = { dim: [{ dimValue: 1 }, { dimValue: side }] }
    return { name, type: { tensorType: { elemType: 1, shape } } }
  }
  const graph = {
    node: [{ opType: 'MatMul', input: ['x', 'w'], output: ['y'] }],
    name: 'dense',
    initializer: [{ name: 'w', dataType: 1, dims: [side, side], rawData: new Uint8Array(weights.buffer) }],
    input: [value('x')],
    output: [value('y')],
  }
  return onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ domain: '', version: 17 }], graph }).finish()
}

function writeProject(name, bytes) {
  mkdirSync(join(folder, name))
  writeFileSync(join(folder, name, `${name}.onnx`), bytes)
  writeFileSync(
    join(folder, name, 'main.js'),
    `import model from './${name}.onnx'
const { user, system } = process.cpuUsage()
const started = performance.now()
await model.load()
const load = performance.now() - started
gc() // what stays
console.log(JSON.stringify({ load, start: (user + system) / 1000, rss: process.memoryUsage().rss / 1e6 }))\n`,
  )
}

/** Builds a model's program. @returns milliseconds that took, without Vite's own import */
function built(name, files) {
  const script = `
    import { build } from 'vite'
    import onnx from 'unplugin-onnx-mlir/vite'
    const started = performance.now()
    const plugins = [onnx({ files: '${files}', target: 'host', compiler: 'builtin' })]
    const build1 = { ssr: '${name}/main.js', outDir: 'out/${name}-${files}', minify: false }
    await build({ configFile: false, logLevel: 'silent', plugins, build: build1 })
    console.log(performance.now() - started)
    process.exit()`
  return Number(node(['--input-type=module', '-e', script]))
}

function node(args, env = process.env) {
  const options = { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], env }
  return execFileSync(process.execPath, args, options).trim().split('\n').at(-1)
}

function printSizes(names) {
  row(['file', 'bytes', 'as base64', 'gzip, base64', 'unpacking', 'taken'])
  const [first] = names
  for (const [label, path] of [
    ['addon', fileOf(first, '.node')],
    ...names.map((name) => [name, fileOf(name, '.so', '.dll')]),
  ]) {
    const bytes = readFileSync(path)
    const compressed = gzipSync(bytes)
    const text = compressed.toString('base64')
    const unpacking = least(() => timed(() => gunzipSync(Buffer.from(text, 'base64'))))
    const taken = inlineFileText({ path: '', sha256: '' }, bytes).includes('isCompressed') ? 'compressed' : 'base64'
    row([label, bytes.length, bytes.toString('base64').length, text.length, `${unpacking.toFixed(1)} ms`, taken])
  }
}

function fileOf(name, ...endings) {
  const assets = join(folder, 'out', `${name}-url`, 'assets')
  const file = readdirSync(assets).find((candidate) => endings.some((ending) => candidate.endsWith(ending)))
  return join(assets, file)
}

function printPrograms(names) {
  const ways = Object.fromEntries(names.map((name) => [name, { build: Infinity, url: [], first: [], later: [] }]))
  for (const name of names) ways[name].build = Math.min(built(name, 'inline'), built(name, 'inline'))
  for (let run = 0; run < runs; run++)
    for (const [name, { url, first, later }] of Object.entries(ways)) {
      const cache = join(folder, `cache-${name}-${run}`)
      const start = (files) => {
        const program = join(folder, 'out', `${name}-${files}`, 'main.js')
        return JSON.parse(node(['--expose-gc', program], { ...process.env, XDG_CACHE_HOME: cache }))
      }
      url.push(start('url'))
      first.push(start('inline'))
      later.push(start('inline'))
      rmSync(cache, { recursive: true, force: true })
    }
  console.log()
  row(['model', 'url: load()', 'inline: first', 'later', 'memory more', 'start, CPU more', 'build', 'code'])
  for (const [name, { build, url, first, later }] of Object.entries(ways)) {
    const load = (times) => `${Math.min(...times.map((time) => time.load)).toFixed(1)} ms`
    const memory = (times) =>
      `${(median(times.map(({ rss }) => rss)) - median(url.map(({ rss }) => rss))).toFixed(0)} MB`
    const starts = Math.min(...later.map(({ start }) => start)) - Math.min(...url.map(({ start }) => start))
    const { size } = statSync(join(folder, 'out', `${name}-inline`, 'main.js'))
    row([
      name,
      load(url),
      load(first),
      load(later),
      memory(later),
      `${starts.toFixed(0)} ms`,
      `${(build / 1000).toFixed(1)} s`,
      `${(size / 1e6).toFixed(1)} MB`,
    ])
  }
}

function least(measure) {
  return Math.min(...Array.from({ length: runs }, measure))
}

function timed(work) {
  const started = performance.now()
  work()
  return performance.now() - started
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
}

function row(cells) {
  console.log(cells.map((cell, i) => (i === 0 ? String(cell).padEnd(20) : String(cell).padStart(16))).join(''))
}

// What the plugin adds to a build, by host: cold, warm, and for each further model.
//
//   npm run build && node bench/hosts.js [--hosts NAME,…] [--runs N] [--json FILE]
//
// Every build is a process of its own, measured from before the plugin is imported, with the package installed as a registry
// would, this machine's addon included: the first build of a project, and what a developer waits for again and again. "Without"
// is the same app with no model and no plugin; the host's own import is in neither. What is added falls into what the host
// does with the JavaScript of the runtime, measured by an app that imports just that and has no plugin; and the rest, which
// is the plugin's: its import, types, the cache, and emitting the files. Warm builds are measured in processor time, in which a
// machine that others use, too, has less of a say, in rounds of all hosts and apps, and the least of each is taken.
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { projectWithPackage, root } from './installed.js'

const { values } = parseArgs({
  options: { hosts: { type: 'string' }, runs: { type: 'string' }, json: { type: 'string' } },
})
const runs = Number(values.runs ?? 5)

/** By host: its package, and how its build is started with `plugins` on `entry`. */
const builds = {
  vite: ['vite', `build({ configFile: false, logLevel: 'silent', plugins, build: { ssr: entry, outDir } })`],
  vite7: ['vite7', `build({ configFile: false, logLevel: 'silent', plugins, build: { ssr: entry, outDir } })`, 'vite'],
  rollup: [
    'rollup',
    `rollup({ input: entry, plugins, external: /^node:/ }).then((made) => made.write({ dir: outDir }))`,
  ],
  rolldown: [
    'rolldown',
    `rolldown({ input: entry, plugins, platform: 'node' }).then((made) => made.write({ dir: outDir }))`,
  ],
  esbuild: [
    'esbuild',
    `build({ entryPoints: [entry], bundle: true, format: 'esm', platform: 'node', outdir: outDir, logLevel: 'silent', plugins })`,
  ],
  webpack: ['webpack', webpackBuild('webpack')],
  rspack: ['@rspack/core', webpackBuild('rspack')],
}

function webpackBuild(name) {
  return `new Promise((done, failed) => ${name}({ mode: 'production', target: 'node20', context: root, entry, output: { path: outDir }, plugins },
    (error, stats) => error || stats.hasErrors() ? failed(error ?? stats.toString()) : done()))`
}

const hosts = values.hosts?.split(',') ?? Object.keys(builds)
const models = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight']
/** Entries of warm builds, and whether the plugin is there. */
const warmBuilds = { without: false, runtime: false, with1: true, [`with${models.length}`]: true }

const folder = projectWithPackage(Object.values(builds).map(([name]) => name))
try {
  const model = readFileSync(join(root, 'examples/digit-canvas/digit.onnx'))
  for (const name of models) writeFileSync(join(folder, `${name}.onnx`), model)
  writeFileSync(join(folder, 'without.js'), 'console.log(1)\n')
  writeFileSync(join(folder, 'runtime.js'), runtimeAlone())
  for (const count of [1, models.length]) writeFileSync(join(folder, `with${count}.js`), app(count))
  const results = measured()
  print(results)
  if (values.json) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function app(count) {
  const used = models.slice(0, count)
  return `${used.map((name) => `import ${name} from './${name}.onnx'`).join('\n')}\nconsole.log(${used.map((name) => `${name}.name`)})\n`
}

/** All that a generated module of native code brings in, without a model. */
function runtimeAlone() {
  const runtime = join(folder, 'node_modules/unplugin-onnx-mlir/dist/runtime/node-native.js')
  return `import { composeNodeModel, nativeLibraries } from ${JSON.stringify(runtime)}\nconsole.log(composeNodeModel, nativeLibraries)\n`
}

/** Milliseconds that one build in a process of its own took, and how many of a processor's. */
function once(host, entry, withPlugin = true) {
  const [name, start, plugin = host] = builds[host]
  const exports = {
    rollup: '{ rollup }',
    rolldown: '{ rolldown }',
    webpack: '{ default: webpack }',
    rspack: '{ rspack }',
  }
  const script = `
    const root = ${JSON.stringify(folder)}, entry = root + '/${entry}.js', outDir = root + '/out/${host}'
    const ${exports[host] ?? '{ build }'} = await import(${JSON.stringify(name)})
    const started = performance.now(), before = process.cpuUsage()
    const plugins = ${withPlugin ? `[(await import('unplugin-onnx-mlir/${plugin}')).default({ target: 'host' })]` : '[]'}
    await ${start}
    const { user, system } = process.cpuUsage(before)
    console.log('\\n' + JSON.stringify({ wall: performance.now() - started, cpu: (user + system) / 1000 }))
    process.exit()`
  const args = ['--input-type=module', '-e', script]
  const printed = execFileSync(process.execPath, args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return JSON.parse(printed.trim().split('\n').at(-1))
}

function measured() {
  const cold = new Map()
  for (const host of hosts) {
    rmSync(join(folder, 'node_modules/.cache'), { recursive: true, force: true })
    rmSync(join(folder, '.onnx-mlir'), { recursive: true, force: true })
    cold.set(host, once(host, 'with1').wall)
  }
  const last = `with${models.length}`
  once(hosts[0], last)
  execFileSync('sleep', ['3']) // what is younger than a file system's clock is not remembered
  for (const host of hosts) once(host, last)

  const least = new Map(hosts.map((host) => [host, {}]))
  for (let run = 0; run < runs; run++)
    for (const [host, times] of least)
      for (const [entry, withPlugin] of Object.entries(warmBuilds))
        times[entry] = Math.min(times[entry] ?? Infinity, once(host, entry, withPlugin).cpu)

  return hosts.map((host) => {
    const { without, runtime, with1: warm, [last]: all } = least.get(host)
    const ofHost = runtime - without
    const perModel = (all - warm) / (models.length - 1)
    return {
      host,
      cold: cold.get(host),
      without,
      warm,
      added: warm - without,
      ofHost,
      ofPlugin: warm - runtime,
      perModel,
    }
  })
}

function print(results) {
  const row = (cells) => cells.map((cell, i) => (i === 0 ? cell.padEnd(10) : cell.padStart(15))).join('')
  console.log(`CPU ms, least of ${runs} rounds; Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`)
  const titles = ['first build', 'without', 'warm', 'added', '… by runtime', '… by plugin', 'per model more']
  console.log(row(['host', ...titles]))
  for (const { host, ...times } of results) console.log(row([host, ...Object.values(times).map((ms) => ms.toFixed(1))]))
  console.log('first build: wall clock, with one model')
}

/**
 * Compiles the models of a folder with the plugin and runs them: GPT-2 and its like continue a text, others get random inputs.
 * Each model becomes a folder of its own that runs wherever Node does, without anything of this workspace.
 */
import { readdirSync, existsSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { rolldown } from 'rolldown'
import onnx from 'unplugin-onnx-mlir/rolldown'
import { continueTokens, isDecoder } from './decoder.js'
import { randomInputs } from './inputs.js'

const usage = `node run.js [MODEL.onnx …] [options]

  MODEL.onnx      in the models folder, or a path; default: every model of the folder
  --models DIR    where the models are (default: models)
  --out DIR       where the compiled ones are written to (default: out)
  --compiler C    auto, onnx-mlir, builtin or fastest (default: auto)
  --prompt IDS    tokens that a decoder continues (default: "Hello, my name is" in GPT-2's vocabulary)
  --tokens N      how many tokens it adds (default: 8)
  --json FILE     writes the results there`

// As the first process of a container, Node would not be ended by these by itself. What it has started ends with it.
for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]]) process.once(signal, () => process.exit(code)) // prettier-ignore

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      models: { type: 'string', default: 'models' },
      out: { type: 'string', default: 'out' },
      compiler: { type: 'string', default: 'auto' },
      prompt: { type: 'string', default: '15496 11 616 1438 318' },
      tokens: { type: 'string', default: '8' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  const prompt = values.prompt.split(/[\s,]+/).filter(Boolean)
  if (prompt.length === 0 || !prompt.every((token) => /^\d+$/.test(token)))
    throw new TypeError(`--prompt takes numbers of tokens, e.g. "15496 11", not ${JSON.stringify(values.prompt)}`)
  if (!/^[1-9]\d{0,4}$/.test(values.tokens))
    throw new TypeError(`--tokens takes a number from 1 to 99999, not ${JSON.stringify(values.tokens)}`)
  return { ...values, prompt: prompt.map(Number), tokens: Number(values.tokens), named: positionals }
}

/** Paths of the models that were named, or of all. @param {ReturnType<typeof readArguments>} args */
function findModels({ models, named }) {
  if (named.length > 0) return named.map((name) => (existsSync(name) ? resolve(name) : resolve(models, name)))
  const found = existsSync(models) ? readdirSync(models).filter((name) => /\.onnx$/i.test(name)) : []
  return found.toSorted().map((name) => resolve(models, name))
}

/**
 * Compiles a model into a folder: `model.js`, and the native code that it loads.
 * @param {string} path @param {ReturnType<typeof readArguments>} args
 */
async function compile(path, { out, compiler }) {
  const folder = resolve(out, basename(path).replace(/\.onnx$/i, ''))
  const bundle = await rolldown({
    input: path,
    platform: 'node',
    // The reports of z16 and z17 would otherwise be written beside the models, which may be mounted read-only.
    plugins: [onnx({ compiler, types: false, report: { folder: join(resolve(out), 'reports') } })],
    // A build is all about this one plugin.
    checks: { pluginTimings: false },
    // The steps of onnx-mlir are details, which a large model's minutes are too long to wait without.
    logLevel: 'debug',
    onLog(level, { message, plugin }) {
      if (level === 'warn') console.warn(`  ${message}`)
      else if (plugin === 'onnx-mlir') console.log(`  ${message}`)
    },
  })
  await bundle.write({ dir: folder, entryFileNames: 'model.js', format: 'es' })
  await bundle.close()
  return join(folder, 'model.js')
}

/** @param {string} path @param {ReturnType<typeof readArguments>} args */
async function compileAndRun(path, args) {
  console.log(`\n${basename(path)}`)
  const started = performance.now()
  const file = await compile(path, args)
  const seconds = (performance.now() - started) / 1000
  const { default: model } = await import(pathToFileURL(file).href)
  await model.load()
  console.log(`  ready in ${seconds.toFixed(1)} s, compiled by ${model.compiler.name} for ${model.target}: ${file}`)
  const result = isDecoder(model) ? await decode(model, args) : await runOnce(model)
  return { model: basename(path), file, compiler: model.compiler, target: model.target, seconds, ...result }
}

async function decode(model, { prompt, tokens: count }) {
  const { tokens, ms } = await continueTokens(model, prompt, count)
  const [first = 0, ...rest] = ms
  console.log(`  ${prompt.join(' ')} → ${tokens.join(' ')}`)
  console.log(
    `  first token ${first.toFixed(1)} ms, then ${median(rest.length > 0 ? rest : ms).toFixed(1)} ms each (median)`,
  )
  return { prompt, tokens, ms }
}

async function runOnce(model) {
  const inputs = randomInputs(model)
  const ms = []
  let outputs = await model.run(inputs)
  for (let i = 0; i < 10; i++) {
    const started = performance.now()
    outputs = await model.run(inputs)
    ms.push(performance.now() - started)
  }
  for (const [name, { type, dims }] of Object.entries(outputs)) console.log(`  ${name}: ${type} [${dims.join(', ')}]`)
  console.log(`  ${median(ms).toFixed(2)} ms (median of ${ms.length}), on random inputs`)
  return { outputs: Object.entries(outputs).map(([name, { type, dims }]) => ({ name, type, dims })), ms }
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}

async function main() {
  const args = readArguments()
  if (args.help) return console.log(usage)
  const paths = findModels(args)
  if (paths.length === 0) throw new TypeError(`no *.onnx in ${resolve(args.models)}: put a model there, or name one`)
  const results = []
  for (const path of paths) {
    try {
      results.push(await compileAndRun(path, args))
    } catch (error) {
      // Of Rolldown's own error, what the plugin said.
      const message = (error.errors ?? [error]).map((one) => one.message).join('\n')
      console.error(`  ${message}`)
      results.push({ model: basename(path), error: message })
      process.exitCode = 1
    }
  }
  if (args.json) writeFileSync(args.json, JSON.stringify({ models: results }, null, 1))
}

main().catch((error) => {
  console.error(error instanceof TypeError ? `${error.message}\n\n${usage}` : error)
  process.exit(2)
})

import { setImmediate as nextTurn } from 'node:timers/promises'
import { fromRuntime } from '../conformance/runtime-tensor.ts'
import type { Tensor } from '../onnx/model.ts'
import { tensorValues } from '../onnx/tensor.ts'
import { didYouMean } from '../request/suggest.ts'
import type { SignatureEntry } from '../runtime/signature.ts'
import type { Tensor as RuntimeTensor } from '../runtime/tensor.ts'
import { printable } from '../printable.ts'
import type { Command, Invocation } from './command.ts'
import { type Inputs, runArgument, runChecked } from './data/inputs.ts'
import { randomNumbers, randomTensor } from './data/random.ts'
import { readTensorFile } from './data/tensor-file.ts'
import { dimsOption, expectDims, inputDimsFlag } from './dims.ts'
import { buildOptions, buildRunnable, compilerText, modelArgument } from './model-build.ts'
import { numberOption } from './parse.ts'
import { summarize } from './statistics.ts'
import { bold, dim, durationText } from './style.ts'

export const run: Command = {
  name: 'run',
  summary: 'Run a model on data from files, or on random numbers, and time it',
  positionals: modelArgument,
  options: {
    input: {
      type: 'string',
      short: 'i',
      multiple: true,
      value: 'NAME=FILE',
      help: 'an input, from a .npy, .pb or .json file',
    },
    random: { type: 'boolean', help: 'random numbers for the other inputs' },
    seed: { type: 'string', value: 'N', help: 'of the random numbers (default: 0)' },
    dims: inputDimsFlag,
    repeat: { type: 'string', value: 'N', help: 'timed runs (default: 1)' },
    warmup: { type: 'string', value: 'N', help: 'runs before them that are not timed (default: 1)' },
    ...buildOptions,
  },
  notes: `Random floats lie in [-1, 1), random integers are 0 or 1. A dimension without a name is called x[1]: axis 1 of input x.
In JSON, integers beyond 2^53, NaN and infinities are text, and complex numbers are pairs.`,
  async run(invocation) {
    const { positionals, progress, signal } = invocation
    const repeat = numberOption(invocation, 'repeat', { otherwise: 1, min: 1 })
    const warmup = numberOption(invocation, 'warmup', { otherwise: 1 })
    const { built, model } = await buildRunnable(invocation, positionals[0] ?? '')
    const { signature } = built.artifact
    const argument = runArgument(await inputsOf(invocation, signature.inputs))

    await model.load()
    let results: Readonly<Record<string, RuntimeTensor>> = {}
    const times: number[] = []
    for (let i = -warmup; i < repeat; i++) {
      progress(i < 0 ? 'warming up' : `run ${i + 1} of ${repeat}`)
      const started = performance.now()
      results = runChecked(model, argument)
      if (i >= 0) times.push((performance.now() - started) * 1000)
      await nextTurn() // Ctrl-C is seen here
      signal.throwIfAborted()
    }
    const outputs = outputsOf(results, signature.outputs)
    const us = summarize(times)
    const { target, compiler } = built.artifact
    return {
      ok: true,
      text: [
        ...outputs.map(outputText),
        `${dim(`${target}, ${compilerText(compiler)}`)}\n${durationText(us.median)} median, ${durationText(us.min)} min of ${repeat}`,
      ].join('\n'),
      json: {
        outputs: outputs.map(({ name, tensor: { type, dims }, values }) => ({ name, type, shape: dims, data: values })),
        us,
        target,
        compiler: compiler.name,
      },
    }
  },
}

interface Output {
  readonly name: string
  readonly tensor: Tensor
  readonly values: readonly (string | number | bigint)[]
}

async function inputsOf(invocation: Invocation, entries: readonly SignatureEntry[]): Promise<Inputs> {
  const { flags, usage } = invocation
  const files = inputFiles(invocation, entries)
  const sizes = dimsOption(invocation)
  expectDims(sizes, entries, usage)
  const random = randomNumbers(numberOption(invocation, 'seed', { otherwise: 0 }))
  const inputs = new Map<string, Tensor>()
  for (const entry of entries) {
    const file = files.get(entry.name)
    if (file === undefined && !flags.has('random'))
      throw usage(`input ${JSON.stringify(entry.name)} has no value; give --input ${entry.name}=FILE, or --random`)
    inputs.set(entry.name, file ? await readTensorFile(file, entry) : randomTensor(entry, sizes, random))
  }
  return inputs
}

/** Files by input. Names and paths may hold equals signs: the longest name that the model has is meant. */
function inputFiles({ all, usage }: Invocation, entries: readonly SignatureEntry[]): Map<string, string> {
  const names = entries.map(({ name }) => name).toSorted((a, b) => b.length - a.length)
  const files = new Map<string, string>()
  for (const text of all('input')) {
    if (!text.includes('=')) throw usage(`--input must be like NAME=FILE, not ${JSON.stringify(text)}`)
    const name = names.find((candidate) => text.startsWith(`${candidate}=`))
    if (name === undefined) {
      const given = text.slice(0, text.indexOf('='))
      throw usage(
        `the model has no input ${JSON.stringify(given)}; it has ${names.join(', ')}.${didYouMean(given, names)}`,
      )
    }
    if (files.has(name)) throw usage(`input ${JSON.stringify(name)} is given twice`)
    files.set(name, text.slice(name.length + 1))
  }
  return files
}

function outputsOf(results: Readonly<Record<string, RuntimeTensor>>, entries: readonly SignatureEntry[]): Output[] {
  return entries.flatMap(({ name }) => {
    const result = results[name]
    if (result === undefined) return []
    const tensor = fromRuntime(result)
    return [{ name, tensor, values: tensorValues(tensor) }]
  })
}

/** As many values as one line has room for. */
const shownValues = 8

function outputText({ name, tensor: { type, dims }, values }: Output): string {
  const shown = values.slice(0, shownValues).map(valueText)
  const rest = values.length > shownValues ? ` … ${dim(`(${values.length} values)`)}` : ''
  return `${bold(printable(name))} ${type} [${dims.join(', ')}]\n  ${shown.join('  ')}${rest}`
}

function valueText(value: string | number | bigint): string {
  if (typeof value === 'string') return JSON.stringify(printable(value))
  return typeof value === 'number' && !Number.isInteger(value) ? String(Number(value.toPrecision(7))) : String(value)
}

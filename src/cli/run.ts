import { setImmediate as nextTurn } from 'node:timers/promises'
import type { TestValue } from '../onnx/test-data.ts'
import { randomNumbers } from '../random-numbers.ts'
import type { SignatureEntry } from '../runtime/signature.ts'
import type { Result } from '../runtime/results.ts'
import type { Command, Invocation } from './command.ts'
import { inputFiles, inputFlag } from './data/input-files.ts'
import { type Inputs, runArgument, runChecked } from './data/inputs.ts'
import { randomValue } from './data/random.ts'
import { readValueFile } from './data/tensor-file.ts'
import { dimsOption, expectDims, inputDimsFlag } from './dims.ts'
import { buildOptions, buildRunnable, compilerText, modelArgument } from './model-build.ts'
import { numberOption } from './parse.ts'
import { summarize } from './statistics.ts'
import { resultJson, resultText } from './data/results.ts'
import { dim, durationText } from './style.ts'

export const run: Command = {
  name: 'run',
  summary: 'Run a model on data from files, or on random numbers, and time it',
  positionals: modelArgument,
  options: {
    input: inputFlag,
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
    let results: Readonly<Record<string, Result>> = {}
    const times: number[] = []
    for (let i = -warmup; i < repeat; i++) {
      progress(i < 0 ? 'warming up' : `run ${i + 1} of ${repeat}`)
      const started = performance.now()
      results = runChecked(model, argument)
      if (i >= 0) times.push((performance.now() - started) * 1000)
      await nextTurn() // Ctrl-C is seen here
      signal.throwIfAborted()
    }
    const outputs = signature.outputs.filter(({ name }) => name in results)
    const us = summarize(times)
    const { target, compiler } = built.artifact
    return {
      ok: true,
      text: [
        ...outputs.flatMap((entry) => resultText(entry, results[entry.name])),
        `${dim(`${target}, ${compilerText(compiler)}`)}\n${durationText(us.median)} median, ${durationText(us.min)} min of ${repeat}`,
      ].join('\n'),
      json: {
        outputs: outputs.map((entry) => resultJson(entry, results[entry.name])),
        us,
        target,
        compiler: compiler.name,
      },
    }
  },
}

async function inputsOf(invocation: Invocation, entries: readonly SignatureEntry[]): Promise<Inputs> {
  const { flags, usage } = invocation
  const files = inputFiles(invocation, entries)
  const sizes = dimsOption(invocation)
  expectDims(sizes, entries, usage)
  const random = randomNumbers(numberOption(invocation, 'seed', { otherwise: 0 }))
  const inputs = new Map<string, TestValue>()
  for (const entry of entries) {
    const file = files.get(entry.name)
    if (file === undefined && entry.type === 'optional' && !flags.has('random')) continue
    if (file === undefined && !flags.has('random'))
      throw usage(`input ${JSON.stringify(entry.name)} has no value; give --input ${entry.name}=FILE, or --random`)
    inputs.set(entry.name, file ? await readValueFile(file, entry) : randomValue(entry, sizes, random))
  }
  return inputs
}

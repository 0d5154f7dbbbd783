import { setImmediate as nextTurn } from 'node:timers/promises'
import type { TestValue } from '../onnx/test-data.ts'
import { randomNumbers } from '../compilers/random-numbers.ts'
import type { SignatureEntry } from '../runtime/signature.ts'
import type { Result } from '../runtime/results.ts'
import type { Command, Invocation } from './command.ts'
import { inputFiles, inputFlag } from './data/input-files.ts'
import { type Inputs, runArgument, runChecked } from './data/inputs.ts'
import { randomValue } from './data/random.ts'
import { readValueFile } from './data/tensor-file.ts'
import { dimsOption, expectDims, inputDimsFlag } from './dims.ts'
import { buildOptions, buildRunnable, compilerText, modelArgument, readSignature } from './model-build.ts'
import { numberOption } from './parse.ts'
import { summarize } from '../measure/statistics.ts'
import { resultJson, resultText } from './data/results.ts'
import { dim, durationText } from './style.ts'
import { summaries } from './summaries.ts'

export const run: Command = {
  name: 'run',
  summary: summaries.run,
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
    const id = positionals[0] ?? ''
    // What is wrong with inputs is told before the model is compiled, which may take minutes; what is wrong with a model that has
    // no signature by itself (operators that nobody knows, say), its build tells better.
    const known = await readSignature(invocation, id).catch(() => undefined)
    const early = known && (await givenInputs(invocation, known.inputs))
    const { built, model } = await buildRunnable(invocation, id)
    const { signature } = built.artifact
    const given = early ?? (await givenInputs(invocation, signature.inputs))
    const argument = runArgument(withRandom(given, invocation, signature.inputs))

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

/** What the command line gives in files. @throws UsageError where an input has no value, and will get none */
async function givenInputs(invocation: Invocation, entries: readonly SignatureEntry[]): Promise<Inputs> {
  const { flags, usage } = invocation
  const files = inputFiles(invocation, entries)
  expectDims(dimsOption(invocation), entries, usage)
  const inputs = new Map<string, TestValue>()
  for (const entry of entries) {
    const file = files.get(entry.name)
    if (file !== undefined) inputs.set(entry.name, await readValueFile(file, entry))
    else if (entry.type !== 'optional' && !flags.has('random'))
      throw usage(`input ${JSON.stringify(entry.name)} has no value; give --input ${entry.name}=FILE, or --random`)
  }
  return inputs
}

/** These, and random values for all others where they are asked for. */
function withRandom(given: Inputs, invocation: Invocation, entries: readonly SignatureEntry[]): Inputs {
  if (!invocation.flags.has('random')) return given
  const random = randomNumbers(numberOption(invocation, 'seed', { otherwise: 0 }))
  const sizes = dimsOption(invocation)
  return new Map(entries.map((entry) => [entry.name, given.get(entry.name) ?? randomValue(entry, sizes, random)]))
}

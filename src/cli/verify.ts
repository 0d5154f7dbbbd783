import { dirname, resolve } from 'node:path'
import { type Deviation, deviation, type Tolerance } from '../conformance/compare.ts'
import { dataSetFolders, readDataSet } from '../conformance/data-set.ts'
import { byElement } from '../conformance/by-element.ts'
import { valuesFromRuntime } from '../conformance/runtime-tensor.ts'
import { EnvironmentError } from '../errors/index.ts'
import type { Tensor } from '../onnx/model.ts'
import { modelFile } from '../request/request.ts'
import { parseRequest } from '../request/index.ts'
import { agreement } from '../measure/agreement.ts'
import type { Model } from '../runtime/model.ts'
import { printable } from '../errors/printable.ts'
import type { Command, Invocation } from './command.ts'
import { inputFlag } from './data/input-files.ts'
import { type Inputs, randomInputs, runArgument, runChecked } from './data/inputs.ts'
import { dimsOption, expectDims, inputDimsFlag } from './dims.ts'
import { findOnnxRuntime, type OnnxRuntime } from './onnxruntime.ts'
import { buildOptions, buildRunnable, compilerText, modelArgument, requestOptions } from './model-build.ts'
import { numberOption } from './parse.ts'
import { readNamed } from './read-named.ts'
import { green, red, table } from './style.ts'
import { verifyWeights } from './verify-weights.ts'
import { summaries } from './summaries.ts'

export const verify: Command = {
  name: 'verify',
  summary: summaries.verify,
  positionals: modelArgument,
  options: {
    data: {
      type: 'string',
      value: 'DIR',
      help: 'folder with input_K.pb and output_K.pb, or test_data_set_N folders (default: beside the model)',
    },
    runs: { type: 'string', value: 'N', help: 'random inputs to compare on (default: 3; with small weights 8)' },
    seed: { type: 'string', value: 'N', help: 'of the random inputs (default: 0)' },
    dims: inputDimsFlag,
    rtol: { type: 'string', value: 'X', help: 'relative tolerance (default: 1e-3)' },
    atol: { type: 'string', value: 'X', help: 'absolute tolerance (default: 1e-5)' },
    input: { ...inputFlag, help: `with small weights: ${inputFlag.help}; others are random` },
    'max-difference': {
      type: 'string',
      value: 'X',
      help: 'with small weights: share, like 0.05, that may not be exceeded',
    },
    ...buildOptions,
  },
  notes: `Compares with onnxruntime where the project has the package onnxruntime-node; it runs the graph as it is written, since its
optimiser rounds some numbers that the model does not round. Exit code 1 if an output differs:
an element a of it is close to the expected e where |a - e| <= atol + rtol * |e|; integers and text must be equal.
With --weights f16 or int8, compares the model with small weights and with its own, on random inputs, those of --input and
those of data sets. A difference is a share of the largest element of an output; of integers and text, the share of
elements that are not equal. Exit code 1 if one is larger than --max-difference.`,
  async run(invocation) {
    const { positionals, values } = invocation
    const id = positionals[0] ?? ''
    const path = resolve(modelFile(id))
    const { directives } = parseRequest(id, requestOptions(invocation))
    const folders = await dataSetFolders(resolve(values['data'] ?? dirname(path)))
    if (values['data'] && folders.length === 0)
      throw invocation.usage(`${values['data']} holds neither output_0.pb nor test_data_set_N folders`)
    if (directives.weights !== 'f32') return verifyWeights(invocation, id, directives, folders)
    for (const option of ['input', 'max-difference'])
      if (values[option] !== undefined) throw invocation.usage(`--${option} goes with --weights f16 or int8`)
    const tolerance: Tolerance = {
      rtol: numberOption(invocation, 'rtol', { otherwise: agreement.rtol, integer: false }),
      atol: numberOption(invocation, 'atol', { otherwise: agreement.atol, integer: false }),
    }
    const runs = numberOption(invocation, 'runs', { otherwise: 3 })
    const onnxruntime = runs > 0 ? await findOnnxRuntime('onnxruntime-node', process.cwd()) : undefined
    expectReference(path, folders, onnxruntime)

    const { built, model } = await buildRunnable(invocation, id)
    const checks = [
      ...(await withData(id, folders, model, tolerance, invocation)),
      ...(onnxruntime ? await withOnnxRuntime(id, onnxruntime, runs, model, tolerance, invocation) : []),
    ]
    const failed = checks.filter(({ mismatches }) => mismatches > 0).length
    const { target, compiler } = built.artifact
    const verdict =
      failed > 0
        ? red(`${failed} of ${checks.length} outputs differ`)
        : green(`${checks.length} of ${checks.length} outputs agree`)
    return {
      ok: failed === 0,
      text: `${describe(checks)}\n${verdict} (rtol ${tolerance.rtol}, atol ${tolerance.atol}; ${target}, ${compilerText(compiler)})`,
      json: { ok: failed === 0, ...tolerance, target, compiler: compiler.name, checks },
    }
  },
}

/** One output compared with one reference. */
interface Check extends Deviation {
  readonly reference: string
  readonly output: string
}

function expectReference(model: string, sets: readonly string[], onnxruntime: OnnxRuntime | undefined): void {
  if (sets.length > 0 || onnxruntime) return
  throw new EnvironmentError(
    'ENVIRONMENT_REFERENCE',
    `There is nothing to compare ${model} with. Give expected data with --data DIR, or install onnxruntime: npm install --save-dev onnxruntime-node`,
    { model },
  )
}

async function withData(
  id: string,
  sets: readonly string[],
  model: Model,
  tolerance: Tolerance,
  invocation: Invocation,
): Promise<Check[]> {
  const source = await readNamed(id, invocation)
  const checks: Check[] = []
  for (const set of sets) {
    invocation.progress(`comparing with ${set}`)
    const { inputs, outputs } = await readDataSet(set, source)
    checks.push(...compare(set, run(model, inputs), byElement(outputs), tolerance))
  }
  return checks
}

async function withOnnxRuntime(
  id: string,
  onnxruntime: OnnxRuntime,
  runs: number,
  model: Model,
  tolerance: Tolerance,
  invocation: Invocation,
): Promise<Check[]> {
  const { progress, usage, signal } = invocation
  const sizes = dimsOption(invocation)
  expectDims(sizes, model.inputs, usage)
  const seed = numberOption(invocation, 'seed', { otherwise: 0 })
  const session = await onnxruntime.load(id, { threads: 1, asWritten: true })
  const checks: Check[] = []
  for (let i = 0; i < runs; i++) {
    signal.throwIfAborted()
    progress(`comparing with onnxruntime, run ${i + 1} of ${runs}`)
    const inputs = randomInputs(model.inputs, sizes, seed + i)
    checks.push(...compare(`onnxruntime, seed ${seed + i}`, run(model, inputs), await session.run(inputs), tolerance))
  }
  await session.release()
  return checks
}

function run(model: Model, inputs: Inputs): ReadonlyMap<string, Tensor> {
  return byElement(valuesFromRuntime(model.outputs, runChecked(model, runArgument(inputs))))
}

function compare(
  reference: string,
  actual: ReadonlyMap<string, Tensor>,
  expected: ReadonlyMap<string, Tensor>,
  tolerance: Tolerance,
): Check[] {
  return [...expected].map(([output, tensor]) => {
    const given = actual.get(output)
    const missing = { maxAbs: Infinity, maxRel: Infinity, elements: 0, mismatches: 1, problem: 'is missing' }
    return { reference, output, ...(given ? deviation(given, tensor, tolerance) : missing) }
  })
}

function describe(checks: readonly Check[]): string {
  return table([
    ['reference', 'output', 'max abs', 'max rel', 'differ', ''],
    ...checks.map(({ reference, output, maxAbs, maxRel, mismatches, elements, problem }) => [
      reference,
      printable(output),
      maxAbs.toExponential(1),
      maxRel.toExponential(1),
      `${mismatches}/${elements}`,
      problem === undefined ? '' : red(printable(problem)),
    ]),
  ])
}

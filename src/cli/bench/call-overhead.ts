import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { modelBytes, tensorType } from '../../onnx/build.ts'
import { tensorFrom } from '../../onnx/tensor.ts'
import type { Invocation } from '../command.ts'
import { runArgument } from '../data/inputs.ts'
import { buildRunnable } from '../model-build.ts'
import { median, type Summary, summarize } from '../../measure/statistics.ts'
import { type EngineFailure, type LoadedModel, reasonOf } from './engine.ts'
import { onnxRuntimeEngine } from './onnxruntime.ts'
import { type Lane, type RoundsOptions, timeInTurns } from '../../measure/rounds.ts'

/** What a call costs beside its arithmetic, in nanoseconds. */
export interface CallOverhead {
  readonly elements: number
  /** `model.runSync({ x })`: checks, a call into native code, and a new result. */
  readonly runSyncNs: Summary
  /** `bound.run()`: the call into native code, and the arithmetic there. */
  readonly boundRunNs: Summary
  /** The same arithmetic in JavaScript. */
  readonly javaScriptNs: Summary
  /** `runSync` without the arithmetic: its difference to JavaScript, of the best rounds and as median over all rounds. */
  readonly beyondArithmeticNs: Summary
  /** `session.run(…)` of onnxruntime-node, which is asynchronous; or why there is none. */
  readonly onnxruntimeNs: Summary | EngineFailure
}

const elements = 60

/**
 * Times a model that hardly computes anything: y = Relu(x + b) on 60 numbers.
 *
 * @param packages folder whose `node_modules` may have onnxruntime-node
 */
export async function measureCallOverhead(
  invocation: Invocation,
  packages: string,
  options: RoundsOptions,
): Promise<CallOverhead> {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-mlir-bench-'))
  try {
    const path = join(folder, 'call-overhead.onnx')
    const bias = Float32Array.from({ length: elements }, (_, i) => (i % 7) - 3)
    const type = tensorType('float32', [elements])
    await writeFile(
      path,
      modelBytes({
        opsets: { '': 17 },
        inputs: { x: type },
        outputs: { y: type },
        initializers: { b: tensorFrom('float32', [elements], bias) },
        nodes: [
          { op: 'Add', inputs: ['x', 'b'], outputs: ['sum'] },
          { op: 'Relu', inputs: ['sum'], outputs: ['y'] },
        ],
      }),
    )
    const inputs = new Map([['x', tensorFrom('float32', [elements], bias)]])
    const argument = runArgument(inputs)
    const { model } = await buildRunnable(invocation, path, { compiler: 'builtin' })
    const bound = model.bind()
    const other = await onnxRuntimeEngine('onnxruntime-node', packages, 1)
      .load(path)
      .catch((error: unknown): EngineFailure => ({ error: reasonOf(error) }))
    const lanes: Lane[] = [
      lane('runSync', () => model.runSync(argument)),
      lane('bound', () => bound.run()),
      lane('javascript', arithmetic(bias)),
      ...('error' in other ? [] : other.lanes(inputs).map(({ run }) => ({ name: 'onnxruntime', run }))),
    ]
    const samples = await timeInTurns(lanes, options)
    if (!('error' in other)) await other.dispose()
    model.dispose()
    return summary(samples, other)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function lane(name: string, call: () => unknown): Lane {
  return {
    name,
    run(times) {
      for (let i = 0; i < times; i++) call()
    },
  }
}

function arithmetic(bias: Float32Array): () => void {
  const x = bias.slice()
  const y = new Float32Array(elements)
  return () => {
    for (let i = 0; i < elements; i++) y[i] = Math.max(0, x[i]! + bias[i]!)
  }
}

function summary(samples: ReadonlyMap<string, readonly number[]>, other: LoadedModel | EngineFailure): CallOverhead {
  const ns = (name: string): number[] => (samples.get(name) ?? []).map((us) => us * 1000)
  const [runSync, javascript] = [ns('runSync'), ns('javascript')]
  return {
    elements,
    runSyncNs: summarize(runSync),
    boundRunNs: summarize(ns('bound')),
    javaScriptNs: summarize(javascript),
    beyondArithmeticNs: {
      min: Math.min(...runSync) - Math.min(...javascript),
      median: median(runSync.map((time, round) => time - javascript[round]!)),
    },
    onnxruntimeNs: 'error' in other ? other : summarize(ns('onnxruntime')),
  }
}

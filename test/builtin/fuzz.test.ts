import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtinSource, compileBuiltin } from '../../src/builtin/index.ts'
import { fromRuntime, toRuntime } from '../../src/conformance/runtime-tensor.ts'
import { modelBytes } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorArray, tensorValues } from '../../src/onnx/tensor.ts'
import { createNodeModel } from '../../src/runtime/node.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { testAddon } from '../native/libraries.ts'
import { onnxruntime, type Onnxruntime } from '../onnxruntime.ts'
import { randomModel } from './random/model.ts'

// Random graphs against onnxruntime. Five graphs stand side by side in a model, as compiling is what takes time.
// FUZZ_SEEDS=1000-1400 tries others than the usual ones.

const [first, last] = (process.env['FUZZ_SEEDS'] ?? '1-25').split('-').map(Number) as [number, number]
const perModel = 5
const groups = Array.from({ length: Math.ceil((last - first + 1) / perModel) }, (_, i) =>
  Array.from({ length: perModel }, (__, k) => first + i * perModel + k).filter((seed) => seed <= last),
)

const target = resolveTarget('host')
const staging = mkdtempSync(join(tmpdir(), 'fuzz-'))
afterAll(() => rmSync(staging, { recursive: true, force: true }))

const ort = onnxruntime()
let addon: string
beforeAll(async () => {
  addon = await testAddon()
})

test('the same model makes the same C, byte for byte', () => {
  for (const seed of [first, first + 1]) {
    const bytes = modelBytes(randomModel([seed, seed + 1]).source)
    const [one, other] = [1, 2].map(() =>
      builtinSource(decodeModel(bytes, { path: 'same.onnx' }), { target, identity: 'test' }),
    )
    expect(other!.text).toBe(one!.text)
    expect(Buffer.concat([...(other!.weights.chunks as Iterable<Uint8Array>)])).toEqual(
      Buffer.concat([...(one!.weights.chunks as Iterable<Uint8Array>)]),
    )
  }
})

describe.skipIf(!ort)('random graphs give what onnxruntime gives', () => {
  test.each(groups.flatMap((seeds, i) => [[i % 2 === 0 ? 0 : 1, seeds] as const]))(
    'at O%i, seeds %j',
    async (optimize, seeds) => {
      const { source, feeds, outputs } = randomModel(seeds)
      const bytes = modelBytes(source)
      const [expected, actual] = [await runReference(ort!, bytes, feeds), await runOurs(bytes, feeds, optimize)]
      for (const { name, type, dims } of outputs) {
        const ours = fromRuntime(actual[name]!)
        expect({ type: ours.type, dims: ours.dims }, name).toEqual({ type, dims })
        const reference = expected[name]!
        expect(reference.dims, `${name} of the generator`).toEqual(dims)
        expectClose(tensorValues(ours), reference.data, name)
      }
    },
  )
})

function expectClose(actual: readonly unknown[], expected: ArrayLike<unknown>, name: string): void {
  actual.forEach((element, i) => {
    const [given, wanted] = [Number(element), Number(expected[i])]
    const near =
      Object.is(given, wanted) || given === wanted || Math.abs(given - wanted) <= 1e-5 + 1e-4 * Math.abs(wanted)
    if (!near) expect.fail(`${name}[${i}] is ${given}, expected ${wanted}`)
  })
}

async function runReference(
  { InferenceSession, Tensor }: Onnxruntime,
  bytes: Uint8Array,
  feeds: ReadonlyMap<string, Tensor>,
) {
  // As the graph is written: its own rewriting is not what we compare with.
  const session = await InferenceSession.create(bytes, { graphOptimizationLevel: 'disabled', logSeverityLevel: 4 })
  const given = [...feeds].map(([name, tensor]) => {
    const data = tensor.type === 'bool' ? Uint8Array.from(tensor.data) : tensorArray(tensor)
    return [name, new Tensor(tensor.type, data, [...tensor.dims])] as const
  })
  return session.run(Object.fromEntries(given))
}

async function runOurs(bytes: Uint8Array, feeds: ReadonlyMap<string, Tensor>, optimize: 0 | 1) {
  const built = await compileBuiltin(decodeModel(bytes, { path: 'random.onnx' }), {
    target,
    optimize,
    identity: 'test',
    stagingRoot: staging,
  })
  const facts = {
    name: 'random',
    signature: built.signature,
    target: 'host',
    compiler: { name: 'builtin', version: 'test' },
  } as const
  const model = createNodeModel(facts, { addon, library: built.library })
  return model.runSync(Object.fromEntries([...feeds].map(([name, tensor]) => [name, toRuntime(tensor)])))
}

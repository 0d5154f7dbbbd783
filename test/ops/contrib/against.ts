import { describe, expect, test } from 'vitest'
import { fromRuntime, toRuntime } from '../../../src/conformance/runtime-tensor.ts'
import { modelBytes, tensorType } from '../../../src/onnx/build.ts'
import type { ElementType } from '../../../src/onnx/element-type.ts'
import type { Tensor } from '../../../src/onnx/model.ts'
import { tensorFrom, tensorValues } from '../../../src/onnx/tensor.ts'
import { type Onnxruntime, onnxruntime } from '../../onnxruntime.ts'
import { type Case, modelOfCase, type Result, runCases } from '../harness.ts'

// Operators of onnxruntime's own domain, of which onnxruntime is the only definition: each case is run by both, with
// sizes that are known and with sizes that only the run knows.

/** A case, and how far results may be apart. */
export interface Compared extends Case {
  readonly label: string
  /** Relative to the largest expected value of an output. Default: 1e-5, of narrow floats 4e-3. */
  readonly tolerance?: number
  /** Sizes stay known: the operator needs one of them. */
  readonly onlyStatic?: boolean
  /** The version of ONNX that onnxruntime is given. Default: 17. */
  readonly opset?: number
  /** Of all outputs, where onnxruntime does not infer it. */
  readonly outputType?: ElementType
}

const runtime = onnxruntime()

/** Tests of a family: what the compiled model gives is what onnxruntime gives. */
export function describeAgainst(family: string, cases: readonly Compared[]): void {
  describe.skipIf(!runtime)(family, () => {
    let expected: Promise<Result[][]> | undefined
    const reference = (): Promise<Result[][]> => (expected ??= referenceOf(cases))

    test('with sizes that are known', { timeout: 120_000 }, async () => {
      compare(cases, await runCases(cases), await reference())
    })

    test('with sizes that only the run knows', { timeout: 120_000 }, async () => {
      const dynamic = cases.map((one) => ({ ...one, dynamic: !one.onlyStatic }))
      compare(cases, await runCases(dynamic), await reference())
    })
  })
}

async function referenceOf(cases: readonly Compared[]): Promise<Result[][]> {
  const results: Result[][] = []
  for (const one of cases) results.push(await runtimeResults(runtime!, one))
  return results
}

/** What onnxruntime gives, node by node as the model says. */
async function runtimeResults({ InferenceSession, Tensor: OrtTensor }: Onnxruntime, one: Compared): Promise<Result[]> {
  const { source, feeds } = modelOfCase(one, { opset: one.opset ?? 17 })
  try {
    const options = { graphOptimizationLevel: 'disabled', logSeverityLevel: 4 }
    const type = one.outputType && tensorType(one.outputType)
    const outputs = Object.fromEntries(Object.keys(source.outputs).map((name) => [name, type]))
    const session = await InferenceSession.create(modelBytes({ ...source, outputs }), options)
    const given = [...feeds].map(([name, tensor]) => [name, new OrtTensor(...runtimeForm(tensor))])
    const results = await session.run(Object.fromEntries(given) as Record<string, unknown>)
    return Object.keys(source.outputs)
      .filter(Boolean)
      .map((name) => {
        const { type, dims, data } = results[name] as unknown as {
          type: ElementType
          dims: number[]
          data: Float32Array
        }
        const tensor = fromRuntime({
          type,
          dims: [...dims],
          data: type === 'string' ? [...(data as unknown as string[])] : data.slice(),
        } as Parameters<typeof fromRuntime>[0])
        return { type, dims: tensor.dims, values: tensorValues(tensor) }
      })
  } catch (error) {
    throw new Error(`onnxruntime does not run ${one.label}`, { cause: error })
  }
}

function runtimeForm(tensor: Tensor): [string, unknown, readonly number[]] {
  const { data, dims } = toRuntime(tensor)
  if (tensor.type === 'string') return ['string', data, dims]
  if (tensor.type === 'bool') return ['bool', Uint8Array.from(data as Uint8Array), dims]
  const halfs = (globalThis as { Float16Array?: new (...of: unknown[]) => unknown }).Float16Array
  const { buffer, byteOffset, length } = data as Uint16Array
  return [tensor.type, tensor.type === 'float16' && halfs ? new halfs(buffer, byteOffset, length) : data, dims]
}

function compare(cases: readonly Compared[], given: readonly Result[][], expected: readonly Result[][]): void {
  const wrong = cases.flatMap((one, i) =>
    expected[i]!.flatMap((wanted, at) => {
      const problem = difference(given[i]![at]!, wanted, one.tolerance)
      return problem ? [`${one.op}, ${one.label}, output ${at}: ${problem}`] : []
    }),
  )
  expect(wrong).toEqual([])
}

function difference(given: Result, wanted: Result, tolerance?: number): string | undefined {
  if (given.type !== wanted.type) return `is ${given.type}, expected ${wanted.type}`
  if (`${given.dims}` !== `${wanted.dims}`) return `is of shape [${given.dims}], expected [${wanted.dims}]`
  if (wanted.type === 'string') {
    const at = wanted.values.findIndex((text, i) => text !== given.values[i])
    return at < 0
      ? undefined
      : `element ${at} is ${JSON.stringify(given.values[at])}, expected ${JSON.stringify(wanted.values[at])}`
  }
  const numbers = wanted.values.map(Number)
  const largest = Math.max(...numbers.filter(Number.isFinite).map(Math.abs), 1e-30)
  const allowed = (tolerance ?? (wanted.type === 'float16' ? 4e-3 : 1e-5)) * largest
  const at = numbers.findIndex((value, i) => {
    const other = Number(given.values[i])
    return !(Object.is(other, value) || other === value || Math.abs(other - value) <= allowed)
  })
  return at < 0 ? undefined : `element ${at} is ${given.values[at]}, expected ${numbers[at]}`
}

/** Numbers of a fixed sequence that looks random, in [-1, 1) times `scale`. */
export function noise(dims: readonly number[], seed = 1, { type = 'float32', scale = 1 }: Partial<Noise> = {}): Tensor {
  let state = seed * 7919 + 17
  const next = (): number => {
    state = (state * 48271) % 0x7fffffff
    return ((state / 0x7fffffff) * 2 - 1) * scale
  }
  const count = dims.reduce((n, dim) => n * dim, 1)
  return tensorFrom(type, dims, Array.from({ length: count }, next))
}

interface Noise {
  readonly type: ElementType
  readonly scale: number
}

/** An int32 tensor. */
export function i32(values: readonly number[], dims: readonly number[] = [values.length]): Tensor {
  return tensorFrom('int32', dims, values)
}

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import type { Signature } from '../src/cache/artifact.ts'
import { isTensor } from '../src/runtime/signature.ts'

/** Real models, beside the repository. */
export const modelsFolder = fileURLToPath(new URL('../../shared/models/', import.meta.url))

/** The part of onnxruntime-node's API that comparisons need. */
export interface Onnxruntime {
  readonly InferenceSession: {
    create(
      model: string | Uint8Array,
      options?: object,
    ): Promise<{ run(feeds: Record<string, unknown>): Promise<Record<string, OrtTensor>> }>
  }
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => OrtTensor
}

export interface OrtTensor {
  readonly data: Float32Array
  readonly dims: readonly number[]
}

/** onnxruntime-node, the independent source of expected numbers; `undefined`, with a line that says so, where it is not installed. */
export function onnxruntime(): Onnxruntime | undefined {
  const folder = fileURLToPath(new URL('../bench/', import.meta.url))
  if (existsSync(`${folder}node_modules/onnxruntime-node`))
    return createRequire(folder)('onnxruntime-node') as Onnxruntime
  console.log('skipped: onnxruntime-node is not installed; run npm ci --ignore-scripts --prefix bench')
  return undefined
}

/** Values by name of input or output. */
export type Values = Readonly<Record<string, readonly number[]>>
/** Per model, per set of inputs: the outputs. */
export type Results = Readonly<Record<string, readonly Values[]>>

/** Park and Miller's minimal standard generator, scaled to [-1, 1). */
export function randomInputs({ inputs }: Signature, seed: number): Values {
  let state = seed
  const next = (): number => {
    state = (state * 48271) % 0x7fffffff
    return Math.fround((state / 0x7fffffff) * 2 - 1)
  }
  return Object.fromEntries(
    inputs
      .filter(isTensor)
      .map(({ name, shape }) => [
        name,
        Array.from({ length: shape.reduce<number>((n, dim) => n * Number(dim), 1) }, next),
      ]),
  )
}

/** What onnxruntime gives for each set of inputs. */
export async function reference(
  runtime: Onnxruntime,
  path: string,
  signature: Signature,
  sets: readonly Values[],
): Promise<Values[]> {
  const session = await runtime.InferenceSession.create(path, { logSeverityLevel: 3 })
  const results: Values[] = []
  for (const set of sets) {
    const feeds = signature.inputs
      .filter(isTensor)
      .map(({ name: input, shape }) => [
        input,
        new runtime.Tensor('float32', Float32Array.from(set[input]!), shape.map(Number)),
      ])
    const outputs = await session.run(Object.fromEntries(feeds) as Record<string, unknown>)
    results.push(Object.fromEntries(Object.entries(outputs).map(([output, { data }]) => [output, [...data]])))
  }
  return results
}

/** Within rtol 1e-3 and atol 1e-5 of the expected values. */
export function expectClose(actual: Results, expected: Results): void {
  for (const [name, sets] of Object.entries(expected)) {
    sets.forEach((values, set) => {
      expect(Object.keys(actual[name]![set]!)).toEqual(Object.keys(values))
      for (const [output, wanted] of Object.entries(values)) {
        const given = actual[name]![set]![output]!
        expect(given).toHaveLength(wanted.length)
        const wrong = wanted.findIndex((value, i) => !(Math.abs(given[i]! - value) <= 1e-5 + 1e-3 * Math.abs(value)))
        if (wrong >= 0)
          expect.fail(`${name}, inputs ${set}: ${output}[${wrong}] is ${given[wrong]}, expected ${wanted[wrong]}`)
      }
    })
  }
}

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromRuntime, toRuntime } from '../../../src/conformance/runtime-tensor.ts'
import type { ElementType } from '../../../src/onnx/element-type.ts'
import { tensorFrom, tensorNumbers } from '../../../src/onnx/tensor.ts'
import { compileBytes } from '../../ops/harness.ts'
import { converted, convertedModel } from './convert.ts'

// Small models of every layer and operator, against what TensorFlow.js itself gave for them (make-goldens.js).

interface Values {
  readonly dims: readonly number[]
  readonly type: ElementType
  readonly data: readonly (number | null)[]
}

interface Golden {
  readonly name: string
  readonly model: unknown
  readonly weights: string
  readonly inputs: readonly Values[]
  readonly outputs: readonly Values[]
}

const goldens = (name: string): readonly Golden[] =>
  JSON.parse(readFileSync(new URL(`goldens/${name}.json`, import.meta.url), 'utf8')) as Golden[]

it('between convolutions nothing is transposed', () => {
  const { model, weights } = goldens('graphs').find(({ name }) => name.startsWith('convolutions without'))!
  const { graph } = convertedModel(model, { 'w.bin': Uint8Array.from(Buffer.from(weights, 'base64')) })
  expect(graph.nodes.filter(({ op }) => op === 'Transpose')).toHaveLength(1)
})

describe.each(['layers', 'graphs'])('%s', (list) => {
  it.each(goldens(list).map((golden) => [golden.name, golden] as const))('%s', async (_, golden) => {
    const { model, weights, inputs, outputs } = golden
    const files = { 'w.bin': Uint8Array.from(Buffer.from(weights, 'base64')) }
    const { graph } = convertedModel(model, files)
    const compiled = await compileBytes(converted(model, files), 3)
    const feeds = inputs.map(({ dims, type, data }, i) => [graph.inputs[i]!.name, toRuntime(tensorFrom(type, dims, data as number[]))] as const) // prettier-ignore
    const results = compiled.runSync(Object.fromEntries(feeds))
    expect(graph.outputs.length).toBe(outputs.length)
    graph.outputs.forEach(({ name }, i) => {
      const wanted = outputs[i]!
      const given = fromRuntime(results[name]!)
      expect([given.type, given.dims]).toEqual([wanted.type, wanted.dims])
      tensorNumbers(given).forEach((value, at) => {
        // JSON has no NaN.
        const expected = wanted.data[at] ?? NaN
        if (!Object.is(value, expected)) expect(Math.abs(value - expected)).toBeLessThanOrEqual(1e-5 + 1e-4 * Math.abs(expected)) // prettier-ignore
      })
    })
  })
})

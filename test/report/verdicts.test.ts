import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import type { ElementType } from '../../src/onnx/element-type.ts'
import type { Model, OnnxDim } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { createReport } from '../../src/report/report.ts'
import { filled } from './build.ts'

/** A small model as text, and what onnx-mlir (commit cc5be7b, with NNPA) made of it. */
interface Judged {
  readonly name: string
  readonly inputs: Readonly<Record<string, readonly OnnxDim[] | { type: ElementType; dims: readonly OnnxDim[] }>>
  readonly constants: Readonly<
    Record<string, { type: ElementType; dims: readonly number[]; values: number | number[] }>
  >
  readonly nodes: readonly (readonly [op: string, inputs: string, attributes?: Attributes, outputs?: number])[]
  readonly outputs?: readonly string[]
  readonly opset: number
  readonly z16: Verdict
  readonly z17: Verdict
}

type Attributes = Readonly<Record<string, number | string | { i: number } | { is: number[] }>>

interface Verdict {
  /** Of each node, in order; from the locations in the final ZHigh IR. */
  readonly devices: string
  readonly reasons: Readonly<Record<string, readonly string[]>>
}

// Every ninth of systematic probes and a part of random graphs, none left out because of what was said of it.
const judged = JSON.parse(readFileSync(join(import.meta.dirname, 'data', 'verdicts.json'), 'utf8')) as Judged[]

/** The compiler's analysis of dimensions misses that sizes are the same, or finds more layouts to keep than we do. */
const different = ['q-180', 'q-432', 'q-912']

function modelOf({ inputs, constants, nodes, outputs, opset }: Judged): Model {
  const names = nodes.map(([op], i) => `${op.toLowerCase()}${i}`)
  const attribute = (value: Attributes[string]) =>
    typeof value !== 'object' ? value : 'i' in value ? BigInt(value.i) : value.is.map(BigInt)
  return decodeModel(
    modelBytes({
      opsets: { '': opset },
      inputs: Object.fromEntries(
        Object.entries(inputs).map(([name, type]) => [
          name,
          'dims' in type ? tensorType(type.type, type.dims) : tensorType('float32', type),
        ]),
      ),
      outputs: Object.fromEntries((outputs ?? [names.at(-1)!]).map((name) => [name, undefined])),
      initializers: Object.fromEntries(
        Object.entries(constants).map(([name, { type, dims, values }]) => [
          name,
          typeof values === 'number' ? filled(dims, values, type) : tensorFrom(type, dims, values),
        ]),
      ),
      nodes: nodes.map(([op, operands, attributes = {}, count = 1], i) => ({
        op,
        name: `${op}_${i}`,
        inputs: operands.split(' ').map((name) => (name === '-' ? '' : name)),
        outputs: Array.from({ length: count }, (_, j) => (j === 0 ? names[i]! : `${names[i]!}_${j}`)),
        attributes: Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, attribute(value)])),
      })),
    }),
    { path: 'probe.onnx' },
  )
}

describe.each(['z16', 'z17'] as const)('on %s the rules say of small models what onnx-mlir says', (level) => {
  test.each(judged.map((model) => [model.name, model] as const))('%s', (name, model) => {
    const { nodes } = createReport(modelOf(model), level)
    const devices = nodes.map(({ device }) => device).join(' ')
    const reasons = nodes
      .filter((node) => node.reasons.length > 0)
      .map((node) => [node.name, node.reasons.map((reason) => reason.trim()).toSorted()])
    const said = Object.fromEntries(
      Object.entries(model[level].reasons).map(([node, texts]) => [node, texts.toSorted()]),
    )
    const agrees = { devices, reasons: Object.fromEntries(reasons) as unknown }
    if (different.includes(name)) expect(agrees).not.toEqual({ devices: model[level].devices, reasons: said })
    else expect(agrees).toEqual({ devices: model[level].devices, reasons: said })
  })
})

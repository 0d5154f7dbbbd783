import { type AttributeSource, modelBytes, type Named, tensorType } from '../../src/onnx/build.ts'
import type { ElementType } from '../../src/onnx/element-type.ts'
import type { Model, OnnxDim, Tensor, TypeInfo } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import type { NnpaLevel } from '../../src/report/nnpa-level.ts'
import { createReport } from '../../src/report/report.ts'

/** A node in a list: each takes what it names, and its one output is called `<op>` in lower case and its place: `add0`. */
export type NodeText = readonly [op: string, inputs: string, attributes?: Readonly<Record<string, AttributeSource>>]

export interface Source {
  readonly inputs: Readonly<Record<string, readonly OnnxDim[] | TypeInfo>>
  readonly constants?: Named<Tensor>
  readonly nodes: readonly NodeText[]
  readonly opset?: number
}

/** A model of a few nodes called `<Op>_<index>`, whose last one makes the output. */
export function modelOf({ inputs, constants = {}, nodes, opset = 13 }: Source): Model {
  const outputs = nodes.map(([op], i) => `${op.toLowerCase()}${i}`)
  return decodeModel(
    modelBytes({
      opsets: { '': opset },
      inputs: Object.fromEntries(
        Object.entries(inputs).map(([name, type]) => [name, 'kind' in type ? type : tensorType('float32', type)]),
      ),
      outputs: { [outputs.at(-1)!]: undefined },
      initializers: constants,
      nodes: nodes.map(([op, names, attributes = {}], i) => ({
        op,
        name: `${op}_${i}`,
        inputs: names === '' ? [] : names.split(' ').map((name) => (name === '-' ? '' : name)),
        outputs: [outputs[i]!],
        attributes,
      })),
    }),
    { path: 'test.onnx' },
  )
}

/** A constant of one number. */
export function filled(dims: readonly number[], value = 0.5, type: ElementType = 'float32'): Tensor {
  return tensorFrom(type, dims, Array<number>(dims.reduce((count, dim) => count * dim, 1)).fill(value))
}

/** Devices by level, in the model's order: `nnpa cpu folded`. */
export function devices(source: Source, level: NnpaLevel): string {
  return createReport(modelOf(source), level)
    .nodes.map(({ device }) => device)
    .join(' ')
}

/** The reasons of all nodes. */
export function reasons(source: Source, level: NnpaLevel): readonly string[] {
  return createReport(modelOf(source), level).nodes.flatMap((node) => [...node.reasons])
}

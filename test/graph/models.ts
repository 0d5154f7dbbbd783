import { type GraphSource, modelBytes, type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import { type Graph, Identities } from '../../src/graph/graph.ts'
import { importModel } from '../../src/graph/import.ts'
import type { TypeInfo } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { registry } from '../../src/ops/index.ts'

/** The compiler's graph of a model, before any optimisation. */
export function graphOf(
  source: Partial<ModelSource> & Pick<ModelSource, 'outputs' | 'nodes'>,
  dims: Record<string, number> = {},
): Graph {
  const bytes = modelBytes({ opsets: { '': 21 }, ...source })
  return importModel(decodeModel(bytes, { path: 'test.onnx' }), registry, new Identities(), {
    dims: new Map(Object.entries(dims)),
  })
}

export function node(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: NodeSource['attributes'] = {},
): NodeSource {
  return { op, inputs, outputs, attributes }
}

export function f32(...shape: (number | string | undefined)[]): TypeInfo {
  return tensorType('float32', shape)
}

/** A subgraph with one output. */
export function branch(output: string, ...nodes: NodeSource[]): GraphSource {
  return { outputs: { [output]: undefined }, nodes }
}

/** Operators in execution order. */
export function ops({ nodes }: Graph): string[] {
  return nodes.map(({ op }) => op)
}

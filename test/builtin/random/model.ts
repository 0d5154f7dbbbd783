import { type ModelSource, tensorType } from '../../../src/onnx/build.ts'
import type { Tensor } from '../../../src/onnx/model.ts'
import { type Item, RandomGraph, type RandomParts } from './graph.ts'
import { Random } from './random.ts'
import { rules } from './rules.ts'

/** The random graph of a seed. Names begin with the seed, so that several graphs make one model. */
export function randomGraph(seed: number, nodes = 10): RandomParts {
  const random = new Random(seed * 7919 + 13)
  const graph = new RandomGraph(random, `g${seed}_`, rules)
  for (let i = random.int(1, 3); i > 0; i--) {
    graph.input(
      random.pick(['float32', 'float32', 'float32', 'int64', 'float64', 'bool'] as const),
      graph.dims(random.int(0, 4)),
    )
  }
  graph.grow(nodes)
  return graph.finish()
}

/** Several random graphs side by side as one model, which saves compilations. */
export function randomModel(seeds: readonly number[]): {
  source: ModelSource
  feeds: Map<string, Tensor>
  outputs: Item[]
} {
  const parts = seeds.map((seed) => randomGraph(seed))
  const outputs = parts.flatMap((part) => part.outputs)
  const merged = <T>(records: readonly Readonly<Record<string, T>>[]): Record<string, T> =>
    Object.assign({}, ...records)
  const source: ModelSource = {
    opsets: { '': 17 },
    irVersion: 8,
    inputs: merged(parts.map((part) => part.inputs)),
    initializers: merged(parts.map((part) => part.initializers)),
    // The checker of onnxruntime wants types, but shapes may be left to inference.
    outputs: Object.fromEntries(outputs.map(({ name, type }) => [name, tensorType(type)])),
    nodes: parts.flatMap((part) => part.nodes),
  }
  return { source, feeds: new Map(parts.flatMap((part) => [...part.feeds])), outputs }
}

import { modelBytes, tensorType } from '../../dist/onnx/build.js'
import { tensorFrom, tensorValues } from '../../dist/onnx/tensor.js'
import { Random } from '../random.js'
import { CaseBuilder, opsetsOf, Refused } from './build.js'
import { isFloatType } from './data.js'
import { kinds } from './kinds/index.js'

/** Cases that share an opset, and so can be compiled as one model. */
export const BATCH = 40
const oldest = 7
const newest = 26

/** The opset of a case: that of its batch. Newer ones, which exporters write, more often. */
export function opsetOf(seed, number) {
  const random = new Random(seed, 1e9 + Math.floor(number / BATCH))
  return random.chance(0.6) ? random.between(13, newest) : random.between(oldest, newest)
}

/** Nodes of a graph: of one now and then, and with `graphs` of each. */
const mostNodes = { now: 6, always: 12 }

/**
 * One operator or a small graph, its inputs, and what onnxruntime makes of them. A function of seed and number.
 *
 * @param {{ seed: number, number: number, only?: readonly string[], graphs?: boolean, run: Function }} options
 *   `graphs`: nothing but graphs of 2 to 12 nodes, of unknown sizes
 * @param {(refusal: Refused) => void} onRefused told of what onnxruntime did not take on the way
 */
export async function makeCase({ seed, number, only, graphs = false, run }, onRefused = () => {}) {
  const opset = opsetOf(seed, number)
  const random = new Random(seed, number)
  const names = only ?? Object.keys(kinds)
  for (let tries = 0; tries < 200; tries++) {
    const builder = new CaseBuilder({ random, opset, run, prefix: `c${number}_` })
    builder.isGraph = graphs || random.chance(0.35)
    const wanted = builder.isGraph ? random.between(2, graphs ? mostNodes.always : mostNodes.now) : 1
    for (let i = 0; i < wanted * 2 && builder.nodes.length < wanted; i++) {
      try {
        await kinds[random.pick(names)](builder)
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        onRefused(error)
      }
    }
    if (builder.nodes.length < (graphs ? 2 : 1)) continue
    const made = finish(builder, { number, opset, random, graphs })
    try {
      return { ...made, expected: await run(bytesOf(made), made.feeds) }
    } catch {
      // onnxruntime took each node on its own, but not with these constants or unknown sizes: another.
    }
  }
  return undefined
}

/** Decides what is constant, which sizes are known, and what is a result. */
export function finish(builder, { number, opset, random, graphs }) {
  const { nodes, sources } = builder
  const dice = random.unit()
  const constantShare = dice < 0.45 ? 0 : dice < 0.8 ? 0.35 : 1
  const isStatic = !graphs && random.chance(0.4)
  const inputs = new Map()
  const feeds = new Map()
  const initializers = new Map()
  const used = new Set(nodes.flatMap(namesOf))
  for (const [name, { tensor, isParameter }] of sources) {
    if (!used.has(name)) continue
    if (random.chance(isParameter && constantShare < 1 ? 0.7 : constantShare)) initializers.set(name, tensor)
    else {
      inputs.set(
        name,
        tensorType(
          tensor.type,
          tensor.dims.map((size, axis) => (isStatic ? size : dimOf(size, `${name}_${axis}`, number, random))),
        ),
      )
      feeds.set(name, tensor)
    }
  }
  const produced = nodes.flatMap((node) => node.outputs).filter((name) => builder.isTensor(name))
  const outputs = produced.filter((name) => !used.has(name) || random.chance(0.3))
  return { number, opset, nodes, inputs, initializers, outputs, feeds }
}

function dimOf(size, name, number, random) {
  if (random.chance(0.3)) return size
  return random.chance(0.4) ? `c${number}_s${size}` : name
}

/** All that a node takes, its subgraphs' own names among them. */
export function namesOf({ inputs, attributes }) {
  const inner = Object.values(attributes).flatMap((value) => (value?.nodes ?? []).flatMap((node) => node.inputs ?? []))
  return [...inputs, ...inner]
}

/** Cases side by side as one model. */
export function sourceOf(...cases) {
  return {
    opsets: opsetsOf(cases[0].opset),
    irVersion: 10,
    inputs: new Map(cases.flatMap(({ inputs }) => [...inputs])),
    initializers: new Map(cases.flatMap(({ initializers }) => [...initializers])),
    outputs: new Map(cases.flatMap(({ outputs }) => outputs.map((name) => [name, undefined]))),
    nodes: cases.flatMap(({ nodes }) => nodes),
  }
}

export function bytesOf(...cases) {
  return modelBytes(sourceOf(...cases))
}

/** The same case with every floating-point number moved by a millionth or less. */
export function perturbed(made) {
  const random = new Random(made.number, 77)
  const move = ([name, tensor]) => [name, isFloatType(tensor.type) ? moved(tensor, random) : tensor]
  return { ...made, initializers: new Map([...made.initializers].map(move)), feeds: new Map([...made.feeds].map(move)) }
}

/** Relative to each type's precision: two units or so in the last place that counts. */
const steps = { float32: 2 ** -22, float64: 2 ** -50, float16: 2 ** -10 }

function moved(tensor, random) {
  const step = steps[tensor.type] ?? 2 ** -7
  return tensorFrom(
    tensor.type,
    tensor.dims,
    tensorValues(tensor).map((value) => value * (1 + step * random.pick([-1, 1]))),
  )
}

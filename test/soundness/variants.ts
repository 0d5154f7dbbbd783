import type { Model, Tensor, TypeInfo } from '../../src/onnx/model.ts'
import { type ElementType, packedBytes } from '../../src/onnx/element-type.ts'
import { elementsOf, tensorFrom } from '../../src/onnx/tensor.ts'

// What a hostile or careless caller does to a model that works: other sizes, other contents, other types.

/** Inputs of one call, in the order of the graph's inputs. */
export interface Call {
  /** What was done to the inputs. */
  readonly what: string
  readonly inputs: readonly Tensor[]
}

/**
 * The model with the dimensions of its inputs made symbols, each of its own: all that it compiles with, as some must be
 * known to it.
 *
 * @param compiles whether a model compiles
 */
export function symbolic(model: Model, compiles: (model: Model) => boolean): Model {
  const all = model.graph.inputs.flatMap(({ type }, input) =>
    type?.kind === 'tensor' ? (type.shape ?? []).map((_, axis) => [input, axis] as const) : [],
  )
  const whole = all.reduce((made, place) => withSymbol(made, place), model)
  if (compiles(whole)) return whole
  return all.reduce((made, place) => {
    const more = withSymbol(made, place)
    return compiles(more) ? more : made
  }, model)
}

function withSymbol(model: Model, [input, axis]: readonly [number, number]): Model {
  const info = model.graph.inputs[input]!
  const type = info.type as TypeInfo & { kind: 'tensor' }
  const shape = type.shape!.with(axis, `i${input}_${axis}`)
  return {
    ...model,
    graph: { ...model.graph, inputs: model.graph.inputs.with(input, { ...info, type: { ...type, shape } }) },
  }
}

/** The model with input `i` declared to be of another type. */
export function retyped(model: Model, i: number, type: ElementType): Model {
  const inputs = model.graph.inputs.with(i, {
    ...model.graph.inputs[i]!,
    type: { ...(model.graph.inputs[i]!.type as TypeInfo & { kind: 'tensor' }), type },
  })
  return { ...model, graph: { ...model.graph, inputs } }
}

const HUGE = 2 ** 39

/** The call as the test has it, then each dimension and each vector of integers changed, one at a time. */
export function* callsOf(inputs: readonly Tensor[]): Generator<Call> {
  yield { what: 'as it should be', inputs }
  for (const [i, tensor] of inputs.entries()) {
    const change = (what: string, other: Tensor): Call => ({
      what: `input ${i} ${what}`,
      inputs: inputs.with(i, other),
    })
    for (const [axis, dim] of tensor.dims.entries()) {
      for (const size of new Set([0, 1, dim - 1, dim + 1, 2 * dim + 3])) {
        if (size === dim || size < 0) continue
        yield change(`with ${size} instead of ${dim} on axis ${axis}`, resized(tensor, tensor.dims.with(axis, size)))
      }
      if (tensor.dims.length > 1) {
        const dims = tensor.dims.map((other, at) =>
          at === axis ? 0 : at === (axis + 1) % tensor.dims.length ? HUGE : other,
        )
        yield change(`empty, but huge: [${dims.join(', ')}]`, resized(tensor, dims))
      }
    }
    if (tensor.type === 'int64' || tensor.type === 'int32') {
      for (const value of extremes[tensor.type]) {
        const filled = Array<bigint>(elementsOf(tensor.dims)).fill(value)
        yield change(`full of ${value}`, tensorFrom(tensor.type, tensor.dims, filled))
        const count = elementsOf(tensor.dims)
        if (count > 1) yield change(`ending with ${value}`, withLast(tensor, value))
      }
    }
    if (tensor.type === 'float32') {
      for (const value of [NaN, Infinity, -1e30]) {
        const filled = new Float32Array(elementsOf(tensor.dims)).fill(value)
        yield change(`full of ${value}`, tensorFrom('float32', tensor.dims, filled))
      }
    }
  }
}

const extremes = {
  int32: [-(2n ** 31n), -7n, -1n, 0n, 1n, 3n, 1000n, 2n ** 31n - 1n],
  int64: [-(2n ** 63n), -(2n ** 31n), -7n, -1n, 0n, 1n, 3n, 1000n, 2n ** 40n, 2n ** 62n, 2n ** 63n - 1n],
} as const

/** Elements again and again, so that any number of them is like the ones there are. */
export function resized(tensor: Tensor, dims: readonly number[]): Tensor {
  const count = dims.includes(0) ? 0 : elementsOf(dims)
  if (tensor.type === 'string') {
    const strings = Array.from(
      { length: count },
      (_, i) => tensor.strings?.[i % Math.max(1, tensor.strings.length)] ?? 'x',
    )
    return { ...tensor, dims, strings }
  }
  const data = new Uint8Array(packedBytes(tensor.type, count))
  for (let at = 0; at < data.length; at += tensor.data.length) {
    if (tensor.data.length === 0) break
    data.set(tensor.data.subarray(0, data.length - at), at)
  }
  return { ...tensor, dims, data }
}

function withLast(tensor: Tensor, value: bigint): Tensor {
  const data = Uint8Array.from(tensor.data)
  const last = tensorFrom(tensor.type, [1], [value]).data
  data.set(last, data.length - last.length)
  return { ...tensor, data }
}
